//! `mall check`: buys under faults, and proves from outside that the mall stays consistent.
//!
//! | | |
//! |---|---|
//! | `plan` | seed → what buyers do, when which fault strikes; pure |
//! | `buyer`, `crowd`, `peer` | buy, over HTTP and Kafka, and keep the journal (`told`) |
//! | `faults`, `keeper` | strike and heal; restart what exited by itself |
//! | `quiet`, `witness`, `evidence` | wait until nothing changes, and gather the evidence |
//! | `invariants`, `story`, `recovery` | judge it, and describe orders; pure |
//! | `folder`, `round`, `run` | put it together |
//!
//! Nothing here links to a service: evidence is read by the database's own client, over HTTP and from Kafka.

mod buyer;
mod crowd;
mod evidence;
mod faults;
mod folder;
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

pub use faults::{FaultKind, choose};
pub use folder::Folder;
pub use run::{Outcome, Settings, run};
pub use signals::Signals;
