//! The order store on MySQL: a batch of transitions is one transaction.
//!
//! It first assumes that every new order is new and every existing one is as its actor knows it; the keys and the revision check
//! prove it. Only when one of them says no is the batch done again with the stored orders read first, so that the stale transitions
//! are told from the others, or when a row is not to be had: who does not want to wait leaves the transitions out whose rows somebody
//! else holds.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::result::Error;
use diesel::{Connection, MysqlConnection};
use shared::budget;
use shared::idempotency::IdempotencyKey;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use super::error::is_duplicate;
use super::locks::{self, LockedRows, OnHeldRow, Scope};
use super::pool::{Pool, session};
use super::{rows, statements};
use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::domain::shelf::Shelf;
use crate::outbound::stored_orders::StoredOrders;
use crate::ports::member_orders::{MemberOrders, OrderCursor};
use crate::ports::order_store::{Attempt, OrderStore, StoreError, StoreOutcome};
use crate::ports::reviews::{DueOrders, ReviewCursor, Reviews};

/// How often a batch is done again because another writer was in between.
const MAX_CAREFUL_ATTEMPTS: u32 = 20;

/// Orders, stock and coupons in MySQL or MariaDB.
pub struct MysqlOrderStore {
    pool: Pool,
}

/// How much of what the actors know is taken for granted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// All of it; the keys and the revision check say when it is not so.
    Trusting,
    /// Nothing: the stored orders are read first.
    Careful,
}

/// Why a transaction ended without a result.
enum Aborted {
    /// A stored order was not as expected.
    Stale,
    Database(Error),
    Row(StoreError),
}

impl From<Error> for Aborted {
    fn from(error: Error) -> Self {
        if is_duplicate(&error) {
            Self::Stale
        } else {
            Self::Database(error)
        }
    }
}

impl From<StoreError> for Aborted {
    fn from(error: StoreError) -> Self {
        Self::Row(error)
    }
}

impl MysqlOrderStore {
    /// A store over this pool.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    fn write(
        &self,
        batch: &[Transition],
        on_held_row: OnHeldRow,
    ) -> Result<Vec<Attempt>, StoreError> {
        match self.attempt(batch, on_held_row, Care::Trusting) {
            Ok(Some(attempts)) => return Ok(attempts),
            Ok(None) => {}
            Err(StoreError::Held(_)) if on_held_row == OnHeldRow::Skip => {}
            Err(error) => return Err(error),
        }
        for _ in 0..MAX_CAREFUL_ATTEMPTS {
            if let Some(attempts) = self.attempt(batch, on_held_row, Care::Careful)? {
                return Ok(attempts);
            }
        }
        // Other writers would not be in the way each time.
        Err(StoreError::Refused(
            "a stored order is in the way that is not to be found".to_owned(),
        ))
    }

    /// One attempt in one transaction. `Ok(None)`: something was not as expected, and must be done with more care.
    fn attempt(
        &self,
        batch: &[Transition],
        on_held_row: OnHeldRow,
        care: Care,
    ) -> Result<Option<Vec<Attempt>>, StoreError> {
        let mut row_error = None;
        let mut session = session(&self.pool)?;
        let can_fail_at_once = session.can_fail_at_once();
        let (wait, locking, scope) = match (on_held_row, care) {
            // As long as no row is held, nothing needs to be looked at before.
            (OnHeldRow::Skip, Care::Trusting) if can_fail_at_once => {
                (Duration::ZERO, OnHeldRow::Wait, Scope::Stock)
            }
            // MariaDB fails to commit what has skipped a row with no wait at all.
            (OnHeldRow::Skip, _) => (budget::LOCK_WAIT, OnHeldRow::Skip, Scope::StockAndOrders),
            (OnHeldRow::Wait, Care::Trusting) => (budget::LOCK_WAIT, OnHeldRow::Wait, Scope::Stock),
            (OnHeldRow::Wait, Care::Careful) => {
                (budget::LOCK_WAIT, OnHeldRow::Wait, Scope::StockAndOrders)
            }
        };
        session.wait_for_rows(wait)?;
        let result = session.run(|connection| {
            let written = connection.transaction(|connection| {
                let locked = locks::lock(connection, batch, locking, scope)?;
                write_batch(connection, batch, locked, care)
            });
            match written {
                Ok(attempts) => Ok(Some(attempts)),
                Err(Aborted::Stale) => Ok(None),
                Err(Aborted::Database(error)) => Err(error),
                Err(Aborted::Row(error)) => {
                    row_error = Some(error);
                    Ok(None)
                }
            }
        });
        match row_error {
            Some(error) => Err(error),
            None => result,
        }
    }
}

impl OrderStore for MysqlOrderStore {
    fn load(&self, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        session(&self.pool)?
            .run(|connection| statements::read_order(connection, number.as_str()))?
            .map(|(row, lines)| rows::order(row, lines))
            .transpose()
    }

    fn apply(&self, batch: &[Transition]) -> Result<Vec<StoreOutcome>, StoreError> {
        let attempts = self.write(batch, OnHeldRow::Wait)?;
        attempts
            .into_iter()
            .map(|attempt| match attempt {
                Attempt::Done(outcome) => Ok(outcome),
                Attempt::Held(row) => Err(StoreError::Held(row.to_string())),
            })
            .collect()
    }

    fn apply_what_is_free(&self, batch: &[Transition]) -> Result<Vec<Attempt>, StoreError> {
        self.write(batch, OnHeldRow::Skip)
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
                    // One such row must not keep all others from being reviewed.
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
    care: Care,
) -> Result<Vec<Attempt>, Aborted> {
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

    let mut shelf = Shelf::new(items, coupons);
    let attempts: Vec<Attempt> = batch
        .iter()
        .map(|transition| match locked.held_by_others(transition) {
            Some(row) => Attempt::Held(row),
            None => Attempt::Done(match &mut stored_opt {
                Some(stored) => stored.settle(transition, &mut shelf),
                None => StoreOutcome::Applied(Arc::new(shelf.settle(transition))),
            }),
        })
        .collect();

    statements::write_stock(connection, shelf.changed_items())?;
    statements::write_coupons(connection, shelf.changed_coupons())?;
    let (opened, moved) = applied_orders(batch, &attempts);
    // First the stored ones: a rejected order may free the idempotency key that a new one takes.
    if !statements::update_orders(connection, &moved)? {
        return Err(Aborted::Stale);
    }
    statements::insert_orders(connection, &opened)?;
    Ok(attempts)
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
fn applied_orders<'a>(
    batch: &[Transition],
    attempts: &'a [Attempt],
) -> (Vec<&'a Order>, Vec<&'a Order>) {
    let (mut opened, mut moved) = (Vec::new(), Vec::new());
    for (transition, attempt) in batch.iter().zip(attempts) {
        let Attempt::Done(StoreOutcome::Applied(order)) = attempt else {
            continue;
        };
        match transition {
            Transition::Open(_) => opened.push(order.as_ref()),
            Transition::BeginPayment { .. }
            | Transition::EndPayment { .. }
            | Transition::Complete { .. }
            | Transition::Reject { .. }
            | Transition::Settle { .. } => moved.push(order.as_ref()),
        }
    }
    (opened, moved)
}
