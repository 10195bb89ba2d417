//! The pure core: orders, what may happen to them, and what that takes from the shelf.
//! Must not know actix, Diesel, Kafka, HTTP, logging, the clock, chance or the environment; time comes as an argument.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod order;
pub mod command;
pub mod decide;
pub mod coupon;
pub mod shelf;
pub mod catalogue;
pub mod recommendation;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod invariants;
