//! A line of an order.

/// An item, so many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) item: i64,
    pub(crate) quantity: i64,
}
