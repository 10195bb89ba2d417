//! Benchmarks: the mall beside the raw request and reply of the same broker, in turns, so that a noisy machine disturbs both alike. What
//! is compared are ratios of runs of the same minute.

mod echo;
mod growth;
mod plan;
mod table;

pub use echo::{ECHO_TOPICS, Echo, EchoSpeed};
pub use growth::grow;
pub use plan::{Benchmark, GROWN, Measured, SUITE, large_catalogue};
pub use table::{at_rest, markdown};
