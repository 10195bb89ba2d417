//! `mall dlt list`: the dead letters that wait, oldest first. Must not change any.

use crate::commands::dlt::choice::{Among, Brokers};
use anyhow::Result;
use chrono::{DateTime, SecondsFormat};
use clap::Args;
use dead_letters::{Letter, Origin, Reader, Survey, one_line};
use serde::Serialize;
use std::process::ExitCode;
use terminal::{mention, tell};

/// Of a key or a message, in characters; --json has all of it.
const WIDTH: usize = 80;

/// List the dead letters that have not been redriven, oldest first
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    among: Among,
    /// Also those that have been redriven
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print an array of JSON objects
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    brokers: Brokers,
}

/// A letter as `--json` has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    time: Option<String>,
    key: Option<&'a str>,
    origin: &'a Origin,
    kind: Option<&'a str>,
    message: Option<&'a str>,
    redrives: i32,
    value_bytes: Option<usize>,
    redriven: bool,
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode> {
        let servers = self.brokers.servers()?;
        let reader = Reader::new(&servers, self.brokers.limit())?;
        let survey = self.among.survey(&reader)?;
        let letters = survey.letters(self.all);
        let shown = &letters[..letters.len().min(self.limit.unwrap_or(usize::MAX))];
        if self.json {
            let rows: Vec<Row<'_>> = shown.iter().map(|letter| row(letter, &survey)).collect();
            tell(serde_json::to_string_pretty(&rows)?);
        } else if letters.is_empty() {
            tell(if self.all {
                "no dead letters"
            } else {
                "no dead letters are waiting"
            });
        } else {
            shown
                .iter()
                .for_each(|letter| tell(paragraph(letter, &survey)));
        }
        if shown.len() < letters.len() {
            mention(format!("and {} more", letters.len() - shown.len()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// ISO 8601, in UTC.
pub(super) fn time(letter: &Letter) -> Option<String> {
    let time = DateTime::from_timestamp_millis(letter.millis?)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

pub(super) fn size(bytes: Option<usize>) -> String {
    bytes.map_or("null".to_owned(), |bytes| format!("{bytes} bytes"))
}

fn row<'a>(letter: &'a Letter, survey: &Survey) -> Row<'a> {
    Row {
        topic: &letter.id.topic,
        partition: letter.id.partition,
        offset: letter.id.offset,
        time: time(letter),
        key: letter.key.as_deref(),
        origin: &letter.origin,
        kind: letter.kind.as_deref(),
        message: letter.message.as_deref(),
        redrives: letter.redrives,
        value_bytes: letter.value_bytes,
        redriven: survey.is_redriven(&letter.id),
    }
}

/// One line for where and when, one for what and why.
fn paragraph(letter: &Letter, survey: &Survey) -> String {
    let shown = |text: &Option<String>| one_line(text.as_deref().unwrap_or("-"), WIDTH);
    let mark = if survey.is_redriven(&letter.id) {
        "  REDRIVEN"
    } else {
        ""
    };
    format!(
        "{:<22} {}  from {}{mark}\n    key {}, value {}, redrives {}, {}: {}",
        letter.id.to_string(),
        time(letter).unwrap_or_else(|| "-".to_owned()),
        one_line(&letter.origin.to_string(), WIDTH),
        shown(&letter.key),
        size(letter.value_bytes),
        letter.redrives,
        shown(&letter.kind),
        shown(&letter.message),
    )
}
