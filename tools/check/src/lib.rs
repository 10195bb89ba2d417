//! `mall check`: buys under faults, and proves from outside that the mall stays consistent.
//!
//! | | |
//! |---|---|
//! | `topics` | the names of the topics |
//! | `plan` | seed → what buyers do, when which fault strikes; pure |
//! | `asking`, `buyer`, `crowd`, `peer` | buy, over HTTP and Kafka, and keep the journal (`told`) |
//! | `issuer`, `wallet`, `forger` | tokens of members, and credentials that must not be believed |
//! | `faults`, `keeper` | strike and heal; restart what exited by itself |
//! | `starving` | asks services whether they say that their topic is away |
//! | `quiet`, `witness`, `evidence` | wait until nothing changes, and gather the evidence |
//! | `invariants`, `story`, `recovery` | judge it, and describe orders; pure |
//! | `folder`, `round`, `run` | put it together |
//!
//! Nothing here links to a service: evidence is read by the database's own client, over HTTP and from Kafka.

mod topics;
mod asking;
mod buyer;
mod crowd;
mod evidence;
mod faults;
mod folder;
mod forger;
mod invariants;
mod issuer;
mod keeper;
mod signals;
mod peer;
mod plan;
mod quiet;
mod recovery;
mod report;
mod round;
mod run;
mod starving;
mod story;
mod told;
mod wallet;
mod witness;
mod won;

pub use faults::{FaultKind, choose};
pub use folder::Folder;
pub use issuer::IssuerKind;
pub use run::{Outcome, Settings, run};
pub use signals::Signals;
