//! Orders, stock and coupons as the database has them, read by its own client at one moment. Must not know what they should be.

use crate::evidence::{Order, PricedLine, Refund, RefundState, Stored};
use crate::plan::{Line, Shelf};
use crate::told::Status;
use crate::won::{won, won_of_json};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use stack::Stack;

/// One look: all statements see the same moment. Each row says first what it is; text comes where it can't hold a tab.
const LOOK: &str = "\
START TRANSACTION WITH CONSISTENT SNAPSHOT;
SELECT 'order', order_num, request_id, status, reject_reason, coupon_id, total_price, final_price, intent_key, payment_key,
  idempotency_key, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', review_at) DIV 1000, revision,
  TIMESTAMPDIFF(MICROSECOND, '1970-01-01', created_at) DIV 1000, refunds FROM orders;
SELECT 'line', order_num, item_id, quantity, unit_price, line_no FROM order_lines ORDER BY order_num, line_no;
SELECT 'item', item_id, stock FROM items;
SELECT 'coupon', coupon_id, used_by, 1 FROM coupons;
COMMIT;";

/// What changes when any order does: how many there are, and how often they have changed.
const PULSE: &str = "SELECT COUNT(*), COALESCE(SUM(revision), 0) FROM orders";

/// The orders that somebody must look at again: how many in all, and how many of them by now.
const OPEN: &str = "SELECT COUNT(*), COALESCE(SUM(review_at <= UTC_TIMESTAMP(6)), 0) FROM orders WHERE review_at IS NOT NULL";

/// The database from outside.
pub(crate) struct Books<'a>(pub(crate) &'a Stack);

impl Books<'_> {
    /// Puts a round's items and coupons there.
    pub(crate) fn stock(&self, shelf: &Shelf) -> Result<()> {
        let product = shelf.product;
        let items: Vec<String> = shelf
            .items
            .iter()
            .map(|item| {
                format!(
                    "({0}, {product}, '물건 {0}', {1}, {2})",
                    item.id, item.price, item.stock
                )
            })
            .collect();
        let coupons: Vec<String> = shelf
            .coupons
            .iter()
            .map(|coupon| {
                format!(
                    "({}, '쿠폰', 'FIXED', {}, NULL, {}, '2020-01-01', '2099-01-01', NULL)",
                    coupon.id, coupon.amount, coupon.minimum
                )
            })
            .collect();
        let statement = format!(
            "INSERT INTO products VALUES ({product}, '시험용 상품'); INSERT INTO items VALUES {}; INSERT INTO coupons VALUES {};",
            items.join(", "),
            coupons.join(", ")
        );
        self.0
            .database
            .sql(&statement)
            .map(drop)
            .context("cannot stock the shelf")
    }

    /// Everything in it.
    pub(crate) fn look(&self) -> Result<Stored> {
        let rows = self.0.database.sql(LOOK)?;
        let mut stored = Stored::default();
        for row in rows.lines() {
            take(&mut stored, row)
                .with_context(|| format!("cannot understand a row of the database: {row}"))?;
        }
        Ok(stored)
    }

    /// The same as before when nothing has changed.
    pub(crate) fn pulse(&self) -> Result<String> {
        self.0.database.sql(PULSE)
    }

    /// How many orders somebody must look at again: in all, and by now.
    pub(crate) fn open(&self) -> Result<(i64, i64)> {
        let row = self.0.database.sql(OPEN)?;
        let (all, due) = row.split_once('\t').context("two counts")?;
        Ok((all.parse()?, due.parse()?))
    }
}

