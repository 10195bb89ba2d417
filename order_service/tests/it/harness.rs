//! What the tests share: samples, databases, stores.

pub(crate) mod samples;
pub(crate) mod databases;
pub(crate) mod stores;
