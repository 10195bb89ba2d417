//! The names of the topics.

/// Of commands.
pub(crate) const ORDERS: &str = "orders";
/// Of replies.
pub(crate) const COMPOSITE: &str = "composite";
/// All of them: commands, replies, and the dead letters of each.
pub(crate) const TOPICS: [&str; 4] = [ORDERS, COMPOSITE, "orders-dlt", "composite-dlt"];
