//! Shelves to look at, on MySQL: plain reads, which wait for no lock and hold none.

use std::collections::BTreeSet;

use diesel::mysql::MysqlConnection;
use diesel::prelude::*;

use super::buyers::{self, Pending};
use super::pool::{Pool, session};
use super::rows::{CouponRow, ItemRow};
use super::schema::{coupons, items};
use crate::domain::catalogue::Item;
use crate::domain::coupon::Coupon;
use crate::domain::order::Wish;
use crate::domain::pending_limits::{Buyers, PendingLimits};
use crate::domain::shelf::{Needs, Shelf};
use crate::ports::order_store::StoreError;
use crate::ports::shelves::Shelves;

/// Stock and coupons in MySQL or MariaDB.
pub struct MysqlShelves {
    pool: Pool,
    limits: PendingLimits,
}

impl MysqlShelves {
    /// Shelves over this pool, from which members may have so much pending.
    #[must_use]
    pub fn new(pool: Pool, limits: PendingLimits) -> Self {
        Self { pool, limits }
    }
}

impl Shelves for MysqlShelves {
    fn shelf_for(&self, wish: Wish<'_>) -> Result<Shelf, StoreError> {
        let needs = Needs::of_wish(wish);
        let (items, coupons, pending) = session(&self.pool)?.run(|connection| {
            let pending = match self.limits.buyer(wish) {
                Some(member) => buyers::pending(connection, &BTreeSet::from([member]))?,
                None => Pending::default(),
            };
            let (items, coupons) = stored(connection, &needs)?;
            Ok((items, coupons, pending))
        })?;
        let items = items.into_iter().map(Item::try_from);
        let coupons = coupons.into_iter().map(Coupon::try_from);
        let shelf = Shelf::new(
            items.collect::<Result<Vec<_>, _>>()?,
            coupons.collect::<Result<Vec<_>, _>>()?,
        );
        Ok(shelf.for_buyers(Buyers::new(self.limits, pending.held)))
    }
}

fn stored(
    connection: &mut MysqlConnection,
    needs: &Needs,
) -> QueryResult<(Vec<ItemRow>, Vec<CouponRow>)> {
    let items = items::table
        .filter(items::item_id.eq_any(&needs.items))
        .select(ItemRow::as_select())
        .load(connection)?;
    if needs.coupons.is_empty() {
        return Ok((items, Vec::new()));
    }
    let coupons = coupons::table
        .filter(coupons::coupon_id.eq_any(&needs.coupons))
        .select(CouponRow::as_select())
        .load(connection)?;
    Ok((items, coupons))
}
