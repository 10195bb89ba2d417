//! money: charged at the gateway, and not cancelled ⇔ COMPLETE, for the same amount; what was given back of it is what the order's refunds say.

use crate::evidence::{Evidence, Money, Movement, Order, RefundState};
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Status;
use std::collections::BTreeSet;

/// See the file's head. While an order's books are open, its money may still be on its way.
pub(super) fn money(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let none = Vec::new();
    for (number, order) in &evidence.stored.orders {
        let movements = evidence.ledger.get(number).unwrap_or(&none);
        if let Some(what) = complaint(order, movements) {
            findings.order(number, what);
        }
    }
    for (number, movements) in &evidence.ledger {
        let is_charged = count(movements, Money::Charged) > count(movements, Money::Canceled);
        if is_charged && !evidence.stored.orders.contains_key(number) {
            findings.order(number, "it was charged, but there is no such order");
        }
    }
    let charged: BTreeSet<&str> = movements_of(evidence, Money::Charged)
        .map(|movement| movement.payment.as_str())
        .collect();
    let given_back: BTreeSet<&str> = movements_of(evidence, Money::Canceled)
        .map(|movement| movement.payment.as_str())
        .collect();
    for told in &evidence.told {
        let refused = told.certain().is_some_and(|said| {
            said.http == 402 || said.reason.as_deref() == Some("AMOUNT_MISMATCH")
        });
        // an order that is still to be reviewed may be refunded yet
        let is_open = told
            .order()
            .and_then(|number| evidence.stored.orders.get(number))
            .is_some_and(Order::is_open);
        let is_kept =
            |payment: &&str| !is_open && charged.contains(payment) && !given_back.contains(payment);
        if let Some(payment) = told.payment().filter(|payment| refused && is_kept(payment)) {
            findings.order(
                told.order().unwrap_or_default(),
                format!("payment {payment} was refused, but never refunded"),
            );
        }
    }
    let canceled = movements_of(evidence, Money::Canceled).count();
    findings.verdict(
        "money",
        "an order is COMPLETE if and only if its price was charged and not refunded",
        format!("{} charges, {canceled} of them refunded", charged.len()),
    )
}

fn movements_of(evidence: &Evidence, money: Money) -> impl Iterator<Item = &Movement> {
    let movements = evidence.ledger.values().flatten();
    movements.filter(move |movement| movement.money == money)
}

fn count(movements: &[Movement], money: Money) -> usize {
    movements
        .iter()
        .filter(|found| found.money == money)
        .count()
}

fn complaint(order: &Order, movements: &[Movement]) -> Option<String> {
    let (charged, canceled) = (
        count(movements, Money::Charged),
        count(movements, Money::Canceled),
    );
    if charged > 1 {
        return Some(format!("it was charged {charged} times"));
    }
    match order.status {
        Status::Complete if order.price == 0 && charged == canceled => None,
        Status::Complete if charged != 1 => {
            Some(format!("it is COMPLETE, but was charged {charged} times"))
        }
        Status::Complete if !is_refunded_as_it_says(order, movements) => Some(format!(
            "{} of it were given back, but its refunds say {}, and {} more that are under way",
            sum(movements, Money::Canceled),
            order.refunded(RefundState::Done),
            order.refunded(RefundState::Requested)
        )),
        Status::Complete => {
            let charge = movements
                .iter()
                .find(|found| found.money == Money::Charged)?;
            let is_same =
                charge.amount == order.price && order.payment.as_deref() == Some(&charge.payment);
            (!is_same).then(|| {
                format!(
                    "it costs {} and was paid by {}, but {} was charged by {}",
                    order.price,
                    order.payment.as_deref().unwrap_or("nothing"),
                    charge.amount,
                    charge.payment
                )
            })
        }
        Status::Created if canceled > 0 => {
            Some("it is pending, but its payment was refunded".to_owned())
        }
        Status::Rejected if charged != canceled && !order.is_open() => {
            Some("it is REJECTED, but its payment was not refunded".to_owned())
        }
        Status::Created | Status::Rejected => None,
    }
}

/// The money of a refund that is under way may have been given back already.
fn is_refunded_as_it_says(order: &Order, movements: &[Movement]) -> bool {
    let given_back = sum(movements, Money::Canceled);
    let done = order.refunded(RefundState::Done);
    let with_those_under_way = done + order.refunded(RefundState::Requested);
    [done, with_those_under_way].contains(&given_back)
}

