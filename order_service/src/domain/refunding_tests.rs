//! Refunds: what they cost, and that they add up.

use super::*;
use crate::domain::decide::Transition;
use crate::domain::order::ItemId;
use crate::domain::refund::RefundOutcome;
use crate::domain::samples::{coupon, draft, item, money, now, payment};
use crate::domain::shelf::Shelf;

/// A paid order of items 1 (1,000), 2 (333) and 3 (0.5), with a coupon that takes off so much.
fn paid(lines: &[(ItemId, i64)], off: &str) -> Order {
    let prices = ["1000", "333", "0.5"];
    let items = (1..).zip(prices).map(|(id, price)| item(id, price, 100));
    let mut shelf = Shelf::new(items, [coupon(7, off)]);
    let mut wish = draft(1, lines);
    wish.coupon = Some(7);
    let order = shelf.settle(&Transition::Open(wish));
    let amount = order.final_price.to_string();
    order.completed(payment("paid", &amount))
}

fn key(text: &str) -> Idempotency {
    Idempotency {
        key: text.parse().unwrap(),
        fingerprint: text.parse().unwrap(),
    }
}

fn pieces(line: u16, quantity: u32) -> Pieces {
    Pieces { line, quantity }
}

fn begun(order: &Order, asked: Option<&[Pieces]>) -> Refund {
    begin(order, asked, &key("key"), now()).unwrap().unwrap()
}

fn after(order: &Order, asked: Option<&[Pieces]>, outcome: RefundOutcome) -> Order {
    let refund = begun(order, asked);
    let number = refund.number;
    order.refunding(refund, now()).refund_ended(number, outcome)
}

#[test]
fn all_that_is_left_is_what_was_paid_less_what_was_given_back() {
    let order = paid(&[(1, 2), (2, 1)], "100");
    assert_eq!(begun(&order, None).amount, order.final_price);
    let rest = after(&order, Some(&[pieces(1, 1)]), RefundOutcome::Done);
    let refund = begun(&rest, None);
    assert_eq!(refund.pieces, [pieces(1, 1), pieces(2, 1)]);
    let first = rest.refunds[0].amount;
    assert_eq!(first.checked_add(refund.amount), Some(order.final_price));
}

#[test]
fn each_line_bears_its_share_of_the_discount() {
    // Of 1,333 won 100 are taken off: 75 of the first line, 25 of the second.
    let order = paid(&[(1, 1), (2, 1)], "100");
    let of_line = |line| begun(&order, Some(&[pieces(line, 1)])).amount;
    assert_eq!((of_line(1), of_line(2)), (money("925"), money("308")));
}

#[test]
fn a_piece_costs_whole_units_and_the_last_one_what_is_left() {
    // 2,900 for three pieces.
    let mut order = paid(&[(1, 3)], "100");
    let mut amounts = Vec::new();
    for _ in 0..3 {
        let one = [pieces(1, 1)];
        amounts.push(begun(&order, Some(&one)).amount);
        order = after(&order, Some(&one), RefundOutcome::Done);
    }
    assert_eq!(amounts, [money("966"), money("967"), money("967")]);
    assert!(is_whole(&order));
}

#[test]
fn whatever_is_given_back_in_whatever_order_adds_up_to_what_was_paid() {
    for off in ["0", "1", "99.5", "1000", "2000", "9999999"] {
        for first in 0..=3_u32 {
            for second in 0..=2_u32 {
                let mut order = paid(&[(1, 3), (2, 2), (3, 1), (1, 1)], off);
                let asked = [pieces(1, first), pieces(2, second), pieces(4, 1)];
                let asked: Vec<Pieces> = asked.into_iter().filter(|p| p.quantity > 0).collect();
                order = after(&order, Some(&asked), RefundOutcome::Done);
                order = after(&order, None, RefundOutcome::Done);
                let amounts = order.refunds.iter().map(|refund| refund.amount);
                let sum = amounts.fold(Money::ZERO, |sum, amount| sum.checked_add(amount).unwrap());
                assert_eq!(sum, order.final_price, "{off} {first} {second}");
                assert!(is_whole(&order));
            }
        }
    }
}

#[test]
fn a_line_that_is_named_twice_is_summed_up() {
    let order = paid(&[(1, 3)], "0");
    let refund = begun(&order, Some(&[pieces(1, 1), pieces(1, 2)]));
    assert_eq!(refund.pieces, [pieces(1, 3)]);
}

#[test]
fn more_than_is_left_or_of_no_line_is_refused() {
    let order = paid(&[(1, 2), (2, 1)], "0");
    let rest = after(&order, Some(&[pieces(1, 1)]), RefundOutcome::Done);
    for asked in [
        &[pieces(1, 2)][..],
        &[pieces(1, 1), pieces(1, 1)],
        &[pieces(2, 2)],
        &[pieces(3, 1)],
        &[pieces(0, 1)],
        &[pieces(1, u32::MAX), pieces(1, u32::MAX)],
    ] {
        let refused = begin(&rest, Some(asked), &key("key"), now());
        assert_eq!(refused, Err(Reason::ExceedsWhatIsLeft), "{asked:?}");
    }
}

#[test]
fn what_the_gateway_refused_to_give_back_is_left() {
    let order = paid(&[(1, 2)], "0");
    let kept = after(&order, None, RefundOutcome::Refused);
    assert!(!is_whole(&kept));
    let again = begun(&kept, None);
    assert_eq!((again.number, again.amount), (2, order.final_price));
}

#[test]
fn when_nothing_is_left_there_is_nothing_to_do() {
    let whole = after(&paid(&[(1, 2)], "0"), None, RefundOutcome::Done);
    assert_eq!(begin(&whole, None, &key("key"), now()), Ok(None));
}

#[test]
fn an_order_has_a_limit_of_refunds() {
    let mut order = paid(&[(1, 2)], "0");
    for _ in 0..MAX_REFUNDS {
        order = after(&order, None, RefundOutcome::Refused);
    }
    let refused = begin(&order, None, &key("key"), now());
    assert_eq!(refused, Err(Reason::TooManyRefunds));
}
