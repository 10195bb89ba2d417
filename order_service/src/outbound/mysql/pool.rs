//! Connections: an r2d2 pool of Diesel sessions.
//!
//! The manager is our own because Diesel's learns of a broken connection only by asking the server before each use. Ours is told by
//! the errors that its user sees, so that no round trip is spent on it. Only a session that was silent for a while is asked.

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

/// The database ends a session that is silent for so long, and frees the rows that it has locked: its process stands still, or the network
/// has swallowed it. Within a transaction no statement waits for anything but the one before it.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);
/// A session that was used so recently has not been ended for its silence.
const FRESH: Duration = Duration::from_secs(2);

/// The pool.
pub type Pool = r2d2::Pool<SessionManager>;

/// A connection with its session settings: UTC, READ COMMITTED (row locks without gaps), a bounded wait for locks.
pub struct Session {
    connection: MysqlConnection,
    is_broken: bool,
    used_at: Instant,
    /// Seconds.
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
    /// Builds the pool without connecting: the database may come up later than this process. A database that is there and does not
    /// answer any more ends the process.
    #[must_use]
    pub fn pool(settings: &DatabaseSettings) -> Pool {
        Self::watched_pool(settings, Watchdog::ending_the_process())
    }

    /// The same with a watchdog of the caller's.
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

/// MariaDB's client library takes the ssl mode without a word and ignores it: it encrypts when it was given a CA and the server can.
fn is_encrypted(connection: &mut MysqlConnection) -> QueryResult<bool> {
    let cipher: Vec<StatusVariable> =
        sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").load(connection)?;
    Ok(cipher.iter().any(|variable| !variable.value.is_empty()))
}

/// Returns whether the server grants that a statement does not wait for a row's lock at all: MySQL's smallest wait is a second.
fn set_up(connection: &mut MysqlConnection) -> QueryResult<bool> {
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
            let cause = "the settings require encryption, and the server does not offer it";
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

    /// Asks the server only when it may have ended the session.
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
    /// Whether a statement can fail at once when it needs a row that somebody else holds.
    #[must_use]
    pub fn can_fail_at_once(&self) -> bool {
        self.can_fail_at_once
    }

    /// Sets how long statements wait for rows that somebody else holds, in whole seconds. Costs a statement when it was another time.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn wait_for_rows(&mut self, wait: Duration) -> Result<(), StoreError> {
        let seconds = wait.as_secs();
        if seconds == self.lock_wait || (seconds == 0 && !self.can_fail_at_once) {
            return Ok(());
        }
        self.run(|connection| set_lock_wait(connection, seconds))?;
        self.lock_wait = seconds;
        Ok(())
    }

    /// Runs `work` on the connection. After an error that leaves the connection in doubt it is not used again.
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

    /// The same for work that may take as long as it takes.
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
/// When none can be had in time.
pub fn session(pool: &Pool) -> Result<r2d2::PooledConnection<SessionManager>, StoreError> {
    pool.get()
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}