fn take(stored: &mut Stored, row: &str) -> Result<()> {
    let columns: Vec<&str> = row.split('\t').collect();
    match columns.as_slice() {
        [
            "order",
            number,
            request_id,
            status,
            reason,
            coupon,
            total,
            price,
            intent,
            payment,
            key,
            review_at,
            revision,
            created,
            refunds,
        ] => {
            let order = Order {
                request_id: (*request_id).to_owned(),
                status: Status::parse(status).context("no status")?,
                reason: text(reason),
                coupon: text(coupon).map(|id| id.parse()).transpose()?,
                total: won(total)?,
                price: won(price)?,
                intent: text(intent),
                payment: text(payment),
                revision: revision.parse()?,
                created: created.parse()?,
                key: text(key),
                review_at: text(review_at).map(|at| won(&at)).transpose()?,
                lines: Vec::new(),
                refunds: refunds_of(refunds)?,
            };
            stored.orders.insert((*number).to_owned(), order);
        }
        ["line", number, item, quantity, price, _] => {
            let line = PricedLine {
                line: Line {
                    item: item.parse()?,
                    quantity: quantity.parse()?,
                },
                price: text(price).map(|price| won(&price)).transpose()?,
            };
            let order = stored.orders.get_mut(*number).context("no such order")?;
            order.lines.push(line);
        }
        ["item", item, stock] => {
            stored.stock.insert(item.parse()?, stock.parse()?);
        }
        ["coupon", coupon, holder, _] => {
            stored.coupons.insert(coupon.parse()?, text(holder));
        }
        _ => bail!("{} columns", columns.len()),
    }
    Ok(())
}

/// The refunds of an order, as its row has them.
fn refunds_of(column: &str) -> Result<Vec<Refund>> {
    let Some(text) = text(column) else {
        return Ok(Vec::new());
    };
    let told: Vec<Value> = serde_json::from_str(&text)?;
    told.iter()
        .map(|told| refund(told).context("no refund"))
        .collect()
}

fn refund(told: &Value) -> Option<Refund> {
    let pieces = told["pieces"].as_array()?.iter().map(|pieces| {
        let line = usize::try_from(pieces["line"].as_u64()?).ok()?;
        Some((line, pieces["quantity"].as_i64()?))
    });
    Some(Refund {
        state: match told["state"].as_str()? {
            "REQUESTED" => RefundState::Requested,
            "DONE" => RefundState::Done,
            "REFUSED" => RefundState::Refused,
            _ => return None,
        },
        amount: won_of_json(&told["amount"]["amount"]).ok()?,
        pieces: pieces.collect::<Option<_>>()?,
    })
}

fn text(column: &str) -> Option<String> {
    (column != "NULL").then(|| column.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_their_nulls() {
        let mut stored = Stored::default();
        for row in [
            "order\t2026\tr-1\tREJECTED\tEXPIRED\tNULL\t24000.00\t24000.00\tpay-1\tNULL\tkey\t1795363540582\t1\t1795363480000\t[{\"number\":1,\"state\":\"DONE\",\"amount\":{\"amount\":12000},\"pieces\":[{\"line\":1,\"quantity\":1}],\"requested_at\":\"2026-11-30T00:00:00Z\"}]",
            "line\t2026\t7\t2\t12000.00\t1",
            "line\t2026\t99\t1\tNULL\t2",
            "item\t7\t80",
            "coupon\t5\tNULL\t1",
            "coupon\t6\t2026\t1",
        ] {
            take(&mut stored, row).unwrap();
        }
        let order = &stored.orders["2026"];
        assert_eq!(
            (order.status, order.reason.as_deref(), order.coupon),
            (Status::Rejected, Some("EXPIRED"), None)
        );
        assert_eq!(
            (order.price, order.revision, order.review_at, order.created),
            (24_000, 1, Some(1_795_363_540_582), 1_795_363_480_000)
        );
        assert_eq!(order.lines[0].price, Some(12_000));
        assert_eq!(order.lines[1].price, None);
        let refund = Refund {
            state: RefundState::Done,
            amount: 12_000,
            pieces: vec![(1, 1)],
        };
        assert_eq!(order.refunds, [refund]);
        assert!(order.pieces().eq([(7, 1), (99, 1)]));
        assert_eq!(stored.stock[&7], 80);
        assert_eq!(stored.coupons[&5], None);
        assert_eq!(stored.coupons[&6].as_deref(), Some("2026"));
        assert!(take(&mut stored, "something\telse").is_err());
    }
}
