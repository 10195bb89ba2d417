//! What must hold of the whole world after each step, and what must hold in the end.

use std::collections::BTreeMap;

use order_service::domain::order::{ItemId, Order, OrderState};
use order_service::domain::refund::RefundState;
use shared::money::Money;
use shared::order_number::OrderNumber;

use crate::store::Store;
use crate::violation::{Check, Invariant, violated};
use crate::world::World;

/// What must hold after each step.
///
/// # Errors
/// When it does not.
pub fn check_step(world: &World) -> Check {
    check_stock(&world.store)?;
    check_coupons(&world.store)?;
    check_orders(world)?;
    check_composites(world)?;
    check_owners(world)
}

/// What must hold once everything has come to rest.
///
/// # Errors
/// When it does not.
pub fn check_end(world: &World) -> Check {
    if let Some(order) = world.store.orders().find(|order| !order.is_final()) {
        return violated(Invariant::Rest, format!("still pending: {order:?}"));
    }
    check_money(world)?;
    world.answers_hold()
}

/// Whether an order holds stock and coupon.
fn is_live(order: &Order) -> bool {
    match order.state {
        OrderState::Created | OrderState::Complete(_) => true,
        OrderState::Rejected(_) => false,
    }
}

/// Pieces of a line whose refunds are done.
fn given_back(order: &Order, line: u16) -> i64 {
    let refunds = order.refunds.iter();
    let done = refunds.filter(|refund| refund.state == RefundState::Done);
    done.map(|refund| i64::from(refund.taken(line))).sum()
}

/// Whether an order has a piece left.
fn has_pieces(order: &Order) -> bool {
    let mut lines = (1..).zip(&order.lines);
    lines.any(|(number, line)| line.quantity > given_back(order, number))
}

fn check_stock(store: &Store) -> Check {
    let mut held: BTreeMap<ItemId, i64> = BTreeMap::new();
    for order in store.orders().filter(|order| is_live(order)) {
        for (number, line) in (1..).zip(&order.lines) {
            *held.entry(line.item).or_default() += line.quantity - given_back(order, number);
        }
    }
    for (item, initial, now) in store.stock() {
        let held = held.get(&item).copied().unwrap_or_default();
        if i64::from(initial) != i64::from(now) + held {
            return violated(
                Invariant::Stock,
                format!("item {item}: {initial} at the beginning, {now} now, {held} in orders"),
            );
        }
    }
    Ok(())
}

fn check_coupons(store: &Store) -> Check {
    for (coupon, holder) in store.coupons() {
        let users: Vec<&OrderNumber> = store
            .orders()
            .filter(|order| is_live(order) && order.coupon == Some(coupon) && has_pieces(order))
            .map(|order| &order.number)
            .collect();
        if users.len() > 1 || users.first().copied() != holder.as_ref() {
            return violated(
                Invariant::Coupon,
                format!("{coupon} is used by {users:?} and held by {holder:?}"),
            );
        }
    }
    Ok(())
}

fn check_orders(world: &World) -> Check {
    let mut of_request: BTreeMap<&str, &OrderNumber> = BTreeMap::new();
    let mut of_key: BTreeMap<&str, &OrderNumber> = BTreeMap::new();
    for order in world.store.orders() {
        let twin = of_request.insert(order.request_id.as_str(), &order.number);
        if let Some(twin) = twin {
            return violated(
                Invariant::OneOrder,
                format!("{twin} and {} are of one request", order.number),
            );
        }
        let twin = world
            .key_of(order.request_id.as_str())
            .and_then(|key| of_key.insert(key, &order.number));
        if let Some(twin) = twin {
            return violated(
                Invariant::OneOrder,
                format!("{twin} and {} are of one idempotency key", order.number),
            );
        }
    }
    Ok(())
}

fn check_composites(world: &World) -> Check {
    for (index, composite) in world.composites.iter().enumerate() {
        let ownership = &composite.intake.ownership;
        let unheard = composite
            .named
            .values()
            .find(|partition| !ownership.reads(**partition));
        if let Some(partition) = unheard {
            return violated(
                Invariant::Heard,
                format!(
                    "composite {index} waits for a reply in {partition}, which it does not read: {ownership:?}"
                ),
            );
        }
    }
    Ok(())
}

fn check_owners(world: &World) -> Check {
    for (index, owner) in world.owners.iter().enumerate() {
        if !owner.has_sound_books() {
            return violated(
                Invariant::OneAtATime,
                format!("owner {index}'s registry knows other actors than there are"),
            );
        }
        if owner.permits_taken > world.profile.max_in_flight {
            return violated(
                Invariant::OneAtATime,
                format!("owner {index} has too many records in hand"),
            );
        }
    }
    Ok(())
}

fn check_money(world: &World) -> Check {
    for order in world.store.orders() {
        let charged = world
            .gateway
            .charged(&order.number)
            .map(|payment| (payment.key.as_str(), payment.amount));
        let paid = match &order.state {
            OrderState::Complete(payment) if payment.amount != Money::ZERO => {
                Some((payment.key.as_str(), payment.amount))
            }
            OrderState::Complete(_) | OrderState::Created | OrderState::Rejected(_) => None,
        };
        if charged != paid || paid.is_some_and(|(_, amount)| amount != order.final_price) {
            return violated(
                Invariant::Money,
                format!("charged is {charged:?}, but the order is {order:?}"),
            );
        }
        let kept = world.gateway.balance(&order.number);
        if paid.is_some() && kept != left_of(order) {
            return violated(
                Invariant::Money,
                format!("{kept} is left of the charge, but the order is {order:?}"),
            );
        }
    }
    Ok(())
}

/// What is paid for an order and not given back.
fn left_of(order: &Order) -> Money {
    let refunds = order.refunds.iter();
    let done = refunds.filter(|refund| refund.state == RefundState::Done);
    done.fold(order.final_price, |left, refund| left.less(refund.amount))
}
