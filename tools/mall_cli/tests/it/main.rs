//! The commands as a user runs them, on a real mall.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod chaos;
mod dead_letters;
mod load;
mod support;
mod up;
mod bare_machine;
mod script;
