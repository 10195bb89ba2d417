//! Orders of an earlier time, put into the database behind the mall's back. Knows the tables, and MariaDB's sequences.

use anyhow::{Context, Result};

use crate::stack::Database;

const AT_ONCE: u32 = 100_000;

/// Stores so many completed orders of one line each; `tell` hears how many are there.
///
/// # Errors
/// When the database does not take them.
pub fn grow(database: &Database, orders: u32, mut tell: impl FnMut(u32)) -> Result<()> {
    let mut stored = 0;
    while stored < orders {
        let upto = orders.min(stored + AT_ONCE);
        for statement in statements(stored + 1, upto) {
            database
                .sql(&statement)
                .context("cannot store orders of an earlier time")?;
        }
        stored = upto;
        tell(stored);
    }
    Ok(())
}

/// Order numbers begin with the time of a year that is long gone, so they are nobody's.
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
