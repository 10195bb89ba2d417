//! What the actors and handlers need of the outside, in the domain's words. Implemented in `outbound`.

pub mod order_bus;
pub mod order_query;
pub mod member_query;
pub mod member_directory;
pub mod my_page;
pub mod payment;
