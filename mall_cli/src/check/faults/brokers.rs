//! Faults of a real Kafka. Must not know what its records are.

use crate::check::faults::Fault;
use anyhow::{Context, Result};
use mall_cli::stack::{KafkaBroker, Stack};

/// What becomes of the broker.
pub(super) enum Broker {
    Killed,
    Ended,
    Paused,
}

fn kafka(stack: &mut Stack) -> Result<&mut KafkaBroker> {
    stack.broker.kafka().context("there is no real Kafka")
}

impl Fault for Broker {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let kafka = kafka(stack)?;
        match self {
            Self::Killed => kafka.kill_9(),
            Self::Ended => kafka.stop().map(drop),
            Self::Paused => kafka.service().pause(),
        }
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        let kafka = kafka(stack)?;
        match self {
            Self::Killed | Self::Ended => kafka.restart(),
            Self::Paused => kafka.service().resume(),
        }
    }
}
