//! What actors and handlers need from outside, as traits in the domain's terms. Implemented in `outbound`.

pub mod order_store;
pub mod reviews;
pub mod member_orders;
pub mod catalogue;
pub mod shelves;
pub mod reply_sink;
