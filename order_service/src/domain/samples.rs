//! Small orders, items and coupons for tests.

use chrono::{DateTime, TimeDelta, Utc};
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::catalogue::Item;
use super::command::OrderCommand;
use super::coupon::{Coupon, Discount};
use super::order::{CouponId, DraftLine, Idempotency, ItemId, OrderDraft, Payment, RequestId};
use super::refund::Pieces;

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-23T01:15:40Z".parse().unwrap()
}

pub(crate) fn number(digits: u32) -> OrderNumber {
    digits.to_string().parse().unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn item(id: ItemId, price: &str, stock: u32) -> Item {
    Item {
        id,
        name: format!("item {id}").into(),
        price: money(price),
        stock,
    }
}

/// Takes `off` from any total, all through 2026.
pub(crate) fn coupon(id: CouponId, off: &str) -> Coupon {
    Coupon {
        id,
        discount: Discount::Fixed(money(off)),
        minimum_total: Money::ZERO,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        valid_until: "2027-01-01T00:00:00Z".parse().unwrap(),
        used_by: None,
    }
}

/// Order `digits` of request `r<digits>`, for pairs of item and quantity.
pub(crate) fn draft(digits: u32, lines: &[(ItemId, i64)]) -> OrderDraft {
    OrderDraft {
        number: number(digits),
        request_id: RequestId::parse(&format!("r{digits}")).unwrap(),
        member: None,
        lines: lines
            .iter()
            .map(|&(item, quantity)| DraftLine { item, quantity })
            .collect(),
        coupon: None,
        intent: None,
        idempotency: None,
        placed_at: now(),
        pay_by: now() + TimeDelta::minutes(30),
    }
}

pub(crate) fn payment(key: &str, amount: &str) -> Payment {
    Payment {
        key: key.parse().unwrap(),
        amount: money(amount),
    }
}

pub(crate) fn pay(digits: u32, key: &str, amount: &str) -> OrderCommand {
    OrderCommand::Pay {
        number: number(digits),
        payment: payment(key, amount),
        idempotency: None,
    }
}

pub(crate) fn expire(digits: u32) -> OrderCommand {
    OrderCommand::Reject {
        number: number(digits),
        reason: Reason::Expired,
        detail: None,
    }
}

pub(crate) fn approve(digits: u32, key: &str, amount: &str) -> OrderCommand {
    OrderCommand::Approve {
        number: number(digits),
        payment: payment(key, amount),
    }
}

/// A cancellation by the request `key`, of pairs of line and quantity or of everything.
pub(crate) fn cancel(digits: u32, key: &str, pieces: Option<&[(u16, u32)]>) -> OrderCommand {
    let pieces_of = |pairs: &[(u16, u32)]| {
        let pieces = pairs
            .iter()
            .map(|&(line, quantity)| Pieces { line, quantity });
        pieces.collect()
    };
    OrderCommand::Cancel {
        number: number(digits),
        pieces: pieces.map(pieces_of),
        idempotency: Idempotency {
            key: key.parse().unwrap(),
            fingerprint: key.parse().unwrap(),
        },
    }
}
