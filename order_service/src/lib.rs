//! The order service: owns orders, products, items, stock and coupons. Takes commands from Kafka, answers reads over HTTP.
//!
//! In the direction the data flows: `inbound/kafka/intake` → `actors/order_registry` → `actors/order_actor` → `domain/decide` →
//! `actors/journal` → `outbound/mysql` → `outbound/kafka/reply_publisher`.

pub mod app;
pub mod config;
pub mod metrics;
pub mod steps;
pub mod domain;
pub mod ports;
pub mod actors;
pub mod inbound;
pub mod outbound;
pub mod dto;
pub mod catalogue_file;
