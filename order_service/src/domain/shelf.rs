//! What a batch of transitions takes from stock and coupons, and gives back. The caller locks what [`Needs`] lists, has the transitions
//! settled, and stores the changed items and coupons together with the orders. Knows neither rows nor locks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shared::limits::is_quantity;
use shared::money::Money;
use shared::reason::Reason;

use super::catalogue::Item;
use super::coupon::Coupon;
use super::decide::Transition;
use super::order::{
    CouponId, DraftLine, ItemId, Offer, Order, OrderDraft, OrderLine, OrderState, Wish,
};
use super::pending_limits::Buyers;
use super::price::{NotGranted, Price};
use super::refund::RefundOutcome;
use super::refunding::is_whole;

/// The items and coupons that a batch touches, in ascending order. All batches lock in this order, so that no two wait for each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Items.
    pub items: BTreeSet<ItemId>,
    /// Coupons.
    pub coupons: BTreeSet<CouponId>,
}

impl Needs {
    /// What these transitions touch.
    pub fn of<'a>(transitions: impl IntoIterator<Item = &'a Transition>) -> Self {
        let mut needs = Self::default();
        for transition in transitions {
            match transition {
                Transition::Open(draft) => needs.add(draft.wish()),
                Transition::Reject { order, .. } => {
                    needs.items.extend(order.lines.iter().map(|line| line.item));
                    needs.coupons.extend(order.coupon);
                }
                Transition::EndRefund {
                    order,
                    outcome: RefundOutcome::Done,
                    ..
                } => {
                    needs.items.extend(order.lines.iter().map(|line| line.item));
                    needs.coupons.extend(order.coupon);
                }
                Transition::BeginPayment { .. }
                | Transition::EndPayment { .. }
                | Transition::Complete { .. }
                | Transition::Settle { .. }
                | Transition::BeginRefund { .. }
                | Transition::EndRefund { .. } => {}
            }
        }
        needs
    }

    /// What pricing the wish takes a look at.
    #[must_use]
    pub fn of_wish(wish: Wish<'_>) -> Self {
        let mut needs = Self::default();
        needs.add(wish);
        needs
    }

    fn add(&mut self, wish: Wish<'_>) {
        self.items.extend(wish.lines.iter().map(|line| line.item));
        self.coupons.extend(wish.coupon);
    }
}

/// The stock and the coupons of a batch.
#[derive(Debug)]
pub struct Shelf {
    items: BTreeMap<ItemId, Slot<Item>>,
    coupons: BTreeMap<CouponId, Slot<Coupon>>,
    buyers: Buyers,
}

#[derive(Debug)]
struct Slot<T> {
    value: T,
    is_changed: bool,
}

impl Shelf {
    /// Of these items and coupons, as they are stored. Nobody's pending orders are limited.
    pub fn new(
        items: impl IntoIterator<Item = Item>,
        coupons: impl IntoIterator<Item = Coupon>,
    ) -> Self {
        Self {
            items: items
                .into_iter()
                .map(|item| {
                    (
                        item.id,
                        Slot {
                            value: item,
                            is_changed: false,
                        },
                    )
                })
                .collect(),
            coupons: coupons
                .into_iter()
                .map(|coupon| {
                    (
                        coupon.id,
                        Slot {
                            value: coupon,
                            is_changed: false,
                        },
                    )
                })
                .collect(),
            buyers: Buyers::default(),
        }
    }

    /// The same for these buyers, whose pending orders are limited.
    #[must_use]
    pub fn for_buyers(self, buyers: Buyers) -> Self {
        Self { buyers, ..self }
    }

