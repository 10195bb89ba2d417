//! The order service's parts at work: stores on real databases, actors, and both ends of Kafka. Brokers and databases are started by
//! the tests themselves and end with them; nothing has to run beforehand.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[macro_use]
mod harness;
#[path = "../../../shared/tests/support/alone.rs"]
mod alone;
#[path = "../../../shared/tests/support/golden.rs"]
mod golden;
#[path = "../../../shared/tests/support/edges.rs"]
mod edges;

mod order_store_contract;
mod databases;
mod database_defaults;
mod serialisation;
mod retirement;
mod journal;
mod wire;
mod limits;
mod intake;
#[path = "../../../shared/tests/support/process.rs"]
mod process;
mod topics;
mod crash;
mod http;
mod metrics;
mod traces;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_order_service");
/// The settings that it does not start without.
const REQUIRED_SETTINGS: &[(&str, &str)] = &[("DB_PASSWORD", "secret"), ("DB_HOST", "127.0.0.1:1")];
