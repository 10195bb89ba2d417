//! Faults of the links between the parts. Must not know what the links carry.

use crate::faults::fault::Fault;
use anyhow::{Context, Result};
use stack::{Link, Links, Stack};
use std::time::Duration;

const SLOW: Duration = Duration::from_millis(400);

/// What becomes of the link.
#[derive(Clone, Copy)]
pub(super) enum Harm {
    /// Its connections end, and new ones are refused.
    Cut,
    /// Its connections stay, and nothing gets through.
    Mute,
    /// Everything takes longer.
    Slow,
}

/// One link that is struck.
pub(super) struct Struck {
    pub(super) link: fn(&Links) -> &Link,
    pub(super) harm: Harm,
}

impl Struck {
    fn link<'a>(&self, stack: &'a Stack) -> Result<&'a Link> {
        let links = stack.links.as_ref();
        links.map(self.link).context("there are no links to strike")
    }
}

impl Fault for Struck {
    fn strike(&mut self, stack: &mut Stack) -> Result<()> {
        let link = self.link(stack)?;
        match self.harm {
            Harm::Cut => link.cut(),
            Harm::Mute => link.silence(),
            Harm::Slow => link.slow(SLOW),
        }
    }

    fn heal(&mut self, stack: &mut Stack) -> Result<()> {
        self.link(stack)?.restore()
    }
}
