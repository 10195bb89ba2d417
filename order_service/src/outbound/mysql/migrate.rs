//! Brings the database's tables up to date, or looks whether they are. One instance migrates while the others wait.

use diesel::migration::{Migration, MigrationSource};
use diesel::mysql::{Mysql, MysqlConnection};
use diesel::sql_types::{Integer, Nullable, Text};
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

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Whether all migrations are applied. Needs no right but to read, unlike Diesel's own look, which makes its table if that is missing.
///
/// # Errors
/// When some are missing, which are named, or the database can't be reached.
pub fn check(pool: &Pool) -> Result<(), StoreError> {
    let applied: Vec<Applied> = session(pool)?.run(|connection| {
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(connection)
    })?;
    let known: Vec<Box<dyn Migration<Mysql>>> = MIGRATIONS
        .migrations()
        .map_err(|error| StoreError::Refused(format!("migrations: {error}")))?;
    let missing: Vec<String> = known
        .iter()
        .filter(|migration| {
            let version = migration.name().version().to_string();
            !applied.iter().any(|applied| applied.version == version)
        })
        .map(|migration| migration.name().to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "the database lacks the migrations {}; `order_service migrate` applies them",
        missing.join(", ")
    )))
}

fn lock(connection: &mut MysqlConnection) -> Result<bool, diesel::result::Error> {
    let statement = format!(
        "SELECT CAST(GET_LOCK('order_service.migrate', {LOCK_WAIT_SECONDS}) AS SIGNED) AS is_held"
    );
    let lock: Lock = diesel::sql_query(statement).get_result(connection)?;
    Ok(lock.is_held == Some(1))
}
