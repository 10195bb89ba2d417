//! The pure core: a purchase, step by step. Speaks of orders in the contract's words (`shared::wire::order_dto`).
//! Must not know actix, Kafka, HTTP, logging, the clock, chance or the environment.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod order;
pub mod my_page;
pub mod ownership;
pub mod purchase;
pub mod review;
pub mod review_pace;
