//! Connections: an r2d2 pool of Diesel sessions.
//!
//! Diesel's own manager finds a broken connection only by a query before each use. This manager marks a connection as broken after an
//! error, which costs no round trip. It queries only a connection that was idle for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text, Unsigned};
use diesel::{
    Connection, ConnectionError, MysqlConnection, QueryResult, QueryableByName, RunQueryDsl,
    sql_query,
};
use secrecy::ExposeSecret;
use shared::budget;

use super::error::store_error;
use super::watchdog::Watchdog;
use crate::config::{DatabaseSettings, SslMode};
use crate::ports::order_store::StoreError;

/// `wait_timeout`: the server ends a session that sends nothing for so long, and releases its row locks. That happens to a process that is
/// paused, or cut off by the network, in the middle of a transaction. The server's default is 8 hours, for which nobody could buy the
/// items that the transaction has locked. 5 s are far more than a live process needs between two statements of a transaction.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);
/// A session that was used so recently can't have reached [`LONGEST_SILENCE`], so it is not tested before its next use.
const FRESH: Duration = Duration::from_secs(2);

/// The pool.
pub type Pool = r2d2::Pool<SessionManager>;

/// A connection with its session settings: UTC, READ COMMITTED (row locks without gaps), a bounded wait for locks.
pub struct Session {
    connection: MysqlConnection,
    is_broken: bool,
    used_at: Instant,
    /// The session's `innodb_lock_wait_timeout` in seconds.
    lock_wait: u64,
    can_fail_at_once: bool,
    watchdog: Arc<Watchdog>,
}

/// Makes sessions.
pub struct SessionManager {
    url: String,
    must_encrypt: bool,
    watchdog: Arc<Watchdog>,
}

impl SessionManager {
    /// Builds the pool without connecting, because the database may start later than this process. A database that accepts calls and
    /// stops answering ends the process.
    #[must_use]
    pub fn pool(settings: &DatabaseSettings) -> Pool {
        Self::watched_pool(settings, Watchdog::ending_the_process())
    }

    /// The same with the caller's watchdog.
    #[must_use]
    pub fn watched_pool(settings: &DatabaseSettings, watchdog: Arc<Watchdog>) -> Pool {
        r2d2::Pool::builder()
            .max_size(settings.pool_size)
            .min_idle(Some(0))
            .test_on_check_out(true)
            .connection_timeout(budget::CONNECTION)
            .build_unchecked(Self {
                url: database_url(settings),
                must_encrypt: settings.ssl_mode.must_encrypt(),
                watchdog,
            })
    }
}

fn database_url(settings: &DatabaseSettings) -> String {
    let mut url =
        url::Url::parse("mysql://localhost").unwrap_or_else(|_| unreachable!("a constant"));
    let (host, port) = &settings.address;
    // Neither can fail: a mysql URL has a host, and `settings` were validated.
    let _ = url.set_host(Some(host));
    let _ = url.set_port(Some(*port));
    let _ = url.set_username(&settings.username);
    let _ = url.set_password(Some(settings.password.expose_secret()));
    url.set_path(&settings.name);
    let mut options = url.query_pairs_mut();
    options.append_pair("ssl_mode", settings.ssl_mode.as_str());
    if let Some(file) = settings
        .ssl_ca
        .as_deref()
        .filter(|_| settings.ssl_mode != SslMode::Disabled)
    {
        options.append_pair("ssl_ca", file);
    }
    drop(options);
    url.into()
}

#[derive(QueryableByName)]
struct LockWait {
    #[diesel(sql_type = Unsigned<BigInt>)]
    seconds: u64,
}

