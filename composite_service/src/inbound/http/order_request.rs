//! The bodies of requests. They know all members that a request may have, and a request with any other one is refused: a misspelt `couponId`
//! would cost money.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use shared::limits::{MAX_LINES, is_quantity};
use shared::money::Money;
use shared::wire::error_body::Culprit;
use shared::wire::order_dto::{ItemDto, OrderLineDto, PaymentDto};

use super::error::ApiError;

/// The body of `POST /open-api/order`. The Spring services' clients may send a whole order, so its other members are known, and not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRequest {
    /// What to buy.
    pub(super) order_line_list: Vec<LineRequest>,
    /// The coupon to use.
    #[serde(default)]
    pub(super) coupon_id: Option<i64>,
    /// Pays in the same request; without it the order stays pending.
    #[serde(default)]
    pub(super) payment: Option<PaymentRequest>,
    #[serde(default, rename = "orderNum")]
    _order_num: IgnoredAny,
    #[serde(default, rename = "status")]
    _status: IgnoredAny,
}

/// The body of `POST /open-api/quote`. A payment has no place in it: nothing is paid.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuoteRequest {
    /// What is to be priced.
    pub(super) order_line_list: Vec<LineRequest>,
    /// The coupon to use.
    #[serde(default)]
    pub(super) coupon_id: Option<i64>,
}

/// A line of an order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LineRequest {
    pub(super) item: ItemRequest,
    /// How many pieces.
    pub(super) quantity: i64,
    #[serde(default, rename = "orderLineId")]
    _order_line_id: IgnoredAny,
}

/// What is bought. Names and prices are the database's, so those of a shopper are not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ItemRequest {
    pub(super) item_id: i64,
    #[serde(default, rename = "name")]
    _name: IgnoredAny,
    #[serde(default, rename = "price")]
    _price: IgnoredAny,
    #[serde(default, rename = "stock")]
    _stock: IgnoredAny,
    #[serde(default, rename = "productDTO")]
    _product: IgnoredAny,
}

/// The body of `POST /open-api/order/{orderNum}/cancel`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CancelRequest {
    /// These pieces only. A list that is null is refused, and not as good as absent: its sender has lost the pieces, and all would be cancelled.
    #[serde(default, deserialize_with = "not_null")]
    pub(super) order_line_list: Option<Vec<CancelLineRequest>>,
}

fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Pieces of one line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CancelLineRequest {
    /// The line's number, as the order tells it.
    pub(super) order_line_id: i64,
    /// How many pieces.
    pub(super) quantity: i64,
}

/// A payment, in an order or as the body of `POST /open-api/order/{orderNum}/payment`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaymentRequest {
    payment_key: String,
    amount: Money,
}

impl From<LineRequest> for OrderLineDto {
    fn from(line: LineRequest) -> Self {
        let item = ItemDto {
            item_id: line.item.item_id,
            ..ItemDto::default()
        };
        Self {
            order_line_id: None,
            item,
            quantity: line.quantity,
        }
    }
}

impl From<PaymentRequest> for PaymentDto {
    fn from(payment: PaymentRequest) -> Self {
        Self {
            payment_key: payment.payment_key,
            amount: payment.amount,
        }
    }
}

/// What is wanted, whether it is ordered or only priced.
///
/// # Errors
/// When nobody can order these lines.
pub(super) fn wanted_lines(lines: Vec<LineRequest>) -> Result<Vec<OrderLineDto>, ApiError> {
    check_lines(&lines)?;
    Ok(lines.into_iter().map(OrderLineDto::from).collect())
}

fn check_lines(lines: &[LineRequest]) -> Result<(), ApiError> {
    let list = || Culprit::member("orderLineList");
    if lines.is_empty() {
        let detail = "an order has at least one line".to_owned();
        return Err(ApiError::Invalid("EMPTY_ORDER", detail, list()));
    }
    if lines.len() > MAX_LINES {
        let detail = format!("an order has at most {MAX_LINES} lines");
        return Err(ApiError::Invalid("TOO_MANY_LINES", detail, list()));
    }
    match lines
        .iter()
        .zip(1..)
        .find(|(line, _)| !is_quantity(line.quantity))
    {
        Some((wrong, line)) => Err(ApiError::InvalidQuantity {
            line,
            item: wrong.item.item_id,
        }),
        None => Ok(()),
    }
}
