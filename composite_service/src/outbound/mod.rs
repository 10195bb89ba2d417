//! The outside, behind the ports: Kafka, the order service's reads, the member service and the payment gateway over HTTP, what is
//! measured of them, and what guards the parts of a member's page.

pub mod kafka;
pub mod http;
pub mod measured_gateway;
pub mod guard;
pub mod guarded_parts;
