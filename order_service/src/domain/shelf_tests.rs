//! What the shelf takes, refuses and gives back.

use super::*;
use crate::domain::samples::{coupon, draft, item, money, now, number, payment};

#[path = "shelf_limit_tests.rs"]
mod a_member_with_a_limit;

/// Item 1 costs 12000, three pieces; item 2 costs 0.01, a hundred pieces. Coupon 7 takes off 3000.
fn shelf() -> Shelf {
    Shelf::new(
        [item(1, "12000", 3), item(2, "0.01", 100)],
        [coupon(7, "3000")],
    )
}

fn open(shelf: &mut Shelf, draft: OrderDraft) -> Order {
    shelf.settle(&Transition::Open(draft))
}

fn reject(shelf: &mut Shelf, order: &Order) -> Order {
    shelf.settle(&Transition::Reject {
        order: Arc::new(order.clone()),
        reason: Reason::Expired,
        detail: None,
        review_at: now(),
    })
}

fn with_coupon(draft: OrderDraft) -> OrderDraft {
    OrderDraft {
        coupon: Some(7),
        ..draft
    }
}

fn stock(shelf: &Shelf, item: ItemId) -> u32 {
    shelf.items[&item].value.stock
}

fn holder(shelf: &Shelf) -> Option<u32> {
    shelf.coupons[&7]
        .value
        .used_by
        .as_ref()
        .map(|number| number.as_str().parse().unwrap())
}

fn refused(reason: Reason) -> OrderState {
    OrderState::Rejected(reason)
}

fn has_changed(shelf: &Shelf) -> bool {
    shelf.changed_items().next().is_some() || shelf.changed_coupons().next().is_some()
}

mod an_order {
    use super::*;

    #[test]
    fn takes_all_lines_at_the_catalogues_prices() {
        let mut shelf = shelf();
        let order = open(&mut shelf, draft(1, &[(1, 2), (2, 3)]));
        assert_eq!((stock(&shelf, 1), stock(&shelf, 2)), (1, 97));
        assert_eq!(order.state, OrderState::Created);
        assert_eq!(
            (order.total_price, order.final_price),
            (money("24000.03"), money("24000.03"))
        );
        let offers: Vec<_> = order
            .lines
            .iter()
            .map(|line| line.offer.as_ref().unwrap().price)
            .collect();
        assert_eq!(offers, [money("12000"), money("0.01")]);
    }

    #[test]
    fn takes_nothing_when_one_line_is_beyond_the_stock_and_tells_the_total() {
        let mut shelf = shelf();
        let order = open(&mut shelf, with_coupon(draft(1, &[(2, 1), (1, 4)])));
        assert_eq!(order.state, refused(Reason::OutOfStock));
        assert_eq!(
            (order.total_price, order.final_price),
            (money("48000.01"), money("48000.01"))
        );
        assert!(!has_changed(&shelf));
    }

    #[test]
    fn sums_lines_of_one_item_before_it_checks_the_stock() {
        let mut shelf = shelf();
        assert_eq!(
            open(&mut shelf, draft(1, &[(1, 2), (1, 2)])).state,
            refused(Reason::OutOfStock)
        );
        assert_eq!(
            open(&mut shelf, draft(2, &[(1, 2), (1, 1)])).state,
            OrderState::Created
        );
        assert_eq!(stock(&shelf, 1), 0);
    }

    #[test]
    fn gives_the_last_piece_to_the_first_of_a_batch() {
        let mut shelf = shelf();
        assert_eq!(
            open(&mut shelf, draft(1, &[(1, 3)])).state,
            OrderState::Created
        );
        assert_eq!(
            open(&mut shelf, draft(2, &[(1, 1)])).state,
            refused(Reason::OutOfStock)
        );
    }

    #[test]
    fn may_have_no_lines() {
        let mut shelf = shelf();
        let order = open(&mut shelf, draft(1, &[]));
        assert_eq!(
            (order.state, order.total_price),
            (OrderState::Created, Money::ZERO)
        );
        assert!(!has_changed(&shelf));
    }
}

mod lines_that_make_no_sense {
    use super::*;

    #[test]
    fn below_one_are_invalid() {
        for quantity in [0, -1, i64::MIN] {
            let mut shelf = shelf();
            let order = open(&mut shelf, draft(1, &[(2, 1), (1, quantity)]));
            assert_eq!(order.state, refused(Reason::InvalidQuantity), "{quantity}");
            assert_eq!(order.lines[1].quantity, quantity);
            assert!(!has_changed(&shelf));
        }
    }

    #[test]
    fn beyond_every_stock_are_out_of_stock_even_where_a_sum_would_overflow() {
        let beyond = i64::from(u32::MAX) + 1;
        for lines in [
            &[(2, beyond)][..],
            &[(2, i64::MAX)],
            &[(2, i64::MAX), (2, i64::MAX)],
        ] {
            let mut shelf = Shelf::new([item(2, "0.01", u32::MAX)], []);
            assert_eq!(
                open(&mut shelf, draft(1, lines)).state,
                refused(Reason::OutOfStock),
                "{lines:?}"
            );
            assert!(!has_changed(&shelf));
        }
    }

    #[test]
    fn whose_total_no_amount_can_hold_are_invalid() {
        let mut shelf = Shelf::new([item(1, "99999999999999999", 9)], []);
        for lines in [&[(1, 2)][..], &[(1, 1), (1, 1)]] {
            let order = open(&mut shelf, draft(1, lines));
            assert_eq!(order.state, refused(Reason::InvalidQuantity), "{lines:?}");
            assert_eq!(order.total_price, Money::ZERO);
        }
    }

