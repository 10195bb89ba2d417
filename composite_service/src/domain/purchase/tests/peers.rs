//! The order service and the gateway of the model world.

use std::collections::BTreeMap;

use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderStatus, PaymentDto};

use super::samples::{PRICE, order};
use crate::domain::order::{OrderCommand, OrderReply};
use crate::domain::purchase::{CancelAnswer, ConfirmAnswer};

/// The order service's orders.
#[derive(Debug, Clone)]
pub(super) struct Orders(pub(super) BTreeMap<OrderNumber, Order>);

/// The gateway's decisions.
#[derive(Debug, Clone)]
pub(super) struct Charges(pub(super) BTreeMap<OrderNumber, Charge>);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) request_id: String,
    pub(super) state: OrderState,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum OrderState {
    Created,
    Complete(PaymentDto),
    Rejected(Reason),
}

/// What the gateway has decided about an order, once for all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Charge {
    pub(super) payment: PaymentDto,
    pub(super) state: ChargeState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChargeState {
    Charged,
    Declined,
    Cancelled,
}

/// How the other side is disposed where it has a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    Ill,
}

impl Orders {
    /// The order service: decides as `order_service`'s domain does, out of stock when ill disposed.
    pub(super) fn serve(&mut self, command: &OrderCommand, mood: Mood) -> OrderReply {
        let number = command.number();
        let Some(stored) = self.0.get(number) else {
            let OrderCommand::Create { basket, .. } = command else {
                return OrderReply::Refused(Reason::UnknownOrder);
            };
            let state = match mood {
                Mood::Well => OrderState::Created,
                Mood::Ill => OrderState::Rejected(Reason::OutOfStock),
            };
            let reply = told(number, &state);
            self.0.insert(
                number.clone(),
                Order {
                    request_id: basket.request_id.clone(),
                    state,
                },
            );
            return reply;
        };
        let next = match (command, &stored.state) {
            (OrderCommand::Create { basket, .. }, _) if basket.request_id != stored.request_id => {
                return OrderReply::Refused(Reason::OrderNumberTaken);
            }
            (OrderCommand::Create { .. }, state) => state.clone(),
            (OrderCommand::Approve { payment, .. }, OrderState::Created) => {
                OrderState::Complete(payment.clone())
            }
            (OrderCommand::Reject { reason, .. }, OrderState::Created) => {
                OrderState::Rejected(*reason)
            }
            (OrderCommand::Approve { payment, .. }, OrderState::Complete(made))
                if payment == made =>
            {
                stored.state.clone()
            }
            (_, OrderState::Complete(_)) => return OrderReply::Refused(Reason::AlreadyPaid),
            (OrderCommand::Approve { .. }, OrderState::Rejected(_)) => {
                return OrderReply::Refused(Reason::AlreadyRejected);
            }
            (OrderCommand::Settle { .. }, OrderState::Created) => {
                return OrderReply::Refused(Reason::OrderPending);
            }
            (
                OrderCommand::Reject { .. } | OrderCommand::Settle { .. },
                OrderState::Rejected(_),
            ) => stored.state.clone(),
        };
        let reply = told(number, &next);
        self.0
            .entry(number.clone())
            .and_modify(|order| order.state = next);
        reply
    }
}

impl Charges {
    /// The gateway: decides once an order. Asked again about a cancelled charge, it repeats itself or tells the state of today.
    pub(super) fn confirm(
        &mut self,
        number: &OrderNumber,
        payment: &PaymentDto,
        mood: Mood,
    ) -> ConfirmAnswer {
        assert_eq!(
            payment.amount,
            Money::from_units(PRICE),
            "a wrong amount is never charged"
        );
        let state = if mood == Mood::Well {
            ChargeState::Charged
        } else {
            ChargeState::Declined
        };
        let charge = self.0.entry(number.clone()).or_insert(Charge {
            payment: payment.clone(),
            state,
        });
        match charge.state {
            _ if charge.payment != *payment => ConfirmAnswer::PaidOtherwise,
            ChargeState::Charged => ConfirmAnswer::Confirmed,
            ChargeState::Declined => ConfirmAnswer::Declined("no".to_owned()),
            ChargeState::Cancelled if mood == Mood::Well => ConfirmAnswer::Confirmed,
            ChargeState::Cancelled => ConfirmAnswer::PaidOtherwise,
        }
    }

    pub(super) fn cancel(&mut self, number: &OrderNumber, payment: &PaymentDto) -> CancelAnswer {
        let charge = self.0.get_mut(number).unwrap();
        assert_eq!(
            charge.payment, *payment,
            "nobody cancels what he has not charged"
        );
        assert_ne!(
            charge.state,
            ChargeState::Declined,
            "nothing is there to be cancelled"
        );
        charge.state = ChargeState::Cancelled;
        CancelAnswer::Cancelled
    }
}

fn told(number: &OrderNumber, state: &OrderState) -> OrderReply {
    let dto = |status| order(number.clone(), status);
    match state {
        OrderState::Created => OrderReply::Pending(dto(OrderStatus::Created)),
        OrderState::Complete(_) => OrderReply::Complete(dto(OrderStatus::Complete)),
        OrderState::Rejected(reason) => OrderReply::Rejected(dto(OrderStatus::Rejected), *reason),
    }
}
