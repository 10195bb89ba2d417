//! What every fault can do, and how long a service may take after one.

use anyhow::Result;
use stack::Stack;
use std::time::Duration;

/// How long a service that is started again may take until it is ready.
pub(super) const READY_LIMIT: Duration = Duration::from_secs(60);

/// Something bad that begins and ends.
pub(crate) trait Fault {
    /// Begins.
    fn strike(&mut self, stack: &mut Stack) -> Result<()>;

    /// Ends: what it had killed is started again. Our own services need not be ready yet: becoming ready is their recovery.
    fn heal(&mut self, stack: &mut Stack) -> Result<()>;

    /// Waits until what it struck is ready again, so that the next fault finds a whole mall.
    fn settle(&mut self, _: &mut Stack) -> Result<()> {
        Ok(())
    }
}