    /// Does one transition, and returns the order as it is to be stored. A draft that can't be served becomes a rejected order, which takes
    /// nothing.
    pub fn settle(&mut self, transition: &Transition) -> Order {
        match transition {
            Transition::Open(draft) => self.open(draft),
            Transition::BeginPayment {
                order,
                payment,
                idempotency,
                review_at,
            } => order.paying(payment.clone(), idempotency.clone(), *review_at),
            Transition::EndPayment { order } => order.unpaid(),
            Transition::Complete { order, payment } => order.completed(payment.clone()),
            Transition::Reject {
                order,
                reason,
                detail,
                review_at,
            } => {
                self.give_back(order);
                order.rejected(*reason, detail.clone(), *review_at)
            }
            Transition::Settle { order } => order.settled(),
            Transition::BeginRefund {
                order,
                refund,
                review_at,
            } => order.refunding(refund.clone(), *review_at),
            Transition::EndRefund {
                order,
                refund,
                outcome,
            } => {
                let ended = order.refund_ended(*refund, *outcome);
                if *outcome == RefundOutcome::Done {
                    self.give_back_pieces(&ended, *refund);
                }
                ended
            }
        }
    }

    /// What the wish costs. The only place where prices are made, whether something is ordered or only priced; it takes nothing.
    ///
    /// # Errors
    /// When an order for it would be refused.
    pub fn price(&self, wish: Wish<'_>) -> Result<Price, NotGranted> {
        let total = self.total(wish.lines).map_err(|reason| {
            let total = Money::ZERO;
            NotGranted::Refused { total, reason }
        })?;
        self.buyers
            .check(wish)
            .map_err(|too_many| NotGranted::TooMany { total, too_many })?;
        let discount = self
            .discount(wish, total)
            .map_err(|reason| NotGranted::Refused { total, reason })?;
        Ok(Price { total, discount })
    }

    /// The lines with what the items are called and cost.
    #[must_use]
    pub fn lines(&self, lines: &[DraftLine]) -> Vec<OrderLine> {
        lines.iter().map(|line| self.order_line(*line)).collect()
    }

    /// The coupon, if there is one with this identity.
    #[must_use]
    pub fn coupon(&self, id: CouponId) -> Option<&Coupon> {
        self.coupons.get(&id).map(|slot| &slot.value)
    }

    /// The items whose stock has changed.
    pub fn changed_items(&self) -> impl Iterator<Item = &Item> {
        self.items
            .values()
            .filter(|slot| slot.is_changed)
            .map(|slot| &slot.value)
    }

    /// The coupons whose holder has changed.
    pub fn changed_coupons(&self) -> impl Iterator<Item = &Coupon> {
        self.coupons
            .values()
            .filter(|slot| slot.is_changed)
            .map(|slot| &slot.value)
    }

    fn open(&mut self, draft: &OrderDraft) -> Order {
        match self.price(draft.wish()) {
            Ok(price) => {
                self.take(draft);
                Order {
                    final_price: price.to_pay(),
                    review_at: Some(draft.pay_by),
                    ..self.order(draft, price.total, OrderState::Created)
                }
            }
            Err(NotGranted::Refused { total, reason }) => self.refused(draft, total, reason),
            Err(NotGranted::TooMany { total, too_many }) => Order {
                // The shopper is told to try again later, and may do so with the same key.
                idempotency: None,
                pay_by: too_many.first_end.unwrap_or(draft.placed_at),
                ..self.refused(draft, total, too_many.reason)
            },
        }
    }

    /// No payment of it can have begun, so there is nothing to review.
    fn refused(&self, draft: &OrderDraft, total: Money, reason: Reason) -> Order {
        self.order(draft, total, OrderState::Rejected(reason))
    }

    fn order(&self, draft: &OrderDraft, total: Money, state: OrderState) -> Order {
        Order {
            number: draft.number.clone(),
            request_id: draft.request_id.clone(),
            member: draft.member.clone(),
            lines: self.lines(&draft.lines),
            coupon: draft.coupon,
            total_price: total,
            final_price: total,
            state,
            intent: draft.intent.clone(),
            idempotency: draft.idempotency.clone(),
            payment_idempotency: None,
            pay_by: draft.pay_by,
            reject_detail: None,
            review_at: None,
            refunds: Vec::new(),
            created_at: draft.placed_at,
            revision: 0,
        }
    }

    /// What the coupon takes off, if the stock covers the wish; or the reason why it can't be served.
    fn discount(&self, wish: Wish<'_>, total: Money) -> Result<Money, Reason> {
        self.check_stock(wish.lines)?;
        let Some(id) = wish.coupon else {
            return Ok(Money::ZERO);
        };
        let coupon = self.coupon(id).ok_or(Reason::CouponUnknown)?;
        coupon.discount_on(total, wish.at)
    }

