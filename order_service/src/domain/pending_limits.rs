//! How much a member's pending orders may hold together, so that nobody empties a shelf without paying.

use std::collections::HashMap;
use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use shared::member_id::MemberId;
use shared::reason::Reason;

use super::order::{DraftLine, Order, OrderDraft, OrderState, Wish};

/// What a member may have pending. Orders without a member are not limited: there is nobody to count them by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PendingLimits {
    /// Orders.
    pub orders: Option<NonZeroU32>,
    /// Pieces, of all items together.
    pub pieces: Option<NonZeroU32>,
}

impl PendingLimits {
    /// Whether there is one.
    #[must_use]
    pub fn any(self) -> bool {
        self.orders.is_some() || self.pieces.is_some()
    }

    /// The member by whom a new order is counted, if it is.
    #[must_use]
    pub fn buyer(self, wish: Wish<'_>) -> Option<&MemberId> {
        wish.member.filter(|_| self.any())
    }

    /// Why a member who holds this much may not take so many pieces more.
    fn refusal(self, held: &Held, pieces: u64) -> Option<Reason> {
        let exceeds = |limit: Option<NonZeroU32>, wanted: u64| {
            limit.is_some_and(|limit| wanted > u64::from(limit.get()))
        };
        if exceeds(self.orders, held.orders.saturating_add(1)) {
            Some(Reason::TooManyPendingOrders)
        } else if exceeds(self.pieces, held.pieces.saturating_add(pieces)) {
            Some(Reason::TooManyPendingPieces)
        } else {
            None
        }
    }
}

/// What a member's pending orders hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// How many they are.
    pub orders: u64,
    /// Their pieces.
    pub pieces: u64,
    /// When the first of them ends, unless it is paid before.
    pub first_end: Option<DateTime<Utc>>,
}

impl Held {
    /// One more order.
    pub fn add(&mut self, pieces: u64, pay_by: DateTime<Utc>) {
        self.orders = self.orders.saturating_add(1);
        self.pieces = self.pieces.saturating_add(pieces);
        self.first_end = Some(self.first_end.map_or(pay_by, |first| first.min(pay_by)));
    }
}

/// The new order is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// What is too much.
    pub reason: Reason,
    /// When the first of the member's pending orders ends; `None` when the order alone is too much.
    pub first_end: Option<DateTime<Utc>>,
}

/// The members of a batch's new orders, with what they hold.
#[derive(Debug, Default)]
pub struct Buyers {
    limits: PendingLimits,
    held: HashMap<MemberId, Held>,
}

impl Buyers {
    /// Of members who hold this much. Somebody who is not named holds nothing.
    pub fn new(limits: PendingLimits, held: impl IntoIterator<Item = (MemberId, Held)>) -> Self {
        Self {
            limits,
            held: held.into_iter().collect(),
        }
    }

    /// Whether there is a limit.
    #[must_use]
    pub fn are_limited(&self) -> bool {
        self.limits.any()
    }

    /// Whether the member may have this pending, too.
    ///
    /// # Errors
    /// When that is too much.
    pub fn check(&self, wish: Wish<'_>) -> Result<(), TooMany> {
        let Some(member) = self.limits.buyer(wish) else {
            return Ok(());
        };
        let held = self.held.get(member).copied().unwrap_or_default();
        match self.limits.refusal(&held, pieces(wish.lines)) {
            Some(reason) => Err(TooMany {
                reason,
                first_end: held.first_end,
            }),
            None => Ok(()),
        }
    }

    /// The order is pending from now on.
    pub(super) fn take(&mut self, draft: &OrderDraft) {
        if let Some(member) = self.limits.buyer(draft.wish()) {
            let held = self.held.entry(member.clone()).or_default();
            held.add(pieces(&draft.lines), draft.pay_by);
        }
    }
}

/// What an order that stands adds to its member's; `None` when it is not pending, or has no member.
#[must_use]
pub fn pending_of(order: &Order) -> Option<(&MemberId, u64)> {
    let member = order.member.as_ref()?;
    match order.state {
        OrderState::Created => {
            let quantities = order.lines.iter().map(|line| line.quantity);
            Some((member, sum(quantities)))
        }
        OrderState::Complete(_) | OrderState::Rejected(_) => None,
    }
}

