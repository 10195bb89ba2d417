//! A test in a process of its own, which is this test once more: its log and its end can be looked at.

use std::process::{Command, Output};

/// In the environment of a process that runs one test.
const ALONE: &str = "TEST_ALONE";

/// Does `act` in a process of its own, and tells how that ended. `test` is the name of the test that calls this.
pub(crate) fn alone(test: &str, act: impl FnOnce()) -> Output {
    if std::env::var_os(ALONE).is_some() {
        shared::logging::init();
        act();
        std::process::exit(0);
    }
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "yes")
        .output()
        .unwrap()
}
