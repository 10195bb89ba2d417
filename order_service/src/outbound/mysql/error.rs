//! Diesel's errors → the port's. The server's error number decides, never its words: they are in the language that the server is set to.
//! Diesel's MySQL backend turns some numbers into kinds and drops the others, which the session still knows.

use diesel::connection::SimpleConnection;
use diesel::mysql::MysqlConnection;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Nullable, Unsigned};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::ports::order_store::StoreError;

/// Values that never fit, however often they are written: out of range, cut off, wrong, too long, out of range in an expression, and
/// against a check (MariaDB; Diesel knows MySQL's number for it).
const REFUSED_VALUES: [u64; 7] = [1264, 1265, 1292, 1366, 1406, 1690, 4025];

/// A row lock was not granted in time.
const LOCK_WAIT_TIMEOUT: u64 = 1205;

/// Why a transaction was rolled back.
#[derive(Debug)]
pub enum Aborted {
    /// A stored row was not as expected.
    Stale,
    /// A statement failed, and the session was not yet asked for the number.
    Statement(Error),
    /// It failed for this reason.
    Failed(StoreError),
}

impl From<Error> for Aborted {
    fn from(error: Error) -> Self {
        if is_duplicate(&error) {
            Self::Stale
        } else {
            Self::Statement(error)
        }
    }
}

impl From<StoreError> for Aborted {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Aborted {
    /// With the reason that the session tells. To be asked before the rollback, which MySQL lets forget it.
    #[must_use]
    pub fn told_by(self, connection: &mut MysqlConnection) -> Self {
        match self {
            Self::Statement(error) => Self::Failed(told_by(connection, &error)),
            Self::Stale | Self::Failed(_) => self,
        }
    }
}

/// The port's error for that of the session's last statement.
#[must_use]
pub fn told_by(connection: &mut MysqlConnection, error: &Error) -> StoreError {
    let number = match error {
        Error::DatabaseError(DatabaseErrorKind::Unknown, _) => last_number(connection),
        _ => None,
    };
    store_error(error, number)
}

/// A failure as the port's error. An error that is not known to be final counts as passing, so that the work is repeated and not lost.
#[must_use]
pub fn store_error(error: &Error, number: Option<u64>) -> StoreError {
    match error {
        Error::DatabaseError(kind, information) => {
            database_error(kind, number, information.message())
        }
        Error::DeserializationError(_) | Error::SerializationError(_) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn database_error(kind: &DatabaseErrorKind, number: Option<u64>, message: &str) -> StoreError {
    let text = match number {
        Some(number) => format!("{message} (error {number})"),
        None => message.to_owned(),
    };
    match (kind, number) {
        (
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation,
            _,
        ) => StoreError::Refused(text),
        (_, Some(number)) if REFUSED_VALUES.contains(&number) => StoreError::Refused(text),
        (_, Some(LOCK_WAIT_TIMEOUT)) => StoreError::Held(text),
        _ => StoreError::Unavailable(text),
    }
}

#[derive(QueryableByName)]
struct LastNumber {
    #[diesel(sql_type = Nullable<Unsigned<BigInt>>)]
    number: Option<u64>,
}

/// The number of the error that the session's last statement ended with: its last condition, after any warnings. By the text protocol,
/// because MySQL prepares neither this statement nor `SHOW ERRORS`. `None` when the server tells none, as when the connection is lost.
fn last_number(connection: &mut MysqlConnection) -> Option<u64> {
    connection
        .batch_execute(
            "GET DIAGNOSTICS @conditions = NUMBER; \
             GET DIAGNOSTICS CONDITION @conditions @error_number = MYSQL_ERRNO",
        )
        .ok()?;
    sql_query("SELECT CAST(@error_number AS UNSIGNED) AS number")
        .get_result::<LastNumber>(connection)
        .ok()?
        .number
}

/// Whether a row of this key is there already.
fn is_duplicate(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: DatabaseErrorKind, number: Option<u64>) -> StoreError {
        // A German server's words for a lock wait. They decide nothing.
        let message = "Beim Warten auf eine Sperre wurde die zulässige Wartezeit überschritten";
        store_error(
            &Error::DatabaseError(kind, Box::new(message.to_owned())),
            number,
        )
    }

    #[test]
    fn only_final_errors_are_refusals() {
        // A deadlock, a row that has changed, and a lost connection, which has no number.
        for passing in [Some(1213), Some(1020), None] {
            let error = told(DatabaseErrorKind::Unknown, passing);
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        }
        for number in REFUSED_VALUES {
            let error = told(DatabaseErrorKind::Unknown, Some(number));
            assert!(matches!(error, StoreError::Refused(_)), "{error}");
        }
        let error = told(DatabaseErrorKind::CheckViolation, None);
        assert!(matches!(error, StoreError::Refused(_)), "{error}");
    }

    #[test]
    fn a_lock_wait_is_told_by_its_number() {
        let error = told(DatabaseErrorKind::Unknown, Some(1205));
        assert!(matches!(error, StoreError::Held(_)), "{error}");
        assert!(error.to_string().ends_with("(error 1205)"), "{error}");
    }
}
