//! Where a stack keeps its state and its logs. Must not know which parts there are.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Two folders: `data`, with a folder for each part that keeps something, and `logs`, with a file for each part.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of the parts' state.
    pub data: PathBuf,
    /// The folder of the parts' logs.
    pub logs: PathBuf,
}

impl Place {
    /// The folders `data` and `logs` under `root`, made when missing.
    pub fn under(root: &Path) -> Result<Self> {
        made(root)?;
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot find {}", root.display()))?;
        Ok(Self {
            data: made(&root.join("data"))?,
            logs: made(&root.join("logs"))?,
        })
    }

    /// The state folder of one part, made when missing.
    pub fn data_of(&self, part: &str) -> Result<PathBuf> {
        made(&self.data.join(part))
    }

    /// The log file of one part.
    pub fn log_of(&self, part: &str) -> PathBuf {
        self.logs.join(format!("{part}.log"))
    }
}

fn made(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder.to_owned())
}
