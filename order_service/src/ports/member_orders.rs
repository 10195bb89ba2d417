//! The orders of a member. Blocking: called off the async threads only.

use chrono::{DateTime, Utc};
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use crate::domain::order::Order;
use crate::ports::order_store::StoreError;

/// A place in a member's list, which is sorted by time and then by order number, both descending.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderCursor {
    /// When the order there was placed.
    pub created_at: DateTime<Utc>,
    /// The order there.
    pub number: OrderNumber,
}

impl From<&Order> for OrderCursor {
    fn from(order: &Order) -> Self {
        Self {
            created_at: order.created_at,
            number: order.number.clone(),
        }
    }
}

/// Orders by member.
pub trait MemberOrders: Send + Sync {
    /// Up to `limit` orders of the member, the newest first, beginning after `after`.
    ///
    /// # Errors
    /// When the store fails.
    fn of_member(
        &self,
        member: &MemberId,
        after: Option<&OrderCursor>,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError>;
}
