//! The bodies of order events and of REST. The Spring services know the first members of each and ignore the others;
//! unknown members are ignored here too.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::member_id::MemberId;
use crate::money::Money;
use crate::order_number::OrderNumber;
use crate::reason::Reason;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderStatus {
    /// Pending: stock is taken, payment is awaited.
    Created,
    /// Paid.
    Complete,
    /// Refused or given up; stock and coupon are back.
    Rejected,
}

/// An order, as a command's and a reply's `data` and as the REST answer.
#[derive(Debug, Clone, Default, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderDto {
    /// The order number; a Spring composite leaves it to the order service.
    pub order_num: Option<OrderNumber>,
    /// The lines; a Spring composite sends none.
    pub order_line_list: Option<Vec<OrderLineDto>>,
    /// The status; absent in commands.
    pub status: Option<OrderStatus>,
    /// The coupon that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<i64>,
    /// The sum of the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_price: Option<Money>,
    /// What is to be paid: the total less the coupon's discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_price: Option<Money>,
    /// For how long its review has been due; in the list of reviews only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_for_seconds: Option<u64>,
    /// Until when a pending order waits for its payment, RFC 3339 with the service zone's offset; over HTTP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_by: Option<DateTime<FixedOffset>>,
    /// When the order was placed, RFC 3339 with the service zone's offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_date: Option<DateTime<FixedOffset>>,
    /// Why the order is rejected or the command was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<Reason>,
    /// Why the payment was declined, in the mall's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_detail: Option<String>,
    /// When the same wish may be granted, RFC 3339 with the service zone's offset; of an order only that was refused because its member had
    /// too many pending ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_date: Option<DateTime<FixedOffset>>,
    /// The payment: intended in `ORDER_CREATE` and `ORDER_PAY`, made in `ORDER_APPROVE` and in replies about a paid order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentDto>,
    /// The purchase's own id: a repeated `ORDER_CREATE` has the same one, another purchase that happens to have this order number has
    /// another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The member who orders; in `ORDER_CREATE` only, and absent for an order without a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// The shopper's idempotency key; in `ORDER_CREATE` and `ORDER_PAY` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Tells the same request from another one with the same idempotency key; wherever that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The order's refunds, in the order of their numbers; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_list: Option<Vec<RefundDto>>,
    /// The refund that the command is about; in `ORDER_REFUND`, and in an `ORDER_CANCEL` of some pieces only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundDto>,
}

/// A refund: pieces of a paid order that are cancelled, and their money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RefundDto {
    /// Its number within its order, from 1; absent in `ORDER_CANCEL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_num: Option<u16>,
    /// Where it stands; absent in `ORDER_CANCEL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<RefundStatus>,
    /// What is given back; absent in commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Which pieces; absent in `ORDER_REFUND`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_line_list: Option<Vec<RefundLineDto>>,
    /// When it was asked for, RFC 3339 with the service zone's offset; absent in commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_date: Option<DateTime<FixedOffset>>,
}

/// Pieces of one line that are cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundLineDto {
    /// The line's number within its order, from 1.
    pub order_line_id: u16,
    /// How many pieces, at least one.
    pub quantity: u32,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundStatus {
    /// The gateway is being asked to give the money back.
    Requested,
    /// The money is given back, and the pieces are in the stock again.
    Done,
    /// The gateway has refused. The order keeps the pieces.
    Refused,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLineDto {
    /// The line's number within its order, from 1; absent when an order is placed.
    #[serde(default)]
    pub order_line_id: Option<i64>,
    /// What is bought. In answers its `price` is the price paid for one piece.
    pub item: ItemDto,
    /// How many pieces.
    pub quantity: i64,
}

/// The unit that is bought.
#[derive(Debug, Clone, Default, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemDto {
    /// Its identity.
    pub item_id: i64,
    /// Its name; not needed to order it.
    #[serde(default)]
    pub name: Option<String>,
    /// The price of one piece. Never believed when it comes from a shopper.
    #[serde(default)]
    pub price: Option<Money>,
    /// Pieces left; in the catalogue only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<u32>,
}

/// A product and its items.
#[derive(Debug, Clone, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductDto {
    /// Its identity.
    pub product_id: i64,
    /// Its name.
    pub name: String,
    /// The items it is made of.
    pub item_list: Vec<ItemDto>,
}

/// A coupon that an order may use.
#[derive(Debug, Clone, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CouponDto {
    /// Its identity.
    pub coupon_id: i64,
    /// Its name.
    pub name: String,
    /// How its discount is computed.
    pub kind: CouponKind,
    /// What a fixed coupon takes off, at most the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How many percent of the total a percentage coupon takes off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// The most that a percentage coupon takes off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_discount: Option<Money>,
    /// The least total that it applies to.
    pub minimum_total: Money,
    /// Valid until just before then, RFC 3339 with the service zone's offset.
    pub valid_until: DateTime<FixedOffset>,
}

/// How a coupon's discount is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CouponKind {
    /// A fixed amount.
    Fixed,
    /// A percentage of the total.
    Percent,
}

/// A payment at the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentDto {
    /// The gateway's key of the payment, as the wire has it; see [`crate::payment::PaymentKey`].
    pub payment_key: String,
    /// What is paid.
    pub amount: Money,
}
