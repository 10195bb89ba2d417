//! The adapters behind the ports: Kafka; the order service, the member service and the payment gateway over HTTP; and the wrappers that
//! measure and guard calls of the gateway and guard the parts of a member's page; and the issuer's keys.

pub mod kafka;
pub mod http;
pub mod measured_gateway;
pub mod breaker;
pub mod guard;
pub mod guarded_gateway;
pub mod guarded_parts;
pub mod claims;
pub mod key_set;
pub mod token_verifier;
