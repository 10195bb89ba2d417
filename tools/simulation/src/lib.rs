//! The pure cores of both services, run together in one thread under a seeded scheduler that reorders, loses, doubles and delays what
//! they say to each other, and kills those who say it.
//!
//! What is real: the saga, the waiting room and the review of `composite_service`; decoding, retirement, the run of a command, `decide`,
//! the write plan, the shelf and the store's rule of conflicts of `order_service`; the offset ledger, the wire's encoding. What is
//! modelled: the actors' mailboxes, Kafka, time, the payment gateway and the shoppers. A model only carries; it decides nothing that a
//! core decides.
//!
//! [`schedule::run`] is one schedule: a number, the seed, says all of it. After each step the invariants are checked ([`invariants`]),
//! and again when everything has been healed and come to rest. Must not know actix, tokio, threads, or the machine's clock and chance.

pub mod action;
pub mod chance;
pub mod composite;
pub mod effects;
pub mod fault;
pub mod fault_kind;
pub mod faults;
pub mod gateway;
pub mod invariants;
pub mod owner;
pub mod partitions;
pub mod profile;
pub mod reply_intake;
pub mod reply_topic;
mod rest;
pub mod sabotage;
pub mod schedule;
pub mod shopper;
mod steps;
pub mod store;
pub mod tally;
mod timing;
pub mod violation;
pub mod wire;
pub mod world;
