//! Runs the whole mall on one machine. [`stack`] is the library that the other crates' tests build on, too.
//!
//! Must not know: what an order is. It starts programs, waits for them and ends them.

pub mod bench;
pub mod load;
pub mod stack;
