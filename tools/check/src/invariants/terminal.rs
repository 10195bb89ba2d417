//! terminal: every order reaches a final status within the mall's recovery time.

use crate::evidence::{Evidence, Order, RefundState};
use crate::invariants::verdict::{Findings, Verdict};
use crate::told::Status;

/// No review is overdue; and when everything had time to finish, every order is COMPLETE or REJECTED and no review is planned.
pub(super) fn terminal(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    for number in &evidence.unresolved {
        findings.order(number, "its review is overdue");
    }
    let mut open = 0;
    for (number, order) in &evidence.stored.orders {
        open += usize::from(order.is_open());
        let what = match (order.status, order.is_open()) {
            (Status::Created, false) => "it is pending, but no review is planned",
            (Status::Complete, true) if !is_refunding(order) => {
                "it is paid, but a review is still planned"
            }
            (Status::Complete, false) if is_refunding(order) => {
                "a refund of it is under way, but no review is planned"
            }
            (Status::Complete, true) if evidence.is_final => {
                "a refund of it is still under way at the end"
            }
            (Status::Created, true) if evidence.is_final => "it is still pending at the end",
            (Status::Rejected, true) if evidence.is_final => {
                "its review is still planned at the end"
            }
            (Status::Created | Status::Complete | Status::Rejected, true)
            | (Status::Complete | Status::Rejected, false) => continue,
        };
        findings.order(number, what);
    }
    let count = evidence.stored.orders.len();
    findings.verdict(
        "terminal",
        "every paid or expired order reaches a final status in time",
        format!("{count} orders, {open} still to be reviewed"),
    )
}

fn is_refunding(order: &Order) -> bool {
    order.refunds_in(RefundState::Requested).next().is_some()
}

#[cfg(test)]
mod tests {
    use crate::invariants::samples::{HELD, PAID, REFUSED, only, sound};

    mod violated {
        use super::*;

        #[test]
        fn by_an_overdue_review() {
            let mut evidence = sound();
            evidence.unresolved.push(HELD.into());
            only(&evidence, "terminal");
        }

        #[test]
        fn by_a_pending_order_at_the_end() {
            let mut evidence = sound();
            evidence.is_final = true;
            assert_eq!(only(&evidence, "terminal").len(), 1);
        }

        #[test]
        fn by_a_planned_review_at_the_end() {
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
        fn by_a_pending_order_without_a_review() {
            let mut evidence = sound();
            evidence.stored.orders.get_mut(HELD).unwrap().review_at = None;
            only(&evidence, "terminal");
        }

        #[test]
        fn by_a_paid_order_with_a_review() {
            let mut evidence = sound();
            evidence.stored.orders.get_mut(PAID).unwrap().review_at = Some(1);
            only(&evidence, "terminal");
        }
    }
}
