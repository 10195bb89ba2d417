//! `mall logs`: the ends of the parts' log files, and what is added to them. Must not know what is in them.

use crate::home::Home;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;
use terminal::tell;

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// More than the lines asked for will hardly need.
const TAIL_BYTES: u64 = 4 * 1024 * 1024;

/// The parts' logs
#[derive(Args)]
pub(crate) struct Logs {
    /// One part, as `status` names it; all of them by default
    part: Option<String>,
    /// Go on with what is added
    #[arg(long, short)]
    follow: bool,
    /// How many lines of each
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    lines: usize,
    #[command(flatten)]
    home: Home,
}

impl Logs {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut logs = self.wanted()?;
        let several = logs.len() > 1;
        for log in &mut logs {
            let text = log.unread()?;
            let lines: Vec<&str> = text.lines().collect();
            log.show(&lines[lines.len().saturating_sub(self.lines)..], several);
        }
        if self.follow {
            follow(&mut logs, several)
        } else {
            Ok(ExitCode::SUCCESS)
        }
    }

    fn wanted(&self) -> Result<Vec<Log>> {
        let folder = self.home.folder().join("logs");
        let all = names(&folder)?;
        let wanted: Vec<String> = match &self.part {
            None => all,
            Some(part) if all.contains(part) => vec![part.clone()],
            Some(part) => bail!("no log of '{part}'; there are: {}", all.join(", ")),
        };
        Ok(wanted
            .into_iter()
            .map(|name| Log::of(&folder, name))
            .collect())
    }
}

/// Until Ctrl-C ends this process.
fn follow(logs: &mut [Log], several: bool) -> Result<ExitCode> {
    loop {
        sleep(LOOK_EVERY);
        for log in logs.iter_mut() {
            let text = log.unread()?;
            log.show(&text.lines().collect::<Vec<_>>(), several);
        }
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
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

/// One log file, read as far as `position`.
struct Log {
    name: String,
    file: PathBuf,
    position: Option<u64>,
}

impl Log {
    fn of(folder: &Path, name: String) -> Self {
        Self {
            file: folder.join(format!("{name}.log")),
            name,
            position: None,
        }
    }

    /// Whole lines that were not read before; of a long file only the end.
    fn unread(&mut self) -> Result<String> {
        let failed = || format!("cannot read {}", self.file.display());
        let mut file = File::open(&self.file).with_context(failed)?;
        let length = file.metadata().with_context(failed)?.len();
        let begin = match self.position {
            Some(position) if position <= length => position, // shorter than before: it is a new file
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

    fn show(&self, lines: &[&str], several: bool) {
        for line in lines {
            if several {
                tell(format!("{:<20} | {line}", self.name))
            } else {
                tell(line)
            }
        }
    }
}
