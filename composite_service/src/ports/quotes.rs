//! Asks the order service what an order would cost.

use chrono::{DateTime, FixedOffset};
use futures_util::future::BoxFuture;
use shared::reason::Reason;
use shared::wire::quote_dto::{QuoteDto, WishDto};

use super::order_query::QueryError;

/// What the order service says to a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum QuoteAnswer {
    /// It costs this much.
    Quote(QuoteDto),
    /// An order for it would be refused.
    Refused {
        /// Why.
        reason: Reason,
        /// When the same wish may be granted.
        retry_at: Option<DateTime<FixedOffset>>,
    },
    /// It gives no quotes: it is a Spring one, or one of this mall from before there were quotes.
    NotGiven,
}

/// Quotes.
pub trait Quotes: Send + Sync {
    /// What an order for this would cost now. Nothing is taken.
    fn quote(&self, wish: &WishDto) -> BoxFuture<'static, Result<QuoteAnswer, QueryError>>;
}
