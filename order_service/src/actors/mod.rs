//! The actors: a thin shell of actix around the domain and the pure modules beside them. Commands come from the intake in the order of
//! their records; each order's commands are handled one at a time by an actor of its own; the journal stores what they decide in shared
//! transactions. Nothing here knows Diesel, rdkafka or HTTP.

pub mod order_registry;
pub mod residents;
pub mod order_actor;
pub mod command_run;
pub mod journal;
pub mod write_plan;
pub mod store_threads;
pub mod store_writers;
pub mod store_backoff;
pub mod in_flight;
pub mod write_progress;
