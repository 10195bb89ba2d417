//! The statements of a batch's transaction, each for all of its orders, and the reads. `locks` has locked the rows that are written.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use chrono::NaiveDateTime;
use diesel::mysql::{Mysql, MysqlConnection};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::limits::MAX_REJECT_DETAIL;
use shared::payment::PaymentKey;

use super::refund_column::{self, MAX_REFUND_COLUMN};
use super::rows::{COMPLETE, CREATED, LineRow, OrderRow, REJECTED, line_rows};
use super::schema::{coupons, order_lines, orders};
use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::order::{Order, OrderState};

type Rows<T> = QueryResult<Vec<T>>;

/// The stored orders with these numbers, with their lines.
pub(super) fn read_orders(
    connection: &mut MysqlConnection,
    numbers: &[&str],
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let rows = orders::table
        .filter(orders::order_num.eq_any(numbers))
        .select(OrderRow::as_select())
        .load(connection)?;
    with_lines(connection, rows)
}

/// The stored orders that use one of these idempotency keys, with their lines.
pub(super) fn read_key_holders(
    connection: &mut MysqlConnection,
    keys: &[&str],
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let rows = orders::table
        .filter(orders::idempotency_key.eq_any(keys))
        .select(OrderRow::as_select())
        .load(connection)?;
    with_lines(connection, rows)
}

/// The orders whose review is due at `now`, the longest due first, beginning after the given time and order number.
pub(super) fn due_for_review(
    connection: &mut MysqlConnection,
    now: NaiveDateTime,
    after: Option<(NaiveDateTime, &str)>,
    limit: u32,
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let mut due = orders::table
        .filter(orders::review_at.le(now))
        .order((orders::review_at, orders::order_num))
        .limit(limit.into())
        .select(OrderRow::as_select())
        .into_boxed();
    if let Some((review_at, number)) = after {
        let is_later = orders::review_at.gt(review_at);
        let follows = orders::review_at
            .eq(review_at)
            .and(orders::order_num.gt(number));
        // The second condition implies the first. The optimiser needs the first one to start its index scan there.
        due = due
            .filter(orders::review_at.ge(review_at))
            .filter(is_later.or(follows));
    }
    let rows = due.load(connection)?;
    with_lines(connection, rows)
}

