//! Documents of the public API, made of exchanges with a running mall: a request as a curl command, what curl has sent, what came back.
//! An exchange is documented only when it keeps to the hand-written contract (`docs/api/openapi.yaml`), and the contract holds only what
//! was exchanged.
//!
//! The way of an exchange: [`draft`] → [`exchange`] → [`check`] with [`contract`] and [`members`] → [`book`], which [`normal`] makes the
//! same in every run → [`coverage`] → [`markdown`], [`page`] and [`examples`] → [`shelf`].
//!
//! Knows no service and no process: who runs the command and what it means for a mall is the test's that documents.

pub mod draft;
pub mod exchange;
pub mod contract;
pub mod members;
pub mod check;
pub mod normal;
pub mod book;
pub mod coverage;
mod view;
pub mod markdown;
pub mod page;
pub mod examples;
pub mod shelf;
