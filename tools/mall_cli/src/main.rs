//! The program behind the script `mall`: reads the command line and hands over to one command.
//! Must not know how a part is started: that is the library's.

mod commands;
mod dead_letters;
mod home;
mod run_file;
mod signals;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The mall on this machine: broker, database, payment simulator, member service, order service and composite service
#[derive(Parser)]
#[command(name = "mall", bin_name = "mall", version)]
struct Mall {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(commands::up::Up),
    Down(commands::down::Down),
    Status(commands::status::Status),
    Logs(commands::logs::Logs),
    Reset(commands::reset::Reset),
    Dlt(commands::dlt::Dlt),
    Check(commands::check::Check),
    Load(commands::load::Load),
    Bench(commands::bench::Bench),
    MemberService(commands::member_service::MemberService),
}

fn main() -> ExitCode {
    let result = match Mall::parse().command {
        Command::Up(up) => up.run(),
        Command::Down(down) => down.run(),
        Command::Status(status) => status.run(),
        Command::Logs(logs) => logs.run(),
        Command::Reset(reset) => reset.run(),
        Command::Dlt(dlt) => dlt.run(),
        Command::Check(check) => check.run(),
        Command::Load(load) => load.run(),
        Command::Bench(bench) => bench.run(),
        Command::MemberService(service) => service.run(),
    };
    result.unwrap_or_else(|error| {
        terminal::complain(&error);
        ExitCode::FAILURE
    })
}
