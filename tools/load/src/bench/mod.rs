//! Benchmarks: the mall beside the raw request and reply of the same broker and the raw transactions of the same database, in turns, so
//! that a noisy machine disturbs all alike. What is compared are ratios of runs of the same minute.

mod echo;
mod growth;
mod overload;
mod plan;
mod raw_database;
mod run;
mod table;

pub use run::{Report, Settings, run};
