//! How long each layer waits. Each outlasts the one below it, so that the lower one's answer arrives; the compiler checks it.

use std::time::Duration;

/// Until an HTTP request gets an answer of some kind: after it, `202 Accepted` and the purchase goes on.
pub const HTTP_ANSWER: Duration = Duration::from_secs(10);
/// Until a reply to a command is overdue, and the command is sent again.
pub const REPLY_WAIT: Duration = Duration::from_secs(8);
/// Until a command that the broker has not acknowledged counts as not delivered.
pub const DELIVERY: Duration = Duration::from_secs(5);
/// Until a connection to the database must be had.
pub const CONNECTION: Duration = Duration::from_secs(3);
/// Until the database gives up waiting for a row's lock. MySQL's smallest.
pub const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Until a database that does not answer a call is one that never will, and the process ends.
pub const DATABASE_STUCK: Duration = Duration::from_secs(30);
/// The same for a connection that is being made. The kernel knocks at a host that does not answer for a good two minutes.
pub const CONNECTING_STUCK: Duration = Duration::from_secs(150);

const _: () = assert!(HTTP_ANSWER.as_millis() > REPLY_WAIT.as_millis());
const _: () = assert!(REPLY_WAIT.as_millis() > DELIVERY.as_millis());
const _: () = assert!(DELIVERY.as_millis() > CONNECTION.as_millis() + LOCK_WAIT.as_millis());
const _: () = assert!(DATABASE_STUCK.as_millis() > HTTP_ANSWER.as_millis());
const _: () = assert!(CONNECTING_STUCK.as_millis() > DATABASE_STUCK.as_millis());
