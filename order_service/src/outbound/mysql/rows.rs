//! Rows ↔ domain. A corrupt row is an error here, and never becomes an order.

use std::sync::Arc;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use rust_decimal::Decimal;
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::money::Money;
use shared::payment::PaymentKey;
use shared::reason::Reason;

use super::refund_column;
use super::schema::{coupons, items, order_lines, orders, products};
use crate::domain::catalogue::Item;
use crate::domain::coupon::{Coupon, Discount};
use crate::domain::order::{Idempotency, Offer, Order, OrderLine, OrderState, Payment, RequestId};
use crate::ports::order_store::StoreError;

/// The status column's values.
pub const CREATED: &str = "CREATED";
/// See [`CREATED`].
pub const COMPLETE: &str = "COMPLETE";
/// See [`CREATED`].
pub const REJECTED: &str = "REJECTED";

const FIXED: &str = "FIXED";
const PERCENT: &str = "PERCENT";

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = orders, treat_none_as_default_value = false, check_for_backend(diesel::mysql::Mysql))]
#[expect(
    missing_docs,
    reason = "the columns' names say it, and the migration has their comments"
)]
pub struct OrderRow {
    pub order_num: String,
    pub request_id: String,
    pub status: String,
    pub reject_reason: Option<String>,
    pub coupon_id: Option<i64>,
    pub total_price: Decimal,
    pub final_price: Decimal,
    pub intent_key: Option<String>,
    pub intent_amount: Option<Decimal>,
    pub payment_key: Option<String>,
    pub created_at: NaiveDateTime,
    pub revision: u32,
    pub idempotency_key: Option<String>,
    pub fingerprint: Option<String>,
    pub reject_detail: Option<String>,
    pub review_at: Option<NaiveDateTime>,
    pub payment_idempotency_key: Option<String>,
    pub payment_fingerprint: Option<String>,
    pub pay_by: Option<NaiveDateTime>,
    pub member_id: Option<String>,
    pub refunds: Option<String>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = order_lines, treat_none_as_default_value = false, check_for_backend(diesel::mysql::Mysql))]
#[expect(
    missing_docs,
    reason = "the columns' names say it, and the migration has their comments"
)]
pub struct LineRow {
    pub order_num: String,
    pub line_no: u16,
    pub item_id: i64,
    pub item_name: Option<String>,
    pub unit_price: Option<Decimal>,
    pub quantity: i64,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = products, check_for_backend(diesel::mysql::Mysql))]
#[expect(missing_docs, reason = "the columns' names say it")]
pub struct ProductRow {
    pub product_id: i64,
    pub name: String,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = items, check_for_backend(diesel::mysql::Mysql))]
#[expect(missing_docs, reason = "the columns' names say it")]
pub struct ItemRow {
    pub item_id: i64,
    pub product_id: i64,
    pub name: String,
    pub price: Decimal,
    pub stock: u32,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = coupons, check_for_backend(diesel::mysql::Mysql))]
#[expect(
    missing_docs,
    reason = "the columns' names say it, and the migration has their comments"
)]
pub struct CouponRow {
    pub coupon_id: i64,
    pub name: String,
    pub kind: String,
    pub amount: Decimal,
    pub percent: Option<u8>,
    pub minimum_total: Decimal,
    pub valid_from: NaiveDateTime,
    pub valid_until: NaiveDateTime,
    pub used_by: Option<String>,
}

impl From<&Order> for OrderRow {
    fn from(order: &Order) -> Self {
        let (status, reject_reason, payment_key) = match &order.state {
            OrderState::Created => (CREATED, None, None),
            OrderState::Complete(payment) => {
                (COMPLETE, None, Some(payment.key.as_str().to_owned()))
            }
            OrderState::Rejected(reason) => (REJECTED, Some(reason.as_str().to_owned()), None),
        };
        Self {
            order_num: order.number.as_str().to_owned(),
            request_id: order.request_id.as_str().to_owned(),
            status: status.to_owned(),
            reject_reason,
            coupon_id: order.coupon,
            total_price: order.total_price.as_decimal(),
            final_price: order.final_price.as_decimal(),
            intent_key: order
                .intent
                .as_ref()
                .map(|payment| payment.key.as_str().to_owned()),
            intent_amount: order
                .intent
                .as_ref()
                .map(|payment| payment.amount.as_decimal()),
            payment_key,
            created_at: order.created_at.naive_utc(),
            revision: order.revision,
            idempotency_key: order
                .idempotency
                .as_ref()
                .map(|idempotency| idempotency.key.as_str().to_owned()),
            fingerprint: order
                .idempotency
                .as_ref()
                .map(|idempotency| idempotency.fingerprint.as_str().to_owned()),
            reject_detail: order.reject_detail.clone(),
            review_at: order.review_at.map(|review_at| review_at.naive_utc()),
            payment_idempotency_key: order
                .payment_idempotency
                .as_ref()
                .map(|idempotency| idempotency.key.as_str().to_owned()),
            payment_fingerprint: order
                .payment_idempotency
                .as_ref()
                .map(|idempotency| idempotency.fingerprint.as_str().to_owned()),
            pay_by: Some(order.pay_by.naive_utc()),
            member_id: order.member.as_ref().map(ToString::to_string),
            refunds: refund_column::column(&order.refunds),
        }
    }
}

/// The rows of an order's lines, numbered from 1.
pub fn line_rows(order: &Order) -> impl Iterator<Item = LineRow> + '_ {
    order
        .lines
        .iter()
        .zip(1_u16..)
        .map(|(line, line_no)| LineRow {
            order_num: order.number.as_str().to_owned(),
            line_no,
            item_id: line.item,
            item_name: line.offer.as_ref().map(|offer| offer.name.to_string()),
            unit_price: line.offer.as_ref().map(|offer| offer.price.as_decimal()),
            quantity: line.quantity,
        })
}

