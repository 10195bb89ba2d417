//! Locks the rows that a batch needs: items, the members whose pending orders are limited and, if asked for, orders by one statement, coupons
//! by a second. Rows that another transaction has locked are skipped or waited for. Skipped rows are distinguished from rows that don't exist.

use std::collections::BTreeSet;
use std::fmt::{Display, Write};

use diesel::QueryableByName;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Numeric, Text, Unsigned};
use rust_decimal::Decimal;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use super::rows::{CouponRow, ItemRow};
use super::schema::{coupons, items, orders};
use crate::domain::decide::Transition;
use crate::domain::order::{CouponId, ItemId};
use crate::domain::shelf::Needs;
use crate::ports::order_store::{OnHeldRow, StoreRow};

/// Items of one statement. The look-up of skipped items binds each of them, and a statement binds at most 65,535 values.
const MAX_IDENTITIES: usize = 10_000;

/// Which rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Items and coupons.
    Stock,
    /// Also the orders that change. The numbers of new orders are looked up.
    StockAndOrders,
}

/// The rows that a batch has locked until its transaction ends.
#[derive(Default)]
pub(super) struct LockedRows {
    /// The items that exist and were free.
    pub items: Vec<ItemRow>,
    /// The coupons that exist and were free.
    pub coupons: Vec<CouponRow>,
    /// Whether the number of a new order is stored already.
    pub is_repeated: bool,
    held_items: BTreeSet<ItemId>,
    held_coupons: BTreeSet<CouponId>,
    held_orders: BTreeSet<String>,
    held_buyers: BTreeSet<MemberId>,
}

/// A row of the locking statement: an item, or an order's number in one of the last two columns.
#[derive(QueryableByName)]
struct LockedRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    item_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    product_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    price: Option<Decimal>,
    #[diesel(sql_type = Nullable<Unsigned<Integer>>)]
    stock: Option<u32>,
    #[diesel(sql_type = Nullable<Text>)]
    moved_num: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    stored_num: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    buyer: Option<String>,
}

impl LockedRow {
    fn into_item(self) -> Option<ItemRow> {
        Some(ItemRow {
            item_id: self.item_id?,
            product_id: self.product_id?,
            name: self.name?,
            price: self.price?,
            stock: self.stock?,
        })
    }
}

impl LockedRows {
    /// A row that this transition needs and another transaction has locked.
    pub(super) fn held_by_others(&self, transition: &Transition) -> Option<StoreRow> {
        if self.nothing_is_held() {
            return None;
        }
        let needs = Needs::of([transition]);
        let first_item = needs.items.intersection(&self.held_items).next();
        let first_coupon = needs.coupons.intersection(&self.held_coupons).next();
        let buyer = transition
            .buyer()
            .filter(|member| self.held_buyers.contains(*member));
        let number = transition.number();
        first_item
            .map(|id| StoreRow::Item(*id))
            .or_else(|| first_coupon.map(|id| StoreRow::Coupon(*id)))
            .or_else(|| buyer.map(|member| StoreRow::Buyer(member.clone())))
            .or_else(|| {
                let is_held = self.held_orders.contains(number.as_str());
                is_held.then(|| StoreRow::Order(number.clone()))
            })
    }

    /// Those of these members whose rows are locked, and not held by others.
    pub(super) fn of_buyers<'a>(&self, members: &BTreeSet<&'a MemberId>) -> BTreeSet<&'a MemberId> {
        let all = members.iter().copied();
        all.filter(|member| !self.held_buyers.contains(*member))
            .collect()
    }

    fn nothing_is_held(&self) -> bool {
        self.held_items.is_empty()
            && self.held_coupons.is_empty()
            && self.held_orders.is_empty()
            && self.held_buyers.is_empty()
    }
}

/// Locks what a batch needs, and the rows of these buyers, which all are there. Finds out which new orders exist already, because their
/// insert would wait for whoever has locked the row.
pub(super) fn lock(
    connection: &mut MysqlConnection,
    batch: &[Transition],
    on_held_row: OnHeldRow,
    scope: Scope,
    buyers: &BTreeSet<&MemberId>,
) -> QueryResult<LockedRows> {
    let needs = Needs::of(batch);
    let orders = match scope {
        Scope::Stock => &[],
        Scope::StockAndOrders => batch,
    };
    let (opened, moved): (Vec<_>, Vec<_>) = orders
        .iter()
        .partition(|transition| matches!(transition, Transition::Open(_)));
    let moved: Vec<&OrderNumber> = moved.into_iter().map(Transition::number).collect();
    let opened: Vec<&OrderNumber> = opened.into_iter().map(Transition::number).collect();

    // Every batch of every service locks in the same order: items by id, orders by number, buyers by member, coupons by id. Batches in
    // different orders could each wait for a row of the other, which is a deadlock.
    let mut locked = LockedRows::default();
    let mut locked_orders = BTreeSet::new();
    let mut locked_buyers = BTreeSet::new();
    let wanted: Vec<ItemId> = needs.items.iter().copied().collect();
    let mut parts = wanted.chunks(MAX_IDENTITIES);
    // The last part, usually the only one, shares a statement and its round trip with the orders.
    let last = parts.next_back().unwrap_or_default();
    let mut rows: Vec<LockedRow> = Vec::new();
    for part in parts {
        rows.extend(
            sql_query(statement(part, &[], &[], &[], on_held_row)).load::<LockedRow>(connection)?,
        );
    }
    let names: Vec<&MemberId> = buyers.iter().copied().collect();
    let shared = statement(last, &moved, &opened, &names, on_held_row);
    rows.extend(sql_query(shared).load::<LockedRow>(connection)?);
    for mut row in rows {
        if let Some(number) = row.moved_num.take() {
            locked_orders.insert(number);
        } else if row.stored_num.is_some() {
            locked.is_repeated = true;
        } else if let Some(buyer) = row.buyer.take() {
            locked_buyers.insert(buyer);
        } else {
            locked.items.extend(row.into_item());
        }
    }
    locked.coupons = lock_coupons(connection, &needs, on_held_row)?;
    if on_held_row == OnHeldRow::Skip {
        tell_held_from_missing(connection, &mut locked, &needs, &moved, &locked_orders)?;
        let skipped = names
            .iter()
            .filter(|member| !locked_buyers.contains(member.as_str()));
        locked.held_buyers = skipped.map(|member| (*member).clone()).collect();
    }
    Ok(locked)
}

