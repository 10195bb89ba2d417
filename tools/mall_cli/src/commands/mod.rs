//! The commands, one a file. Each parses its flags and runs.

pub(crate) mod check;
pub(crate) mod bench;
pub(crate) mod dlt;
pub(crate) mod down;
pub(crate) mod load;
pub(crate) mod logs;
pub(crate) mod member_service;
pub(crate) mod reset;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod up;
mod summary;
