//! Faults of the topics on a real Kafka. Must not know what their records are.

use crate::faults::fault::Fault;
use anyhow::Result;
use stack::{Stack, Topic};

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
