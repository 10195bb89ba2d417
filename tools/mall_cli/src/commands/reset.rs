//! `mall reset`: drops the data of a mall that does not run. Must not touch the installed parts.

use crate::home::Home;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::process::ExitCode;
use terminal::{confirm, tell};

/// Drop the data: orders, stocks, payments, topics. What was installed stays
#[derive(Args)]
pub(crate) struct Reset {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    home: Home,
}

impl Reset {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Some(_lock) = self.home.lock()? else {
            bail!("it runs: `mall down` first")
        };
        let data = self.home.folder().join("data");
        if !data.exists() {
            tell("there is no data");
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes && !confirm(&format!("Drop everything in {}?", data.display())) {
            bail!("nothing dropped (without a terminal, --yes is the answer)");
        }
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
        tell(format!("dropped {}", data.display()));
        Ok(ExitCode::SUCCESS)
    }
}
