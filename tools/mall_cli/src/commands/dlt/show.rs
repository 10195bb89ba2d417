//! `mall dlt show`: one dead letter with all that it holds. Must not change it.

use crate::commands::dlt::choice::Brokers;
use crate::commands::dlt::list::{size, time};
use anyhow::Result;
use clap::Args;
use dead_letters::{Letter, Reader, RecordId, dump, one_line, text_or_hex};
use rdkafka::message::{Headers, Message, OwnedMessage};
use std::process::ExitCode;
use terminal::{mention, tell};

const CUT_AT: usize = 4096;

/// Show one dead letter: its headers and its value, as text or in hex
#[derive(Args)]
pub(super) struct Show {
    /// Which one, as `list` names it
    #[arg(value_name = "TOPIC/PARTITION/OFFSET")]
    record: RecordId,
    /// All of a long value instead of its first 4096 bytes
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    brokers: Brokers,
}

impl Show {
    pub(super) fn run(self) -> Result<ExitCode> {
        let servers = self.brokers.servers()?;
        let reader = Reader::new(&servers, self.brokers.limit())?;
        let record = reader.record(&self.record)?;
        tell_head(&record);
        tell_headers(&record);
        self.tell_value(record.payload());
        Ok(ExitCode::SUCCESS)
    }

    fn tell_value(&self, value: Option<&[u8]>) {
        tell(format!("\nvalue  {}", size(value.map(<[u8]>::len))));
        let value = value.unwrap_or_default();
        let limit = if self.full { value.len() } else { CUT_AT };
        if !value.is_empty() {
            tell(dump(value, limit));
        }
        if value.len() > limit {
            mention(format!(
                "cut at {limit} of {} bytes; --full shows all",
                value.len()
            ));
        }
    }
}

fn tell_head(record: &OwnedMessage) {
    let letter = Letter::read(record);
    let key = record.key().map(text_or_hex);
    tell(format!("record    {}", letter.id));
    tell(format!("time      {}", time(&letter).unwrap_or("-".into())));
    tell(format!(
        "from      {}",
        one_line(&letter.origin.to_string(), usize::MAX)
    ));
    tell(format!("redrives  {}", letter.redrives));
    tell(format!("key       {}", key.unwrap_or("null".into())));
}

fn tell_headers(record: &OwnedMessage) {
    tell("\nheaders");
    for header in record.headers().into_iter().flat_map(Headers::iter) {
        let value = header.value.map_or("null".to_owned(), text_or_hex);
        let name = one_line(header.key, usize::MAX);
        tell(format!("  {name:<32} {value}"));
    }
}
