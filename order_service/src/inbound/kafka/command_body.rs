//! What decides in a command's `data`. Members that only inform (prices, names, a status, dates) are not read at all, so no peer's way of
//! writing them makes a command unreadable.

use serde::Deserialize;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{PaymentDto, RefundDto};

/// The members of [`OrderDto`](shared::wire::order_dto::OrderDto) that a command is made of; each is described there.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CommandBody {
    pub(super) order_num: Option<OrderNumber>,
    pub(super) order_line_list: Option<Vec<LineBody>>,
    pub(super) coupon_id: Option<i64>,
    pub(super) reject_reason: Option<Reason>,
    pub(super) reject_detail: Option<String>,
    pub(super) payment: Option<PaymentDto>,
    pub(super) request_id: Option<String>,
    pub(super) member_id: Option<MemberId>,
    pub(super) idempotency_key: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) refund: Option<RefundDto>,
}

/// A line: what is bought.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineBody {
    pub(super) item: ItemBody,
    pub(super) quantity: i64,
}

/// An item's identity.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemBody {
    pub(super) item_id: i64,
}
