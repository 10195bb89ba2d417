//! What the actors and handlers need of the outside, in the domain's words. Implemented in `outbound`.

pub mod order_store;
pub mod reviews;
pub mod member_orders;
pub mod catalogue;
pub mod reply_sink;
