//! The order store on MySQL: a batch of transitions is one transaction.
//!
//! The first attempt assumes that every new order is new and every existing one is as its actor knows it. The unique keys and the check
//! of the revision refuse what is not so. Only then, or when a row is held that is not to be waited for, is the batch attempted again
//! with care: the stored orders are read first, so that stale transitions are told from the others, and held rows are skipped.

use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::MysqlConnection;
use shared::budget;
use shared::idempotency::IdempotencyKey;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use super::error::Aborted;
use super::locks::{self, LockedRows, Scope};
use super::pool::{Pool, session};
use super::{buyers, rows, statements};
use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::domain::pending_limits::{Buyers, PendingLimits};
use crate::domain::shelf::Shelf;
use crate::domain::stored_orders::StoredOrders;
use crate::ports::member_orders::{MemberOrders, OrderCursor};
use crate::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError};
use crate::ports::reviews::{DueOrders, ReviewCursor, Reviews};

/// How often a batch is attempted again because another writer came in between the reading and the writing. It is a bound for what should
/// not happen: each further attempt needs yet another writer of these very orders.
const MAX_CAREFUL_ATTEMPTS: u32 = 20;

/// Orders, stock and coupons in MySQL or MariaDB.
pub struct MysqlOrderStore {
    pool: Pool,
    limits: PendingLimits,
}

/// How much of what the actors know is assumed to be so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// All of it. The keys and the revision check refuse what is not so.
    Trusting,
    /// Nothing. The stored orders are read first.
    Careful,
}

impl MysqlOrderStore {
    /// A store over this pool, in which nobody's pending orders are limited.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self::limited(pool, PendingLimits::default())
    }

    /// A store over this pool that lets members have so much pending.
    #[must_use]
    pub fn limited(pool: Pool, limits: PendingLimits) -> Self {
        Self { pool, limits }
    }

    /// The members whose new orders are counted.
    fn buyers<'a>(&self, batch: &'a [Transition]) -> BTreeSet<&'a MemberId> {
        if !self.limits.any() {
            return BTreeSet::new();
        }
        batch.iter().filter_map(Transition::buyer).collect()
    }

    fn try_write(
        &self,
        batch: &[Transition],
        on_held_row: OnHeldRow,
    ) -> Result<Vec<Fate>, StoreError> {
        match self.attempt(batch, on_held_row, Care::Trusting) {
            Ok(Some(fates)) => return Ok(fates),
            Ok(None) => {}
            // With care, the held row is skipped.
            Err(StoreError::Held(_)) if on_held_row == OnHeldRow::Skip => {}
            Err(error) => return Err(error),
        }
        for _ in 0..MAX_CAREFUL_ATTEMPTS {
            if let Some(fates) = self.attempt(batch, on_held_row, Care::Careful)? {
                return Ok(fates);
            }
        }
        // A key is taken, and no order that was read has it. Not a passing error: trying on would hold up the batch's other orders.
        Err(StoreError::Refused(
            "a stored order conflicts with the batch and is not found".to_owned(),
        ))
    }

    /// One attempt in one transaction. `Ok(None)`: something was not as expected, and the batch must be attempted with care.
    fn attempt(
        &self,
        batch: &[Transition],
        on_held_row: OnHeldRow,
        care: Care,
    ) -> Result<Option<Vec<Fate>>, StoreError> {
        let mut session = session(&self.pool)?;
        let can_fail_at_once = session.can_fail_at_once();
        let (wait, locking, scope) = match (on_held_row, care) {
            // The usual way: no wait at all, so a held row fails the statement at once. Nothing needs to be read beforehand.
            (OnHeldRow::Skip, Care::Trusting) if can_fail_at_once => {
                (Duration::ZERO, OnHeldRow::Wait, Scope::Stock)
            }
            // A wait of zero does not go with SKIP LOCKED: MariaDB then fails to commit what has skipped a row.
            (OnHeldRow::Skip, _) => (budget::LOCK_WAIT, OnHeldRow::Skip, Scope::StockAndOrders),
            (OnHeldRow::Wait, Care::Trusting) => (budget::LOCK_WAIT, OnHeldRow::Wait, Scope::Stock),
            (OnHeldRow::Wait, Care::Careful) => {
                (budget::LOCK_WAIT, OnHeldRow::Wait, Scope::StockAndOrders)
            }
        };
        session.wait_for_rows(wait)?;
        let members = self.buyers(batch);
        if !members.is_empty() {
            session.run(|connection| buyers::introduce(connection, &members))?;
        }
        session.transaction(|connection| {
            let locked = locks::lock(connection, batch, locking, scope, &members)?;
            let counted = locked.of_buyers(&members);
            let held = if counted.is_empty() {
                HashMap::new()
            } else {
                buyers::held(connection, &counted)?
            };
            let buyers = Buyers::new(self.limits, held);
            write_batch(connection, batch, locked, buyers, care)
        })
    }
}

