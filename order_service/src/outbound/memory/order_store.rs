//! The order store in memory: what MySQL does, without MySQL. Its contract is that of the port.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::order_number::OrderNumber;

use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::decide::Transition;
use crate::domain::order::{CouponId, ItemId, Order};
use crate::domain::shelf::Shelf;
use crate::ports::order_store::{OrderStore, StoreError, StoreOutcome};

/// Orders, stock and coupons in memory.
#[derive(Debug, Default)]
pub struct MemoryOrderStore {
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    items: BTreeMap<ItemId, Item>,
    coupons: BTreeMap<CouponId, Coupon>,
    orders: HashMap<OrderNumber, Arc<Order>>,
}

impl MemoryOrderStore {
    /// A store with this catalogue and no order.
    pub fn new(
        items: impl IntoIterator<Item = Item>,
        coupons: impl IntoIterator<Item = Coupon>,
    ) -> Self {
        let contents = Contents {
            items: items.into_iter().map(|item| (item.id, item)).collect(),
            coupons: coupons
                .into_iter()
                .map(|coupon| (coupon.id, coupon))
                .collect(),
            orders: HashMap::new(),
        };
        Self {
            contents: Mutex::new(contents),
        }
    }

    /// Pieces of an item that are left; zero for an unknown one.
    #[must_use]
    pub fn stock(&self, item: ItemId) -> u32 {
        self.contents()
            .items
            .get(&item)
            .map_or(0, |item| item.stock)
    }

    /// The order that holds a coupon.
    #[must_use]
    pub fn coupon_holder(&self, coupon: CouponId) -> Option<OrderNumber> {
        self.contents()
            .coupons
            .get(&coupon)
            .and_then(|coupon| coupon.used_by.clone())
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OrderStore for MemoryOrderStore {
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        Ok(self
            .contents()
            .orders
            .get(number)
            .map(|order| order.as_ref().clone()))
    }

    fn apply(&self, batch: &[Transition]) -> Result<Vec<StoreOutcome>, StoreError> {
        let mut contents = self.contents();
        let mut shelf = Shelf::new(
            contents.items.values().cloned(),
            contents.coupons.values().cloned(),
        );
        let outcomes: Vec<StoreOutcome> = batch
            .iter()
            .map(|transition| match contents.conflict(transition) {
                Some(conflict) => conflict,
                None => StoreOutcome::Applied(Arc::new(shelf.settle(transition))),
            })
            .collect();
        contents.keep(&shelf, &outcomes);
        Ok(outcomes)
    }

    fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Contents {
    fn conflict(&self, transition: &Transition) -> Option<StoreOutcome> {
        let (number, expected) = match transition {
            Transition::Open(draft) => (&draft.number, None),
            Transition::Complete { order, .. } | Transition::Reject { order, .. } => {
                (&order.number, Some(order.revision))
            }
        };
        let current = self.orders.get(number);
        let is_stale = current.map(|order| order.revision) != expected;
        is_stale.then(|| StoreOutcome::Conflict(current.cloned()))
    }

    fn keep(&mut self, shelf: &Shelf, outcomes: &[StoreOutcome]) {
        for item in shelf.changed_items() {
            self.items.insert(item.id, item.clone());
        }
        for coupon in shelf.changed_coupons() {
            self.coupons.insert(coupon.id, coupon.clone());
        }
        for outcome in outcomes {
            if let StoreOutcome::Applied(order) = outcome {
                self.orders.insert(order.number.clone(), Arc::clone(order));
            }
        }
    }
}
