//! What to do about an order that is due for review: its purchase has ended or crashed, and it is unknown whether the gateway has charged.
//! Decides from the current state at the order service and at the gateway. Pure. Every remedy is idempotent.

use std::fmt;

use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::order::{OrderCommand, Payment, Refund, RefundOutcome};
use super::purchase::needs_gateway;
use super::refund::{given_back, requested_of};

/// The state of an order's payment at the gateway. The states are those of a Toss payment
/// (<https://docs.tosspayments.com/reference#payment-객체>, `status`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Standing {
    /// `DONE`: charged and not cancelled.
    Charged(Payment),
    /// `PARTIAL_CANCELED`: charged, and a part was given back. With what is left of the charge, if the gateway tells it.
    PartlyCancelled(Payment, Option<Money>),
    /// `WAITING_FOR_DEPOSIT`: a virtual account is open, and the money may still come.
    AwaitsDeposit(Payment),
    /// `READY` or `IN_PROGRESS`: begun, and not charged. The gateway ends it by itself after a while.
    Unfinished,
    /// `ABORTED`: declined, and no other payment of the order will be charged.
    Declined,
    /// Nothing is charged: `EXPIRED`, `CANCELED`, or the gateway does not know the order.
    NotCharged,
    /// The gateway has answered, but its answer can't be trusted for this order. With what it has told, for the log.
    Strange(Oddity, String),
    /// The gateway was not reached, has failed or does not accept this shop's account, which says nothing about this order.
    Away(String),
}

/// Why an answer about an order's payment can't be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// It is about another order.
    OtherOrder,
    /// Its amount is not in the shop's currency.
    OtherCurrency,
    /// It has a state that the mall does not know.
    UnknownState,
    /// It refuses to tell, with a code of the gateway.
    Refused,
}

/// The action for an order.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Remedy {
    /// Send this command.
    Send(OrderCommand),
    /// Cancel the payment. The next review finds nothing charged, and settles the order.
    Refund(Payment, Reason),
    /// Give the money of a refund back, and tell the order service what the gateway has said.
    GiveBack(Payment, Refund),
    /// Do nothing now; a later round reviews the order again.
    Wait,
    /// The same, and tell operators why: the order waits for something that no review can do.
    Hold(Hold),
}

/// What an order waits for that no review can do. Shown to operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// The payment of a pending order was cancelled in part.
    PartlyCancelled,
    /// The shopper has not yet paid into the virtual account.
    AwaitsDeposit,
    /// The payment has begun, and is not finished.
    Unfinished,
    /// The gateway has answered about another order.
    OtherOrder,
    /// The payment is in another currency.
    OtherCurrency,
    /// The payment has an unknown state.
    UnknownState,
    /// The gateway refuses to tell the payment's state.
    Refused,
    /// The gateway refuses to give the money back.
    NotCancellable,
    /// What is left of a paid order's charge does not go with the order's refunds.
    OtherBalance,
}

impl Hold {
    /// Every hold.
    pub const ALL: [Self; 9] = [
        Self::PartlyCancelled,
        Self::AwaitsDeposit,
        Self::Unfinished,
        Self::OtherOrder,
        Self::OtherCurrency,
        Self::UnknownState,
        Self::Refused,
        Self::NotCancellable,
        Self::OtherBalance,
    ];

    /// Its name in metrics and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PartlyCancelled => "PARTLY_CANCELLED",
            Self::AwaitsDeposit => "AWAITS_DEPOSIT",
            Self::Unfinished => "UNFINISHED",
            Self::OtherOrder => "OTHER_ORDER",
            Self::OtherCurrency => "OTHER_CURRENCY",
            Self::UnknownState => "UNKNOWN_STATE",
            Self::Refused => "REFUSED",
            Self::NotCancellable => "NOT_CANCELLABLE",
            Self::OtherBalance => "OTHER_BALANCE",
        }
    }
}

