//! The stack's parts one by one, each of them real. What is missing on the machine is installed first.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod balancer;
mod brokers;
mod databases;
mod identity;
mod links;
mod processes;
mod support;
mod whole;
