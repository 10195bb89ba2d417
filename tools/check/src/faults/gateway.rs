//! Faults of the payment gateway: its simulator's own switches, and its death. Must not know who pays.

use crate::faults::fault::{Fault, READY_LIMIT};
use anyhow::{Context, Result};
use stack::Stack;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);

/// The simulator's switches, as it wants them.
pub(super) struct Switches(pub(super) &'static str);

/// kill -9, then a new start.
pub(super) struct Killed;

fn agent() -> ureq::Agent {
    stack::direct(LIMIT).build().into()
}

fn url(stack: &Stack) -> String {
    format!("{}/faults", stack.payment_url())
}

impl Fault for Switches {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let request = agent()
            .put(url(stack))
            .header("Content-Type", "application/json");
        request
            .send(self.0)
            .map(drop)
            .context("cannot switch the payment simulator's faults on")
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        agent()
            .delete(url(stack))
            .call()
            .map(drop)
            .context("cannot switch the payment simulator's faults off")
    }
}

impl Fault for Killed {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        stack.payment.kill_9()
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        stack.payment.restart_until_ready(READY_LIMIT)
    }
}
