//! The identity provider as a process, over HTTP.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod provider;
mod keys;
mod tokens;
mod surface;
