//! Faults of the topics on a real Kafka. Must not know what their records are.

use crate::faults::fault::Fault;
use crate::faults::services::await_all_ready;
use crate::topics::TOPICS;
use anyhow::{Context, Result};
use stack::{Stack, Topic, until};
use std::time::Duration;

/// The services make a topic again that has been missing for ten seconds.
const MADE_WITHIN: Duration = Duration::from_secs(30);

/// Faults of the brokers strike the leader of one of so many partitions.
const FEWEST: i32 = 4;

/// Somebody gives a topic one partition more. It keeps that: partitions can't be taken away.
pub(super) struct Enlarged {
    /// Its name.
    pub(super) topic: &'static str,
}

impl Fault for Enlarged {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let topic = Topic {
            name: self.topic.to_owned(),
            partitions: stack.broker.partitions(self.topic)? + 1,
        };
        stack.broker.enlarge_topic(&topic)
    }

    fn heal(&mut self, _: &mut Stack) -> Result<()> {
        Ok(())
    }
}

/// How many partitions a topic has that is made again.
#[derive(Clone, Copy)]
pub(super) enum Size {
    AsBefore,
    /// Half of them, but one for each composite.
    Fewer,
    More,
}

/// Somebody deletes a topic and makes it again.
pub(super) struct Recreated {
    topic: Topic,
    size: Size,
}

/// Somebody deletes a topic, and the services make it again.
pub(super) struct Deleted {
    /// Its name.
    pub(super) topic: &'static str,
}

/// The brokers lose all that they had, and the services make the topics again.
pub(super) struct Wiped;

impl Recreated {
    pub(super) fn new(name: &str, size: Size) -> Self {
        let topic = Topic {
            name: name.to_owned(),
            partitions: 0,
        };
        Self { topic, size }
    }
}

impl Fault for Recreated {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let before = stack.broker.partitions(&self.topic.name)?;
        let fewest = FEWEST.max(i32::try_from(stack.composites.len())?);
        self.topic.partitions = match self.size {
            Size::AsBefore => before,
            Size::Fewer => fewest.max(before / 2),
            Size::More => before + 3,
        };
        stack.broker.delete_topic(&self.topic.name)
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        stack.broker.create_topic(&self.topic)
    }

    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        await_all_ready(stack);
        Ok(())
    }
}

impl Fault for Deleted {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        stack.broker.delete_topic(self.topic)
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        await_topic(stack, self.topic)
    }

    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        await_all_ready(stack);
        Ok(())
    }
}

impl Fault for Wiped {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        stack.broker.kill_9()
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        stack.broker.restart_empty()?;
        TOPICS
            .into_iter()
            .try_for_each(|topic| await_topic(stack, topic))
    }

    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        await_all_ready(stack);
        Ok(())
    }
}

fn await_topic(stack: &Stack, topic: &str) -> Result<()> {
    until(
        "waiting for the services to make a topic",
        MADE_WITHIN,
        || Ok(stack.broker.partitions(topic).ok()),
    )
    .map(drop)
    .with_context(|| format!("nobody makes {topic} again"))
}
