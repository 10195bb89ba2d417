//! What to do about an order that is due for review: its purchase has ended or crashed, and it is unknown whether the gateway has charged.
//! Decides from the current state at the order service and at the gateway. Pure. Every remedy is idempotent.

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::order::{OrderCommand, Payment};

/// The state of an order's payment at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Charged and not cancelled.
    Charged(Payment),
    /// Declined, and no other payment of the order will be charged.
    Declined,
    /// Not charged: the payment is cancelled, or the gateway does not know the order.
    NotCharged,
    /// The gateway has answered, but the payment is in no final state.
    Unknown(String),
    /// The gateway was not reached or has failed, which says nothing about this order.
    Away(String),
}

/// The action for an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// Send this command.
    Send(OrderCommand),
    /// Cancel the payment. The next review finds nothing charged, and settles the order.
    Refund(Payment, Reason),
    /// Do nothing now; a later round reviews the order again.
    Wait,
}

/// Decides about an order that is due for review.
#[must_use]
pub fn remedy(number: &OrderNumber, order: &OrderDto, standing: Standing) -> Remedy {
    let number = number.clone();
    let rejected_for = order.reject_reason.unwrap_or(Reason::Expired);
    match (order.status, standing) {
        (_, Standing::Unknown(_) | Standing::Away(_)) | (Some(OrderStatus::Complete) | None, _) => {
            Remedy::Wait
        }
        // The amount is not compared here: the order service does so when it approves. If it is wrong, it rejects the order, which is
        // then due for review again and refunded.
        (Some(OrderStatus::Created), Standing::Charged(payment)) => {
            Remedy::Send(OrderCommand::Approve { number, payment })
        }
        (Some(OrderStatus::Created), Standing::Declined) => reject(number, Reason::PaymentDeclined),
        (Some(OrderStatus::Created), Standing::NotCharged) => reject(number, Reason::Expired),
        (Some(OrderStatus::Rejected), Standing::Charged(payment)) => {
            Remedy::Refund(payment, rejected_for)
        }
        (Some(OrderStatus::Rejected), Standing::Declined | Standing::NotCharged) => {
            Remedy::Send(OrderCommand::Settle { number })
        }
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
            assert_eq!(
                reviewed(OrderStatus::Rejected, Standing::Charged(payment())),
                refund
            );
            let settle = Remedy::Send(OrderCommand::Settle { number: number() });
            for standing in [Standing::NotCharged, Standing::Declined] {
                assert_eq!(reviewed(OrderStatus::Rejected, standing), settle);
            }
        }
    }

    mod an_unknown_standing {
        use super::*;

        #[test]
        fn changes_nothing() {
            for status in [
                OrderStatus::Created,
                OrderStatus::Rejected,
                OrderStatus::Complete,
            ] {
                for standing in [Standing::Unknown, Standing::Away] {
                    assert_eq!(reviewed(status, standing("why".to_owned())), Remedy::Wait);
                }
            }
        }
    }
}
