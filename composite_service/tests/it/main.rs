//! The composite service's parts by themselves, each between doubles of its neighbours or against the real thing it speaks to.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "../../../shared/tests/support/golden.rs"]
mod golden;
#[path = "../../../shared/tests/support/edges.rs"]
mod edges;
mod doubles;
mod harness;
mod bridge;
mod metrics;
mod purchase_actor;
mod reviewer;
mod http;
mod loopback_server;
mod peer;
mod toss_gateway;
mod guarded_gateway;
mod order_client;
mod member_client;
mod outbound_addresses;
#[path = "../../../shared/tests/support/process.rs"]
mod process;
mod stand_in;
mod issuer;
mod token_verifier;
mod kafka;
mod kafka_login;
mod command_publisher;
mod reply_intake;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_composite_service");
/// The settings that it does not start without.
const REQUIRED_SETTINGS: &[(&str, &str)] = &[("PAYMENT_SECRET_KEY", "key")];
