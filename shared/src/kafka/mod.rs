//! Kafka plumbing over librdkafka: settings, a poll thread, offsets in order, publishing. Knows bytes and records, no event.

pub mod token_login;
pub mod security;
pub mod config;
pub mod rights;
pub mod entrance;
pub mod broker_probe;
pub mod topics;
pub mod topic_state;
pub mod topic_policy;
pub mod topic_watch;
pub mod committed;
pub mod member_health;
pub mod health_board;
pub mod kafka_event;
pub mod member_state;
mod group_context;
mod committer;
pub mod positions;
pub mod poll_loop;
pub mod offset_ledger;
pub mod publisher;
pub mod dead_letters;
mod letter_post;
pub mod metrics;
pub mod lag;
