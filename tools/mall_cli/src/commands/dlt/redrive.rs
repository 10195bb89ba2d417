//! `mall dlt redrive`: puts dead letters back to where they came from. Must not know what is in them.

use crate::commands::dlt::choice::{Among, Brokers};
use anyhow::{Context, Result, bail};
use clap::Args;
use dead_letters::{Destination, Letter, Reader, RecordId, Redriver, Survey, distinct};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use terminal::{mention, tell};

/// Put dead letters back to where they came from
///
/// Each is published to its original topic and partition: key and value unchanged, its own headers kept, the headers of its failure
/// (`kafka_dlt-…`) dropped, and `mall_redrives` raised by one.
///
/// A command is then carried out, however late. A reply usually finds no waiting purchase any more and is dropped: the purchase was
/// finished by a repetition or a review.
///
/// A dead letter stays in its topic. A marker in the same partition says that it has been redriven: a record without key and value,
/// whose header `mall_redriven` holds the dead letter's offset (eight bytes, big-endian). `list` hides markers and the letters that they
/// mark; other readers of the topic should skip markers. The marker is written after the record: if this command is killed in between,
/// the letter is back but still listed. Two commands at the same time may both redrive the same letter.
///
/// Without --force it refuses letters that have been redriven already, and those that have come back three times (`mall_redrives` is 3 or
/// invalid). After a refusal it goes on with the next letter, while a failure of the brokers ends the command; either way the exit status
/// is 1.
#[derive(Args)]
pub(super) struct Redrive {
    /// Which ones, as `list` names them; they go in this order
    #[arg(
        value_name = "TOPIC/PARTITION/OFFSET",
        required_unless_present = "all",
        conflicts_with_all = ["all", "topic"]
    )]
    records: Vec<RecordId>,
    /// All that have not been redriven, oldest first
    #[arg(long)]
    all: bool,
    /// Also letters that have been redriven already (if named), and those that keep coming back
    #[arg(long)]
    force: bool,
    /// Replace the value with the content of this file; for a single record
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    value_file: Option<PathBuf>,
    #[command(flatten)]
    among: Among,
    #[command(flatten)]
    brokers: Brokers,
}

impl Redrive {
    pub(super) fn run(self) -> Result<ExitCode> {
        let value = self.value()?;
        let servers = self.brokers.servers()?;
        let reader = Reader::new(&servers, self.brokers.limit())?;
        let survey = self.survey(&reader)?;
        let wanted = self.wanted(&survey);
        if wanted.is_empty() {
            tell("no dead letters are waiting");
            return Ok(ExitCode::SUCCESS);
        }
        let redriver = Redriver::new(&servers, reader.topics()?, self.brokers.limit())?;
        let mut all_well = true;
        for id in &wanted {
            match self.permitted(&redriver, &survey, id) {
                Ok((letter, to)) => {
                    redriver.redrive(letter, &reader.record(id)?, &to, value.as_deref())?;
                    tell(done(id, &to, value.as_deref()));
                }
                Err(refusal) => {
                    mention(format!("{id} not redriven: {refusal:#}"));
                    all_well = false;
                }
            }
        }
        Ok(if all_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn value(&self) -> Result<Option<Vec<u8>>> {
        let Some(file) = &self.value_file else {
            return Ok(None);
        };
        if distinct(&self.records).len() != 1 {
            bail!("--value-file is for a single record");
        }
        let value = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Some(value))
    }

    /// Of all that are meant, or of the partitions that hold the named ones.
    fn survey(&self, reader: &Reader) -> Result<Survey> {
        if self.all {
            return self.among.survey(reader);
        }
        let topics = reader.topics()?;
        let mut survey = Survey::default();
        let mut partitions: Vec<_> = self
            .records
            .iter()
            .map(|id| (&id.topic, id.partition))
            .collect();
        partitions.sort();
        partitions.dedup();
        for (topic, partition) in partitions {
            if !topics
                .get(topic)
                .is_some_and(|count| (0..*count).contains(&partition))
            {
                bail!("there is no partition {partition} of a topic {topic}");
            }
            reader.scan(topic, partition, |record| survey.add(record))?;
        }
        Ok(survey)
    }

    fn wanted(&self, survey: &Survey) -> Vec<RecordId> {
        if self.all {
            let waiting = survey.letters(false);
            waiting.iter().map(|letter| letter.id.clone()).collect()
        } else {
            distinct(&self.records)
        }
    }

    /// The letter and where it goes; the error is why it may not.
    fn permitted<'a>(
        &self,
        redriver: &Redriver,
        survey: &'a Survey,
        id: &RecordId,
    ) -> Result<(&'a Letter, Destination)> {
        let letter = survey.letter(id).context("there is no such dead letter")?;
        if let Some(refusal) = survey.refusal(letter, self.force) {
            bail!(refusal);
        }
        Ok((letter, redriver.destination(letter)?))
    }
}

fn done(id: &RecordId, to: &Destination, value: Option<&[u8]>) -> String {
    let partition = to.partition.map(|number| format!("-{number}"));
    let mended = value.map(|value| format!(", with {} bytes of a new value", value.len()));
    format!(
        "{id} is back in {}{}, redrive {}{}",
        to.topic,
        partition.unwrap_or_default(),
        to.redrives,
        mended.unwrap_or_default()
    )
}
