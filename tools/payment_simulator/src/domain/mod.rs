//! The pure part: what the gateway decides and remembers. It must not know of HTTP, files, clocks or chance.

pub mod amount;
pub mod request;
pub mod refusal;
pub mod payment;
pub mod record;
mod idempotency;
pub mod ledger;
