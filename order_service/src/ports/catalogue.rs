//! Reading the catalogue, and filling it. Blocking: called off the async threads only.

use std::collections::BTreeMap;

use crate::domain::catalogue::{Product, ProductId};
use crate::domain::coupon::Coupon;
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

/// Products and items.
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

    /// Inserts what is missing; what is there, its stock above all, stays as it is.
    ///
    /// # Errors
    /// When the store fails.
    fn import(&self, assortment: &Assortment) -> Result<(), StoreError>;
}