impl OrderStore for MysqlOrderStore {
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        session(&self.pool)?
            .run(|connection| statements::read_order(connection, number.as_str()))?
            .map(|(row, lines)| rows::order(row, lines))
            .transpose()
    }

    fn write(&self, batch: &[Transition], on_held_row: OnHeldRow) -> Vec<Fate> {
        self.try_write(batch, on_held_row)
            .unwrap_or_else(|error| vec![Fate::Failing(error); batch.len()])
    }

    fn ping(&self) -> Result<(), StoreError> {
        session(&self.pool)?.run(|connection| {
            diesel::connection::SimpleConnection::batch_execute(connection, "SELECT 1")
        })
    }
}

impl Reviews for MysqlOrderStore {
    fn due(
        &self,
        now: DateTime<Utc>,
        after: Option<&ReviewCursor>,
        limit: u32,
    ) -> Result<DueOrders, StoreError> {
        let after = after.map(|after| (after.review_at.naive_utc(), after.number.as_str()));
        let rows = session(&self.pool)?.run(|connection| {
            statements::due_for_review(connection, now.naive_utc(), after, limit)
        })?;
        let next = rows
            .last()
            .filter(|_| rows.len() >= limit as usize)
            .and_then(|(row, _)| {
                Some(ReviewCursor {
                    review_at: row.review_at?.and_utc(),
                    number: row.order_num.parse().ok()?,
                })
            });
        let orders = rows
            .into_iter()
            .filter_map(|(row, lines)| match rows::order(row, lines) {
                Ok(order) => Some(order),
                Err(error) => {
                    // One corrupt row must not keep all others from being reviewed.
                    log::error!("left out of the reviews: {error}");
                    None
                }
            })
            .collect();
        Ok(DueOrders { orders, next })
    }
}

impl MemberOrders for MysqlOrderStore {
    fn of_member(
        &self,
        member: &MemberId,
        after: Option<&OrderCursor>,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let after = after.map(|after| (after.created_at.naive_utc(), after.number.as_str()));
        session(&self.pool)?
            .run(|connection| statements::of_member(connection, member.as_str(), after, limit))?
            .into_iter()
            .map(|(row, lines)| rows::order(row, lines))
            .collect()
    }
}

fn write_batch(
    connection: &mut MysqlConnection,
    batch: &[Transition],
    mut locked: LockedRows,
    buyers: Buyers,
    care: Care,
) -> Result<Vec<Fate>, Aborted> {
    let items = mem::take(&mut locked.items)
        .into_iter()
        .map(Item::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    let coupons = mem::take(&mut locked.coupons)
        .into_iter()
        .map(Coupon::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    let mut stored_opt = if care == Care::Careful || locked.is_repeated {
        Some(stored_orders(connection, batch)?)
    } else {
        None
    };

    let is_limited = buyers.are_limited();
    let mut shelf = Shelf::new(items, coupons).for_buyers(buyers);
    let fates: Vec<Fate> = batch
        .iter()
        .map(|transition| match locked.held_by_others(transition) {
            Some(row) => Fate::Held(row),
            None => match &mut stored_opt {
                Some(stored) => stored.settle(transition, &mut shelf).into(),
                None => Fate::Stored(Arc::new(shelf.settle(transition))),
            },
        })
        .collect();

    statements::write_stock(connection, shelf.changed_items())?;
    statements::write_coupons(connection, shelf.changed_coupons())?;
    let (opened, moved) = stored_now(batch, &fates);
    // Updates before inserts: a rejected order may free the idempotency key that a new one takes.
    if !statements::update_orders(connection, &moved)? {
        return Err(Aborted::Stale);
    }
    statements::insert_orders(connection, &opened)?;
    if is_limited {
        buyers::record(connection, &opened)?;
    }
    Ok(fates)
}

/// The stored orders of the batch's numbers, and those that have taken its new orders' idempotency keys.
fn stored_orders(
    connection: &mut MysqlConnection,
    batch: &[Transition],
) -> Result<StoredOrders, Aborted> {
    let numbers: Vec<&str> = batch
        .iter()
        .map(|transition| transition.number().as_str())
        .collect();
    let keys: Vec<&str> = batch
        .iter()
        .filter_map(Transition::idempotency_key)
        .map(IdempotencyKey::as_str)
        .collect();
    let mut rows = statements::read_orders(connection, &numbers)?;
    if !keys.is_empty() {
        rows.extend(statements::read_key_holders(connection, &keys)?);
    }
    let mut stored = StoredOrders::default();
    for (row, lines) in rows {
        stored.keep(&Arc::new(rows::order(row, lines)?));
    }
    Ok(stored)
}

/// The new orders, and the existing ones in their new states.
fn stored_now<'a>(batch: &[Transition], fates: &'a [Fate]) -> (Vec<&'a Order>, Vec<&'a Order>) {
    let (mut opened, mut moved) = (Vec::new(), Vec::new());
    for (transition, fate) in batch.iter().zip(fates) {
        let Fate::Stored(order) = fate else {
            continue;
        };
        match transition {
            Transition::Open(_) => opened.push(order.as_ref()),
            Transition::BeginPayment { .. }
            | Transition::EndPayment { .. }
            | Transition::Complete { .. }
            | Transition::Reject { .. }
            | Transition::Settle { .. }
            | Transition::BeginRefund { .. }
            | Transition::EndRefund { .. } => moved.push(order.as_ref()),
        }
    }
    (opened, moved)
}
