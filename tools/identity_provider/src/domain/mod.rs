//! What a token says, and who gets one. Pure: no input, no output, no clock.

pub mod claims;
pub mod metadata;
pub mod refusal;
pub mod scope;
pub mod subject;
pub mod token_request;
