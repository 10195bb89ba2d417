//! A small world for tests: what a store holds, and what an actor and a store do with a command together.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::order_number::OrderNumber;

use super::catalogue::Item;
use super::command::OrderCommand;
use super::coupon::Coupon;
use super::decide::{Decision, Refusal, decide};
use super::order::{CouponId, Idempotency, ItemId, Order, OrderState};
use super::refund::RefundState;
use super::shelf::Shelf;

/// All that a store holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct World {
    pub(super) items: BTreeMap<ItemId, Item>,
    pub(super) coupons: BTreeMap<CouponId, Coupon>,
    pub(super) orders: BTreeMap<OrderNumber, Arc<Order>>,
}

/// A command, and when it is taken in.
pub(super) type TimedCommand = (OrderCommand, DateTime<Utc>);

/// What a command is answered: the order as it then stands, or the refusal.
pub(super) type Answer = Result<Arc<Order>, Refusal>;

impl World {
    pub(super) fn new(
        items: impl IntoIterator<Item = Item>,
        coupons: impl IntoIterator<Item = Coupon>,
    ) -> Self {
        Self {
            items: items.into_iter().map(|item| (item.id, item)).collect(),
            coupons: coupons
                .into_iter()
                .map(|coupon| (coupon.id, coupon))
                .collect(),
            orders: BTreeMap::new(),
        }
    }

    /// What an actor and a store do with a command together.
    pub(super) fn obey(&self, (command, at): &TimedCommand) -> (Self, Answer) {
        let order = self.in_the_way_of(command);
        let transition = match decide(order, command, *at) {
            Err(refusal) => return (self.clone(), Err(refusal)),
            Ok(Decision::AlreadyDone) => {
                let stored = order.expect("what is done already is stored");
                return (self.clone(), Ok(Arc::clone(stored)));
            }
            Ok(Decision::Change(transition)) => transition,
        };
        let mut shelf = Shelf::new(self.items.values().cloned(), self.coupons.values().cloned());
        let order = Arc::new(shelf.settle(&transition));
        let mut after = self.clone();
        after
            .items
            .extend(shelf.changed_items().map(|item| (item.id, item.clone())));
        after.coupons.extend(
            shelf
                .changed_coupons()
                .map(|coupon| (coupon.id, coupon.clone())),
        );
        after
            .orders
            .insert(order.number.clone(), Arc::clone(&order));
        (after, Ok(order))
    }

    /// The order of the command's number, or the one that has taken its idempotency key.
    fn in_the_way_of(&self, command: &OrderCommand) -> Option<&Arc<Order>> {
        let holds_its_key = |order: &&Arc<Order>| match command {
            OrderCommand::Create(draft) => key_of(&order.idempotency)
                .is_some_and(|key| Some(key) == key_of(&draft.idempotency)),
            OrderCommand::Pay { .. }
            | OrderCommand::Approve { .. }
            | OrderCommand::Reject { .. }
            | OrderCommand::Settle { .. }
            | OrderCommand::Cancel { .. }
            | OrderCommand::EndRefund { .. } => false,
        };
        self.orders
            .get(command.number())
            .or_else(|| self.orders.values().find(holds_its_key))
    }

    /// Pieces of an item that open and paid orders hold.
    pub(super) fn held(&self, item: ItemId) -> i64 {
        let holding = self
            .orders
            .values()
            .filter(|order| holds_what_it_took(order));
        let of_item = |order: &Arc<Order>| -> i64 {
            let lines = (1..).zip(&order.lines);
            let lines = lines.filter(|(_, line)| line.item == item);
            let left = lines.map(|(number, line)| line.quantity - given_back(order, number));
            left.sum()
        };
        holding.map(of_item).sum()
    }

    /// Tells worlds of one search apart; how often an order has changed does not count.
    pub(super) fn key(&self) -> String {
        let stocks: Vec<u32> = self.items.values().map(|item| item.stock).collect();
        let holders: Vec<_> = self
            .coupons
            .values()
            .map(|coupon| &coupon.used_by)
            .collect();
        let orders = self.orders.values().map(|order| {
            (
                &order.number,
                &order.request_id,
                &order.state,
                &order.intent,
                order.review_at,
                &order.refunds,
            )
        });
        format!("{stocks:?} {holders:?} {:?}", orders.collect::<Vec<_>>())
    }
}

pub(super) fn key_of(idempotency: &Option<Idempotency>) -> Option<&str> {
    idempotency
        .as_ref()
        .map(|idempotency| idempotency.key.as_str())
}

/// Pieces of a line whose refunds are done.
pub(super) fn given_back(order: &Order, line: u16) -> i64 {
    let done = order
        .refunds
        .iter()
        .filter(|refund| refund.state == RefundState::Done);
    let pieces = done
        .flat_map(|refund| &refund.pieces)
        .filter(|pieces| pieces.line == line);
    pieces.map(|pieces| i64::from(pieces.quantity)).sum()
}

/// Whether an order has a piece left.
pub(super) fn has_pieces(order: &Order) -> bool {
    let mut lines = (1..).zip(&order.lines);
    lines.any(|(number, line)| line.quantity > given_back(order, number))
}

pub(super) fn holds_what_it_took(order: &Order) -> bool {
    match order.state {
        OrderState::Created | OrderState::Complete(_) => true,
        OrderState::Rejected(_) => false,
    }
}
