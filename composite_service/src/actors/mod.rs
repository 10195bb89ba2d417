//! The actors: a thin shell of actix around the domain. A purchase actor runs one saga; the bridge pairs replies with their askers.
//! Must not know rdkafka, reqwest or HTTP.

pub mod purchase_actor;
pub mod reviewer;
pub mod kafka_bridge;
pub mod waiting_room;