/// An order from its row and the rows of its lines, sorted by line number.
///
/// # Errors
/// When a value is corrupt.
pub fn order(row: OrderRow, lines: Vec<LineRow>) -> Result<Order, StoreError> {
    let number = row.order_num.clone();
    let corrupt = |what: &str| StoreError::Corrupt(format!("order {number}: {what}"));
    let state = order_state(&row).ok_or_else(|| corrupt("status"))?;
    let member = row.member_id.as_deref().map(str::parse).transpose();
    let intent = row
        .intent_key
        .zip(row.intent_amount)
        .map(|(key, amount)| payment(key, amount))
        .transpose();
    Ok(Order {
        number: number.parse().map_err(|_| corrupt("order_num"))?,
        request_id: RequestId::parse(&row.request_id).ok_or_else(|| corrupt("request_id"))?,
        member: member.map_err(|_| corrupt("member_id"))?,
        lines: lines
            .into_iter()
            .map(order_line)
            .collect::<Option<_>>()
            .ok_or_else(|| corrupt("line"))?,
        coupon: row.coupon_id,
        total_price: money(row.total_price).ok_or_else(|| corrupt("total_price"))?,
        final_price: money(row.final_price).ok_or_else(|| corrupt("final_price"))?,
        state,
        intent: intent.map_err(|()| corrupt("intent_amount"))?,
        idempotency: idempotency(row.idempotency_key, row.fingerprint),
        payment_idempotency: idempotency(row.payment_idempotency_key, row.payment_fingerprint),
        // Orders that are older than this column have none. Their time to pay is over.
        pay_by: row.pay_by.unwrap_or(row.created_at).and_utc(),
        reject_detail: row.reject_detail,
        review_at: row.review_at.map(|review_at| review_at.and_utc()),
        refunds: refund_column::refunds(row.refunds.as_deref())
            .map_err(|fault| corrupt(&format!("refunds: {fault}")))?,
        created_at: row.created_at.and_utc(),
        revision: row.revision,
    })
}

fn idempotency(key: Option<String>, fingerprint: Option<String>) -> Option<Idempotency> {
    key.zip(fingerprint).map(|(key, fingerprint)| Idempotency {
        key: IdempotencyKey::recorded(key),
        fingerprint: Fingerprint::recorded(fingerprint),
    })
}

fn order_state(row: &OrderRow) -> Option<OrderState> {
    match row.status.as_str() {
        CREATED => Some(OrderState::Created),
        COMPLETE => Some(OrderState::Complete(Payment {
            key: PaymentKey::recorded(row.payment_key.as_deref()?),
            amount: money(row.final_price)?,
        })),
        REJECTED => Some(OrderState::Rejected(
            row.reject_reason.as_deref()?.parse::<Reason>().ok()?,
        )),
        _ => None,
    }
}

fn order_line(row: LineRow) -> Option<OrderLine> {
    let offer = match (row.item_name, row.unit_price) {
        (Some(name), Some(price)) => Some(Offer {
            name: name.into(),
            price: money(price)?,
        }),
        _ => None,
    };
    Some(OrderLine {
        item: row.item_id,
        quantity: row.quantity,
        offer,
    })
}

fn payment(key: String, amount: Decimal) -> Result<Payment, ()> {
    Ok(Payment {
        key: PaymentKey::recorded(key),
        amount: money(amount).ok_or(())?,
    })
}

fn money(amount: Decimal) -> Option<Money> {
    amount.try_into().ok()
}

impl TryFrom<ItemRow> for Item {
    type Error = StoreError;

    fn try_from(row: ItemRow) -> Result<Self, StoreError> {
        let price = money(row.price)
            .ok_or_else(|| StoreError::Corrupt(format!("item {}: price", row.item_id)))?;
        Ok(Self {
            id: row.item_id,
            name: Arc::from(row.name),
            price,
            stock: row.stock,
        })
    }
}

impl TryFrom<CouponRow> for Coupon {
    type Error = StoreError;

    fn try_from(row: CouponRow) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("coupon {}: {what}", row.coupon_id));
        let amount = money(row.amount).ok_or_else(|| corrupt("amount"))?;
        let discount = match (row.kind.as_str(), row.percent) {
            (FIXED, None) => Discount::Fixed(amount),
            (PERCENT, Some(percent @ 1..=100)) => Discount::Percent {
                percent,
                maximum: amount,
            },
            _ => return Err(corrupt("kind")),
        };
        Ok(Self {
            id: row.coupon_id,
            discount,
            minimum_total: money(row.minimum_total).ok_or_else(|| corrupt("minimum_total"))?,
            valid_from: row.valid_from.and_utc(),
            valid_until: row.valid_until.and_utc(),
            used_by: row
                .used_by
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| corrupt("used_by"))?,
        })
    }
}

impl CouponRow {
    /// The row of a coupon with its display name.
    #[must_use]
    pub fn new(coupon: &Coupon, name: &str) -> Self {
        let (kind, amount, percent) = match coupon.discount {
            Discount::Fixed(amount) => (FIXED, amount, None),
            Discount::Percent { percent, maximum } => (PERCENT, maximum, Some(percent)),
        };
        Self {
            coupon_id: coupon.id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            amount: amount.as_decimal(),
            percent,
            minimum_total: coupon.minimum_total.as_decimal(),
            valid_from: coupon.valid_from.naive_utc(),
            valid_until: coupon.valid_until.naive_utc(),
            used_by: coupon.used_by.as_ref().map(ToString::to_string),
        }
    }
}
