//! Load: many shoppers at once, with their latencies and errors. Knows only the public API of the mall. Processor time and memory of its
//! processes are read from `/proc`, and the depth of mailboxes from its metrics.

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
mod summary;

pub use ceiling::TrivialServer;
pub use compare::compare;
pub use engine::{Load, Pace};
pub use mailboxes::MailboxSample;
pub use measurement::Measurement;
pub use processes::{ProcessSample, Watched, observe};
pub use report::html;
pub use result::{LoadResult, Objectives, Percentiles, ResultSecond};
pub use scenario::{Assortment, Scenario, Ware};
pub use summary::summary;
