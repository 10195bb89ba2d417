//! The mall's public API: orchestrates a purchase and answers the shopper in the same request.
//!
//! In the direction the data flows: `inbound/http/place_order` → `actors/purchase_actor` → `domain/purchase` →
//! `actors/kafka_bridge` → `outbound/kafka/command_publisher` → topic `orders` … topic `composite` →
//! `inbound/kafka/reply_intake` → `actors/kafka_bridge` → `actors/purchase_actor` → the answer.

pub mod app;
pub mod config;
pub mod metrics;
pub mod steps;
pub mod dto;
pub mod domain;
pub mod ports;
pub mod actors;
pub mod inbound;
pub mod outbound;
