//! The bodies of `POST /api/quote`, by which a composite asks an order service of this mall what an order would cost. Members that are not
//! known are ignored, so that services of two versions understand each other.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::order_dto::OrderLineDto;
use crate::member_id::MemberId;
use crate::money::Money;
use crate::reason::Reason;

/// What is to be priced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WishDto {
    /// What is wanted; of items only their identities are read.
    pub order_line_list: Vec<OrderLineDto>,
    /// The coupon to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<i64>,
    /// The member who asks, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
}

/// The answer: a quote, or why an order would be refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteAnswerDto {
    /// The quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<QuoteDto>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<Reason>,
    /// When the same wish may be granted, RFC 3339 with the service zone's offset, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_date: Option<DateTime<FixedOffset>>,
}

/// What an order would cost that is placed at the same moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteDto {
    /// The lines as the order would have them.
    pub order_line_list: Vec<OrderLineDto>,
    /// The coupon that is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<i64>,
    /// The sum of the lines.
    pub total_price: Money,
    /// What is to be paid: the total less the coupon's discount.
    pub final_price: Money,
    /// The moment, RFC 3339 with the service zone's offset.
    pub priced_date: DateTime<FixedOffset>,
    /// The coupon is valid until just before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_valid_until: Option<DateTime<FixedOffset>>,
}
