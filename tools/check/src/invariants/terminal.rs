//! terminal: whatever was begun comes to an end within the mall's own recovery time.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Status;

/// Nothing is overdue; and once all had time to end, every order is COMPLETE or REJECTED and its books are closed.
pub(super) fn terminal(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for number in &evidence.unresolved {
        findings.order(number, "somebody should have looked at it by now");
    }
    let mut open = 0;
    for (number, order) in &evidence.stored.orders {
        open += usize::from(order.is_open());
        let what = match (order.status, order.is_open()) {
            (Status::Created, false) => "it is pending, and nobody will ever look at it again",
            (Status::Complete, true) => "it is paid, and its books are open",
            (Status::Created, true) if evidence.is_final => "it is pending for ever",
            (Status::Rejected, true) if evidence.is_final => "its books are open for ever",
            (Status::Created | Status::Rejected, true)
            | (Status::Complete | Status::Rejected, false) => continue,
        };
        findings.order(number, what);
    }
    let count = evidence.stored.orders.len();
    findings.verdict(
        "terminal",
        "every paid or expired order comes to its end in time",
        format!("{count} orders, {open} still open"),
    )
}

#[cfg(test)]
mod tests {
    use crate::invariants::samples::{HELD, PAID, REFUSED, only, sound};

    #[test]
    fn given_an_order_that_is_overdue_then_terminal_says_so() {
        let mut evidence = sound();
        evidence.unresolved.push(HELD.into());
        only(&evidence, "terminal");
    }

    #[test]
    fn given_pending_orders_at_the_very_end_then_terminal_says_so() {
        let mut evidence = sound();
        evidence.is_final = true;
        assert_eq!(only(&evidence, "terminal").len(), 1);
    }

    #[test]
    fn given_a_rejected_order_with_open_books_at_the_very_end_then_terminal_says_so() {
        let mut evidence = sound();
        let held = evidence.stored.orders.get_mut(REFUSED).unwrap();
        held.review_at = Some(1);
        held.revision = 1;
        held.reason = Some("PAYMENT_DECLINED".into());
        evidence.is_final = true;
        evidence.told.retain(|told| told.order() != Some(REFUSED));
        assert_eq!(
            crate::invariants::judge(&evidence)
                .iter()
                .find(|verdict| verdict.name == "terminal")
                .unwrap()
                .violations
                .len(),
            2
        );
    }

    #[test]
    fn given_a_pending_order_that_nobody_reviews_then_terminal_says_so() {
        let mut evidence = sound();
        evidence.stored.orders.get_mut(HELD).unwrap().review_at = None;
        only(&evidence, "terminal");
    }

    #[test]
    fn given_a_paid_order_with_open_books_then_terminal_says_so() {
        let mut evidence = sound();
        evidence.stored.orders.get_mut(PAID).unwrap().review_at = Some(1);
        only(&evidence, "terminal");
    }
}
