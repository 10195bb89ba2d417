//! What the tests share: samples, databases, stores, actors.

pub(crate) mod samples;
pub(crate) mod databases;
pub(crate) mod stores;
pub(crate) mod doubles;
pub(crate) mod shop;