impl fmt::Display for Hold {
    /// What is the matter, and what ends it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PartlyCancelled => {
                "a part of the pending order's payment was cancelled; cancel the rest at the gateway, and the order expires"
            }
            Self::AwaitsDeposit => {
                "the shopper has not yet paid into the virtual account; the deposit or its due date ends this"
            }
            Self::Unfinished => {
                "the payment has begun and is not finished; the gateway ends it by itself within an hour"
            }
            Self::OtherOrder => "the gateway has answered about another order; ask its support",
            Self::OtherCurrency => {
                "the payment is not in the shop's currency; cancel it at the gateway, and the order expires"
            }
            Self::UnknownState => {
                "the gateway tells a state that the mall does not know; ask its support"
            }
            Self::Refused => "the gateway refuses to tell the payment's state; ask its support",
            Self::NotCancellable => {
                "the gateway refuses to give the rejected order's money back; refund it by hand at the gateway"
            }
            Self::OtherBalance => {
                "what is left of the paid order's charge does not go with its refunds; somebody has given money back by hand: compare the order's refunds with the gateway's"
            }
        })
    }
}

impl From<Oddity> for Hold {
    fn from(oddity: Oddity) -> Self {
        match oddity {
            Oddity::OtherOrder => Self::OtherOrder,
            Oddity::OtherCurrency => Self::OtherCurrency,
            Oddity::UnknownState => Self::UnknownState,
            Oddity::Refused => Self::Refused,
        }
    }
}

/// Decides about an order that is due for review.
#[must_use]
pub fn remedy(number: &OrderNumber, order: &OrderDto, standing: Standing) -> Remedy {
    match order.status {
        Some(OrderStatus::Created) => of_pending(number.clone(), standing),
        Some(OrderStatus::Rejected) => {
            let reason = order.reject_reason.unwrap_or(Reason::Expired);
            of_rejected(number.clone(), reason, standing)
        }
        Some(OrderStatus::Complete) => of_complete(number.clone(), order, standing),
        None => Remedy::Wait,
    }
}

/// Goes on with the refund that has not ended. The gateway gives its money back once, however often it is asked, for as long as it remembers
/// the refund. What is left of the charge tells whether it has done so, whatever it remembers.
fn of_complete(number: OrderNumber, order: &OrderDto, standing: Standing) -> Remedy {
    let Some((payment, refund)) = requested_of(order) else {
        return Remedy::Wait;
    };
    let done = Remedy::Send(OrderCommand::EndRefund {
        number,
        refund: refund.number,
        outcome: RefundOutcome::Done,
    });
    if !needs_gateway(&refund.as_payment(&payment)) {
        return done;
    }
    let before = payment.amount.less(given_back(order));
    let after = before.less(refund.amount);
    let balance = match standing {
        Standing::Charged(charged) => Some(charged.amount),
        Standing::PartlyCancelled(_, balance) => balance,
        // The whole of it was given back, or the gateway does not know it. Its answer to the refund tells which.
        Standing::NotCharged => Some(before),
        Standing::Declined | Standing::AwaitsDeposit(_) => None,
        Standing::Unfinished => return Remedy::Hold(Hold::Unfinished),
        Standing::Strange(oddity, _) => return Remedy::Hold(oddity.into()),
        Standing::Away(_) => return Remedy::Wait,
    };
    match balance {
        Some(balance) if balance == after => done,
        Some(balance) if balance == before => Remedy::GiveBack(payment, refund),
        _ => Remedy::Hold(Hold::OtherBalance),
    }
}

fn of_pending(number: OrderNumber, standing: Standing) -> Remedy {
    match standing {
        // The amount is not compared here: the order service does so when it approves. If it is wrong, it rejects the order, which is
        // then due for review again and refunded.
        Standing::Charged(payment) => Remedy::Send(OrderCommand::Approve { number, payment }),
        Standing::Declined => reject(number, Reason::PaymentDeclined),
        Standing::NotCharged => reject(number, Reason::Expired),
        Standing::PartlyCancelled(..) => Remedy::Hold(Hold::PartlyCancelled),
        Standing::AwaitsDeposit(_) => Remedy::Hold(Hold::AwaitsDeposit),
        Standing::Unfinished => Remedy::Hold(Hold::Unfinished),
        Standing::Strange(oddity, _) => Remedy::Hold(oddity.into()),
        Standing::Away(_) => Remedy::Wait,
    }
}

