//! `mall check`: buys under faults and proves the mall consistent from outside.
//!
//! | | |
//! |---|---|
//! | [`plan`] | seed → what buyers do, when which fault strikes; pure |
//! | [`buyer`], [`crowd`], [`peer`] | do it, over HTTP and Kafka, and keep the journal of [`told`] |
//! | [`faults`], [`keeper`] | strike and heal; start again what has ended by itself |
//! | [`quiet`], [`witness`], [`evidence`] | wait until nothing moves, and find out what is true |
//! | [`invariants`], [`story`], [`recovery`] | judge, and tell; pure |
//! | [`round`], [`run`] | put it together |
//!
//! Nothing here links to a service: the truth is read by the database's own client, over HTTP and from Kafka.

mod buyer;
mod crowd;
mod evidence;
mod faults;
mod invariants;
mod keeper;
mod signals;
mod peer;
mod plan;
mod quiet;
mod recovery;
mod report;
mod round;
mod run;
mod story;
mod told;
mod witness;
mod won;

pub use faults::FaultKind;
pub use run::{Outcome, Settings, run};
pub use signals::Signals;
