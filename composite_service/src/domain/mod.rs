//! The pure core: a purchase, step by step. Uses the order types of the contract (`shared::wire::order_dto`).
//! Must not use actix, Kafka, HTTP, logging, the clock, random numbers or the environment.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod client_address;
pub mod holds;
pub mod key_fetches;
pub mod order;
pub mod line_price;
pub mod order_token;
pub mod correlation;
pub mod peer;
pub mod late_order;
pub mod my_page;
pub mod ownership;
pub mod purchase;
pub mod rate_limit;
pub mod refund;
pub mod review;
pub mod review_pace;
pub mod token;