#[derive(QueryableByName)]
struct StatusVariable {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Asked of the server, because MariaDB's client library ignores the ssl mode silently: it encrypts if it has a CA and the server can.
fn is_encrypted(connection: &mut MysqlConnection) -> QueryResult<bool> {
    let cipher: Vec<StatusVariable> =
        sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").load(connection)?;
    Ok(cipher.iter().any(|variable| !variable.value.is_empty()))
}

/// Returns whether a statement can fail at once when a row is locked. MariaDB allows `innodb_lock_wait_timeout = 0`; MySQL's minimum is
/// 1 s, and it raises a smaller value silently, so the value is read back.
fn set_up(connection: &mut MysqlConnection) -> QueryResult<bool> {
    // READ COMMITTED locks rows without gaps, so two batches that insert different orders do not wait for each other.
    // `lock_wait_timeout` is for table locks, such as a migration's.
    connection.batch_execute(&format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET time_zone = '+00:00', wait_timeout = {}, innodb_lock_wait_timeout = 0, lock_wait_timeout = {}",
        LONGEST_SILENCE.as_secs(),
        budget::CONNECTION.as_secs()
    ))?;
    let granted: LockWait =
        sql_query("SELECT @@SESSION.innodb_lock_wait_timeout AS seconds").get_result(connection)?;
    set_lock_wait(connection, budget::LOCK_WAIT.as_secs())?;
    Ok(granted.seconds == 0)
}

fn set_lock_wait(connection: &mut MysqlConnection, seconds: u64) -> QueryResult<()> {
    connection.batch_execute(&format!("SET innodb_lock_wait_timeout = {seconds}"))
}

impl r2d2::ManageConnection for SessionManager {
    type Connection = Session;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Session, ConnectionError> {
        let _call = self.watchdog.connecting();
        let mut connection = MysqlConnection::establish(&self.url)?;
        if self.must_encrypt
            && !is_encrypted(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)?
        {
            let cause = "the settings require encryption, but the connection is not encrypted";
            return Err(ConnectionError::BadConnection(cause.to_owned()));
        }
        let can_fail_at_once =
            set_up(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(Session {
            connection,
            is_broken: false,
            used_at: Instant::now(),
            lock_wait: budget::LOCK_WAIT.as_secs(),
            can_fail_at_once,
            watchdog: Arc::clone(&self.watchdog),
        })
    }

    /// Queries the server only if it may have ended the session.
    fn is_valid(&self, session: &mut Session) -> Result<(), ConnectionError> {
        if session.used_at.elapsed() < FRESH {
            return Ok(());
        }
        let _call = self.watchdog.working();
        session
            .connection
            .batch_execute("SELECT 1")
            .map_err(ConnectionError::CouldntSetupConfiguration)
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.is_broken
    }
}

impl Session {
    /// Whether a statement can fail at once when it needs a row that another transaction has locked.
    #[must_use]
    pub fn can_fail_at_once(&self) -> bool {
        self.can_fail_at_once
    }

    /// Sets how long statements wait for locked rows, in whole seconds. Costs a round trip only if the value changes.
    ///
    /// # Errors
    /// When the server refuses it or does not answer.
    pub fn wait_for_rows(&mut self, wait: Duration) -> Result<(), StoreError> {
        let seconds = wait.as_secs();
        if seconds == self.lock_wait || (seconds == 0 && !self.can_fail_at_once) {
            return Ok(());
        }
        self.run(|connection| set_lock_wait(connection, seconds))?;
        self.lock_wait = seconds;
        Ok(())
    }

    /// Runs `work` on the connection, watched. After [`StoreError::Unavailable`] the connection may be broken, so it is not used again.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn run<T>(
        &mut self,
        work: impl FnOnce(&mut MysqlConnection) -> Result<T, diesel::result::Error>,
    ) -> Result<T, StoreError> {
        let watchdog = Arc::clone(&self.watchdog);
        let _call = watchdog.working();
        self.run_for_long(work)
    }

    /// The same without the watchdog, for work of any length, such as a migration.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn run_for_long<T>(
        &mut self,
        work: impl FnOnce(&mut MysqlConnection) -> Result<T, diesel::result::Error>,
    ) -> Result<T, StoreError> {
        let done = work(&mut self.connection);
        self.used_at = Instant::now();
        done.map_err(|error| {
            let error = store_error(&error);
            self.is_broken |= matches!(error, StoreError::Unavailable(_));
            error
        })
    }
}

/// Takes a session from the pool.
///
/// # Errors
/// When none is available within the pool's time-out.
pub fn session(pool: &Pool) -> Result<r2d2::PooledConnection<SessionManager>, StoreError> {
    pool.get()
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}
