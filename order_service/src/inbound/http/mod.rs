//! Reads for the composite, and probes for operators.

pub mod routes;
pub mod get_order;
pub mod products;
pub mod reviews;
pub mod health;
pub mod error;
