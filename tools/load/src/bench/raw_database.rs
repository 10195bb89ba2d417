//! The raw limit of the database: orders as the journal writes them, by one connection that does nothing else. Knows the tables. Must not
//! know the services.

use std::fmt::Write;
use std::time::Instant;

use anyhow::{Context, Result};

use stack::Database;

/// As many as a batch of the journal holds with some hundreds of shoppers.
const BATCH: u32 = 64;
const BATCHES: u32 = 150;
const SINGLES: u32 = 500;
const ITEMS: u32 = 1_000;

/// Orders of one line, stored by one connection, a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct DatabaseSpeed {
    /// In transactions of 64 orders.
    pub(super) in_batches: f64,
    /// In a transaction each.
    pub(super) one_by_one: f64,
}

/// Stores orders in tables of its own, which are as the mall's.
///
/// # Errors
/// When the database does not take them.
pub(super) fn measure_database(database: &Database) -> Result<DatabaseSpeed> {
    database
        .sql(&tables())
        .context("cannot make the tables of the raw limit")?;
    Ok(DatabaseSpeed {
        in_batches: orders_a_second(database, BATCHES, BATCH)?,
        one_by_one: orders_a_second(database, SINGLES, 1)?,
    })
}

fn tables() -> String {
    format!(
        "DROP TABLE IF EXISTS raw_orders, raw_order_lines, raw_items; \
         CREATE TABLE raw_orders LIKE orders; \
         CREATE TABLE raw_order_lines LIKE order_lines; \
         CREATE TABLE raw_items (item_id BIGINT NOT NULL PRIMARY KEY, stock INT UNSIGNED NOT NULL) ENGINE = InnoDB; \
         INSERT INTO raw_items SELECT seq, 2000000000 FROM seq_1_to_{ITEMS};"
    )
}

/// All statements go to one client at once, so its start counts once.
fn orders_a_second(database: &Database, transactions: u32, size: u32) -> Result<f64> {
    let statements: String = (0..transactions)
        .map(|nth| transaction(u64::from(size) << 32 | u64::from(nth * size), size))
        .collect();
    let begin = Instant::now();
    database
        .sql(&statements)
        .context("cannot store orders for the raw limit")?;
    Ok(f64::from(transactions * size) / begin.elapsed().as_secs_f64())
}

fn transaction(first: u64, size: u32) -> String {
    let numbers = first..first + u64::from(size);
    let (mut items, mut orders, mut lines) = (String::new(), String::new(), String::new());
    for (nth, number) in numbers.enumerate() {
        let separator = if nth == 0 { "" } else { "," };
        let item = 1 + number * 7_919 % u64::from(ITEMS);
        // Writing to a String can't fail.
        let _ = write!(items, "{separator}{item}");
        let _ = write!(
            orders,
            "{separator}('{number:024}','raw','CREATED',12000,12000,UTC_TIMESTAMP(6),1)"
        );
        let _ = write!(lines, "{separator}('{number:024}',1,{item},'raw',12000,1)");
    }
    format!(
        "BEGIN; UPDATE raw_items SET stock = stock - 1 WHERE item_id IN ({items}); \
         INSERT INTO raw_orders (order_num, request_id, status, total_price, final_price, created_at, revision) VALUES {orders}; \
         INSERT INTO raw_order_lines (order_num, line_no, item_id, item_name, unit_price, quantity) VALUES {lines}; COMMIT;\n"
    )
}

#[cfg(test)]
mod tests {
    use super::transaction;

    #[test]
    fn a_transaction_has_as_many_orders_and_lines_and_one_commit() {
        let statements = transaction(7, 3);

        assert_eq!(statements.matches("'CREATED'").count(), 3);
        assert_eq!(statements.matches(",1,").count(), 3);
        assert_eq!(statements.matches("COMMIT").count(), 1);
        assert!(statements.contains("'000000000000000000000007'"));
        assert!(statements.contains("'000000000000000000000009'"));
    }
}