/// Ids, numbers and members are written into the text, because a statement binds at most 65,535 values. They consist of characters that mean
/// nothing in SQL, so nothing can be injected.
fn statement(
    wanted: &[ItemId],
    moved: &[&OrderNumber],
    opened: &[&OrderNumber],
    buyers: &[&MemberId],
    on_held_row: OnHeldRow,
) -> String {
    // On MariaDB a batch comes here with `Skip` only after an attempt that failed at once. That first attempt neither locks orders nor
    // reads them beforehand, so a batch without locked rows, which is nearly every batch, pays nothing for the others.
    let clause = match on_held_row {
        OnHeldRow::Skip => "FOR UPDATE SKIP LOCKED",
        OnHeldRow::Wait => "FOR UPDATE",
    };
    let of_items = if wanted.is_empty() {
        "FALSE".to_owned()
    } else {
        format!("item_id IN ({})", list(wanted, ""))
    };
    let mut statement = format!(
        "(SELECT item_id, product_id, name, price, stock, NULL AS moved_num, NULL AS stored_num, NULL AS buyer \
         FROM items WHERE {of_items} ORDER BY item_id {clause})"
    );
    // Writing to a String can't fail.
    if !moved.is_empty() {
        let _ = write!(
            statement,
            " UNION ALL (SELECT NULL, NULL, NULL, NULL, NULL, order_num, NULL, NULL \
             FROM orders WHERE order_num IN ({}) ORDER BY order_num {clause})",
            list(moved, "'")
        );
    }
    if !opened.is_empty() {
        let _ = write!(
            statement,
            " UNION ALL (SELECT NULL, NULL, NULL, NULL, NULL, NULL, order_num, NULL \
             FROM orders WHERE order_num IN ({}))",
            list(opened, "'")
        );
    }
    if !buyers.is_empty() {
        let _ = write!(
            statement,
            " UNION ALL (SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, member_id \
             FROM buyers WHERE member_id IN ({}) ORDER BY member_id {clause})",
            list(buyers, "'")
        );
    }
    statement
}

pub(super) fn list(values: &[impl Display], quote: &str) -> String {
    let mut text = String::new();
    for value in values {
        let separator = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{separator}{quote}{value}{quote}");
    }
    text
}

fn lock_coupons(
    connection: &mut MysqlConnection,
    needs: &Needs,
    on_held_row: OnHeldRow,
) -> QueryResult<Vec<CouponRow>> {
    if needs.coupons.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = coupons::table
        .filter(coupons::coupon_id.eq_any(&needs.coupons))
        .order(coupons::coupon_id)
        .select(CouponRow::as_select())
        .for_update();
    match on_held_row {
        OnHeldRow::Skip => wanted.skip_locked().load(connection),
        OnHeldRow::Wait => wanted.load(connection),
    }
}

/// `SKIP LOCKED` returns neither locked rows nor missing ones. A read without locks finds the locked ones. No statement runs when nothing
/// was skipped.
fn tell_held_from_missing(
    connection: &mut MysqlConnection,
    locked: &mut LockedRows,
    needs: &Needs,
    moved: &[&OrderNumber],
    locked_orders: &BTreeSet<String>,
) -> QueryResult<()> {
    let locked_items: BTreeSet<ItemId> = locked.items.iter().map(|row| row.item_id).collect();
    let skipped: Vec<ItemId> = needs.items.difference(&locked_items).copied().collect();
    for part in skipped.chunks(MAX_IDENTITIES) {
        let held: Vec<ItemId> = items::table
            .filter(items::item_id.eq_any(part))
            .select(items::item_id)
            .load(connection)?;
        locked.held_items.extend(held);
    }
    let locked_coupons: BTreeSet<CouponId> =
        locked.coupons.iter().map(|row| row.coupon_id).collect();
    let skipped: Vec<CouponId> = needs.coupons.difference(&locked_coupons).copied().collect();
    if !skipped.is_empty() {
        let held: Vec<CouponId> = coupons::table
            .filter(coupons::coupon_id.eq_any(skipped))
            .select(coupons::coupon_id)
            .load(connection)?;
        locked.held_coupons.extend(held);
    }
    let skipped: Vec<&str> = moved
        .iter()
        .map(|number| number.as_str())
        .filter(|number| !locked_orders.contains(*number))
        .collect();
    if !skipped.is_empty() {
        let held: Vec<String> = orders::table
            .filter(orders::order_num.eq_any(skipped))
            .select(orders::order_num)
            .load(connection)?;
        locked.held_orders.extend(held);
    }
    Ok(())
}
