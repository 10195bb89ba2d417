//! The statements of the one transaction, each over all orders of a batch. They lock in one order everywhere: items by identity,
//! coupons by identity, orders.

use std::collections::HashMap;
use std::fmt::Write;

use chrono::NaiveDateTime;
use diesel::mysql::{Mysql, MysqlConnection};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};

use super::rows::{COMPLETE, CREATED, CouponRow, ItemRow, LineRow, OrderRow, REJECTED, line_rows};
use super::schema::{coupons, items, order_lines, orders};
use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::order::{ItemId, Order, OrderState};
use crate::domain::shelf::Needs;

type Rows<T> = QueryResult<Vec<T>>;

/// A statement binds 65,535 values at most; a batch of large orders has more. So many rows are inserted by one statement.
const MAX_ROWS: usize = 1_000;
/// So many rows are asked for by one statement.
const MAX_IDENTITIES: usize = 10_000;

/// Locks the items that a batch touches.
pub(super) fn lock_items(connection: &mut MysqlConnection, needs: &Needs) -> Rows<ItemRow> {
    let identities: Vec<ItemId> = needs.items.iter().copied().collect();
    let mut rows = Vec::with_capacity(identities.len());
    for part in identities.chunks(MAX_IDENTITIES) {
        let part_rows: Vec<ItemRow> = items::table
            .filter(items::item_id.eq_any(part))
            .order(items::item_id)
            .select(ItemRow::as_select())
            .for_update()
            .load(connection)?;
        rows.extend(part_rows);
    }
    Ok(rows)
}

/// Locks the coupons that a batch touches.
pub(super) fn lock_coupons(connection: &mut MysqlConnection, needs: &Needs) -> Rows<CouponRow> {
    if needs.coupons.is_empty() {
        return Ok(Vec::new());
    }
    coupons::table
        .filter(coupons::coupon_id.eq_any(&needs.coupons))
        .order(coupons::coupon_id)
        .select(CouponRow::as_select())
        .for_update()
        .load(connection)
}

/// Locks the stored orders of these numbers and reads them whole.
pub(super) fn lock_orders(
    connection: &mut MysqlConnection,
    numbers: &[&str],
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let rows = orders::table
        .filter(orders::order_num.eq_any(numbers))
        .order(orders::order_num)
        .select(OrderRow::as_select())
        .for_update()
        .load(connection)?;
    with_lines(connection, rows)
}

/// Locks the stored orders that have taken one of these idempotency keys, and reads them whole.
pub(super) fn lock_key_holders(
    connection: &mut MysqlConnection,
    keys: &[&str],
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let rows = orders::table
        .filter(orders::idempotency_key.eq_any(keys))
        .order(orders::idempotency_key)
        .select(OrderRow::as_select())
        .for_update()
        .load(connection)?;
    with_lines(connection, rows)
}

/// The orders whose review is due at `now`, the longest due first.
pub(super) fn due_for_review(
    connection: &mut MysqlConnection,
    now: NaiveDateTime,
    limit: u32,
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let rows = orders::table
        .filter(orders::review_at.le(now))
        .order(orders::review_at)
        .limit(limit.into())
        .select(OrderRow::as_select())
        .load(connection)?;
    with_lines(connection, rows)
}

fn with_lines(
    connection: &mut MysqlConnection,
    rows: Vec<OrderRow>,
) -> Rows<(OrderRow, Vec<LineRow>)> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<&str> = rows.iter().map(|row| row.order_num.as_str()).collect();
    let line_query = order_lines::table
        .filter(order_lines::order_num.eq_any(numbers))
        .order((order_lines::order_num, order_lines::line_no))
        .select(LineRow::as_select());
    let mut lines: HashMap<String, Vec<LineRow>> = HashMap::new();
    for line in line_query.load(connection)? {
        lines.entry(line.order_num.clone()).or_default().push(line);
    }
    let with_its_lines = |row: OrderRow| {
        let lines_of_row = lines.remove(&row.order_num).unwrap_or_default();
        (row, lines_of_row)
    };
    Ok(rows.into_iter().map(with_its_lines).collect())
}

/// One order, in one query.
pub(super) fn read_order(
    connection: &mut MysqlConnection,
    number: &str,
) -> QueryResult<Option<(OrderRow, Vec<LineRow>)>> {
    let rows: Vec<(OrderRow, Option<LineRow>)> = orders::table
        .left_join(order_lines::table)
        .filter(orders::order_num.eq(number))
        .order(order_lines::line_no)
        .select((OrderRow::as_select(), Option::<LineRow>::as_select()))
        .load(connection)?;
    let mut order = None;
    let mut lines = Vec::with_capacity(rows.len());
    for (row, line) in rows {
        order.get_or_insert(row);
        lines.extend(line);
    }
    Ok(order.map(|row| (row, lines)))
}

