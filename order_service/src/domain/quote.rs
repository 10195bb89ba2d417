//! What somebody is told who asks for a price without ordering.

use chrono::{DateTime, Utc};

use super::order::{CouponId, OrderLine, Wish};
use super::price::{NotGranted, Price};
use super::shelf::Shelf;

/// What an order would cost that is placed at the same moment. Nothing is held for it, so a later order may cost something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The lines as the order would have them.
    pub lines: Vec<OrderLine>,
    /// The coupon that is used.
    pub coupon: Option<CouponId>,
    /// The price.
    pub price: Price,
    /// The moment.
    pub priced_at: DateTime<Utc>,
    /// The coupon is valid until just before then, so the price can't be had any longer.
    pub coupon_valid_until: Option<DateTime<Utc>>,
}

/// The quote for the wish.
///
/// # Errors
/// When an order for it would be refused.
pub fn quote(shelf: &Shelf, wish: Wish<'_>) -> Result<Quote, NotGranted> {
    let price = shelf.price(wish)?;
    let coupon = wish.coupon.and_then(|id| shelf.coupon(id));
    Ok(Quote {
        lines: shelf.lines(wish.lines),
        coupon: wish.coupon,
        price,
        priced_at: wish.at,
        coupon_valid_until: coupon.map(|coupon| coupon.valid_until),
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use chrono::TimeDelta;
    use shared::reason::Reason;

    use super::*;
    use crate::domain::coupon::{Coupon, Discount};
    use crate::domain::decide::Transition;
    use crate::domain::order::{ItemId, Order, OrderDraft, OrderState};
    use crate::domain::pending_limits::{Buyers, Held, PendingLimits};
    use crate::domain::samples::{coupon, draft, item, money, now};

    /// Item 1 costs 12000, three pieces; item 2 costs 0.01, a hundred pieces. Coupons: 7 takes off 3000, 8 a tenth, 9 was used, 10 is for
    /// more than 30000.
    fn shelf() -> Shelf {
        let tenth = Discount::Percent {
            percent: 10,
            maximum: money("5000"),
        };
        let coupons = [
            coupon(7, "3000"),
            Coupon {
                discount: tenth,
                ..coupon(8, "0")
            },
            Coupon {
                used_by: Some("1".parse().unwrap()),
                ..coupon(9, "1")
            },
            Coupon {
                minimum_total: money("30000"),
                ..coupon(10, "1")
            },
        ];
        Shelf::new([item(1, "12000", 3), item(2, "0.01", 100)], coupons)
    }

    fn wish(lines: &[(ItemId, i64)], coupon: Option<CouponId>) -> OrderDraft {
        OrderDraft {
            coupon,
            ..draft(1, lines)
        }
    }

    /// All kinds of wishes, granted or not.
    fn wishes() -> impl Iterator<Item = OrderDraft> {
        let baskets: [&[(ItemId, i64)]; 9] = [
            &[],
            &[(1, 1)],
            &[(1, 3), (2, 7)],
            &[(2, 99), (1, 1), (2, 1)],
            &[(1, 2), (1, 2)],
            &[(2, 101)],
            &[(1, 0)],
            &[(404, 1)],
            &[(1, i64::MAX)],
        ];
        let coupons = [None, Some(7), Some(8), Some(9), Some(10), Some(404)];
        baskets
            .into_iter()
            .flat_map(move |lines| coupons.into_iter().map(|coupon| wish(lines, coupon)))
    }

    fn ordered(shelf: &mut Shelf, draft: &OrderDraft) -> Order {
        shelf.settle(&Transition::Open(draft.clone()))
    }

    #[test]
    fn it_is_what_the_order_costs_or_why_it_is_refused() {
        for draft in wishes() {
            let told = quote(&shelf(), draft.wish());
            let order = ordered(&mut shelf(), &draft);
            match told {
                Ok(quote) => {
                    let price = (quote.price.total, quote.price.to_pay());
                    assert_eq!(price, (order.total_price, order.final_price), "{draft:?}");
                    assert_eq!((quote.lines, quote.coupon), (order.lines, order.coupon));
                    assert_eq!(order.state, OrderState::Created);
                }
                Err(why) => {
                    assert_eq!(order.state, OrderState::Rejected(why.reason()), "{draft:?}");
                    assert_eq!(order.retry_at(), why.retry_at());
                }
            }
        }
    }

    #[test]
    fn a_coupon_tells_until_when_it_can_be_used() {
        let until = |coupon| {
            let wish = wish(&[(1, 1)], coupon);
            quote(&shelf(), wish.wish()).unwrap().coupon_valid_until
        };
        assert_eq!(until(None), None);
        assert_eq!(until(Some(7)), Some(coupon(7, "1").valid_until));
    }

    #[test]
    fn a_member_with_too_much_pending_hears_when_to_order() {
        let limits = PendingLimits {
            orders: NonZeroU32::new(1),
            pieces: None,
        };
        let held = Held {
            orders: 1,
            pieces: 5,
            first_end: Some(now() + TimeDelta::minutes(7)),
        };
        let kim = "kim".parse().unwrap();
        let shelf = shelf().for_buyers(Buyers::new(limits, [(kim, held)]));
        let by_kim = OrderDraft {
            member: Some("kim".parse().unwrap()),
            ..wish(&[(1, 1)], None)
        };
        let why = quote(&shelf, by_kim.wish()).unwrap_err();
        assert_eq!(why.reason(), Reason::TooManyPendingOrders);
        assert_eq!(why.retry_at(), held.first_end);
    }
}
