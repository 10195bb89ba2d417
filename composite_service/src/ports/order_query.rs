//! Reading from the order service.

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::{OrderDto, ProductDto};

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
#[error("the order service could not be read: {0}")]
pub struct QueryError(pub String);

/// Which products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageBounds {
    /// Products after this one.
    pub after: Option<i64>,
    /// At most so many; the order service has a default and a maximum.
    pub limit: Option<u32>,
}

/// A page of products.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductPage {
    /// In ascending order of identity.
    pub products: Vec<ProductDto>,
    /// Whether more follow.
    pub has_more: bool,
}

/// A page of the orders whose books are open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DuePage {
    /// The longest due first.
    pub orders: Vec<OrderDto>,
    /// Where the next page begins, when there may be one: a word of the order service.
    pub next: Option<String>,
}

/// What can be read.
pub trait OrderQuery: Send + Sync {
    /// An order, or `None` when there is none.
    fn order(
        &self,
        number: &OrderNumber,
    ) -> BoxFuture<'static, Result<Option<OrderDto>, QueryError>>;

    /// A page of products.
    fn products(&self, bounds: PageBounds) -> BoxFuture<'static, Result<ProductPage, QueryError>>;

    /// Orders whose books are open, from the beginning or from where the last page ended.
    fn due_reviews(&self, after: Option<&str>) -> BoxFuture<'static, Result<DuePage, QueryError>>;

    /// A product, or `None` when there is none.
    fn product(&self, id: i64) -> BoxFuture<'static, Result<Option<ProductDto>, QueryError>>;
}
