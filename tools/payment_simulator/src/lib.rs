//! A stand-in for the payment gateway: the part of the Toss Payments API that the mall uses, for development and tests.
//!
//! It keeps a durable ledger, which an outside check can compare with the orders, and has switches that make it fail on demand.

pub mod cli;
pub mod app;
pub mod http;
pub mod gateway;
pub mod faults;
pub mod journal;
pub mod domain;
mod clock;
