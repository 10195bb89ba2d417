//! The program behind the script `mall`: reads the command line and hands over to one command.
//! Must not know how a part is started: that is the library `stack`.

mod commands;
#[cfg(test)]
mod flags;
mod home;
mod log_file;
mod needs;
mod run_file;
mod signals;

use clap::{Parser, Subcommand};
use needs::Need;
use std::ffi::OsString;
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
    Token(commands::token::Token),
    Reset(commands::reset::Reset),
    Dlt(commands::dlt::Dlt),
    Check(commands::check::Check),
    // Boxed: it has by far the most flags.
    Load(Box<commands::load::Load>),
    Bench(commands::bench::Bench),
    MemberService(commands::member_service::MemberService),
    /// What the script must install and build before it runs that command, one a line
    #[command(hide = true)]
    Needs {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let result = match Mall::parse().command {
        Command::Up(up) => up.run(),
        Command::Down(down) => down.run(),
        Command::Status(status) => status.run(),
        Command::Logs(logs) => logs.run(),
        Command::Token(token) => token.run(),
        Command::Reset(reset) => reset.run(),
        Command::Dlt(dlt) => dlt.run(),
        Command::Check(check) => check.run(),
        Command::Load(load) => load.run(),
        Command::Bench(bench) => bench.run(),
        Command::MemberService(service) => service.run(),
        Command::Needs { words } => {
            for need in needs_of(words).unwrap_or_else(|error| error.exit()) {
                terminal::tell(need.to_string());
            }
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        terminal::complain(&error);
        ExitCode::FAILURE
    })
}

/// Words that are wrong are refused here, before anything is installed or built. Those that ask for help need nothing, and the command
/// itself gives it.
fn needs_of(words: Vec<OsString>) -> Result<Vec<Need>, clap::Error> {
    let words = [OsString::from("mall")].into_iter().chain(words);
    match Mall::try_parse_from(words).map(|mall| mall.command) {
        Ok(Command::Up(up)) => Ok(up.needs()),
        Ok(Command::Check(check)) => check.needs(),
        Ok(Command::Bench(bench)) => Ok(bench.needs()),
        Ok(_) => Ok(Vec::new()),
        Err(error) if error.use_stderr() => Err(error),
        Err(_) => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    mod needs {
        use crate::needs::Need;
        use crate::needs_of;
        use stack::{KafkaVersion, Part};

        const KAFKA: Need = Need::Part(Part::Kafka(KafkaVersion::Usual));

        fn of(words: &str) -> Vec<Need> {
            asked(words).unwrap()
        }

        fn asked(words: &str) -> Result<Vec<Need>, clap::Error> {
            needs_of(words.split_whitespace().map(Into::into).collect())
        }

        #[test]
        fn depend_on_the_flags() {
            assert_eq!(of("up"), [Need::Part(Part::MariaDb), Need::Services]);
            let kafka_too = of("up --kafka --mysql");
            assert!(kafka_too.contains(&KAFKA) && kafka_too.contains(&Need::Part(Part::MySql)));
            assert!(of("check").contains(&Need::Part(Part::Toxiproxy)));
            assert!(of("check").contains(&KAFKA));
            let chosen = Need::Part(Part::Kafka(KafkaVersion::Chosen(4, 4, 0)));
            let needs = of("check --kafka-version 4.4.0");
            assert!(needs.contains(&chosen) && !needs.contains(&KAFKA));
            assert_eq!(chosen.to_string(), "kafka-4.4.0");
            assert!(!of("bench --embedded").contains(&KAFKA));
        }

        #[test]
        fn are_none_for_a_command_that_only_looks() {
            for words in [
                "status --json",
                "down",
                "logs -f",
                "token minji",
                "load",
                "check --list-faults",
            ] {
                assert_eq!(of(words), [], "{words}");
            }
        }

        #[test]
        fn are_none_for_help() {
            for words in ["up --help", "dlt list -h", "--version"] {
                assert_eq!(of(words), [], "{words}");
            }
        }

        #[test]
        fn of_wrong_words_are_refused() {
            for words in [
                "",
                "open",
                "up --nonsense",
                "up now",
                "up --composite-port http",
                "check --fault flood",
                "check --embedded --cluster",
                "check --kafka-version newest",
                "check --kafka-version 3.9.1",
                "check --embedded --kafka-version 4.4.0",
            ] {
                assert!(asked(words).is_err(), "{words}");
            }
        }
    }
}
