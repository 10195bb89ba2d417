//! What a member whose pending orders are limited gets from the shelf.

use std::num::NonZeroU32;

use super::*;
use crate::domain::order::Idempotency;
use crate::domain::pending_limits::{Held, PendingLimits};

fn by_kim(draft: OrderDraft) -> OrderDraft {
    OrderDraft {
        member: Some("kim".parse().unwrap()),
        idempotency: Some(Idempotency {
            key: "key".parse().unwrap(),
            fingerprint: "wish".parse().unwrap(),
        }),
        ..draft
    }
}

/// Kim has one order of five pieces, and may have as many orders as `orders`.
fn shelf_with(orders: u32) -> Shelf {
    let limits = PendingLimits {
        orders: NonZeroU32::new(orders),
        pieces: None,
    };
    let held = Held {
        orders: 1,
        pieces: 5,
        first_end: Some(now() + chrono::TimeDelta::minutes(7)),
    };
    shelf().for_buyers(Buyers::new(limits, [("kim".parse().unwrap(), held)]))
}

#[test]
fn takes_up_to_it_and_then_nothing() {
    let mut shelf = shelf_with(2);
    let first = open(&mut shelf, by_kim(draft(1, &[(1, 1)])));
    assert_eq!(
        (first.state, first.review_at),
        (OrderState::Created, Some(first.pay_by))
    );
    let second = open(&mut shelf, by_kim(with_coupon(draft(2, &[(1, 1)]))));
    assert_eq!(second.state, refused(Reason::TooManyPendingOrders));
    assert_eq!((stock(&shelf, 1), holder(&shelf)), (2, None));
    let others = open(&mut shelf, draft(3, &[(1, 1)]));
    assert_eq!(others.state, OrderState::Created);
}

#[test]
fn hears_when_to_try_again_and_keeps_the_key() {
    let order = open(&mut shelf_with(1), by_kim(draft(1, &[(1, 1)])));
    assert_eq!(
        order.retry_at(),
        Some(now() + chrono::TimeDelta::minutes(7))
    );
    assert_eq!((order.idempotency, order.review_at), (None, None));
    assert_eq!(order.total_price, money("12000"));
}

#[test]
fn hears_nothing_of_the_stock_but_of_mistakes() {
    for (lines, reason) in [
        (&[(1, 4)][..], Reason::TooManyPendingOrders),
        (&[(404, 1)], Reason::UnknownItem),
        (&[(1, 0)], Reason::InvalidQuantity),
    ] {
        let order = open(&mut shelf_with(1), by_kim(draft(1, lines)));
        assert_eq!(order.state, refused(reason));
    }
    let order = open(&mut shelf_with(2), by_kim(draft(1, &[(1, 4)])));
    assert_eq!(
        (order.retry_at(), order.state),
        (None, refused(Reason::OutOfStock))
    );
    assert!(order.idempotency.is_some());
}
