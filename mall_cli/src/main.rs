//! The `mall` command's program. Must not know how a part is started: that is the library's.

fn main() {}
