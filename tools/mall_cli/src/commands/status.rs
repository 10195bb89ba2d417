//! `mall status`: what runs, where, and whether it is ready. Must not know how it was started.

use crate::home::Home;
use crate::run_file::Part;
use anyhow::Result;
use clap::Args;
use stack::answers_ok;
use std::net::TcpStream;
use std::process::ExitCode;
use terminal::tell;

/// `status` when nothing runs.
const NOT_RUNNING: u8 = 3;

/// What runs, where, and whether it is ready (exit status 3: nothing runs)
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    home: Home,
}

impl Status {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Some(running) = self.home.running()? else {
            tell("nothing runs");
            return Ok(ExitCode::from(NOT_RUNNING));
        };
        let (broker, database) = (&running.broker, &running.database);
        tell(format!(
            "up for {} s (pid {}, broker {broker}, database {database})",
            running.age().as_secs(),
            running.pid
        ));
        if running.parts.is_empty() {
            tell("still starting");
        }
        for part in &running.parts {
            let state = if is_ready(part) { "ready" } else { "NOT READY" };
            tell(format!(
                "  {:<22} {:<28} pid {:<8} {state}",
                part.name, part.address, part.pid
            ));
            if let Some(internal) = &part.internal {
                tell(format!("  {:<22} {internal}/metrics", "  for operators"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn is_ready(part: &Part) -> bool {
    match &part.ready {
        Some(url) => answers_ok(url),
        None => TcpStream::connect(&part.address).is_ok(),
    }
}