    #[test]
    fn of_an_unknown_item_have_no_offer() {
        let mut shelf = shelf();
        let order = open(&mut shelf, draft(1, &[(1, 1), (99, 1)]));
        assert_eq!(order.state, refused(Reason::UnknownItem));
        let has_offer: Vec<_> = order
            .lines
            .iter()
            .map(|line| line.offer.is_some())
            .collect();
        assert_eq!(has_offer, [true, false]);
        assert!(!has_changed(&shelf));
    }
}

mod a_coupon {
    use super::*;

    #[test]
    fn takes_off_its_discount() {
        let mut shelf = shelf();
        let order = open(&mut shelf, with_coupon(draft(1, &[(1, 1)])));
        assert_eq!(
            (order.total_price, order.final_price),
            (money("12000"), money("9000"))
        );
        assert_eq!(holder(&shelf), Some(1));
    }

    #[test]
    fn takes_off_at_most_the_total() {
        let mut shelf = shelf();
        let order = open(&mut shelf, with_coupon(draft(1, &[(2, 1)])));
        assert_eq!(
            (order.total_price, order.final_price),
            (money("0.01"), Money::ZERO)
        );
    }

    #[test]
    fn rejects_the_order_when_it_can_not_be_used() {
        let usable = coupon(7, "3000");
        let (begin, end) = (usable.valid_from, usable.valid_until);
        for (coupon, reason) in [
            (
                Coupon {
                    id: 8,
                    ..usable.clone()
                },
                Reason::CouponUnknown,
            ),
            (
                Coupon {
                    valid_from: end,
                    ..usable.clone()
                },
                Reason::CouponNotYetValid,
            ),
            (
                Coupon {
                    valid_until: begin,
                    ..usable.clone()
                },
                Reason::CouponExpired,
            ),
            (
                Coupon {
                    used_by: Some(number(9)),
                    ..usable.clone()
                },
                Reason::CouponUsed,
            ),
            (
                Coupon {
                    minimum_total: money("12000.01"),
                    ..usable
                },
                Reason::CouponMinimumNotMet,
            ),
        ] {
            let mut shelf = Shelf::new([item(1, "12000", 3)], [coupon]);
            let order = open(&mut shelf, with_coupon(draft(1, &[(1, 1)])));
            assert_eq!(order.state, refused(reason));
            assert_eq!(
                (order.total_price, order.final_price),
                (money("12000"), money("12000"))
            );
            assert!(!has_changed(&shelf), "{reason}");
        }
    }

    #[test]
    fn goes_to_the_first_of_a_batch() {
        let mut shelf = shelf();
        assert_eq!(
            open(&mut shelf, with_coupon(draft(1, &[(2, 1)]))).state,
            OrderState::Created
        );
        assert_eq!(
            open(&mut shelf, with_coupon(draft(2, &[(2, 1)]))).state,
            refused(Reason::CouponUsed)
        );
        assert_eq!((holder(&shelf), stock(&shelf, 2)), (Some(1), 99));
    }
}

mod an_order_that_ends {
    use super::*;

    #[test]
    fn gives_back_stock_and_coupon() {
        let mut shelf = shelf();
        let order = open(&mut shelf, with_coupon(draft(1, &[(1, 1), (2, 5), (1, 2)])));
        let rejected = reject(&mut shelf, &order);
        assert_eq!(
            (rejected.state, rejected.revision),
            (refused(Reason::Expired), 1)
        );
        assert_eq!(
            (stock(&shelf, 1), stock(&shelf, 2), holder(&shelf)),
            (3, 100, None)
        );
    }

    #[test]
    fn gives_a_coupon_back_to_others_of_the_same_batch() {
        let mut shelf = shelf();
        let first = open(&mut shelf, with_coupon(draft(1, &[(1, 1)])));
        reject(&mut shelf, &first);
        assert_eq!(
            open(&mut shelf, with_coupon(draft(2, &[(1, 1)]))).state,
            OrderState::Created
        );
        assert_eq!(holder(&shelf), Some(2));
    }

    #[test]
    fn leaves_a_coupon_that_another_order_holds() {
        let mut shelf = shelf();
        let first = open(&mut shelf, with_coupon(draft(1, &[(1, 1)])));
        reject(&mut shelf, &first);
        open(&mut shelf, with_coupon(draft(2, &[(1, 1)])));
        reject(&mut shelf, &first);
        assert_eq!(holder(&shelf), Some(2));
    }

    #[test]
    fn keeps_stock_and_coupon_when_completed() {
        let mut shelf = shelf();
        let order = Arc::new(open(&mut shelf, with_coupon(draft(1, &[(1, 2)]))));
        let payment = payment("paid", "21000");
        let complete = shelf.settle(&Transition::Complete {
            order,
            payment: payment.clone(),
        });
        assert_eq!(
            (complete.state, complete.revision),
            (OrderState::Complete(payment), 1)
        );
        assert_eq!((stock(&shelf, 1), holder(&shelf)), (1, Some(1)));
    }
}

mod needs {
    use super::*;

    #[test]
    fn are_what_a_batch_takes_and_gives_back_each_once_in_ascending_order() {
        let order = Arc::new(open(&mut shelf(), with_coupon(draft(1, &[(2, 1), (1, 1)]))));
        let payment = payment("paid", "1");
        let needs = Needs::of(&[
            Transition::Open(OrderDraft {
                coupon: Some(5),
                ..draft(2, &[(9, 1), (2, 1)])
            }),
            Transition::Reject {
                order: Arc::clone(&order),
                reason: Reason::Expired,
                detail: None,
                review_at: now(),
            },
            Transition::Complete { order, payment },
        ]);
        assert_eq!(needs.items.into_iter().collect::<Vec<_>>(), [1, 2, 9]);
        assert_eq!(needs.coupons.into_iter().collect::<Vec<_>>(), [5, 7]);
    }
}
