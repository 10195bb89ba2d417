//! `mall logs`: the ends of the parts' log files, and what is added to them. Must not know what is in them.

use crate::home::Home;
use crate::log_file::{LogFile, names};
use anyhow::{Result, bail};
use clap::Args;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Show the parts' logs
#[derive(Args)]
pub(crate) struct Logs {
    /// One part, as `status` names it; all of them by default
    part: Option<String>,
    /// Keep printing new lines
    #[arg(long, short)]
    follow: bool,
    /// How many of the last lines of each log
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

    fn wanted(&self) -> Result<Vec<LogFile>> {
        let folder = self.home.folder().join("logs");
        let all = names(&folder)?;
        let wanted: Vec<String> = match &self.part {
            None => all,
            Some(part) if all.contains(part) => vec![part.clone()],
            Some(part) => bail!("no log of '{part}'; there are: {}", all.join(", ")),
        };
        Ok(wanted
            .into_iter()
            .map(|name| LogFile::of(&folder, name))
            .collect())
    }
}

/// Until Ctrl-C ends this process.
fn follow(logs: &mut [LogFile], several: bool) -> Result<ExitCode> {
    loop {
        sleep(LOOK_EVERY);
        for log in logs.iter_mut() {
            let text = log.unread()?;
            log.show(&text.lines().collect::<Vec<_>>(), several);
        }
    }
}