/// A member's orders, the newest first, beginning after the given time and order number.
pub(super) fn of_member(
    connection: &mut MysqlConnection,
    member: &str,
    after: Option<(NaiveDateTime, &str)>,
    limit: u32,
) -> Rows<(OrderRow, Vec<LineRow>)> {
    let mut listed = orders::table
        .filter(orders::member_id.eq(member))
        .order((orders::created_at.desc(), orders::order_num.desc()))
        .limit(limit.into())
        .select(OrderRow::as_select())
        .into_boxed();
    if let Some((created_at, number)) = after {
        let is_older = orders::created_at.lt(created_at);
        let follows = orders::created_at
            .eq(created_at)
            .and(orders::order_num.lt(number));
        // The second condition implies the first. The optimiser needs the first one to start its index scan there.
        listed = listed
            .filter(orders::created_at.le(created_at))
            .filter(is_older.or(follows));
    }
    let rows = listed.load(connection)?;
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

/// Inserts rows by statements of fixed sizes, the largest that fit first. Diesel caches a prepared statement for each text, so there are
/// only nine for each table, and neither side parses them again. With one statement for each batch size nearly every batch would be
/// parsed: that took MariaDB a quarter more processor time per order. At 256 rows no statement binds more than the 65,535 values that
/// the protocol allows.
macro_rules! insert_in_parts {
    ($connection:expr, $table:expr, $rows:expr) => {
        insert_in_parts!($connection, $table, $rows, 256, 128, 64, 32, 16, 8, 4, 2, 1)
    };
    ($connection:expr, $table:expr, $rows:expr, $($size:literal),+) => {{
        let rest = $rows;
        $(
            let (parts, rest) = rest.as_chunks::<$size>();
            for part in parts {
                diesel::insert_into($table)
                    .values(part)
                    .execute($connection)?;
            }
        )+
        debug_assert!(rest.is_empty(), "each number is a sum of the sizes");
    }};
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
    insert_in_parts!(connection, orders::table, rows.as_slice());
    let lines: Vec<LineRow> = new_orders
        .iter()
        .flat_map(|order| line_rows(order))
        .collect();
    insert_in_parts!(connection, order_lines::table, lines.as_slice());
    Ok(())
}

/// Writes the new states of existing orders, each only if the stored revision is still the one before. Returns whether all were written.
pub(super) fn update_orders(
    connection: &mut MysqlConnection,
    moved: &[&Order],
) -> QueryResult<bool> {
    if moved.is_empty() {
        return Ok(true);
    }
    let (mut changes, mut texts) = (String::new(), Vec::new());
    for order in moved {
        if !changes.is_empty() {
            changes.push_str(" UNION ALL ");
        }
        write_change(&mut changes, &mut texts, order);
    }
    let statement = format!(
        "UPDATE ({changes}) AS moved STRAIGHT_JOIN orders FORCE INDEX (PRIMARY) \
         ON orders.order_num = moved.order_num AND orders.revision = moved.revision - 1 \
         SET orders.status = moved.status, orders.reject_reason = moved.reject_reason, \
             orders.payment_key = moved.payment_key, orders.reject_detail = moved.reject_detail, \
             orders.intent_key = moved.intent_key, orders.intent_amount = moved.intent_amount, \
             orders.payment_idempotency_key = moved.payment_idempotency_key, \
             orders.payment_fingerprint = moved.payment_fingerprint, \
             orders.idempotency_key = IF(moved.has_key, orders.idempotency_key, NULL), \
             orders.fingerprint = IF(moved.has_key, orders.fingerprint, NULL), \
             orders.review_at = moved.review_at, orders.refunds = moved.refunds, orders.revision = moved.revision"
    );
    let mut query = sql_query(statement).into_boxed::<Mysql>();
    for text in texts {
        query = query.bind::<Text, _>(text.into_owned());
    }
    query
        .execute(connection)
        .map(|written| written == moved.len())
}

/// One order's new state as a row. Texts that come from outside are bound. The rest is written into the statement, and can't inject
/// anything: the number consists of digits, and reasons, amounts and times are formatted here.
fn write_change<'a>(changes: &mut String, texts: &mut Vec<Cow<'a, str>>, order: &'a Order) {
    let mut text = |value: Option<Cow<'a, str>>, length: usize| match value {
        // Without the cast MariaDB makes it a CHAR, which loses trailing spaces.
        Some(value) => {
            texts.push(value);
            format!("CAST(? AS CHAR({length}))")
        }
        None => "NULL".to_owned(),
    };
    let (payment_key, reject_reason) = match &order.state {
        OrderState::Created => (None, None),
        OrderState::Complete(payment) => (Some(payment.key.as_str()), None),
        OrderState::Rejected(reason) => (None, Some(*reason)),
    };
    let intent = order.intent.as_ref();
    let idempotency = order.payment_idempotency.as_ref();
    let columns = [
        (format!("_ascii'{}'", order.number), "order_num"),
        (order.revision.to_string(), "revision"),
        (format!("_ascii'{}'", status(&order.state)), "status"),
        (
            literal(reject_reason.map(|reason| format!("_ascii'{reason}'"))),
            "reject_reason",
        ),
        (
            text(payment_key.map(Cow::Borrowed), PaymentKey::MAX_CHARS),
            "payment_key",
        ),
        (
            text(
                order.reject_detail.as_deref().map(Cow::Borrowed),
                MAX_REJECT_DETAIL,
            ),
            "reject_detail",
        ),
        (
            text(
                intent.map(|payment| payment.key.as_str().into()),
                PaymentKey::MAX_CHARS,
            ),
            "intent_key",
        ),
        (
            literal(intent.map(|payment| payment.amount.as_decimal().to_string())),
            "intent_amount",
        ),
        (
            text(
                idempotency.map(|idempotency| idempotency.key.as_str().into()),
                IdempotencyKey::MAX_LENGTH,
            ),
            "payment_idempotency_key",
        ),
        (
            text(
                idempotency.map(|idempotency| idempotency.fingerprint.as_str().into()),
                Fingerprint::MAX_LENGTH,
            ),
            "payment_fingerprint",
        ),
        (u8::from(order.idempotency.is_some()).to_string(), "has_key"),
        (
            literal(
                order
                    .review_at
                    .map(|at| format!("TIMESTAMP'{}'", at.format("%F %T%.6f"))),
            ),
            "review_at",
        ),
        (
            text(
                refund_column::column(&order.refunds).map(Cow::Owned),
                MAX_REFUND_COLUMN,
            ),
            "refunds",
        ),
    ];
    for (nth, (value, column)) in columns.iter().enumerate() {
        let start = if nth == 0 { "SELECT" } else { "," };
        // Writing to a String can't fail.
        let _ = write!(changes, "{start} {value} AS {column}");
    }
}

fn literal(value: Option<String>) -> String {
    value.unwrap_or_else(|| "NULL".to_owned())
}

fn status(state: &OrderState) -> &'static str {
    match state {
        OrderState::Created => CREATED,
        OrderState::Complete(_) => COMPLETE,
        OrderState::Rejected(_) => REJECTED,
    }
}
