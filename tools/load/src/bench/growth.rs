//! Old orders, written directly into the database. Knows the tables, and MariaDB's sequence engine.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use stack::Database;

const AT_ONCE: u32 = 100_000;
/// So few dirty pages don't disturb a measurement.
const FEW_PAGES: u64 = 200;
const LONGEST_WRITE_BACK: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Stores so many completed orders of one line each; `tell` hears how many are there.
///
/// # Errors
/// When the database does not take them.
pub(super) fn grow(database: &Database, orders: u32, mut tell: impl FnMut(u32)) -> Result<()> {
    let mut stored = 0;
    while stored < orders {
        let upto = orders.min(stored + AT_ONCE);
        for statement in statements(stored + 1, upto) {
            database
                .sql(&statement)
                .context("cannot store old orders")?;
        }
        stored = upto;
        tell(stored);
    }
    Ok(())
}

/// Waits until the database has written its dirty pages back. Otherwise the next benchmark would measure that writing, and not a large
/// database.
///
/// # Errors
/// When it does not come to an end.
pub(super) fn settle(database: &Database) -> Result<()> {
    database.sql("SET GLOBAL innodb_max_dirty_pages_pct = 0")?;
    let begin = Instant::now();
    while waiting_pages(database)? > FEW_PAGES {
        ensure!(
            begin.elapsed() < LONGEST_WRITE_BACK,
            "the database does not finish writing back its dirty pages"
        );
        thread::sleep(LOOK_EVERY);
    }
    database.sql("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT")?;
    Ok(())
}

fn waiting_pages(database: &Database) -> Result<u64> {
    let row = database.sql("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")?;
    let count = row.split_whitespace().next_back().unwrap_or_default();
    count.parse().with_context(|| {
        format!("the database has no count of pages that wait to be written: {row:?}")
    })
}

/// The order numbers begin with a time in 2020, so no order of the mall has them.
fn statements(first: u32, last: u32) -> [String; 2] {
    let number = "CONCAT('20200101000000', LPAD(seq, 10, '0'))";
    [
        format!(
            "INSERT INTO orders (order_num, request_id, status, total_price, final_price, payment_key, created_at, revision) \
             SELECT {number}, CONCAT('grown-', seq), 'COMPLETE', 12000, 12000, 'grown', '2020-01-01' + INTERVAL seq SECOND, 2 \
             FROM seq_{first}_to_{last}"
        ),
        format!(
            "INSERT INTO order_lines (order_num, line_no, item_id, item_name, unit_price, quantity) \
             SELECT {number}, 0, 1 + seq % 1000, 'grown', 12000, 1 FROM seq_{first}_to_{last}"
        ),
    ]
}