    /// The sum of the lines. A quantity that no stock can have counts as nothing: the check of the stock refuses it afterwards.
    fn total(&self, lines: &[DraftLine]) -> Result<Money, Reason> {
        let mut total = Money::ZERO;
        for line in lines {
            if !is_quantity(line.quantity) {
                return Err(Reason::InvalidQuantity);
            }
            let item = &self.items.get(&line.item).ok_or(Reason::UnknownItem)?.value;
            let Ok(quantity) = u32::try_from(line.quantity) else {
                continue;
            };
            let price = item
                .price
                .checked_times(quantity)
                .ok_or(Reason::InvalidQuantity)?;
            total = total.checked_add(price).ok_or(Reason::InvalidQuantity)?;
        }
        Ok(total)
    }

    fn check_stock(&self, lines: &[DraftLine]) -> Result<(), Reason> {
        let mut wanted: BTreeMap<ItemId, i64> = BTreeMap::new();
        // Several lines may be of one item.
        for line in lines {
            let sum = wanted.entry(line.item).or_default();
            *sum = sum.saturating_add(line.quantity);
        }
        let covers = |(item, quantity): (&ItemId, &i64)| {
            self.items
                .get(item)
                .is_some_and(|slot| i64::from(slot.value.stock) >= *quantity)
        };
        if wanted.iter().all(covers) {
            Ok(())
        } else {
            Err(Reason::OutOfStock)
        }
    }

    fn take(&mut self, draft: &OrderDraft) {
        self.buyers.take(draft);
        for line in &draft.lines {
            self.change_stock(line.item, |stock, quantity| stock - quantity, line.quantity);
        }
        if let Some(slot) = draft.coupon.and_then(|id| self.coupons.get_mut(&id)) {
            slot.value.used_by = Some(draft.number.clone());
            slot.is_changed = true;
        }
    }

    fn give_back(&mut self, order: &Order) {
        for line in &order.lines {
            self.change_stock(line.item, |stock, quantity| stock + quantity, line.quantity);
        }
        self.give_back_coupon(order);
    }

    /// The pieces of a refund that was done; and the coupon, if the order has no other pieces left: it was used for them, too.
    fn give_back_pieces(&mut self, order: &Order, refund: u16) {
        let of_refund = order.refunds.iter().filter(|done| done.number == refund);
        for pieces in of_refund.flat_map(|done| &done.pieces) {
            if let Some(line) = order.lines.get(usize::from(pieces.line) - 1) {
                let quantity = i64::from(pieces.quantity);
                self.change_stock(line.item, |stock, quantity| stock + quantity, quantity);
            }
        }
        if is_whole(order) {
            self.give_back_coupon(order);
        }
    }

    fn give_back_coupon(&mut self, order: &Order) {
        let slot = order.coupon.and_then(|id| self.coupons.get_mut(&id));
        if let Some(slot) = slot.filter(|slot| slot.value.used_by.as_ref() == Some(&order.number)) {
            slot.value.used_by = None;
            slot.is_changed = true;
        }
    }

    /// The result is always a possible stock: quantities were checked against it when they were taken.
    fn change_stock(&mut self, item: ItemId, change: fn(i64, i64) -> i64, quantity: i64) {
        if let Some(slot) = self.items.get_mut(&item) {
            let stock = change(i64::from(slot.value.stock), quantity);
            // Such a stock could only come from a bug, which tests are to find. Orders go on meanwhile; selling nothing is the lesser evil.
            debug_assert!(
                u32::try_from(stock).is_ok(),
                "stock of item {item} would be {stock}"
            );
            slot.value.stock = u32::try_from(stock.max(0)).unwrap_or(u32::MAX);
            slot.is_changed = true;
        }
    }

    fn order_line(&self, line: DraftLine) -> OrderLine {
        let offer = self.items.get(&line.item).map(|slot| Offer {
            name: Arc::clone(&slot.value.name),
            price: slot.value.price,
        });
        OrderLine {
            item: line.item,
            quantity: line.quantity,
            offer,
        }
    }
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
