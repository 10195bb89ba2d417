//! The order service and the gateway of the model world.

use std::collections::BTreeMap;

use shared::idempotency::IdempotencyKey;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::samples::{PRICE, order};
use crate::domain::order::{Basket, Idempotency, OrderCommand, OrderReply, Payment};
use crate::domain::purchase::{CancelAnswer, ConfirmAnswer};
use crate::domain::review::Standing;

/// The order service's orders.
#[derive(Debug, Clone, Hash)]
pub(super) struct Orders(pub(super) BTreeMap<OrderNumber, Order>);

/// The gateway's decisions.
#[derive(Debug, Clone, Hash)]
pub(super) struct Charges(pub(super) BTreeMap<OrderNumber, Charge>);

#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) struct Order {
    pub(super) request_id: String,
    pub(super) idempotency: Option<Idempotency>,
    /// The payment that has begun, and by which request.
    pub(super) intent: Option<(Payment, Option<Idempotency>)>,
    pub(super) state: OrderState,
    /// Its books are closed, though it is rejected.
    pub(super) is_settled: bool,
}

impl Order {
    pub(super) fn new(request_id: &str, idempotency: Option<Idempotency>) -> Self {
        Self {
            request_id: request_id.to_owned(),
            idempotency,
            intent: None,
            state: OrderState::Created,
            is_settled: false,
        }
    }

    /// One that could not be placed.
    pub(super) fn settled(request_id: &str) -> Self {
        Self {
            state: OrderState::Rejected(Reason::OutOfStock),
            is_settled: true,
            ..Self::new(request_id, None)
        }
    }
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) enum OrderState {
    Created,
    Complete(Payment),
    Rejected(Reason),
}

/// What the gateway has decided about an order, once for all.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) struct Charge {
    pub(super) payment: Payment,
    pub(super) state: ChargeState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ChargeState {
    Charged,
    Declined,
    Cancelled,
}

/// How the other side is disposed where it has a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mood {
    Well,
    Ill,
}

impl Orders {
    /// The order service: decides as `order_service`'s domain does; out of stock when ill disposed.
    pub(super) fn serve(&mut self, command: &OrderCommand, mood: Mood) -> OrderReply {
        match command {
            OrderCommand::Create { number, basket, .. } => self.create(number, basket, mood),
            OrderCommand::Pay {
                number,
                payment,
                idempotency,
            } => self.pay(number, payment, idempotency),
            OrderCommand::Approve { number, payment } => self.approve(number, payment),
            OrderCommand::Reject { number, reason, .. } => self.reject(number, *reason),
            OrderCommand::Settle { number } => self.settle(number),
            OrderCommand::Cancel { .. } | OrderCommand::EndRefund { .. } => {
                unreachable!("nobody cancels in this world: the simulation has those who do")
            }
        }
    }

    fn create(&mut self, number: &OrderNumber, basket: &Basket, mood: Mood) -> OrderReply {
        if let Some(stored) = self.0.get(number) {
            let is_same = stored.request_id == basket.request_id;
            return if is_same {
                told(number, stored)
            } else {
                OrderReply::Refused(Reason::OrderNumberTaken)
            };
        }
        if let Some(asked) = &basket.idempotency
            && let Some((number, stored, first)) = self.holder(&asked.key)
        {
            return if first == asked {
                told(number, stored)
            } else {
                OrderReply::Refused(Reason::IdempotencyKeyReused)
            };
        }
        let order = match mood {
            Mood::Well => Order::new(&basket.request_id, basket.idempotency.clone()),
            Mood::Ill => Order {
                idempotency: basket.idempotency.clone(),
                ..Order::settled(&basket.request_id)
            },
        };
        let reply = told(number, &order);
        self.0.insert(number.clone(), order);
        reply
    }

    fn holder(&self, key: &IdempotencyKey) -> Option<(&OrderNumber, &Order, &Idempotency)> {
        let with_keys = self
            .0
            .iter()
            .filter_map(|(number, order)| Some((number, order, order.idempotency.as_ref()?)));
        with_keys
            .into_iter()
            .find(|(.., idempotency)| idempotency.key == *key)
    }

