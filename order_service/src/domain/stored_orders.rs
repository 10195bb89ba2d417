//! Which stored order stands in the way of a transition: the same rule for every store.

use std::collections::HashMap;
use std::sync::Arc;

use shared::idempotency::IdempotencyKey;
use shared::order_number::OrderNumber;

use super::decide::Transition;
use super::order::Order;
use super::shelf::Shelf;

/// How a transition ended, where nothing failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOutcome {
    /// It is stored, for good, as this order.
    Stored(Arc<Order>),
    /// It started from a state that no longer stands, and nothing of it is stored. The order that stands, if any, is this.
    Stale(Option<Arc<Order>>),
}

/// Stored orders by number and by idempotency key.
#[derive(Debug, Default)]
pub struct StoredOrders {
    by_number: HashMap<OrderNumber, Arc<Order>>,
    by_key: HashMap<IdempotencyKey, OrderNumber>,
}

impl StoredOrders {
    /// Takes an order in, or its next revision, which may have let go of its key.
    pub fn keep(&mut self, order: &Arc<Order>) {
        let freed = self
            .by_number
            .get(&order.number)
            .filter(|before| before.idempotency != order.idempotency)
            .and_then(|before| before.idempotency.as_ref());
        if let Some(freed) = freed {
            self.by_key.remove(&freed.key);
        }
        if let Some(idempotency) = &order.idempotency {
            self.by_key
                .insert(idempotency.key.clone(), order.number.clone());
        }
        self.by_number
            .insert(order.number.clone(), Arc::clone(order));
    }

    /// The order of this number.
    #[must_use]
    pub fn get(&self, number: &OrderNumber) -> Option<&Arc<Order>> {
        self.by_number.get(number)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Order>> {
        self.by_number.values()
    }

    /// Does the transition, unless another order than it starts from is stored.
    pub fn settle(&mut self, transition: &Transition, shelf: &mut Shelf) -> StoreOutcome {
        if let Some(stale) = self.overtaken(transition) {
            return stale;
        }
        let order = Arc::new(shelf.settle(transition));
        self.keep(&order);
        StoreOutcome::Stored(order)
    }

    /// What a transition comes to when the order it starts from is not the one that is stored: a new order's number or idempotency
    /// key is taken, or an existing one's revision has moved on.
    fn overtaken(&self, transition: &Transition) -> Option<StoreOutcome> {
        let of_number = self.get(transition.number());
        let (current, is_stale) = match transition {
            Transition::Open(_) => {
                let current = of_number.or_else(|| self.key_holder(transition));
                (current, current.is_some())
            }
            Transition::BeginPayment { order, .. }
            | Transition::EndPayment { order }
            | Transition::Complete { order, .. }
            | Transition::Reject { order, .. }
            | Transition::Settle { order }
            | Transition::BeginRefund { order, .. }
            | Transition::EndRefund { order, .. } => (
                of_number,
                of_number.is_none_or(|current| current.revision != order.revision),
            ),
        };
        is_stale.then(|| StoreOutcome::Stale(current.cloned()))
    }

    fn key_holder(&self, transition: &Transition) -> Option<&Arc<Order>> {
        let number = self.by_key.get(transition.idempotency_key()?)?;
        self.by_number.get(number)
    }
}
