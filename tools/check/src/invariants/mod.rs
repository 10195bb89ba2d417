//! Evidence → verdicts: what must hold of any mall after any run, however it was disturbed. Pure; must not know how evidence is found.

mod verdict;

mod answers;
mod denials;
mod door;
mod drained;
mod money;
mod one_at_a_time;
mod processes;
mod readiness;
mod recovery;
mod requests;
mod rest;
mod shelves;
mod terminal;
mod truth;

mod judge;
#[cfg(test)]
pub(crate) mod samples;

pub(crate) use judge::judge;
pub(crate) use verdict::{About, Verdict};
