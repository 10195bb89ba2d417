//! Faults of our own programs. Must not know why one of them matters.

use crate::faults::fault::{Fault, READY_LIMIT};
use anyhow::{Context, Result};
use stack::{Service, Stack};
use std::time::Duration;

const END_LIMIT: Duration = Duration::from_secs(60);

/// Which kind of program.
#[derive(Clone, Copy)]
pub(super) enum Program {
    OrderService,
    Composite,
}

/// What is done to it.
#[derive(Clone, Copy)]
pub(super) enum Blow {
    /// kill -9, then a new start.
    Kill,
    /// SIGTERM, and a new start once it has ended.
    End,
    /// SIGSTOP, then SIGCONT.
    Pause,
}

/// One instance that is struck.
pub(super) struct Victim {
    pub(super) program: Program,
    pub(super) blow: Blow,
    /// In any range.
    pub(super) index: usize,
}

/// All our programs and the database end without a word.
pub(super) struct PowerCut;

impl Victim {
    fn service<'a>(&self, stack: &'a mut Stack) -> Result<&'a mut Service> {
        let services = match self.program {
            Program::OrderService => &mut stack.order_services,
            Program::Composite => &mut stack.composites,
        };
        let count = services.len().max(1);
        services
            .get_mut(self.index % count)
            .context("there is no such service")
    }
}

impl Fault for Victim {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let service = self.service(stack)?;
        match self.blow {
            Blow::Kill => service.kill_9(),
            Blow::End => service.terminate(END_LIMIT).map(drop),
            Blow::Pause => service.pause(),
        }
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        let service = self.service(stack)?;
        match self.blow {
            Blow::Kill | Blow::End => service.restart(),
            Blow::Pause => service.resume(),
        }
    }

    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        await_ready(self.service(stack)?);
        Ok(())
    }
}

impl Fault for PowerCut {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        stack
            .composites
            .iter_mut()
            .chain(&mut stack.order_services)
            .try_for_each(Service::kill_9)?;
        stack.database.kill_9()
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        stack.database.restart()?;
        stack
            .order_services
            .iter_mut()
            .chain(&mut stack.composites)
            .try_for_each(Service::restart)
    }

    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        await_all_ready(stack);
        Ok(())
    }
}

/// Waits until both services are ready, all of them.
pub(super) fn await_all_ready(stack: &mut Stack) {
    stack
        .order_services
        .iter_mut()
        .chain(&mut stack.composites)
        .for_each(await_ready);
}

/// One that ends or does not become ready is no reason to stop here: whoever keeps the processes, or waits for quiet, finds and tells it.
fn await_ready(service: &mut Service) {
    let _ = service.wait_ready(READY_LIMIT);
}
