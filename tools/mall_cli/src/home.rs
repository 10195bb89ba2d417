//! The folder of one mall: its data, its logs, the lock of the running `up`. Must not know what runs.

use crate::run_file::RunFile;
use anyhow::{Context, Result};
use clap::Args;
use stack::Place;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Which mall is meant
#[derive(Args)]
pub(crate) struct Home {
    /// The folder of the mall's data and logs
    #[arg(long, value_name = "FOLDER", default_value_os_t = default_folder())]
    data_dir: PathBuf,
}

/// As long as it lives, no other process runs this mall, and none can start it.
pub(crate) struct Lock {
    _file: File,
}

impl Home {
    pub(crate) fn folder(&self) -> &Path {
        &self.data_dir
    }

    /// The flag by which another command finds this folder, with a space before it; empty for the usual folder.
    pub(crate) fn flag(&self) -> String {
        if self.data_dir == default_folder() {
            String::new()
        } else {
            format!(" --data-dir '{}'", self.data_dir.display())
        }
    }

    pub(crate) fn place(&self) -> Result<Place> {
        Place::under(&self.data_dir)
    }

    /// The running `up` holds the lock; the kernel frees it however that process ends. `None`: it runs. Makes the folder.
    pub(crate) fn lock(&self) -> Result<Option<Lock>> {
        fs::create_dir_all(&self.data_dir)
            .with_context(|| format!("cannot make {}", self.data_dir.display()))?;
        let path = self.lock_file();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        Ok(gets_lock(&file, &path)?.then_some(Lock { _file: file }))
    }

    /// What the running `up` has written about itself; `None` when none runs, whatever an older one left behind. Creates nothing.
    pub(crate) fn running(&self) -> Result<Option<RunFile>> {
        let path = self.lock_file();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot open {}", path.display()));
            }
        };
        // Getting the lock means that no `up` runs. It is freed at once with `file`, so that an `up` that starts now is not refused.
        if gets_lock(&file, &path)? {
            return Ok(None);
        }
        RunFile::read(&self.run_file()).map(Some)
    }

    fn lock_file(&self) -> PathBuf {
        self.data_dir.join("lock")
    }

    pub(crate) fn run_file(&self) -> PathBuf {
        self.data_dir.join("run.json")
    }
}

/// Whether this process has the lock now; else another one has it.
fn gets_lock(file: &File, path: &Path) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

fn default_folder() -> PathBuf {
    stack::root().join(".mall")
}
