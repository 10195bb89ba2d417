//! The faults: each strikes a running mall and heals again. Must not know who buys meanwhile, or what is checked afterwards.

mod fault;
mod kind;

mod brokers;
mod databases;
mod gateway;
mod issuer;
mod links;
mod services;
mod stuck_row;
mod topics;
mod growth;

mod choose;
mod make;

pub use choose::choose;
pub use kind::FaultKind;
pub(crate) use kind::Silenced;
pub(crate) use make::make;
