//! The simulator as a process, over HTTP.

mod simulator;
mod payments;
mod faults;
mod durability;
mod surface;
