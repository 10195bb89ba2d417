//! Faults of a real Kafka: of the only node, or of one that leads a partition of commands. Must not know what its records are.

use crate::faults::fault::Fault;
use anyhow::{Context, Result};
use stack::{KafkaBroker, Stack};

const ORDERS: &str = "orders";

/// What becomes of the node.
#[derive(Clone, Copy)]
pub(super) enum Harm {
    Kill,
    End,
    Pause,
}

/// One node that is struck.
pub(super) struct Struck {
    pub(super) harm: Harm,
    /// Of the partition whose leader is struck.
    pub(super) partition: i32,
    node: usize,
}

impl Struck {
    pub(super) fn new(harm: Harm, partition: i32) -> Self {
        Self {
            harm,
            partition,
            node: 0,
        }
    }

    fn node<'a>(&self, stack: &'a mut Stack) -> Result<&'a mut KafkaBroker> {
        if stack.broker.cluster().is_some() {
            let nodes = stack.broker.cluster().map(|cluster| cluster.nodes());
            return nodes
                .and_then(|nodes| nodes.get_mut(self.node))
                .context("there is no such Kafka node");
        }
        stack.broker.kafka().context("there is no real Kafka")
    }
}

impl Fault for Struck {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        if let Some(cluster) = stack.broker.cluster() {
            self.node = cluster.leader_of(ORDERS, self.partition)?;
        }
        let node = self.node(stack)?;
        match self.harm {
            Harm::Kill => node.kill_9(),
            Harm::End => node.stop().map(drop),
            Harm::Pause => node.service().pause(),
        }
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        let node = self.node(stack)?;
        match self.harm {
            Harm::Kill | Harm::End => node.restart(),
            Harm::Pause => node.service().resume(),
        }
    }

    /// Before another may be lost.
    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        stack
            .broker
            .cluster()
            .map_or(Ok(()), |cluster| cluster.wait_whole())
    }
}
