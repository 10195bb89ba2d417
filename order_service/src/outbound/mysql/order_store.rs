//! The order store on MySQL: a batch of transitions is one transaction.
//!
//! It first assumes that every new order is new and every existing one is as its actor knows it; the keys and the revision check
//! prove it. Only when one of them says no is the batch done again with the stored orders read first, so that the stale transitions
//! are told from the others.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::result::Error;
use diesel::{Connection, MysqlConnection};
use shared::order_number::OrderNumber;

use super::error::is_duplicate;
use super::pool::{Pool, session};
use super::{rows, statements};
use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::decide::Transition;
use crate::domain::order::Order;
use crate::domain::shelf::{Needs, Shelf};
use crate::outbound::stored_orders::StoredOrders;
use crate::ports::order_store::{OrderStore, StoreError, StoreOutcome};
use crate::ports::reviews::{DueOrders, ReviewCursor, Reviews};

/// How often a batch is done again because another writer was in between.
const MAX_CHECKED_ATTEMPTS: u32 = 20;

/// Orders, stock and coupons in MySQL or MariaDB.
pub struct MysqlOrderStore {
    pool: Pool,
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

    /// One attempt in one transaction. `is_checked` reads the stored orders first; without it, `Ok(None)` asks for that.
    fn attempt(
        &self,
        batch: &[Transition],
        is_checked: bool,
    ) -> Result<Option<Vec<StoreOutcome>>, StoreError> {
        let mut row_error = None;
        let result = session(&self.pool)?.run(|connection| {
            match connection.transaction(|connection| write_batch(connection, batch, is_checked)) {
                Ok(outcomes) => Ok(Some(outcomes)),
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
        if let Some(outcomes) = self.attempt(batch, false)? {
            return Ok(outcomes);
        }
        for _ in 0..MAX_CHECKED_ATTEMPTS {
            if let Some(outcomes) = self.attempt(batch, true)? {
                return Ok(outcomes);
            }
        }
        // Other writers would not be in the way each time.
        Err(StoreError::Refused(
            "a stored order is in the way that is not to be found".to_owned(),
        ))
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

fn write_batch(
    connection: &mut MysqlConnection,
    batch: &[Transition],
    is_checked: bool,
) -> Result<Vec<StoreOutcome>, Aborted> {
    let needs = Needs::of(batch);
    let items = statements::lock_items(connection, &needs)?
        .into_iter()
        .map(Item::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    let coupons = statements::lock_coupons(connection, &needs)?
        .into_iter()
        .map(Coupon::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    let mut stored_opt = if is_checked {
        Some(stored_orders(connection, batch)?)
    } else {
        None
    };

    let mut shelf = Shelf::new(items, coupons);
    let outcomes: Vec<StoreOutcome> = batch
        .iter()
        .map(|transition| match &mut stored_opt {
            Some(stored) => stored.settle(transition, &mut shelf),
            None => StoreOutcome::Applied(Arc::new(shelf.settle(transition))),
        })
        .collect();

    statements::write_stock(connection, shelf.changed_items())?;
    statements::write_coupons(connection, shelf.changed_coupons())?;
    let (opened, moved) = applied_orders(batch, &outcomes);
    // First the stored ones: a rejected order may free the idempotency key that a new one takes.
    if !statements::update_orders(connection, &moved)? {
        return Err(Aborted::Stale);
    }
    statements::insert_orders(connection, &opened)?;
    Ok(outcomes)
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
        .collect();
    let mut rows = statements::lock_orders(connection, &numbers)?;
    if !keys.is_empty() {
        rows.extend(statements::lock_key_holders(connection, &keys)?);
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
    outcomes: &'a [StoreOutcome],
) -> (Vec<&'a Order>, Vec<&'a Order>) {
    let (mut opened, mut moved) = (Vec::new(), Vec::new());
    for (transition, outcome) in batch.iter().zip(outcomes) {
        let StoreOutcome::Applied(order) = outcome else {
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
