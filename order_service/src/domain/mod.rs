//! The pure core: orders, what may happen to them, and what that takes from stock and coupons.
//! Nothing here knows actix, Diesel, Kafka, HTTP, logging, the clock, chance or the environment; time is an argument.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod order;
pub mod command;
pub mod transition;
pub mod decide;
pub mod coupon;
pub mod refund;
pub mod refunding;
pub mod price;
pub mod shelf;
pub mod quote;
pub mod stored_orders;
pub mod catalogue;
pub mod pending_limits;
pub mod recommendation;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod small_world;
