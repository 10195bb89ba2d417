//! The table of all commands and flags, `tools/mall_cli/flags`. By it the script `mall` checks a command line before anything is built. It
//! is made of the commands here, and a test keeps the two alike. Must not know what a flag is for.
//!
//! A line is a command, a flag and its values, such as `up --composite-port number`; a value is `number`, `text` or `this|that`. Values
//! without a flag are on a line with the flag `-`.

use clap::builder::{ValueParser, ValueRange};
use clap::{Arg, ArgAction, Command};

/// The table of this command line.
pub(crate) fn table(mall: &Command) -> String {
    let mut lines = Vec::new();
    for command in mall.get_subcommands().filter(|one| !one.is_hide_set()) {
        lines_of(command, command.get_name(), &mut lines);
    }
    lines.join("\n") + "\n"
}

fn lines_of(command: &Command, path: &str, lines: &mut Vec<String>) {
    lines.push(path.to_owned());
    for below in command.get_subcommands() {
        lines_of(below, &format!("{path}/{}", below.get_name()), lines);
    }
    for argument in command.get_arguments() {
        for name in names(argument) {
            let values = values(argument);
            lines.push(format!("{path} {name} {values}").trim_end().to_owned());
        }
    }
}

fn names(argument: &Arg) -> Vec<String> {
    if argument.is_positional() {
        return vec!["-".to_owned()];
    }
    let long = argument
        .get_long_and_visible_aliases()
        .into_iter()
        .flatten();
    let short = argument
        .get_short_and_visible_aliases()
        .into_iter()
        .flatten();
    long.map(|name| format!("--{name}"))
        .chain(short.map(|name| format!("-{name}")))
        .collect()
}

fn values(argument: &Arg) -> String {
    if !matches!(argument.get_action(), ArgAction::Set | ArgAction::Append) {
        return String::new();
    }
    let choices = argument.get_possible_values();
    let kind = if !choices.is_empty() {
        let names: Vec<&str> = choices
            .iter()
            .map(clap::builder::PossibleValue::get_name)
            .collect();
        names.join("|")
    } else if is_number(argument.get_value_parser()) {
        "number".to_owned()
    } else {
        "text".to_owned()
    };
    let count = argument.get_num_args().unwrap_or(ValueRange::SINGLE);
    vec![kind; count.min_values()].join(" ")
}

fn is_number(parser: &ValueParser) -> bool {
    use std::any::TypeId;
    let kind = parser.type_id();
    kind == TypeId::of::<u8>()
        || kind == TypeId::of::<u16>()
        || kind == TypeId::of::<u32>()
        || kind == TypeId::of::<u64>()
        || kind == TypeId::of::<usize>()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_scripts_table_is_that_of_the_commands() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/flags");
        let made = table(&crate::Mall::command());
        if std::env::var_os("MALL_FLAGS").is_some_and(|wish| wish == "refresh") {
            std::fs::write(file, &made).unwrap();
        }
        assert_eq!(
            made,
            std::fs::read_to_string(file).unwrap(),
            "MALL_FLAGS=refresh cargo test -p mall_cli --bins flags:: writes it"
        );
    }
}
