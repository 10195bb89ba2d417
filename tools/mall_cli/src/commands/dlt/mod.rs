//! `mall dlt`: the dead letters, to be looked at and put back. Must not know what a service makes of them.

mod choice;
mod list;
mod redrive;
mod show;

use anyhow::Result;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Dead letters, the records that a service could not handle: list them, show one, put them back
///
/// A service puts such a record into the topic `<topic>-dlt`, with headers that say where it came from and why.
///
/// The brokers are those of --bootstrap-servers, else of KAFKA_BOOTSTRAP_SERVERS, else of the running `up`.
#[derive(Args)]
pub(crate) struct Dlt {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Redrive(redrive::Redrive),
}

impl Dlt {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::List(list) => list.run(),
            Command::Show(show) => show.run(),
            Command::Redrive(redrive) => redrive.run(),
        }
    }
}
