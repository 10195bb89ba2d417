//! Brings the database's tables up to date. One instance migrates while the others wait.

use diesel::mysql::MysqlConnection;
use diesel::sql_types::{Integer, Nullable};
use diesel::{QueryableByName, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::pool::{Pool, session};
use crate::ports::order_store::StoreError;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");
/// How long an instance waits for another one to finish migrating. Then it fails, and its caller tries again.
const LOCK_WAIT_SECONDS: u32 = 120;

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Nullable<Integer>)]
    is_held: Option<i32>,
}

/// Applies the migrations that are missing; returns their names.
///
/// # Errors
/// When the database can't be reached, or refuses a migration. MySQL can't roll DDL back: a failed migration may be half done.
pub fn migrate(pool: &Pool) -> Result<Vec<String>, StoreError> {
    let mut failure = None;
    // Not watched: changing a large table may take longer than the watchdog allows, and so may waiting for the lock.
    let applied = session(pool)?.run_for_long(|connection| {
        if !lock(connection)? {
            failure = Some(StoreError::Unavailable(
                "another instance has been migrating for too long".to_owned(),
            ));
            return Ok(Vec::new());
        }
        let applied = match connection.run_pending_migrations(MIGRATIONS) {
            Ok(versions) => versions.iter().map(ToString::to_string).collect(),
            Err(error) => {
                failure = Some(StoreError::Refused(format!("migration: {error}")));
                Vec::new()
            }
        };
        diesel::sql_query("DO RELEASE_LOCK('order_service.migrate')").execute(connection)?;
        Ok(applied)
    });
    match failure {
        Some(error) => Err(error),
        None => applied,
    }
}

fn lock(connection: &mut MysqlConnection) -> Result<bool, diesel::result::Error> {
    let statement = format!(
        "SELECT CAST(GET_LOCK('order_service.migrate', {LOCK_WAIT_SECONDS}) AS SIGNED) AS is_held"
    );
    let lock: Lock = diesel::sql_query(statement).get_result(connection)?;
    Ok(lock.is_held == Some(1))
}
