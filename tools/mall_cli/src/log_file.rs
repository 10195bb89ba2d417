//! A part's log file, read line by line as it grows. Must not know what is in it.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use terminal::tell;

/// How much of a log's end is searched for its last lines.
const TAIL_BYTES: u64 = 4 * 1024 * 1024;

/// One log file, read as far as `position`.
pub(crate) struct LogFile {
    name: String,
    file: PathBuf,
    position: Option<u64>,
}

impl LogFile {
    pub(crate) fn of(folder: &Path, name: String) -> Self {
        Self {
            file: folder.join(format!("{name}.log")),
            name,
            position: None,
        }
    }

    /// Whole lines that were not read before; of a long file only the end.
    pub(crate) fn unread(&mut self) -> Result<String> {
        let failed = || format!("cannot read {}", self.file.display());
        let mut file = File::open(&self.file).with_context(failed)?;
        let length = file.metadata().with_context(failed)?.len();
        let begin = match self.position {
            Some(position) if position <= length => position,
            // It is shorter than before: `up` has started anew, with a new file.
            Some(_) => 0,
            None => length.saturating_sub(TAIL_BYTES),
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(begin)).with_context(failed)?;
        file.read_to_end(&mut bytes).with_context(failed)?;
        bytes.truncate(
            bytes
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |last| last + 1),
        );
        self.position = Some(begin + bytes.len() as u64);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Prints lines, with the part's name before each when there are several logs.
    pub(crate) fn show(&self, lines: &[&str], several: bool) {
        for line in lines {
            if several {
                tell(format!("{:<20} | {line}", self.name))
            } else {
                tell(line)
            }
        }
    }
}

/// The parts that have a log in this folder, by name.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>> {
    let listing =
        fs::read_dir(folder).with_context(|| format!("no logs in {}", folder.display()))?;
    let files = listing.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<String> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "log"))
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}
