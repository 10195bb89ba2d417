//! What the shelf takes, refuses and gives back.

use super::*;
use crate::domain::samples::{coupon, draft, item, money, now, number, payment};

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

mod taking {
    use super::*;

    #[test]
    fn given_stock_for_all_lines_when_opened_then_all_is_taken_at_the_catalogues_prices() {
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
    fn given_one_line_beyond_the_stock_when_opened_then_nothing_is_taken_and_the_total_is_told() {
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
    fn given_several_lines_of_one_item_then_they_are_summed_before_the_stock_is_asked() {
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
    fn given_two_drafts_that_want_the_last_piece_then_the_first_has_it() {
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
    fn given_no_lines_when_opened_then_it_is_an_order_of_nothing() {
        let mut shelf = shelf();
        let order = open(&mut shelf, draft(1, &[]));
        assert_eq!(
            (order.state, order.total_price),
            (OrderState::Created, Money::ZERO)
        );
        assert!(!has_changed(&shelf));
    }
}

mod senseless_wishes {
    use super::*;

    #[test]
    fn given_quantities_below_one_then_they_are_invalid_and_take_nothing() {
        for quantity in [0, -1, i64::MIN] {
            let mut shelf = shelf();
            let order = open(&mut shelf, draft(1, &[(2, 1), (1, quantity)]));
            assert_eq!(order.state, refused(Reason::InvalidQuantity), "{quantity}");
            assert_eq!(order.lines[1].quantity, quantity);
            assert!(!has_changed(&shelf));
        }
    }

    #[test]
    fn given_quantities_beyond_every_stock_then_they_are_out_of_stock_even_where_a_sum_would_overflow()
     {
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
    fn given_a_total_that_no_amount_can_hold_then_the_quantity_is_invalid() {
        let mut shelf = Shelf::new([item(1, "99999999999999999", 9)], []);
        for lines in [&[(1, 2)][..], &[(1, 1), (1, 1)]] {
            let order = open(&mut shelf, draft(1, lines));
            assert_eq!(order.state, refused(Reason::InvalidQuantity), "{lines:?}");
            assert_eq!(order.total_price, Money::ZERO);
        }
    }

    #[test]
    fn given_an_item_that_is_not_in_the_catalogue_then_it_is_unknown_and_its_line_has_no_offer() {
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

mod coupons {
    use super::*;

    #[test]
    fn given_a_usable_coupon_when_opened_then_it_is_taken_and_takes_off_its_discount() {
        let mut shelf = shelf();
        let order = open(&mut shelf, with_coupon(draft(1, &[(1, 1)])));
        assert_eq!(
            (order.total_price, order.final_price),
            (money("12000"), money("9000"))
        );
        assert_eq!(holder(&shelf), Some(1));
    }

    #[test]
    fn given_a_coupon_worth_more_than_the_total_then_nothing_is_to_be_paid() {
        let mut shelf = shelf();
        let order = open(&mut shelf, with_coupon(draft(1, &[(2, 1)])));
        assert_eq!(
            (order.total_price, order.final_price),
            (money("0.01"), Money::ZERO)
        );
    }

    #[test]
    fn given_a_coupon_that_can_not_be_used_then_the_order_says_why_and_takes_nothing() {
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
    fn given_two_drafts_of_one_batch_with_one_coupon_then_only_the_first_has_it() {
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

mod giving_back {
    use super::*;

    #[test]
    fn given_an_open_order_when_rejected_then_all_its_stock_and_its_coupon_come_back() {
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
    fn given_a_coupon_that_came_back_then_another_order_may_take_it_in_the_same_batch() {
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
    fn given_a_coupon_that_another_order_holds_when_an_order_that_asked_for_it_ends_then_it_stays_there()
     {
        let mut shelf = shelf();
        let first = open(&mut shelf, with_coupon(draft(1, &[(1, 1)])));
        reject(&mut shelf, &first);
        open(&mut shelf, with_coupon(draft(2, &[(1, 1)])));
        reject(&mut shelf, &first);
        assert_eq!(holder(&shelf), Some(2));
    }

    #[test]
    fn given_an_order_that_is_completed_then_it_keeps_what_it_holds() {
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
    fn given_a_batch_then_it_needs_what_it_takes_and_gives_back_once_each_in_ascending_order() {
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
