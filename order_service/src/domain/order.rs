//! An order: its lines, its price and its state. Knows nothing of stock or commands.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::member_id::MemberId;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::refund::{Refund, RefundOutcome, RefundState};

pub use shared::idempotency::Idempotency;
pub use shared::payment::Payment;

/// The identity of an item.
pub type ItemId = i64;
/// The identity of a coupon.
pub type CouponId = i64;

/// Names the purchase that an order came from. A repeated command carries the same id; another purchase carries another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

/// The longest request id, in bytes.
pub const MAX_REQUEST_ID: usize = 64;

impl RequestId {
    /// Takes an id of 1 to [`MAX_REQUEST_ID`] printable ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_valid = (1..=MAX_REQUEST_ID).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_valid.then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was asked for, before it is priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDraft {
    /// The order's number.
    pub number: OrderNumber,
    /// The purchase that asks.
    pub request_id: RequestId,
    /// The member who orders, if one is named; guests have none.
    pub member: Option<MemberId>,
    /// What to buy.
    pub lines: Vec<DraftLine>,
    /// The coupon to use.
    pub coupon: Option<CouponId>,
    /// The payment that the shopper means to make in the same purchase.
    pub intent: Option<Payment>,
    /// The shopper's idempotency key.
    pub idempotency: Option<Idempotency>,
    /// When it is placed.
    pub placed_at: DateTime<Utc>,
    /// Until when it waits for its payment.
    pub pay_by: DateTime<Utc>,
}

impl OrderDraft {
    /// What its price depends on.
    #[must_use]
    pub fn wish(&self) -> Wish<'_> {
        Wish {
            member: self.member.as_ref(),
            lines: &self.lines,
            coupon: self.coupon,
            at: self.placed_at,
        }
    }
}

/// What somebody wants to have, whether it is ordered or only priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Who wants it; guests have no member.
    pub member: Option<&'a MemberId>,
    /// What.
    pub lines: &'a [DraftLine],
    /// The coupon to use.
    pub coupon: Option<CouponId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A line of a draft. The quantity is as the shopper wrote it, so it may be zero, negative or larger than any stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftLine {
    /// The item.
    pub item: ItemId,
    /// How many pieces.
    pub quantity: i64,
}

/// A line of a stored order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The item.
    pub item: ItemId,
    /// How many pieces.
    pub quantity: i64,
    /// The item's name and price in the catalogue; `None` in an order that was rejected because there is no such item.
    pub offer: Option<Offer>,
}

/// An item's name and price when it was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The item's name.
    pub name: Arc<str>,
    /// The price of one piece.
    pub price: Money,
}

/// An order's state. `Complete` and `Rejected` are final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Stock and coupon are taken, payment is awaited.
    Created,
    /// Paid by this payment.
    Complete(Payment),
    /// Refused or given up for this reason. It holds no stock and no coupon.
    Rejected(Reason),
}

/// An order as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub number: OrderNumber,
    /// The purchase it came from.
    pub request_id: RequestId,
    /// The member it belongs to, if any.
    pub member: Option<MemberId>,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The coupon that was asked for.
    pub coupon: Option<CouponId>,
    /// The sum of the lines.
    pub total_price: Money,
    /// What is to be paid.
    pub final_price: Money,
    /// Where it stands.
    pub state: OrderState,
    /// The payment that is being made, or was to be when the order ended.
    pub intent: Option<Payment>,
    /// The shopper's idempotency key, which names the request that placed it.
    pub idempotency: Option<Idempotency>,
    /// The idempotency key of the request that pays it, if that is not the one that placed it.
    pub payment_idempotency: Option<Idempotency>,
    /// Until when its payment is waited for. Of an order that was refused because its member had too many pending: when the first of those
    /// ends.
    pub pay_by: DateTime<Utc>,
    /// Why the payment was declined, in the mall's words.
    pub reject_detail: Option<String>,
    /// When a composite must ask the gateway about the order: a pending one may be charged or given up, a rejected one may have been
    /// charged, and a complete one may have a refund that has not ended. `None` when that is settled.
    pub review_at: Option<DateTime<Utc>>,
    /// Its refunds, in the order of their numbers. At most one has not ended.
    pub refunds: Vec<Refund>,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// How often it has changed since. An update says which revision it starts from, so of two writers only the first succeeds.
    pub revision: u32,
}

