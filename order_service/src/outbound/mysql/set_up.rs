//! What a new session is told before its first work. A server's defaults differ from one to the next, and each variable here has one that
//! breaks a statement of ours or changes its meaning, so the session does not depend on them.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::mysql::MysqlConnection;
use diesel::sql_types::{BigInt, Unsigned};
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};
use shared::budget;

/// `wait_timeout`: the server ends a session that sends nothing for so long, and releases its row locks. That happens to a process that is
/// paused, or cut off by the network, in the middle of a transaction. The server's default is 8 hours, for which nobody could buy the
/// items that the transaction has locked. 5 s are far more than a live process needs between two statements of a transaction.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(5);
/// Values that don't fit are refused and never cut. Not `STRICT_ALL_TABLES`, nor `TRADITIONAL`, which contains it: MySQL then refuses a
/// lock wait of zero instead of raising it.
const SQL_MODE: &str = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
/// `sql_select_limit` is unlimited so.
const NO_LIMIT: u64 = u64::MAX;

#[derive(QueryableByName)]
struct LockWait {
    #[diesel(sql_type = Unsigned<BigInt>)]
    seconds: u64,
}

/// Sets the session up and chooses its database. Returns whether a statement can fail at once when a row is locked: MariaDB allows
/// `innodb_lock_wait_timeout = 0`; MySQL's minimum is 1 s, and it raises a smaller value silently, so the value is read back.
pub(super) fn set_up(connection: &mut MysqlConnection, database: &str) -> QueryResult<bool> {
    // READ COMMITTED locks rows without gaps, so two batches that insert different orders do not wait for each other.
    // `lock_wait_timeout` is for table locks, such as a migration's. The mode comes first, as the others are read by its rules.
    connection.batch_execute(&format!(
        "SET SESSION sql_mode = '{SQL_MODE}'; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET autocommit = 1, completion_type = 'NO_CHAIN', sql_select_limit = {NO_LIMIT}, sql_safe_updates = 0, default_storage_engine = 'InnoDB'; \
         SET time_zone = '+00:00', wait_timeout = {}, innodb_lock_wait_timeout = 0, lock_wait_timeout = {}; \
         USE `{}`",
        LONGEST_SILENCE.as_secs(),
        budget::CONNECTION.as_secs(),
        database.replace('`', "``")
    ))?;
    let granted: LockWait =
        sql_query("SELECT @@SESSION.innodb_lock_wait_timeout AS seconds").get_result(connection)?;
    set_lock_wait(connection, budget::LOCK_WAIT.as_secs())?;
    Ok(granted.seconds == 0)
}

/// How long statements wait for locked rows from now on.
pub(super) fn set_lock_wait(connection: &mut MysqlConnection, seconds: u64) -> QueryResult<()> {
    connection.batch_execute(&format!("SET innodb_lock_wait_timeout = {seconds}"))
}
