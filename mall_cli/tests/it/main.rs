//! The stack's parts one by one, each of them real. What is missing on the machine is installed first.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod brokers;
mod databases;
mod dead_letters;
mod processes;
mod support;
mod up;
