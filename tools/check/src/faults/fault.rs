//! What every fault can do, and how long a service may take after one.

use anyhow::Result;
use stack::Stack;
use std::time::Duration;

/// How long a service that is started again may take until it is ready.
pub(super) const READY_LIMIT: Duration = Duration::from_secs(60);

/// What comes over the mall, and goes.
pub(crate) trait Fault {
    /// Comes.
    fn strike(&mut self, stack: &mut Stack) -> Result<()>;

    /// Goes: whatever it had ended is started again. What is ours need not be ready: to become so is its recovery.
    fn heal(&mut self, stack: &mut Stack) -> Result<()>;

    /// Waits until what it struck is ready again, so that the next may strike.
    fn settle(&mut self, _: &mut Stack) -> Result<()> {
        Ok(())
    }
}
