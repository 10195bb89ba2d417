//! Stock and coupons for those who only ask for a price. Blocking: called off the async threads only.

use crate::domain::order::Wish;
use crate::domain::shelf::Shelf;
use crate::ports::order_store::StoreError;

/// Shelves to look at.
pub trait Shelves: Send + Sync {
    /// A shelf with the items and the coupon of the wish and what its member has pending, as they are stored. Nothing is locked, and what is
    /// taken from the shelf is not stored.
    ///
    /// # Errors
    /// When the store fails.
    fn shelf_for(&self, wish: Wish<'_>) -> Result<Shelf, StoreError>;
}
