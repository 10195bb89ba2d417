//! The contract with every peer, the Spring services included: names and shapes, nothing that acts on them.

pub mod leniently;
pub mod moment;
pub mod event;
pub mod order_dto;
pub mod quote_dto;
pub mod headers;
pub mod error_body;
