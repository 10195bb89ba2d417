//! The contract's limits: the shared edges keep to them, and the database has room for what they let in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::limits::{MAX_LINES, MAX_REJECT_DETAIL};
use shared::member_id;
use shared::payment::PaymentKey;

use crate::edges;

#[test]
fn the_types_accept_the_edges_that_are_within() {
    for (key, is_within) in edges::payment_keys() {
        assert_eq!(key.parse::<PaymentKey>().is_ok(), is_within, "{key:?}");
    }
    for (key, is_within) in edges::idempotency_keys() {
        assert_eq!(key.parse::<IdempotencyKey>().is_ok(), is_within, "{key:?}");
    }
    for (count, is_within) in edges::LINES {
        assert_eq!(count <= MAX_LINES, is_within, "{count}");
    }
}

/// The width of each column of text in the migrations, by its name.
fn widths() -> BTreeMap<String, usize> {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut widths = BTreeMap::new();
    for migration in fs::read_dir(migrations).unwrap() {
        let file = migration.unwrap().path().join("up.sql");
        let text = fs::read_to_string(&file).unwrap_or_default();
        for line in text.lines() {
            let Some((before, after)) = line.split_once(" VARCHAR(") else {
                continue;
            };
            let column = before.rsplit(' ').next().unwrap().to_owned();
            let width = after.split(')').next().unwrap().parse().unwrap();
            // The same name in several tables has the same width.
            assert_eq!(
                *widths.entry(column.clone()).or_insert(width),
                width,
                "{column}"
            );
        }
    }
    widths
}

#[test]
fn the_databases_columns_are_as_wide_as_the_types() {
    let widths = widths();
    for (column, width) in [
        ("intent_key", PaymentKey::MAX_CHARS),
        ("payment_key", PaymentKey::MAX_CHARS),
        ("idempotency_key", IdempotencyKey::MAX_LENGTH),
        ("payment_idempotency_key", IdempotencyKey::MAX_LENGTH),
        ("fingerprint", Fingerprint::MAX_LENGTH),
        ("payment_fingerprint", Fingerprint::MAX_LENGTH),
        ("reject_detail", MAX_REJECT_DETAIL),
        ("member_id", member_id::MAX_LENGTH),
    ] {
        assert_eq!(widths.get(column), Some(&width), "{column}");
    }
}
