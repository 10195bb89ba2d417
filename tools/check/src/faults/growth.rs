//! Both topics grow, and instances come that have never seen them smaller. Must not know what the partitions are for.

use crate::faults::fault::Fault;
use crate::topics::{COMPOSITE, ORDERS};
use anyhow::Result;
use stack::{Service, Stack, Topic};
use std::time::Duration;

/// So many partitions each topic gets: a new instance of several owns one of them.
const MORE: i32 = 4;

const END_LIMIT: Duration = Duration::from_secs(60);

/// Somebody gives both topics more partitions; then a new instance of each service comes, and an old one leaves.
pub(super) struct Replaced {
    /// Which one of each leaves, in any range.
    pub(super) victim: usize,
}

impl Fault for Replaced {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        for name in [ORDERS, COMPOSITE] {
            stack.broker.enlarge_topic(&Topic {
                name: name.to_owned(),
                partitions: stack.broker.partitions(name)? + MORE,
            })?;
        }
        Ok(())
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        stack.add_order_service()?;
        // Composites read from the first one, by its address.
        replace(&mut stack.order_services, 1, self.victim)?;
        stack.add_composite()?;
        replace(&mut stack.composites, 0, self.victim)
    }
}

/// The newest takes the place of one of the others, which leaves. The first ones stay, so many; where there are no others, nobody leaves.
fn replace(services: &mut Vec<Service>, staying: usize, victim: usize) -> Result<()> {
    let leaving = services.len().saturating_sub(staying + 1);
    if leaving == 0 {
        return Ok(());
    }
    let mut old = services.swap_remove(staying + victim % leaving);
    old.terminate(END_LIMIT).map(drop)
}
