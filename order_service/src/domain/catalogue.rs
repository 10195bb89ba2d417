//! Products and the items they are made of. An item is the unit that is bought.

use std::sync::Arc;

use shared::money::Money;

use super::order::ItemId;

/// The identity of a product.
pub type ProductId = i64;

/// A product with its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its identity.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Its items, by identity.
    pub items: Vec<Item>,
}

/// An item as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its identity.
    pub id: ItemId,
    /// Its name.
    pub name: Arc<str>,
    /// The price of one piece.
    pub price: Money,
    /// Pieces left.
    pub stock: u32,
}
