//! What must hold after each step, and what must hold in the end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use order_service::domain::command::OrderCommand;
use order_service::domain::decide::PAYMENT_REVIEW;
use order_service::domain::order::{ItemId, Order, OrderState};
use order_service::ports::reply_sink::CommandOutcome;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;

use crate::gateway::LATEST_EFFECT;
use crate::store::Store;
use crate::world::World;

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// Of each item, what was there at the beginning is now on the shelf or in pending and paid orders.
    Stock,
    /// A coupon is held by the one order that uses it.
    Coupon,
    /// A request makes one order at most, and so does an idempotency key.
    OneOrder,
    /// An order moves as it may, one revision at a time.
    Lawful,
    /// No offset is committed before the effect is stored and the reply acknowledged.
    Offsets,
    /// One actor an order and owner, with one command in hand.
    OneAtATime,
    /// Whoever waits for a reply reads the partition that his command named.
    Heard,
    /// What is replied and what is told is what is stored.
    Truth,
    /// Charged and not cancelled ⇔ complete, by the same payment; nothing is charged but an order's price.
    Money,
    /// Everything comes to rest: every order final, nobody waiting, no actor left, all offsets committed.
    Rest,
}

/// One that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.invariant, self.detail)
    }
}

/// Whether all is well.
pub type Check = Result<(), Violation>;

pub(crate) fn violated<T>(invariant: Invariant, detail: String) -> Result<T, Violation> {
    Err(Violation { invariant, detail })
}

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

fn check_stock(store: &Store) -> Check {
    let mut held: BTreeMap<ItemId, i64> = BTreeMap::new();
    for order in store.orders().filter(|order| is_live(order)) {
        for line in &order.lines {
            *held.entry(line.item).or_default() += line.quantity;
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
            .filter(|order| is_live(order) && order.coupon == Some(coupon))
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

/// A key whose payment was refused for the gateway's sake is free again.
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
        if order.state == OrderState::Rejected(Reason::PaymentUnavailable) {
            continue;
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
    }
    Ok(())
}

impl Store {
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
}

/// A charge that is asked for `now`, by a purchase that began at `begun`, has its effect before a review trusts that there is none. The
/// earliest such review is of an order that was rejected as soon as the purchase had begun.
///
/// # Errors
/// When it may come later.
pub fn charged_in_time(begun: Duration, now: Duration) -> Check {
    let reviewed_at = begun + PAYMENT_REVIEW.to_std().unwrap_or_default();
    if now + LATEST_EFFECT <= reviewed_at {
        return Ok(());
    }
    violated(
        Invariant::Money,
        format!(
            "a purchase that began at {begun:?} charges at {now:?}, so late that a review may miss it"
        ),
    )
}

/// What an actor is about to reply is so in the store, or was so a moment ago.
///
/// # Errors
/// When it is not.
pub fn effect_stands(store: &Store, command: &OrderCommand, outcome: &CommandOutcome) -> Check {
    let Some(told) = &outcome.order else {
        return if outcome.refusal.is_some() {
            Ok(())
        } else {
            violated(
                Invariant::Truth,
                format!("{command:?} is done, and there is no order"),
            )
        };
    };
    let is_stored = store
        .order(&told.number)
        .is_some_and(|stored| told.revision < stored.revision || told.as_ref() == stored.as_ref());
    let is_done = outcome.refusal.is_some() || is_effect(command, told);
    if is_stored && is_done {
        Ok(())
    } else {
        violated(
            Invariant::Truth,
            format!("{command:?} comes to {outcome:?}"),
        )
    }
}

fn is_effect(command: &OrderCommand, order: &Order) -> bool {
    match command {
        OrderCommand::Create(draft) if order.number == draft.number => {
            order.request_id == draft.request_id
        }
        OrderCommand::Create(draft) => {
            draft.idempotency.is_some() && order.idempotency == draft.idempotency
        }
        OrderCommand::Approve { number, payment } => {
            let is_paid = match &order.state {
                OrderState::Complete(made) => made == payment,
                OrderState::Rejected(reason) => *reason == Reason::AmountMismatch,
                OrderState::Created => false,
            };
            order.number == *number && is_paid
        }
        OrderCommand::Pay {
            number, payment, ..
        } => {
            let is_begun = match &order.state {
                OrderState::Complete(made) => made == payment,
                OrderState::Created | OrderState::Rejected(_) => {
                    order.intent.as_ref() == Some(payment)
                }
            };
            order.number == *number && is_begun
        }
        // An order that is not due goes on waiting for its payment.
        OrderCommand::Reject { number, reason, .. } => {
            let is_rejected = matches!(order.state, OrderState::Rejected(_));
            let waits = *reason == Reason::Expired && order.state == OrderState::Created;
            order.number == *number && (is_rejected || waits)
        }
        OrderCommand::Settle { number } => order.number == *number && order.review_at.is_none(),
    }
}
