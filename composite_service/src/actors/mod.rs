//! The actors: a thin actix shell around the domain. A purchase actor runs one saga, the bridge correlates replies with commands, and the
//! reviewer completes unfinished purchases. Must not use rdkafka, reqwest or HTTP.

pub mod purchase_actor;
pub mod reviewer;
pub mod kafka_bridge;
pub mod peer_watch;
mod gate;
pub mod waiting_room;
