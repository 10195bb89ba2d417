//! `mall reset`: drops the data of a mall that does not run. Must not touch the installed parts.

use crate::home::Home;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::process::ExitCode;
use terminal::{confirm, tell};

/// Drop the data: orders, stock, payments, topics. Installed parts stay
#[derive(Args)]
pub(crate) struct Reset {
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    home: Home,
}

impl Reset {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let data = self.home.folder().join("data");
        if !data.exists() {
            tell("there is no data");
            return Ok(ExitCode::SUCCESS);
        }
        let Some(_lock) = self.home.lock()? else {
            bail!("it runs: `mall down` first")
        };
        if !self.yes && !confirm(&format!("Drop everything in {}?", data.display())) {
            bail!("nothing dropped (without a terminal, pass --yes)");
        }
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
        tell(format!("dropped {}", data.display()));
        Ok(ExitCode::SUCCESS)
    }
}
