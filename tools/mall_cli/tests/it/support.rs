//! What several tests need. Must not know any single command.

use stack::{Place, Topic};
use tempfile::TempDir;

/// A folder that is gone after the test.
pub(crate) fn place() -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::under(folder.path()).unwrap();
    (folder, place)
}

pub(crate) fn topic(name: &str, partitions: i32) -> Topic {
    Topic {
        name: name.to_owned(),
        partitions,
    }
}

/// Whether a process of that id is there.
pub(crate) fn exists(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}
