//! Diesel's errors → the port's. Diesel's MySQL backend drops the error number, so some errors are recognised by the server's text.

use diesel::result::{DatabaseErrorKind, Error};

use crate::ports::order_store::StoreError;

/// How the server's messages begin for values that never fit, however often they are written.
const REFUSED_VALUES: &[&str] = &["Data too long", "Out of range", "Incorrect"];

/// How the server's message begins when a row lock was not granted in time.
const LOCK_WAIT: &str = "Lock wait timeout exceeded";

/// A failure as the port's error. An error that is not known to be final counts as passing, so that the work is repeated and not lost.
#[must_use]
pub fn store_error(error: &Error) -> StoreError {
    match error {
        Error::DatabaseError(kind, information) => database_error(kind, information.message()),
        Error::DeserializationError(_) | Error::SerializationError(_) => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn database_error(kind: &DatabaseErrorKind, message: &str) -> StoreError {
    let is_refusal = match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation => true,
        _ => REFUSED_VALUES
            .iter()
            .any(|beginning| message.starts_with(beginning)),
    };
    if is_refusal {
        StoreError::Refused(message.to_owned())
    } else if message.starts_with(LOCK_WAIT) {
        StoreError::Held(message.to_owned())
    } else {
        StoreError::Unavailable(message.to_owned())
    }
}

/// Whether a row of this key is there already.
#[must_use]
pub fn is_duplicate(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: DatabaseErrorKind, message: &str) -> StoreError {
        store_error(&Error::DatabaseError(kind, Box::new(message.to_owned())))
    }

    #[test]
    fn only_final_errors_are_refusals() {
        for passing in [
            "Deadlock found when trying to get lock; try restarting transaction",
            "Record has changed since last read in table 'items'",
            "Lost connection to server during query",
            "Server has gone away",
        ] {
            assert!(
                matches!(
                    told(DatabaseErrorKind::Unknown, passing),
                    StoreError::Unavailable(_)
                ),
                "{passing}"
            );
        }
        assert!(matches!(
            told(
                DatabaseErrorKind::Unknown,
                "Lock wait timeout exceeded; try restarting transaction"
            ),
            StoreError::Held(_)
        ));
        assert!(matches!(
            told(
                DatabaseErrorKind::Unknown,
                "Data too long for column 'x' at row 1"
            ),
            StoreError::Refused(_)
        ));
        assert!(matches!(
            told(DatabaseErrorKind::CheckViolation, "x"),
            StoreError::Refused(_)
        ));
    }
}
