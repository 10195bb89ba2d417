//! Ends the process at once, where going on would be worse than starting again.

use std::fmt::Display;
use std::panic::Location;

/// Ends the process and logs the cause. Called where something has happened that can't, as far as this code is right.
///
/// A process that went on would do harm without a word: Kafka gives a record that was dropped to the next owner of its partition only,
/// and a process owns its partitions for as long as it lives. The record would hold the partition's offset back for ever. The next
/// process reads it again.
///
/// This is no way to stop in order: what isn't finished then is left to the next owner by leaving the group.
#[track_caller]
pub fn crash(cause: impl Display) -> ! {
    log::error!("ending the process at {}: {cause}", Location::caller());
    log::logger().flush();
    // Not a panic: where panics unwind, as in tests and development, they end a task or a thread, and the process goes on without it.
    std::process::abort()
}