fn pieces(lines: &[DraftLine]) -> u64 {
    sum(lines.iter().map(|line| line.quantity))
}

/// Quantities below one are refused elsewhere.
fn sum(quantities: impl Iterator<Item = i64>) -> u64 {
    quantities.fold(0, |sum: u64, quantity| {
        sum.saturating_add(u64::try_from(quantity).unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::samples::{draft, now};

    fn limits(orders: u32, pieces: u32) -> PendingLimits {
        PendingLimits {
            orders: NonZeroU32::new(orders),
            pieces: NonZeroU32::new(pieces),
        }
    }

    fn by(member: &str, pieces: i64) -> OrderDraft {
        OrderDraft {
            member: Some(member.parse().unwrap()),
            ..draft(1, &[(1, pieces)])
        }
    }

    fn held(orders: u64, pieces: u64) -> Held {
        Held {
            orders,
            pieces,
            first_end: Some(now()),
        }
    }

    fn reason(limits: PendingLimits, has: Held, draft: &OrderDraft) -> Option<Reason> {
        let buyers = Buyers::new(limits, [("kim".parse().unwrap(), has)]);
        buyers
            .check(draft.wish())
            .err()
            .map(|too_many| too_many.reason)
    }

    #[test]
    fn an_order_is_refused_exactly_when_it_is_more_than_a_limit_allows() {
        for max_orders in 0..4 {
            for max_pieces in 0..6 {
                for orders in 0..5_u64 {
                    for pieces in 0..8_u64 {
                        for wanted in 1..4_i64 {
                            let too_many_orders =
                                max_orders > 0 && orders + 1 > u64::from(max_orders);
                            let too_many_pieces = max_pieces > 0
                                && pieces + wanted.unsigned_abs() > u64::from(max_pieces);
                            let expected = if too_many_orders {
                                Some(Reason::TooManyPendingOrders)
                            } else {
                                too_many_pieces.then_some(Reason::TooManyPendingPieces)
                            };
                            let limits = limits(max_orders, max_pieces);
                            let told = reason(limits, held(orders, pieces), &by("kim", wanted));
                            assert_eq!(told, expected, "{limits:?} {orders} {pieces} {wanted}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_is_counted_for_another_and_guests_not_at_all() {
        let guest = draft(1, &[(1, 1)]);
        for draft in [by("lee", 1), guest] {
            assert_eq!(reason(limits(1, 1), held(1, 1), &draft), None);
        }
    }

    #[test]
    fn what_a_batch_has_taken_counts() {
        let mut buyers = Buyers::new(limits(2, 0), []);
        let later = OrderDraft {
            pay_by: now() + TimeDelta::hours(1),
            ..by("kim", 1)
        };
        for draft in [&later, &by("kim", 1)] {
            assert_eq!(buyers.check(draft.wish()), Ok(()));
            buyers.take(draft);
        }
        let expected = TooMany {
            reason: Reason::TooManyPendingOrders,
            first_end: Some(draft(1, &[]).pay_by),
        };
        assert_eq!(buyers.check(later.wish()), Err(expected));
        assert_eq!(buyers.check(by("lee", 1).wish()), Ok(()));
    }

    #[test]
    fn an_order_that_is_too_much_by_itself_can_wait_for_nothing() {
        let buyers = Buyers::new(limits(0, 3), []);
        let expected = TooMany {
            reason: Reason::TooManyPendingPieces,
            first_end: None,
        };
        assert_eq!(buyers.check(by("kim", 4).wish()), Err(expected));
        assert_eq!(buyers.check(by("kim", i64::MAX).wish()), Err(expected));
    }

    #[test]
    fn all_lines_count_and_no_quantity_overflows() {
        let mut wish = by("kim", i64::MAX);
        wish.lines = vec![wish.lines[0]; 4];
        assert_eq!(pieces(&wish.lines), u64::MAX);
        assert_eq!(pieces(&draft(1, &[(1, 2), (2, 3), (1, -5)]).lines), 5);
    }
}
