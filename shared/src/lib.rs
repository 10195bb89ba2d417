//! What both services use: the contract on Kafka and HTTP, and the plumbing under it.
//! Holds no business rule and knows neither service.

pub mod order_number;
pub mod member_id;
pub mod json;
pub mod money;
pub mod payment;
pub mod idempotency;
pub mod limits;
pub mod reason;
pub mod wire;
pub mod kafka;
pub mod http;
pub mod secret;
pub mod env;
pub mod http_url;
pub mod hex;
pub mod clock;
pub mod ids;
pub mod budget;
pub mod logging;
pub mod mailboxes;
pub mod postbox;
pub mod trace;
pub mod metrics;
pub mod common_metrics;
pub mod shutdown;
pub mod crash;
pub mod startup;
pub mod system;
