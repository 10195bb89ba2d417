//! Reading the catalogue, and filling it. Blocking: called off the async threads only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::catalogue::{Product, ProductId};
use crate::domain::coupon::Coupon;
use crate::domain::order::ItemId;
use crate::ports::order_store::StoreError;

/// Products, items and coupons to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assortment {
    /// Products with their items.
    pub products: Vec<Product>,
    /// Coupons.
    pub coupons: Vec<Coupon>,
    /// The coupons' names.
    pub coupon_names: BTreeMap<i64, String>,
}

/// A coupon with its display name.
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

    /// Up to `limit` products, the newest first, with at least one item in stock and none in `bought`.
    ///
    /// # Errors
    /// When the store fails.
    fn recommended(
        &self,
        bought: &BTreeSet<ItemId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError>;

    /// Up to `limit` coupons that are unused and valid at `now`, sorted by when they end.
    ///
    /// # Errors
    /// When the store fails.
    fn usable_coupons(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<NamedCoupon>, StoreError>;

    /// Inserts what is missing. Existing rows stay unchanged, above all their stock.
    ///
    /// # Errors
    /// When the store fails.
    fn import(&self, assortment: &Assortment) -> Result<(), StoreError>;
}
