//! Load: many shoppers at once, and what they saw. Knows the public API only; what runs behind it is nobody's business here, but for its
//! processor time and memory, which are read from outside, and what it tells its operators of mailboxes.

pub mod bench;
mod ceiling;
mod compare;
mod connection;
mod engine;
mod mailboxes;
mod measurement;
mod processes;
mod recorder;
mod report;
mod result;
mod scenario;
mod shopper;

pub use ceiling::TrivialServer;
pub use compare::compare;
pub use engine::{Load, Pace};
pub use mailboxes::MailboxSample;
pub use measurement::Measurement;
pub use processes::{ProcessSample, Watched, observe};
pub use report::html;
pub use result::{LoadResult, Objectives, Percentiles, ResultSecond};
pub use scenario::{Assortment, Scenario, Ware};