/// Nothing that was or may be paid for a rejected order is kept.
fn of_rejected(number: OrderNumber, reason: Reason, standing: Standing) -> Remedy {
    match standing {
        Standing::Charged(payment)
        | Standing::PartlyCancelled(payment, _)
        | Standing::AwaitsDeposit(payment) => Remedy::Refund(payment, reason),
        Standing::Declined | Standing::NotCharged => Remedy::Send(OrderCommand::Settle { number }),
        Standing::Unfinished => Remedy::Hold(Hold::Unfinished),
        Standing::Strange(oddity, _) => Remedy::Hold(oddity.into()),
        Standing::Away(_) => Remedy::Wait,
    }
}

fn reject(number: OrderNumber, reason: Reason) -> Remedy {
    Remedy::Send(OrderCommand::Reject {
        number,
        reason,
        detail: None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use shared::money::Money;

    fn payment() -> Payment {
        Payment {
            key: "p".parse().unwrap(),
            amount: Money::from_units(12_000),
        }
    }

    fn reviewed(status: OrderStatus, standing: Standing) -> Remedy {
        let order = OrderDto {
            status: Some(status),
            reject_reason: Some(Reason::PaymentDeclined),
            ..OrderDto::default()
        };
        remedy(&number(), &order, standing)
    }

    fn strange(oddity: Oddity) -> Standing {
        Standing::Strange(oddity, "why".to_owned())
    }

    fn number() -> OrderNumber {
        "7".parse().unwrap()
    }

    mod a_pending_order {
        use super::*;

        #[test]
        fn is_completed_or_given_up_as_the_gateway_says() {
            let approve = OrderCommand::Approve {
                number: number(),
                payment: payment(),
            };
            assert_eq!(
                reviewed(OrderStatus::Created, Standing::Charged(payment())),
                Remedy::Send(approve)
            );
            for (standing, reason) in [
                (Standing::NotCharged, Reason::Expired),
                (Standing::Declined, Reason::PaymentDeclined),
            ] {
                let remedy = reviewed(OrderStatus::Created, standing);
                assert_eq!(remedy, reject(number(), reason));
            }
        }
    }

    mod a_rejected_order {
        use super::*;

        #[test]
        fn is_refunded_before_it_is_settled() {
            let refund = Remedy::Refund(payment(), Reason::PaymentDeclined);
            for standing in [
                Standing::Charged(payment()),
                Standing::PartlyCancelled(payment(), None),
                Standing::AwaitsDeposit(payment()),
            ] {
                assert_eq!(reviewed(OrderStatus::Rejected, standing), refund);
            }
            let settle = Remedy::Send(OrderCommand::Settle { number: number() });
            for standing in [Standing::NotCharged, Standing::Declined] {
                assert_eq!(reviewed(OrderStatus::Rejected, standing), settle);
            }
        }
    }

    mod a_payment_that_no_review_can_end {
        use super::*;

        #[test]
        fn of_a_pending_order_is_held_with_its_reason() {
            for (standing, hold) in [
                (
                    Standing::PartlyCancelled(payment(), None),
                    Hold::PartlyCancelled,
                ),
                (Standing::AwaitsDeposit(payment()), Hold::AwaitsDeposit),
                (Standing::Unfinished, Hold::Unfinished),
            ] {
                assert_eq!(reviewed(OrderStatus::Created, standing), Remedy::Hold(hold));
            }
        }

        #[test]
        fn is_held_for_every_oddity_and_while_it_is_unfinished() {
            for status in [OrderStatus::Created, OrderStatus::Rejected] {
                for (standing, hold) in [
                    (strange(Oddity::OtherOrder), Hold::OtherOrder),
                    (strange(Oddity::OtherCurrency), Hold::OtherCurrency),
                    (strange(Oddity::UnknownState), Hold::UnknownState),
                    (strange(Oddity::Refused), Hold::Refused),
                    (Standing::Unfinished, Hold::Unfinished),
                ] {
                    assert_eq!(reviewed(status, standing), Remedy::Hold(hold));
                }
            }
        }

        #[test]
        fn has_a_name_and_an_explanation_of_its_own() {
            let names: HashSet<_> = Hold::ALL.map(Hold::as_str).into();
            let explanations: HashSet<_> = Hold::ALL.map(|hold| hold.to_string()).into();
            assert_eq!(
                (names.len(), explanations.len()),
                (Hold::ALL.len(), Hold::ALL.len())
            );
        }
    }

    mod an_unreached_gateway {
        use super::*;

        #[test]
        fn changes_nothing() {
            for status in [
                OrderStatus::Created,
                OrderStatus::Rejected,
                OrderStatus::Complete,
            ] {
                assert_eq!(
                    reviewed(status, Standing::Away("why".to_owned())),
                    Remedy::Wait
                );
            }
        }
    }

    mod a_complete_order_with_a_refund {
        use super::*;
        use shared::wire::order_dto::{PaymentDto, RefundDto, RefundStatus};

        fn refund(number: u16, units: u32, status: RefundStatus) -> RefundDto {
            RefundDto {
                refund_num: Some(number),
                status: Some(status),
                amount: Some(Money::from_units(units)),
                ..RefundDto::default()
            }
        }

        /// Of 12,000 won 2,000 were given back, and so many are to be; a refund of 9,000 was refused.
        fn found(units: u32, standing: Standing) -> Remedy {
            let order = OrderDto {
                status: Some(OrderStatus::Complete),
                payment: Some(PaymentDto::from(&payment())),
                refund_list: Some(vec![
                    refund(1, 2_000, RefundStatus::Done),
                    refund(2, 9_000, RefundStatus::Refused),
                    refund(3, units, RefundStatus::Requested),
                ]),
                ..OrderDto::default()
            };
            remedy(&number(), &order, standing)
        }

        fn left(units: u32) -> Standing {
            Standing::PartlyCancelled(payment(), Some(Money::from_units(units)))
        }

        fn done() -> Remedy {
            Remedy::Send(OrderCommand::EndRefund {
                number: number(),
                refund: 3,
                outcome: RefundOutcome::Done,
            })
        }

        #[test]
        fn is_given_back_unless_the_balance_says_that_it_was() {
            let refund = Refund {
                number: 3,
                amount: Money::from_units(4_000),
            };
            let gives_back = Remedy::GiveBack(payment(), refund);
            assert_eq!(found(4_000, left(10_000)), gives_back);
            assert_eq!(found(4_000, Standing::NotCharged), gives_back);
            assert_eq!(found(4_000, left(6_000)), done());
            assert_eq!(found(0, Standing::Away("why".to_owned())), done());
        }

        #[test]
        fn waits_for_the_gateway_or_for_a_person() {
            assert_eq!(found(4_000, Standing::Away("why".to_owned())), Remedy::Wait);
            for (standing, hold) in [
                (left(9_999), Hold::OtherBalance),
                (left(0), Hold::OtherBalance),
                (Standing::Charged(payment()), Hold::OtherBalance),
                (
                    Standing::PartlyCancelled(payment(), None),
                    Hold::OtherBalance,
                ),
                (Standing::Declined, Hold::OtherBalance),
                (Standing::Unfinished, Hold::Unfinished),
                (strange(Oddity::OtherCurrency), Hold::OtherCurrency),
            ] {
                assert_eq!(
                    found(4_000, standing.clone()),
                    Remedy::Hold(hold),
                    "{standing:?}"
                );
            }
        }
    }

    #[test]
    fn a_complete_order_is_left_alone() {
        for standing in [
            Standing::Charged(payment()),
            Standing::PartlyCancelled(payment(), None),
            Standing::NotCharged,
            strange(Oddity::UnknownState),
        ] {
            assert_eq!(reviewed(OrderStatus::Complete, standing), Remedy::Wait);
        }
    }
}
