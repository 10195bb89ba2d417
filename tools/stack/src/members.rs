//! The sample members that a developer's member service knows. Must not know how it is served.

/// Some members: JSON objects with `memberId`, `name` and `email`.
pub const SAMPLE_MEMBERS: &str = include_str!("../sample/members.json");
