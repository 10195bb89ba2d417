//! How long each layer waits. Each outlasts the one below it, so that the lower one's answer arrives; the compiler checks it.

use std::time::Duration;

/// Until an HTTP request gets an answer. A purchase that takes longer is answered with `202 Accepted` and goes on.
pub const HTTP_ANSWER: Duration = Duration::from_secs(10);
/// Until a reply to a command is overdue, and the command is sent again.
pub const REPLY_WAIT: Duration = Duration::from_secs(8);
/// Until a command that the broker has not acknowledged counts as not delivered.
pub const DELIVERY: Duration = Duration::from_secs(5);
/// How long a database connection from the pool is waited for.
pub const CONNECTION: Duration = Duration::from_secs(3);
/// Until the database gives up waiting for a row's lock. MySQL knows no shorter time than a second.
pub const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Until a call that the database has not answered is taken for lost, and the process ends itself. Longer than any statement takes.
pub const DATABASE_STUCK: Duration = Duration::from_secs(30);
/// The same for a connection that is being made. The kernel itself tries to reach a silent host for a good two minutes.
pub const CONNECTING_STUCK: Duration = Duration::from_secs(150);

const _: () = assert!(HTTP_ANSWER.as_millis() > REPLY_WAIT.as_millis());
const _: () = assert!(REPLY_WAIT.as_millis() > DELIVERY.as_millis());
const _: () = assert!(DELIVERY.as_millis() > CONNECTION.as_millis() + LOCK_WAIT.as_millis());
const _: () = assert!(DATABASE_STUCK.as_millis() > HTTP_ANSWER.as_millis());
const _: () = assert!(CONNECTING_STUCK.as_millis() > DATABASE_STUCK.as_millis());
