//! Connections: an r2d2 pool of Diesel sessions.
//!
//! Diesel's own manager finds a broken connection only by a query before each use. This manager marks a connection as broken after an
//! error, which costs no round trip. It queries only a connection that was idle for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{
    Connection, ConnectionError, MysqlConnection, QueryResult, QueryableByName, RunQueryDsl,
    sql_query,
};
use shared::budget;

use super::connection_url::{connection_url, used_authority};
use super::error::{Aborted, store_error, told_by};
use super::set_up::{LONGEST_SILENCE, set_lock_wait, set_up};
use super::watchdog::Watchdog;
use crate::config::{DatabaseSettings, SslMode};
use crate::ports::order_store::StoreError;

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
    settings: DatabaseSettings,
    watchdog: Arc<Watchdog>,
}

/// Why there is no session to use.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// None can be made.
    #[error("{0}")]
    Connecting(String),
    /// An idle one has ended. The next is made at once.
    #[error("the session has ended: {0}")]
    Ended(String),
}

/// Tells operators what keeps the pool from making sessions. That the server ends idle ones is its order here, so no error.
#[derive(Debug)]
struct ToldErrors;

impl r2d2::HandleError<SessionError> for ToldErrors {
    fn handle_error(&self, error: SessionError) {
        match error {
            SessionError::Connecting(cause) => log::error!("connecting to the database: {cause}"),
            SessionError::Ended(_) => log::debug!("{error}"),
        }
    }
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
            .error_handler(Box::new(ToldErrors))
            .build_unchecked(Self {
                settings: settings.clone(),
                watchdog,
            })
    }
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

/// The setting that keeps connections from being encrypted: the client library encrypts only with a file of authorities.
fn unencrypted_by(settings: &DatabaseSettings) -> Option<&'static str> {
    match settings.ssl_mode {
        SslMode::Disabled => Some("DB_SSL_MODE is disabled"),
        SslMode::Preferred | SslMode::Required | SslMode::VerifyCa => {
            let is_plain = used_authority(settings).is_none();
            is_plain.then_some("DB_SSL_CA is not set")
        }
    }
}

impl SessionManager {
    fn establish(&self) -> Result<Session, ConnectionError> {
        // Made anew each time, because the password may be another one by now.
        let mut connection = MysqlConnection::establish(&connection_url(&self.settings))?;
        if self.settings.ssl_mode.must_encrypt()
            && !is_encrypted(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)?
        {
            let cause = "the settings require encryption, but the connection is not encrypted";
            return Err(ConnectionError::BadConnection(cause.to_owned()));
        }
        let can_fail_at_once = set_up(&mut connection, &self.settings.name)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(Session {
            connection,
            is_broken: false,
            used_at: Instant::now(),
            lock_wait: budget::LOCK_WAIT.as_secs(),
            can_fail_at_once,
            watchdog: Arc::clone(&self.watchdog),
        })
    }

    /// MariaDB refuses an unencrypted connection in the words of a wrong password, so the operator is told that it may be either.
    fn told(&self, error: &ConnectionError) -> String {
        match (error, unencrypted_by(&self.settings)) {
            (ConnectionError::BadConnection(cause), Some(setting)) if !is_out_of_reach(cause) => {
                format!(
                    "{cause} (the connection is not encrypted, because {setting}; a server that requires encryption refuses it)"
                )
            }
            _ => error.to_string(),
        }
    }
}

/// Whether no server has answered. These are words of the client library, which are always English.
fn is_out_of_reach(cause: &str) -> bool {
    cause.starts_with("Can't connect to") || cause.starts_with("Unknown server host")
}

impl r2d2::ManageConnection for SessionManager {
    type Connection = Session;
    type Error = SessionError;

    fn connect(&self) -> Result<Session, SessionError> {
        let _call = self.watchdog.connecting();
        self.establish()
            .map_err(|error| SessionError::Connecting(self.told(&error)))
    }

    /// Queries the server only if it may have ended the session.
    fn is_valid(&self, session: &mut Session) -> Result<(), SessionError> {
        let silence = session.used_at.elapsed();
        if silence < FRESH {
            return Ok(());
        }
        if silence >= LONGEST_SILENCE {
            return Err(SessionError::Ended("it was idle for too long".to_owned()));
        }
        let _call = self.watchdog.working();
        session
            .connection
            .batch_execute("SELECT 1")
            .map_err(|error| SessionError::Ended(error.to_string()))
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
        work: impl FnOnce(&mut MysqlConnection) -> QueryResult<T>,
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
        work: impl FnOnce(&mut MysqlConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let done = work(&mut self.connection);
        let done = done.map_err(|error| told_by(&mut self.connection, &error));
        self.used(done)
    }

    /// Runs `work` as one transaction, watched. `None`: something stored was not as expected, and all is rolled back.
    ///
    /// # Errors
    /// Those of `work`, and of the commit, after which it is unknown whether anything is stored.
    pub fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut MysqlConnection) -> Result<T, Aborted>,
    ) -> Result<Option<T>, StoreError> {
        let watchdog = Arc::clone(&self.watchdog);
        let _call = watchdog.working();
        let done = self.connection.transaction(|connection| {
            work(connection).map_err(|aborted| aborted.told_by(connection))
        });
        let done = match done {
            Ok(done) => Ok(Some(done)),
            Err(Aborted::Stale) => Ok(None),
            Err(Aborted::Failed(error)) => Err(error),
            // Of beginning or ending the transaction.
            Err(Aborted::Statement(error)) => Err(store_error(&error, None)),
        };
        self.used(done)
    }

    fn used<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.used_at = Instant::now();
        self.is_broken |= matches!(done, Err(StoreError::Unavailable(_)));
        done
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