fn sum(movements: &[Movement], money: Money) -> i64 {
    let moved = movements.iter().filter(|found| found.money == money);
    moved.map(|found| found.amount).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::samples::{HELD, PAID, REFUNDED, movement, only, sound};
    use crate::told::Request;

    fn ledger<'a>(evidence: &'a mut Evidence, order: &str) -> &'a mut Vec<Movement> {
        evidence.ledger.entry(order.to_owned()).or_default()
    }

    mod violated {
        use super::*;

        #[test]
        fn by_a_complete_order_without_a_charge() {
            let mut evidence = sound();
            ledger(&mut evidence, PAID).clear();
            only(&evidence, "money");
        }

        #[test]
        fn by_a_complete_order_that_was_refunded() {
            let mut evidence = sound();
            let canceled = movement(Money::Canceled, "pay-1", 22_000);
            ledger(&mut evidence, PAID).push(canceled);
            only(&evidence, "money");
        }

        #[test]
        fn by_a_charge_of_another_amount_or_payment() {
            let mut evidence = sound();
            ledger(&mut evidence, PAID)[0].amount += 1;
            only(&evidence, "money");
            let mut evidence = sound();
            ledger(&mut evidence, PAID)[0].payment = "pay-2".into();
            only(&evidence, "money");
        }

        #[test]
        fn by_a_second_charge() {
            let mut evidence = sound();
            let again = movement(Money::Charged, "pay-1", 22_000);
            ledger(&mut evidence, PAID).push(again);
            only(&evidence, "money");
        }

        #[test]
        fn by_a_rejected_order_that_was_not_refunded_in_time() {
            let mut evidence = sound();
            ledger(&mut evidence, REFUNDED).pop();
            only(&evidence, "money");
            let order = evidence.stored.orders.get_mut(REFUNDED).unwrap();
            (order.review_at, order.revision) = (Some(1), 1);
            assert!(
                complaint(
                    &evidence.stored.orders[REFUNDED],
                    &evidence.ledger[REFUNDED]
                )
                .is_none()
            );
        }

        #[test]
        fn by_a_charge_without_an_order() {
            let mut evidence = sound();
            let charged = movement(Money::Charged, "pay-9", 1);
            ledger(&mut evidence, "404").push(charged);
            only(&evidence, "money");
            let canceled = movement(Money::Canceled, "pay-9", 1);
            ledger(&mut evidence, "404").push(canceled);
            assert!(super::money(&evidence).violations.is_empty());
        }

        #[test]
        fn by_a_refused_payment_that_was_charged() {
            let mut evidence = sound();
            let told = &mut evidence.told;
            let mut refused = told[0].clone();
            refused.request = Request::Pay {
                order: PAID.into(),
                payment: "pay-1".into(),
                amount: 1,
            };
            refused.answer =
                crate::invariants::samples::said(422, PAID, None, Some("AMOUNT_MISMATCH"));
            told.push(refused);
            only(&evidence, "money");
            let back = movement(Money::Canceled, "pay-1", 22_000);
            ledger(&mut evidence, PAID).push(back);
            let found = super::money(&evidence).violations;
            assert!(
                found.iter().all(|found| !found.what.contains("refused")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_pending_order_may_be_charged_but_not_refunded() {
        let mut evidence = sound();
        let charged = movement(Money::Charged, "pay-9", 12_000);
        ledger(&mut evidence, HELD).push(charged);
        assert!(complaint(&evidence.stored.orders[HELD], &evidence.ledger[HELD]).is_none());
        let canceled = movement(Money::Canceled, "pay-9", 12_000);
        ledger(&mut evidence, HELD).push(canceled);
        only(&evidence, "money");
    }

    #[test]
    fn a_free_order_is_complete_without_a_charge() {
        let mut evidence = sound();
        evidence.stored.orders.get_mut(PAID).unwrap().price = 0;
        ledger(&mut evidence, PAID).clear();
        assert!(super::money(&evidence).violations.is_empty());
    }

    mod a_refund {
        use super::*;
        use crate::evidence::RefundState;
        use crate::invariants::judge;
        use crate::invariants::samples::refund_a_piece;

        fn refunded() -> Evidence {
            let mut evidence = sound();
            refund_a_piece(&mut evidence);
            evidence
        }

        #[test]
        fn that_is_done_everywhere_keeps_all_invariants() {
            for verdict in judge(&refunded()) {
                assert_eq!(verdict.violations, [], "{}", verdict.name);
            }
        }

        #[test]
        fn whose_money_is_given_back_twice_or_not_at_all_violates() {
            let mut twice = refunded();
            let again = movement(Money::Canceled, "pay-1", 11_000);
            ledger(&mut twice, PAID).push(again);
            only(&twice, "money");
            let mut never = refunded();
            ledger(&mut never, PAID).pop();
            only(&never, "money");
        }

        #[test]
        fn whose_pieces_are_not_given_back_violates() {
            let mut evidence = refunded();
            let item = evidence.stored.orders[PAID].lines[0].line.item;
            *evidence.stored.stock.get_mut(&item).unwrap() -= 1;
            only(&evidence, "stock");
        }

        #[test]
        fn that_is_stored_without_its_transitions_violates() {
            let mut evidence = refunded();
            evidence.stored.orders.get_mut(PAID).unwrap().revision -= 1;
            only(&evidence, "one at a time");
        }

        #[test]
        fn that_is_under_way_must_be_reviewed() {
            let mut evidence = refunded();
            let order = evidence.stored.orders.get_mut(PAID).unwrap();
            order.refunds[0].state = RefundState::Requested;
            order.revision -= 1;
            let item = order.lines[0].line.item;
            *evidence.stored.stock.get_mut(&item).unwrap() -= 1;
            only(&evidence, "terminal");
            let order = evidence.stored.orders.get_mut(PAID).unwrap();
            order.review_at = Some(1);
            evidence.is_final = true;
            evidence.stored.orders.get_mut(HELD).unwrap().status = Status::Created;
            assert_eq!(only(&evidence, "terminal").len(), 2);
        }

        #[test]
        fn of_the_whole_order_frees_its_coupon() {
            let mut evidence = refunded();
            refund_a_piece(&mut evidence);
            only(&evidence, "coupons");
        }
    }
}
