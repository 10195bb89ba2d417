//! What is told while a stack starts or stops.

use anyhow::Result;
use std::time::{Duration, Instant};

/// What is told while a stack starts or stops.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step begins.
    Begins(&'a str),
    /// It ended, after that time, well or not.
    Ends(&'a str, Duration, bool),
}

/// Tells the begin and the end of one step.
pub(crate) fn step<T>(
    tell: &mut dyn FnMut(Event<'_>),
    name: &str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let begin = Instant::now();
    tell(Event::Begins(name));
    let result = work();
    tell(Event::Ends(name, begin.elapsed(), result.is_ok()));
    result
}
