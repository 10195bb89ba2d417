//! The contract with every peer, old Spring services included: names and shapes only, nothing that acts on them.

pub mod event;
pub mod order_dto;
pub mod headers;
pub mod error_body;
