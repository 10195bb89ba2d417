//! The one store that all owners share, behind an auditor who writes down what is stored and finds out what must not be.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use order_service::domain::catalogue::Item;
use order_service::domain::coupon::Coupon;
use order_service::domain::decide::Transition;
use order_service::domain::order::{CouponId, ItemId, Order, OrderState};
use order_service::outbound::memory::order_store::MemoryOrderStore;
use order_service::ports::order_store::{OrderStore, StoreOutcome};
use order_service::ports::reviews::Reviews;
use shared::order_number::OrderNumber;

use crate::invariants::{Check, Invariant, Violation, violated};
use crate::sabotage::Sabotage;
use crate::tally::Tally;

/// The store.
#[derive(Debug)]
pub struct Store {
    inner: MemoryOrderStore,
    /// What is stored, as the outcomes have told.
    orders: BTreeMap<OrderNumber, Arc<Order>>,
    stock: BTreeMap<ItemId, u32>,
    coupons: Vec<CouponId>,
    sabotage: Sabotage,
}

impl Store {
    /// A store with this catalogue and no order.
    #[must_use]
    pub fn new(items: &[Item], coupons: &[Coupon], sabotage: Sabotage) -> Self {
        Self {
            inner: MemoryOrderStore::new(items.iter().cloned(), coupons.iter().cloned()),
            orders: BTreeMap::new(),
            stock: items.iter().map(|item| (item.id, item.stock)).collect(),
            coupons: coupons.iter().map(|coupon| coupon.id).collect(),
            sabotage,
        }
    }

    /// An order as an actor loads it.
    #[must_use]
    pub fn load(&self, number: &OrderNumber) -> Option<Arc<Order>> {
        self.inner.load(number).ok().flatten().map(Arc::new)
    }

    /// One transaction.
    ///
    /// # Errors
    /// When an order moves as it must not.
    pub fn apply(
        &mut self,
        batch: &[Transition],
        tally: &mut Tally,
    ) -> Result<Vec<StoreOutcome>, Violation> {
        let batch: Vec<Transition> = batch
            .iter()
            .map(|transition| self.sabotaged(transition))
            .collect();
        let outcomes = self.inner.apply(&batch).unwrap_or_default();
        for outcome in &outcomes {
            match outcome {
                StoreOutcome::Applied(order) => {
                    tally.count("stored");
                    self.audit(order)?;
                    self.orders.insert(order.number.clone(), Arc::clone(order));
                }
                StoreOutcome::Conflict(_) => tally.count("conflict"),
            }
        }
        Ok(outcomes)
    }

    /// Orders that are due for review, in the same order each time.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>) -> Vec<Order> {
        let due = self.inner.due(now, None, u32::MAX);
        due.map(|due| due.orders).unwrap_or_default()
    }

    /// Every order.
    pub fn orders(&self) -> impl Iterator<Item = &Arc<Order>> {
        self.orders.values()
    }

    /// An order as the auditor knows it.
    #[must_use]
    pub fn order(&self, number: &OrderNumber) -> Option<&Arc<Order>> {
        self.orders.get(number)
    }

    /// Of each item what was there at the beginning, and what is now.
    pub fn stock(&self) -> impl Iterator<Item = (ItemId, u32, u32)> {
        self.stock
            .iter()
            .map(|(item, initial)| (*item, *initial, self.inner.stock(*item)))
    }

    /// Each coupon with its holder.
    pub fn coupons(&self) -> impl Iterator<Item = (CouponId, Option<OrderNumber>)> {
        self.coupons
            .iter()
            .map(|coupon| (*coupon, self.inner.coupon_holder(*coupon)))
    }

    /// A pending order may do anything, a rejected one have its books closed, a paid one nothing; each step is one revision.
    fn audit(&self, order: &Order) -> Check {
        let before = self.orders.get(&order.number);
        let is_lawful = match before.map(|before| (&before.state, &order.state)) {
            None => order.revision == 0 && !matches!(order.state, OrderState::Complete(_)),
            Some((OrderState::Created, _)) => true,
            Some((OrderState::Rejected(before), OrderState::Rejected(now))) => before == now,
            Some(_) => false,
        };
        let is_next = before.is_none_or(|before| {
            order.revision == before.revision + 1
                && order.final_price == before.final_price
                && order.request_id == before.request_id
                && order.created_at == before.created_at
        });
        if is_lawful && is_next {
            Ok(())
        } else {
            violated(Invariant::Lawful, format!("{before:?} became {order:?}"))
        }
    }

    fn sabotaged(&self, transition: &Transition) -> Transition {
        match (self.sabotage, transition) {
            (
                Sabotage::NothingGivenBack,
                Transition::Reject {
                    order,
                    reason,
                    detail,
                    review_at,
                },
            ) => Transition::Reject {
                order: Arc::new(Order {
                    lines: Vec::new(),
                    coupon: None,
                    ..order.as_ref().clone()
                }),
                reason: *reason,
                detail: detail.clone(),
                review_at: *review_at,
            },
            (Sabotage::BlindWrites, Transition::Complete { order, payment }) => {
                Transition::Complete {
                    order: self.blindly(order),
                    payment: payment.clone(),
                }
            }
            (
                Sabotage::BlindWrites,
                Transition::Reject {
                    order,
                    reason,
                    detail,
                    review_at,
                },
            ) => Transition::Reject {
                order: self.blindly(order),
                reason: *reason,
                detail: detail.clone(),
                review_at: *review_at,
            },
            (_, transition) => transition.clone(),
        }
    }

    /// The order as its owner knows it, under the revision that happens to be stored.
    fn blindly(&self, order: &Arc<Order>) -> Arc<Order> {
        let revision = self
            .orders
            .get(&order.number)
            .map_or(order.revision, |stored| stored.revision);
        Arc::new(Order {
            revision,
            ..order.as_ref().clone()
        })
    }
}