    fn pay(
        &mut self,
        number: &OrderNumber,
        payment: &Payment,
        idempotency: &Option<Idempotency>,
    ) -> OrderReply {
        self.change(number, |order| {
            let earlier = order.intent.as_ref().and_then(|(_, key)| key.as_ref());
            if earlier
                .zip(idempotency.as_ref())
                .is_some_and(|(earlier, now)| earlier != now)
            {
                return Err(Reason::IdempotencyKeyReused);
            }
            let is_known = order
                .intent
                .as_ref()
                .is_some_and(|(made, _)| made == payment);
            match &order.state {
                OrderState::Created if payment.amount != Money::from_units(PRICE) => {
                    Err(Reason::AmountMismatch)
                }
                OrderState::Created => {
                    order.intent = Some((payment.clone(), idempotency.clone()));
                    Ok(())
                }
                OrderState::Complete(made) if made == payment => Ok(()),
                OrderState::Complete(_) => Err(Reason::AlreadyPaid),
                OrderState::Rejected(_) if is_known => Ok(()),
                OrderState::Rejected(_) => Err(Reason::AlreadyRejected),
            }
        })
    }

    fn approve(&mut self, number: &OrderNumber, payment: &Payment) -> OrderReply {
        self.change(number, |order| match &order.state {
            OrderState::Created => {
                order.state = OrderState::Complete(payment.clone());
                Ok(())
            }
            OrderState::Complete(made) if made == payment => Ok(()),
            OrderState::Complete(_) => Err(Reason::AlreadyPaid),
            OrderState::Rejected(_) => Err(Reason::AlreadyRejected),
        })
    }

    fn reject(&mut self, number: &OrderNumber, reason: Reason) -> OrderReply {
        self.change(number, |order| match order.state {
            // The order waits for another payment. Time passes as it likes here: the next expiry may find that there is none left.
            OrderState::Created if reason == Reason::Expired && order.intent.is_some() => {
                order.intent = None;
                Ok(())
            }
            OrderState::Created => {
                order.state = OrderState::Rejected(reason);
                Ok(())
            }
            OrderState::Complete(_) => Err(Reason::AlreadyPaid),
            OrderState::Rejected(_) => Ok(()),
        })
    }

    fn settle(&mut self, number: &OrderNumber) -> OrderReply {
        self.change(number, |order| match order.state {
            OrderState::Created => Err(Reason::OrderPending),
            OrderState::Complete(_) => Ok(()),
            OrderState::Rejected(_) => {
                order.is_settled = true;
                Ok(())
            }
        })
    }

    fn change(
        &mut self,
        number: &OrderNumber,
        change: impl FnOnce(&mut Order) -> Result<(), Reason>,
    ) -> OrderReply {
        match self.0.get_mut(number) {
            None => OrderReply::Refused(Reason::UnknownOrder),
            Some(order) => change(order).map_or_else(OrderReply::Refused, |()| told(number, order)),
        }
    }

    /// An order as it is read.
    pub(super) fn read(&self, number: &OrderNumber) -> OrderDto {
        dto(number, &self.0[number].state)
    }
}

impl Charges {
    /// The gateway: decides once an order. Asked again about a cancelled charge, it repeats itself or tells the state of today.
    pub(super) fn confirm(
        &mut self,
        number: &OrderNumber,
        payment: &Payment,
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
            ChargeState::Declined => ConfirmAnswer::Declined("no"),
            ChargeState::Cancelled if mood == Mood::Well => ConfirmAnswer::Confirmed,
            ChargeState::Cancelled => ConfirmAnswer::PaidOtherwise,
        }
    }

    /// What the gateway says of an order.
    pub(super) fn look_up(&self, number: &OrderNumber) -> Standing {
        match self.0.get(number) {
            Some(Charge {
                payment,
                state: ChargeState::Charged,
            }) => Standing::Charged(payment.clone()),
            Some(Charge {
                state: ChargeState::Declined,
                ..
            }) => Standing::Declined,
            Some(_) | None => Standing::NotCharged,
        }
    }

    pub(super) fn cancel(&mut self, number: &OrderNumber, payment: &Payment) -> CancelAnswer {
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

fn told(number: &OrderNumber, stored: &Order) -> OrderReply {
    let order = dto(number, &stored.state);
    match stored.state {
        OrderState::Created => OrderReply::Pending(order),
        OrderState::Complete(_) => OrderReply::Complete(order),
        OrderState::Rejected(reason) => OrderReply::Rejected(order, reason),
    }
}

fn dto(number: &OrderNumber, state: &OrderState) -> OrderDto {
    let (status, reject_reason) = match state {
        OrderState::Created => (OrderStatus::Created, None),
        OrderState::Complete(_) => (OrderStatus::Complete, None),
        OrderState::Rejected(reason) => (OrderStatus::Rejected, Some(*reason)),
    };
    OrderDto {
        reject_reason,
        ..order(number.clone(), status)
    }
}