impl Order {
    /// Whether its state can't change any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.state {
            OrderState::Created => false,
            OrderState::Complete(_) | OrderState::Rejected(_) => true,
        }
    }

    /// Until when a pending order waits for its payment: the first review after that gives it up.
    #[must_use]
    pub fn payable_until(&self) -> Option<DateTime<Utc>> {
        match self.state {
            OrderState::Created => Some(self.pay_by),
            OrderState::Complete(_) | OrderState::Rejected(_) => None,
        }
    }

    /// When the same wish may be granted, of an order that was refused because its member had too many pending.
    #[must_use]
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        match self.state {
            OrderState::Rejected(Reason::TooManyPendingOrders | Reason::TooManyPendingPieces) => {
                Some(self.pay_by).filter(|pay_by| *pay_by > self.created_at)
            }
            OrderState::Created | OrderState::Complete(_) | OrderState::Rejected(_) => None,
        }
    }

    /// The next revision: it is being paid, and the gateway is asked at `review_at` what came of it.
    #[must_use]
    pub fn paying(
        &self,
        payment: Payment,
        idempotency: Option<Idempotency>,
        review_at: DateTime<Utc>,
    ) -> Self {
        Self {
            intent: Some(payment),
            payment_idempotency: idempotency,
            review_at: Some(review_at),
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The next revision: the payment was not made, and the order waits for another.
    #[must_use]
    pub fn unpaid(&self) -> Self {
        Self {
            intent: None,
            review_at: Some(self.pay_by),
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The next revision: it is complete, and there is nothing to review.
    #[must_use]
    pub fn completed(&self, payment: Payment) -> Self {
        Self {
            state: OrderState::Complete(payment),
            review_at: None,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The next revision: it is rejected, and the gateway is asked at `review_at` whether it was charged nonetheless.
    ///
    /// When the gateway was away, the idempotency key is free again: the shopper may repeat the same request and get another order.
    #[must_use]
    pub fn rejected(
        &self,
        reason: Reason,
        detail: Option<String>,
        review_at: DateTime<Utc>,
    ) -> Self {
        Self {
            state: OrderState::Rejected(reason),
            idempotency: self
                .idempotency
                .clone()
                .filter(|_| reason != Reason::PaymentUnavailable),
            reject_detail: detail,
            review_at: Some(review_at),
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The next revision: a refund begins, and an instance goes on with it at `review_at`, should this one not end it.
    #[must_use]
    pub fn refunding(&self, refund: Refund, review_at: DateTime<Utc>) -> Self {
        let mut refunds = self.refunds.clone();
        refunds.push(refund);
        Self {
            refunds,
            review_at: Some(review_at),
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The next revision: the refund of this number has ended.
    ///
    /// When the gateway did not give the money back now, the idempotency key is free again: the shopper may repeat the same request and
    /// begin another refund.
    #[must_use]
    pub fn refund_ended(&self, number: u16, outcome: RefundOutcome) -> Self {
        let mut refunds = self.refunds.clone();
        for refund in refunds.iter_mut().filter(|refund| refund.number == number) {
            refund.state = match outcome {
                RefundOutcome::Done => RefundState::Done,
                RefundOutcome::Refused | RefundOutcome::NotNow => RefundState::Refused,
            };
            if outcome == RefundOutcome::NotNow {
                refund.idempotency = None;
            }
        }
        Self {
            refunds,
            review_at: None,
            revision: self.revision + 1,
            ..self.clone()
        }
    }

    /// The next revision: nothing is charged for it, and there is nothing more to review.
    #[must_use]
    pub fn settled(&self) -> Self {
        Self {
            review_at: None,
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}
