//! What the actors and handlers need from outside, as traits in terms of the domain. Implemented in `outbound`.

pub mod order_bus;
pub mod order_query;
pub mod member_query;
pub mod quotes;
pub mod member_directory;
pub mod my_page;
pub mod payment;
pub mod identities;
