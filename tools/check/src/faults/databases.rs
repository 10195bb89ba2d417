//! Faults of the database server. Must not know any table.

use crate::faults::fault::Fault;
use anyhow::Result;
use stack::Stack;

/// What becomes of the server.
pub(super) enum Server {
    Killed,
    Ended,
    Paused,
}

impl Fault for Server {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        match self {
            Self::Killed => stack.database.kill_9(),
            Self::Ended => stack.database.stop().map(drop),
            Self::Paused => stack.database.service().pause(),
        }
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        match self {
            Self::Killed | Self::Ended => stack.database.restart(),
            Self::Paused => stack.database.service().resume(),
        }
    }
}
