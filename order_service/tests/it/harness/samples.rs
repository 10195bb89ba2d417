//! A small assortment, and orders for it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use order_service::domain::catalogue::{Item, Product};
use order_service::domain::coupon::{Coupon, Discount};
use order_service::domain::decide::Transition;
use order_service::domain::order::{
    CouponId, DraftLine, Idempotency, ItemId, Order, OrderDraft, Payment, RequestId,
};
use order_service::ports::catalogue::Assortment;
use shared::member_id::MemberId;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::payment::PaymentKey;
use shared::reason::Reason;

/// Costs 12000, [`APPLES`] pieces.
pub(crate) const APPLE: ItemId = 1;
/// Costs 0.01, many pieces.
pub(crate) const THREAD: ItemId = 2;
/// Costs 500, one piece.
pub(crate) const LAST_PIECE: ItemId = 3;
/// Two items that everybody wants, [`HOT_STOCK`] pieces each, for 100.
pub(crate) const HOT: [ItemId; 2] = [4, 5];
/// In no catalogue.
pub(crate) const NO_ITEM: ItemId = 404;

pub(crate) const APPLES: u32 = 1_000_000;
pub(crate) const THREADS: u32 = 4_000_000_000;
pub(crate) const HOT_STOCK: u32 = 60;

/// Takes off 3000.
pub(crate) const COUPON: CouponId = 7;
/// Takes off a tenth, at most 1000, from 10000 on.
pub(crate) const PERCENT_COUPON: CouponId = 8;

pub(crate) fn items() -> Vec<Item> {
    [
        (APPLE, "사과 🍎", "12000", APPLES),
        (THREAD, "'실' \"한\" \\가닥", "0.01", THREADS),
        (LAST_PIECE, "last", "500", 1),
        (HOT[0], "hot", "100", HOT_STOCK),
        (HOT[1], "hotter", "100", HOT_STOCK),
    ]
    .map(|(id, name, price, stock)| Item {
        id,
        name: name.into(),
        price: money(price),
        stock,
    })
    .into()
}

pub(crate) fn coupons() -> Vec<Coupon> {
    let coupon = |id, discount, minimum: &str| Coupon {
        id,
        discount,
        minimum_total: money(minimum),
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        valid_until: "2027-01-01T00:00:00Z".parse().unwrap(),
        used_by: None,
    };
    vec![
        coupon(COUPON, Discount::Fixed(money("3000")), "0"),
        coupon(
            PERCENT_COUPON,
            Discount::Percent {
                percent: 10,
                maximum: money("1000"),
            },
            "10000",
        ),
    ]
}

/// All items, as one product's.
pub(crate) fn assortment() -> Assortment {
    Assortment {
        products: vec![Product {
            id: 1,
            name: "everything".into(),
            items: items(),
        }],
        coupons: coupons(),
        coupon_names: [(COUPON, "가을".to_owned())].into(),
    }
}

/// With microseconds, as precise as a database keeps it.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-23T01:15:40.582933Z".parse().unwrap()
}

pub(crate) fn number(digits: u64) -> OrderNumber {
    digits.to_string().parse().unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn member(text: &str) -> MemberId {
    text.parse().unwrap()
}

pub(crate) fn request_id(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

/// Order `digits` of request `r<digits>`, for pairs of item and quantity.
pub(crate) fn draft(digits: u64, lines: &[(ItemId, i64)]) -> OrderDraft {
    OrderDraft {
        number: number(digits),
        request_id: request_id(&format!("r{digits}")),
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
        key: PaymentKey::recorded(key),
        amount: money(amount),
    }
}

pub(crate) fn open(draft: OrderDraft) -> Transition {
    Transition::Open(draft)
}

/// Pays the final price.
pub(crate) fn complete(order: &Arc<Order>, key: &str) -> Transition {
    let payment = Payment {
        key: PaymentKey::recorded(key),
        amount: order.final_price,
    };
    Transition::Complete {
        order: Arc::clone(order),
        payment,
    }
}

/// Begins to pay the final price, by this payment and idempotency key; reviewed after a minute.
pub(crate) fn begin_payment(order: &Arc<Order>, key: &str) -> Transition {
    Transition::BeginPayment {
        order: Arc::clone(order),
        payment: Payment {
            key: PaymentKey::recorded(key),
            amount: order.final_price,
        },
        idempotency: Some(Idempotency {
            key: "of the shopper".parse().unwrap(),
            fingerprint: "the payment".parse().unwrap(),
        }),
        review_at: now() + TimeDelta::seconds(60),
    }
}

pub(crate) fn reject(order: &Arc<Order>) -> Transition {
    Transition::Reject {
        order: Arc::clone(order),
        reason: Reason::Expired,
        detail: Some("한도 초과".to_owned()),
        review_at: now() + TimeDelta::seconds(60),
    }
}
