//! The generated files as they are committed: compared with what a run has made, or written anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files by their names in one folder.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    files: Vec<(String, String)>,
}

impl Shelf {
    /// These files belong into this folder.
    #[must_use]
    pub fn new(folder: &Path, files: Vec<(String, String)>) -> Self {
        Self {
            folder: folder.to_owned(),
            files,
        }
    }

    /// The committed files that differ, each with its first different line.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let changed = self.files.iter().filter_map(|(name, content)| {
            let path = self.folder.join(name);
            match fs::read_to_string(&path) {
                Ok(committed) if committed == *content => None,
                Ok(committed) => Some(format!(
                    "{}: {}",
                    path.display(),
                    first_difference(&committed, content)
                )),
                Err(error) => Some(format!("{}: {error}", path.display())),
            }
        });
        changed.chain(self.left_over()).collect()
    }

    /// Writes all of them, and removes pages that are made no more.
    ///
    /// # Errors
    /// When the folder can't be written to.
    pub fn write(&self) -> io::Result<()> {
        for name in self.left_over() {
            fs::remove_file(name)?;
        }
        self.files
            .iter()
            .try_for_each(|(name, content)| fs::write(self.folder.join(name), content))
    }

    /// Pages of earlier runs.
    fn left_over(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.ends_with(".md") && !self.files.iter().any(|(known, _)| *known == name)
            })
            .map(|entry| entry.path().display().to_string())
            .collect()
    }
}

fn first_difference(committed: &str, made: &str) -> String {
    let count = committed.lines().count().max(made.lines().count());
    let line = |text: &str, index: usize| text.lines().nth(index).unwrap_or("(nothing)").to_owned();
    (0..count)
        .map(|index| (index, line(committed, index), line(made, index)))
        .find(|(_, committed, made)| committed != made)
        .map_or_else(
            || "line ends".to_owned(),
            |(index, committed, made)| {
                format!(
                    "line {}\n  committed: {committed}\n  seen now:  {made}",
                    index + 1
                )
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_until_the_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.md"), "one\ntwo\n").unwrap();
        fs::write(folder.path().join("old.md"), "").unwrap();
        fs::write(folder.path().join("kept.yaml"), "").unwrap();
        let shelf = Shelf::new(
            folder.path(),
            vec![
                ("a.md".to_owned(), "one\n2\n".to_owned()),
                ("b.html".to_owned(), "new".to_owned()),
            ],
        );
        let differences = shelf.differences();
        assert_eq!(differences.len(), 3, "{differences:?}");
        assert!(
            differences[0].ends_with("line 2\n  committed: two\n  seen now:  2"),
            "{differences:?}"
        );
        shelf.write().unwrap();
        assert_eq!(shelf.differences(), Vec::<String>::new());
        assert!(folder.path().join("kept.yaml").exists());
        assert!(!folder.path().join("old.md").exists());
    }
}
