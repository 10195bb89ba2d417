//! Recommendations: products of which a member hasn't just bought something.

use std::collections::BTreeSet;

use super::order::{ItemId, Order, OrderState};

/// How many of the member's last orders count.
pub const RECENT_ORDERS: u32 = 20;

/// The items that these orders have bought or are about to buy. Rejected orders have bought nothing.
#[must_use]
pub fn bought(orders: &[Order]) -> BTreeSet<ItemId> {
    orders
        .iter()
        .filter(|order| match order.state {
            OrderState::Created | OrderState::Complete(_) => true,
            OrderState::Rejected(_) => false,
        })
        .flat_map(|order| order.lines.iter().map(|line| line.item))
        .collect()
}

#[cfg(test)]
mod tests {
    use shared::reason::Reason;

    use super::*;
    use crate::domain::decide::Transition;
    use crate::domain::samples::{draft, item, now, payment};
    use crate::domain::shelf::Shelf;

    fn order(digits: u32, item_id: ItemId) -> Order {
        let mut shelf = Shelf::new([item(item_id, "100", 10)], []);
        shelf.settle(&Transition::Open(draft(digits, &[(item_id, 1)])))
    }

    #[test]
    fn open_and_paid_orders_count_and_rejected_ones_do_not() {
        let orders = [
            order(1, 10),
            order(2, 20).completed(payment("key", "100")),
            order(3, 30).rejected(Reason::PaymentDeclined, None, now()),
            order(4, 20),
        ];
        assert_eq!(bought(&orders), BTreeSet::from([10, 20]));
        assert_eq!(bought(&[]), BTreeSet::new());
    }
}
