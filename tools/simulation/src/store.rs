//! The one store that all owners share, behind an auditor that keeps what is stored and finds what must not be. Somebody holds rows of it
//! for a while, and there may be orders that it fails with although it answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use memory_store::MemoryOrderStore;
use order_service::domain::catalogue::Item;
use order_service::domain::coupon::Coupon;
use order_service::domain::decide::Transition;
use order_service::domain::order::{CouponId, ItemId, Order, OrderState};
use order_service::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError, StoreRow};
use order_service::ports::reviews::Reviews;
use shared::order_number::OrderNumber;
use shared::payment::Payment;

use crate::sabotage::Sabotage;
use crate::tally::Tally;
use crate::violation::{Check, Invariant, Violation, violated};

/// The store.
#[derive(Debug)]
pub struct Store {
    inner: MemoryOrderStore,
    /// What is stored, as the outcomes have told.
    orders: BTreeMap<OrderNumber, Arc<Order>>,
    stock: BTreeMap<ItemId, u32>,
    coupons: Vec<CouponId>,
    /// Until when somebody holds them.
    held: BTreeMap<StoreRow, Duration>,
    /// Until when every batch fails that they are in.
    troubled: BTreeMap<OrderNumber, Duration>,
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
            held: BTreeMap::new(),
            troubled: BTreeMap::new(),
            sabotage,
        }
    }

    /// Somebody holds a row until then.
    pub fn hold(&mut self, row: StoreRow, until: Duration) {
        self.inner.hold(row.clone());
        self.held.insert(row, until);
    }

    /// The store fails with an order until then, although it answers.
    pub fn trouble(&mut self, number: OrderNumber, until: Duration) {
        self.troubled.insert(number, until);
    }

    /// Ends what has lasted until now.
    pub fn recover(&mut self, now: Duration) {
        self.troubled.retain(|_, until| *until > now);
        self.held.retain(|row, until| {
            let is_held = *until > now;
            if !is_held {
                self.inner.let_go(row);
            }
            is_held
        });
    }

    /// When something of it ends.
    pub fn recoveries(&self) -> impl Iterator<Item = Duration> {
        self.held.values().chain(self.troubled.values()).copied()
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
    pub fn write(
        &mut self,
        batch: &[Transition],
        on_held_row: OnHeldRow,
        tally: &mut Tally,
    ) -> Result<Vec<Fate>, Violation> {
        let is_troubled = |one: &Transition| self.troubled.contains_key(one.number());
        if batch.iter().any(is_troubled) {
            let error = StoreError::Unavailable("by the schedule".to_owned());
            return Ok(vec![Fate::Failing(error); batch.len()]);
        }
        let fates = self.inner.write(&self.sabotaged(batch), on_held_row);
        for fate in &fates {
            match fate {
                Fate::Stored(order) => {
                    tally.count("stored");
                    self.audit(order)?;
                    self.orders.insert(order.number.clone(), Arc::clone(order));
                }
                Fate::Stale(_) => tally.count("stale"),
                Fate::Held(_) | Fate::Failing(_) => tally.count("held"),
            }
        }
        Ok(fates)
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

    /// Nothing is charged but an order that is there, at its price.
    ///
    /// # Errors
    /// When it is not so.
    pub fn is_for_sale(&self, number: &OrderNumber, payment: &Payment) -> Check {
        match self.order(number) {
            Some(order) if order.final_price == payment.amount => Ok(()),
            order => violated(
                Invariant::Money,
                format!("{payment:?} is to be charged for {order:?}"),
            ),
        }
    }

    /// A pending order may do anything, a rejected one have its books closed, a paid one be refunded; each step is one revision.
    fn audit(&self, order: &Order) -> Check {
        let before = self.orders.get(&order.number);
        let is_lawful = match before.map(|before| (&before.state, &order.state)) {
            None => order.revision == 0 && !matches!(order.state, OrderState::Complete(_)),
            Some((OrderState::Created, _)) => true,
            Some((OrderState::Rejected(before), OrderState::Rejected(now))) => before == now,
            Some((OrderState::Complete(before), OrderState::Complete(now))) => before == now,
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

    fn sabotaged<'a>(&self, batch: &'a [Transition]) -> Cow<'a, [Transition]> {
        match self.sabotage {
            Sabotage::NothingGivenBack | Sabotage::BlindWrites | Sabotage::RefundsWithoutStock => {
                batch.iter().map(|one| self.sabotaged_one(one)).collect()
            }
            _ => Cow::Borrowed(batch),
        }
    }

    fn sabotaged_one(&self, transition: &Transition) -> Transition {
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
            (
                Sabotage::RefundsWithoutStock,
                Transition::EndRefund {
                    order,
                    refund,
                    outcome,
                },
            ) => Transition::EndRefund {
                order: Arc::new(Order {
                    lines: Vec::new(),
                    coupon: None,
                    ..order.as_ref().clone()
                }),
                refund: *refund,
                outcome: *outcome,
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
