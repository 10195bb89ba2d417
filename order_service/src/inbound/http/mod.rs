//! Reads for the composite, and probes for operators.

pub mod routes;
pub mod reads;
mod order_body;
pub mod get_order;
pub mod member_orders;
pub mod products;
pub mod offers;
pub mod quotes;
pub mod reviews;
pub mod health;
mod cursor;
pub mod error;