/// Writes the stock of items whose rows are locked.
pub(super) fn write_stock<'a>(
    connection: &mut MysqlConnection,
    changed: impl Iterator<Item = &'a Item>,
) -> QueryResult<()> {
    let (mut cases, mut identities) = (String::new(), String::new());
    for item in changed {
        let separator = if identities.is_empty() { "" } else { "," };
        // Writing to a String can't fail.
        let _ = write!(cases, " WHEN {} THEN {}", item.id, item.stock);
        let _ = write!(identities, "{separator}{}", item.id);
    }
    if identities.is_empty() {
        return Ok(());
    }
    sql_query(format!(
        "UPDATE items SET stock = CASE item_id{cases} END WHERE item_id IN ({identities})"
    ))
    .execute(connection)
    .map(drop)
}

/// Writes the holders of coupons whose rows are locked.
pub(super) fn write_coupons<'a>(
    connection: &mut MysqlConnection,
    changed: impl Iterator<Item = &'a Coupon>,
) -> QueryResult<()> {
    for coupon in changed {
        diesel::update(coupons::table.find(coupon.id))
            .set(coupons::used_by.eq(coupon.used_by.as_ref().map(|number| number.as_str())))
            .execute(connection)?;
    }
    Ok(())
}

/// Inserts new orders with their lines.
pub(super) fn insert_orders(
    connection: &mut MysqlConnection,
    new_orders: &[&Order],
) -> QueryResult<()> {
    let rows: Vec<OrderRow> = new_orders
        .iter()
        .map(|order| OrderRow::from(*order))
        .collect();
    for part in rows.chunks(MAX_ROWS) {
        diesel::insert_into(orders::table)
            .values(part)
            .execute(connection)?;
    }
    let lines: Vec<LineRow> = new_orders
        .iter()
        .flat_map(|order| line_rows(order))
        .collect();
    for part in lines.chunks(MAX_ROWS) {
        diesel::insert_into(order_lines::table)
            .values(part)
            .execute(connection)?;
    }
    Ok(())
}

/// Writes the new states of existing orders, each only where the revision before still stands. Returns whether all were written.
pub(super) fn update_orders(
    connection: &mut MysqlConnection,
    moved: &[&Order],
) -> QueryResult<bool> {
    if moved.is_empty() {
        return Ok(true);
    }
    let mut changes = String::new();
    for order in moved {
        let separator = if changes.is_empty() {
            ""
        } else {
            " UNION ALL "
        };
        // The number is digits only and the rest is ours; the payment key, a stranger's text, is bound. Without the cast MariaDB
        // makes it a CHAR, whose spaces at the end are lost.
        let _ = write!(
            changes,
            "{separator}SELECT _ascii'{}' AS order_num, {} AS revision, _ascii'{}' AS status, {} AS reject_reason, CAST(? AS CHAR(200)) AS payment_key, CAST(? AS CHAR(500)) AS reject_detail, {} AS review_at",
            order.number,
            order.revision,
            status(&order.state),
            match &order.state {
                OrderState::Rejected(reason) => format!("_ascii'{reason}'"),
                OrderState::Created | OrderState::Complete(_) => "NULL".to_owned(),
            },
            match order.review_at {
                Some(review_at) => format!("TIMESTAMP'{}'", review_at.format("%F %T%.6f")),
                None => "NULL".to_owned(),
            },
        );
    }
    let statement = format!(
        "UPDATE ({changes}) AS moved STRAIGHT_JOIN orders \
         ON orders.order_num = moved.order_num AND orders.revision = moved.revision - 1 \
         SET orders.status = moved.status, orders.reject_reason = moved.reject_reason, \
             orders.payment_key = moved.payment_key, orders.reject_detail = moved.reject_detail, \
             orders.review_at = moved.review_at, orders.revision = moved.revision"
    );
    let mut query = sql_query(statement).into_boxed::<Mysql>();
    for order in moved {
        let payment_key = match &order.state {
            OrderState::Complete(payment) => Some(payment.key.clone()),
            OrderState::Created | OrderState::Rejected(_) => None,
        };
        query = query
            .bind::<Nullable<Text>, _>(payment_key)
            .bind::<Nullable<Text>, _>(order.reject_detail.as_deref());
    }
    query
        .execute(connection)
        .map(|written| written == moved.len())
}

fn status(state: &OrderState) -> &'static str {
    match state {
        OrderState::Created => CREATED,
        OrderState::Complete(_) => COMPLETE,
        OrderState::Rejected(_) => REJECTED,
    }
}
