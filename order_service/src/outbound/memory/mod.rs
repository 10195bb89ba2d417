//! Doubles that hold everything in memory: for tests, under the same contract as the real ones.

pub mod order_store;
