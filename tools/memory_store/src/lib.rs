//! The order store in memory, for tests and the simulation. The order service's tests hold it to the same contract as the real databases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use order_service::domain::catalogue::Item;
use order_service::domain::coupon::Coupon;
use order_service::domain::decide::Transition;
use order_service::domain::order::{CouponId, ItemId, Order, Wish};
use order_service::domain::pending_limits::{Buyers, Held, PendingLimits, pending_of};
use order_service::domain::shelf::{Needs, Shelf};
use order_service::domain::stored_orders::StoredOrders;
use order_service::ports::member_orders::{MemberOrders, OrderCursor};
use order_service::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError, StoreRow};
use order_service::ports::reviews::{DueOrders, ReviewCursor, Reviews};
use order_service::ports::shelves::Shelves;

/// Orders, stock and coupons in memory.
#[derive(Debug, Default)]
pub struct MemoryOrderStore {
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    items: BTreeMap<ItemId, Item>,
    coupons: BTreeMap<CouponId, Coupon>,
    orders: StoredOrders,
    held: BTreeSet<StoreRow>,
    limits: PendingLimits,
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
            ..Contents::default()
        };
        Self {
            contents: Mutex::new(contents),
        }
    }

    /// From now on members may have so much pending.
    pub fn limit(&self, limits: PendingLimits) {
        self.contents().limits = limits;
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

    /// Holds a row against all batches, as somebody else's transaction does.
    pub fn hold(&self, row: StoreRow) {
        self.contents().held.insert(row);
    }

    /// Lets go of a row that was held.
    pub fn let_go(&self, row: &StoreRow) {
        self.contents().held.remove(row);
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock()
    }
}

impl OrderStore for MemoryOrderStore {
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        let contents = self.contents();
        Ok(contents
            .orders
            .get(number)
            .map(|order| order.as_ref().clone()))
    }

    /// Waits for no row: one that is held was waited for too long.
    fn write(&self, batch: &[Transition], on_held_row: OnHeldRow) -> Vec<Fate> {
        let mut contents = self.contents();
        let held: Vec<_> = batch
            .iter()
            .map(|one| contents.held_by_others(one))
            .collect();
        if on_held_row == OnHeldRow::Wait
            && let Some(row) = held.iter().flatten().next()
        {
            let error = StoreError::Held(row.to_string());
            return vec![Fate::Failing(error); batch.len()];
        }
        contents.settle(batch, held)
    }

    fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Reviews for MemoryOrderStore {
    fn due(
        &self,
        now: DateTime<Utc>,
        after: Option<&ReviewCursor>,
        limit: u32,
    ) -> Result<DueOrders, StoreError> {
        let contents = self.contents();
        let place = |order: &Arc<Order>| {
            let review_at = order.review_at.filter(|review_at| *review_at <= now)?;
            let number = order.number.clone();
            Some(ReviewCursor { review_at, number })
        };
        let mut due: Vec<(ReviewCursor, Order)> = contents
            .orders
            .iter()
            .filter_map(|order| Some((place(order)?, order.as_ref().clone())))
            .filter(|(place, _)| after.is_none_or(|after| place > after))
            .collect();
        due.sort_by(|(one, _), (other, _)| one.cmp(other));
        due.truncate(limit as usize);
        let next = due
            .last()
            .filter(|_| due.len() >= limit as usize)
            .map(|(place, _)| place.clone());
        let orders = due.into_iter().map(|(_, order)| order).collect();
        Ok(DueOrders { orders, next })
    }
}

impl MemberOrders for MemoryOrderStore {
    fn of_member(
        &self,
        member: &MemberId,
        after: Option<&OrderCursor>,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let mut listed: Vec<Order> = self
            .contents()
            .orders
            .iter()
            .filter(|order| order.member.as_ref() == Some(member))
            .filter(|order| after.is_none_or(|after| OrderCursor::from(order.as_ref()) < *after))
            .map(|order| order.as_ref().clone())
            .collect();
        listed.sort_by_key(|order| Reverse(OrderCursor::from(order)));
        listed.truncate(limit as usize);
        Ok(listed)
    }
}

impl Shelves for MemoryOrderStore {
    fn shelf_for(&self, _: Wish<'_>) -> Result<Shelf, StoreError> {
        Ok(self.contents().shelf())
    }
}

impl Contents {
    /// A new order's row is nobody's.
    fn held_by_others(&self, transition: &Transition) -> Option<StoreRow> {
        if self.held.is_empty() {
            return None;
        }
        let needs = Needs::of([transition]);
        let is_stored = !matches!(transition, Transition::Open(_));
        let own = is_stored.then(|| StoreRow::Order(transition.number().clone()));
        let items = needs.items.into_iter().map(StoreRow::Item);
        let coupons = needs.coupons.into_iter().map(StoreRow::Coupon);
        let buyer = transition.buyer().cloned().map(StoreRow::Buyer);
        items
            .chain(coupons)
            .chain(buyer)
            .chain(own)
            .find(|row| self.held.contains(row))
    }

    fn settle(&mut self, batch: &[Transition], held: Vec<Option<StoreRow>>) -> Vec<Fate> {
        let mut shelf = self.shelf();
        let fates = batch
            .iter()
            .zip(held)
            .map(|(transition, held)| match held {
                Some(row) => Fate::Held(row),
                None => self.orders.settle(transition, &mut shelf).into(),
            })
            .collect();
        self.keep(&shelf);
        fates
    }

    /// All that there is.
    fn shelf(&self) -> Shelf {
        let buyers = Buyers::new(self.limits, self.pending());
        let shelf = Shelf::new(self.items.values().cloned(), self.coupons.values().cloned());
        shelf.for_buyers(buyers)
    }

    /// What each member's pending orders hold, where that is limited.
    fn pending(&self) -> HashMap<MemberId, Held> {
        let mut all: HashMap<MemberId, Held> = HashMap::new();
        if self.limits.any() {
            for order in self.orders.iter() {
                if let Some((member, pieces)) = pending_of(order) {
                    let held = all.entry(member.clone()).or_default();
                    held.add(pieces, order.pay_by);
                }
            }
        }
        all
    }

    fn keep(&mut self, shelf: &Shelf) {
        for item in shelf.changed_items() {
            self.items.insert(item.id, item.clone());
        }
        for coupon in shelf.changed_coupons() {
            self.coupons.insert(coupon.id, coupon.clone());
        }
    }
}
