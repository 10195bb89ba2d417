//! Reads from the order service.

use futures_util::future::BoxFuture;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::{OrderDto, ProductDto};

use crate::domain::peer::Peer;

/// Why a read has failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is away, or its answer can't be used.
    #[error("the order service could not be read: {0}")]
    Failed(String),
    /// It is there, and has no such list: a Spring one, for example.
    #[error("the order service could not be read: it answered 404, so it has no such list")]
    NoSuchList,
}

/// Selects a page of products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageBounds {
    /// Products after this id.
    pub after: Option<i64>,
    /// The maximal number of products; the order service has a default and an upper limit.
    pub limit: Option<u32>,
}

/// A page of products.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductPage {
    /// In ascending order of id.
    pub products: Vec<ProductDto>,
    /// Whether more follow.
    pub has_more: bool,
}

/// A page of the orders that are due for review.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DuePage {
    /// The longest due first.
    pub orders: Vec<OrderDto>,
    /// The opaque cursor of the next page, if there may be one.
    pub next: Option<String>,
}

/// Reads orders and products.
pub trait OrderQuery: Send + Sync {
    /// An order, or `None` when there is none.
    fn order(
        &self,
        number: &OrderNumber,
    ) -> BoxFuture<'static, Result<Option<OrderDto>, QueryError>>;

    /// A page of products.
    fn products(&self, bounds: PageBounds) -> BoxFuture<'static, Result<ProductPage, QueryError>>;

    /// Orders that are due for review, from the beginning or from the cursor of the previous page.
    fn due_reviews(&self, after: Option<&str>) -> BoxFuture<'static, Result<DuePage, QueryError>>;

    /// Which order service it is. One that fails, or is away, is not known.
    fn peer(&self) -> BoxFuture<'static, Peer>;

    /// A product, or `None` when there is none.
    fn product(&self, id: i64) -> BoxFuture<'static, Result<Option<ProductDto>, QueryError>>;
}
