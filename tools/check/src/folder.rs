//! The folder of a check's data and logs: emptied at the start, and locked as long as the check runs. Must not know what is in them.

use anyhow::{Context, Result, bail};
use stack::Place;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A file that says that the folder belongs to checks and may be emptied. The check that runs there has locked it.
const MARK: &str = "this-is-a-check";

/// A folder that is ours until this is dropped.
pub struct Folder {
    path: PathBuf,
    /// The kernel frees the lock however this process ends.
    _lock: File,
}

impl Folder {
    /// Makes or empties the folder.
    ///
    /// # Errors
    /// When another check runs there, or when it holds anything that no check has put there: that is not ours to delete.
    pub fn prepare(path: &Path) -> Result<Self> {
        let failed = || format!("cannot prepare {}", path.display());
        fs::create_dir_all(path).with_context(failed)?;
        let is_empty = fs::read_dir(path).with_context(failed)?.next().is_none();
        if !is_empty && !path.join(MARK).exists() {
            bail!(
                "{} is not empty, and no earlier check has made it",
                path.display()
            );
        }
        let lock = File::create(path.join(MARK)).with_context(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("a check runs in {} already", path.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        for part in ["data", "logs"].map(|part| path.join(part)) {
            if part.exists() {
                fs::remove_dir_all(&part).with_context(failed)?;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where the mall that is checked keeps its data and logs.
    ///
    /// # Errors
    /// When the folders can't be made.
    pub fn place(&self) -> Result<Place> {
        Place::under(&self.path)
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Deletes all of it.
    ///
    /// # Errors
    /// When something of it can't be deleted.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;
    use std::fs;

    #[test]
    fn a_second_check_in_it_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::prepare(folder.path()).unwrap();
        let refusal = Folder::prepare(folder.path()).err().unwrap().to_string();
        assert!(refusal.contains("a check runs in"), "{refusal}");
        drop(first);
        assert!(Folder::prepare(folder.path()).is_ok());
    }

    #[test]
    fn data_and_logs_of_an_earlier_check_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        drop(Folder::prepare(folder.path()).unwrap());
        fs::create_dir(folder.path().join("data")).unwrap();
        drop(Folder::prepare(folder.path()).unwrap());
        assert!(!folder.path().join("data").exists());
    }

    #[test]
    fn what_no_check_has_put_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, "mine").unwrap();
        assert!(Folder::prepare(folder.path()).is_err());
        assert!(precious.exists());
    }
}
