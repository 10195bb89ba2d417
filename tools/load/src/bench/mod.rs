//! Benchmarks: the mall beside the raw request and reply of the same broker and the raw transactions of the same database, in turns, so
//! that a noisy machine disturbs all alike. What is compared are ratios of runs of the same minute.

mod echo;
mod growth;
mod plan;
mod raw_database;
mod table;

pub use echo::{ECHO_TOPICS, Echo, EchoSpeed};
pub use growth::{grow, settle};
pub use plan::{Benchmark, GROWN, Measured, SUITE, large_catalogue};
pub use raw_database::{DatabaseSpeed, measure_database};
pub use table::{at_rest, markdown, raw_database};
