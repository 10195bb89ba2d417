//! The folder of one mall: its data, its logs, the lock of the running `up`. Must not know what runs.

use crate::run_file::RunFile;
use anyhow::{Context, Result};
use clap::Args;
use stack::Place;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Which mall is meant
#[derive(Args)]
pub(crate) struct Home {
    /// The folder of the mall's data and logs
    #[arg(long, value_name = "FOLDER", default_value_os_t = default_folder())]
    data_dir: PathBuf,
}

/// As long as it lives, this mall is ours: no `up` runs elsewhere, and none can start.
pub(crate) struct Lock {
    _file: File,
}

impl Home {
    pub(crate) fn folder(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn place(&self) -> Result<Place> {
        Place::under(&self.data_dir)
    }

    /// The running `up` holds the lock; the kernel frees it however that process ends. `None`: it runs.
    pub(crate) fn lock(&self) -> Result<Option<Lock>> {
        let path = self.data_dir.join("lock");
        let failed = || format!("cannot lock {}", path.display());
        fs::create_dir_all(&self.data_dir).with_context(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(failed),
        }
    }

    /// What the running `up` has written about itself; `None` when none runs, whatever an older one left behind.
    pub(crate) fn running(&self) -> Result<Option<RunFile>> {
        if self.lock()?.is_some() {
            return Ok(None);
        }
        RunFile::read(&self.run_file()).map(Some)
    }

    pub(crate) fn run_file(&self) -> PathBuf {
        self.data_dir.join("run.json")
    }
}

fn default_folder() -> PathBuf {
    stack::root().join(".mall")
}
