//! Somebody outside of the mall holds the lock of an item's row. Must not know what the item costs.

use crate::faults::fault::Fault;
use crate::faults::services::{Blow, Program, Victim};
use anyhow::Result;
use stack::{Held, Stack};

/// The row of one of the newest items is locked.
pub(super) struct StuckRow {
    victim: usize,
    held: Option<Held>,
}

impl StuckRow {
    pub(super) fn new(victim: usize) -> Self {
        Self { victim, held: None }
    }
}

impl Fault for StuckRow {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let chosen = format!(
            "SELECT item_id FROM items ORDER BY item_id DESC LIMIT 1 OFFSET {}",
            self.victim % 8
        );
        let item = stack.database.sql(&chosen)?;
        self.held = Some(stack.database.hold(&format!(
            "SELECT stock FROM items WHERE item_id = {item} FOR UPDATE"
        ))?);
        Ok(())
    }

    fn heal(&mut self, _: &mut Stack) -> Result<()> {
        self.held.take();
        Ok(())
    }
}

/// An order service dies while its transactions wait for the row.
pub(super) struct KilledMeanwhile {
    row: StuckRow,
    service: Victim,
}

impl KilledMeanwhile {
    pub(super) fn new(victim: usize) -> Self {
        Self {
            // the hot item's: the oldest of the newest eight
            row: StuckRow::new(7),
            service: Victim {
                program: Program::OrderService,
                blow: Blow::Kill,
                index: victim,
            },
        }
    }
}

impl Fault for KilledMeanwhile {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        self.row.strike(stack)
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        self.service.strike(stack)?;
        self.row.heal(stack)?;
        self.service.heal(stack)
    }

    fn settle(&mut self, stack: &mut Stack) -> Result<()> {
        self.service.settle(stack)
    }
}
