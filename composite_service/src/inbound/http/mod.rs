//! The public API and the probes.

mod arrival;
pub mod authentication;
pub mod caller;
mod cancel_order;
pub mod request_limits;
mod limiting;
pub mod routes;
pub mod shop;
pub mod place_order;
pub mod quote;
pub mod pay_order;
pub mod get_order;
pub mod list_orders;
pub mod my_page;
pub mod products;
pub mod health;
pub mod holds;
pub mod documents;
pub mod answer;
mod order_body;
mod order_request;
mod idempotency_key;
pub mod error;
mod revalidation;
