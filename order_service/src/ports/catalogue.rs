//! Reading the catalogue, and filling it. Blocking: called off the async threads only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::catalogue::{Product, ProductId};
use crate::domain::coupon::Coupon;
use crate::domain::order::ItemId;
use crate::ports::order_store::StoreError;

/// Products, items and coupons to be put into the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assortment {
    /// Products with their items.
    pub products: Vec<Product>,
    /// Coupons.
    pub coupons: Vec<Coupon>,
    /// The coupons' names.
    pub coupon_names: BTreeMap<i64, String>,
}

/// A coupon with its name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCoupon {
    /// The coupon.
    pub coupon: Coupon,
    /// Its name.
    pub name: String,
}

/// Products, items and coupons.
pub trait Catalogue: Send + Sync {
    /// Up to `limit` products in ascending order of identity, beginning after `after`.
    ///
    /// # Errors
    /// When the store fails.
    fn products(&self, after: Option<ProductId>, limit: u32) -> Result<Vec<Product>, StoreError>;

    /// One product.
    ///
    /// # Errors
    /// When the store fails.
    fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError>;

    /// Up to `limit` products, the newest first, of which some item is in stock and none is among `bought`.
    ///
    /// # Errors
    /// When the store fails.
    fn recommended(
        &self,
        bought: &BTreeSet<ItemId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError>;

    /// Up to `limit` coupons that no order holds and that are valid at `now`, those that end first in front.
    ///
    /// # Errors
    /// When the store fails.
    fn usable_coupons(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<NamedCoupon>, StoreError>;

    /// Inserts what is missing; what is there, its stock above all, stays as it is.
    ///
    /// # Errors
    /// When the store fails.
    fn import(&self, assortment: &Assortment) -> Result<(), StoreError>;
}
