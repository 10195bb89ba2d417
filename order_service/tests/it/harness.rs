//! What the tests share: samples, databases, stores, actors, brokers.

pub(crate) mod samples;
#[macro_use]
pub(crate) mod databases;
pub(crate) mod stores;
pub(crate) mod doubles;
pub(crate) mod shop;
pub(crate) mod kafka;
pub(crate) mod member;
