//! The public API over doubles, without a network: every outcome has its status, headers and body.

mod front;
mod place_order;
mod requests;
mod idempotency;
mod pay_order;
mod cancel_order;
mod quote;
mod reading;
mod my_page;
mod surface;
mod authentication;
mod attacks;
mod limits;
mod request_limits;
mod health;
