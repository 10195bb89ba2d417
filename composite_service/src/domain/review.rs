//! What to do about an order whose books are open: its purchase has ended, or died, without anybody knowing whether the gateway has
//! charged. Decides from what the order service and the gateway say now; does nothing. Every step may be done twice.

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::order::{OrderCommand, Payment};

/// What the gateway says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It has charged, and has not cancelled.
    Charged(Payment),
    /// It has declined the order's payment, and will charge no other.
    Declined,
    /// Nothing is charged: it has cancelled, or never heard of the order.
    NotCharged,
    /// It can't say, or not yet.
    Unknown(String),
    /// It was not reached, or failed, which says nothing of this order.
    Away(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// Send this command.
    Send(OrderCommand),
    /// Cancel the payment; the next review finds nothing charged.
    Refund(Payment, Reason),
    /// Look again later.
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
        // The order service checks the amount, and rejects the order when it is wrong; then it is due for review again.
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

    #[test]
    fn given_a_pending_order_then_the_gateway_decides_whether_it_is_completed_or_given_up() {
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

    #[test]
    fn given_a_rejected_order_then_a_charge_is_given_back_before_the_books_are_closed() {
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

    #[test]
    fn given_a_gateway_that_can_not_say_then_nothing_is_done() {
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
