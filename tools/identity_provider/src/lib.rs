//! An OpenID issuer for development and tests. It gives every member who asks a signed token, and publishes the key that verifies it.
//!
//! It stands in for a real identity provider, so it must not be reached from outside: nobody has to prove who they are.

pub mod cli;
pub mod app;
pub mod http;
pub mod issuer;
pub mod keys;
pub mod domain;
mod clock;
