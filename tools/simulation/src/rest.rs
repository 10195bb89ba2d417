//! Whether a healed world has come to rest, and how orders and payments have ended by then.

use order_service::domain::order::OrderState;

use crate::gateway::ChargeState;
use crate::world::World;

impl World {
    /// What is not at rest; nothing when everything is.
    #[must_use]
    pub fn unrest(&self) -> Option<String> {
        for (index, composite) in self.composites.iter().enumerate() {
            if !composite.purchases.is_empty() || composite.waiters() > 0 {
                return Some(format!(
                    "composite {index} waits: {:?}",
                    composite.purchases
                ));
            }
            if !composite.producer.is_empty()
                || composite.intake.has_changed
                || composite.intake.unread(&self.reply_topic).next().is_some()
                || !composite.reviews.is_empty()
            {
                return Some(format!("composite {index} has something to do"));
            }
        }
        for (index, owner) in self.owners.iter().enumerate() {
            if !owner.is_quiet() || owner.actors() > 0 {
                return Some(format!("owner {index} has something in hand: {owner:?}"));
            }
        }
        for (partition, place) in self.partitions.iter() {
            if place.committed != place.end() {
                return Some(format!(
                    "partition {partition} is committed to {} of {}",
                    place.committed,
                    place.end()
                ));
            }
        }
        let open = self.store.orders().find(|order| order.review_at.is_some());
        if let Some(order) = open {
            return Some(format!("its books are open: {order:?}"));
        }
        (!self.calls.is_empty()).then(|| format!("the gateway is asked: {:?}", self.calls))
    }

    /// Counts how orders and payments have ended.
    pub(crate) fn count_ends(&mut self) {
        for order in self.store.orders() {
            self.tally.count(match order.state {
                OrderState::Created => "order pending",
                OrderState::Complete(_) => "order complete",
                OrderState::Rejected(reason) => reason.as_str(),
            });
        }
        for (_, charge) in self.gateway.iter() {
            self.tally.count(match charge.state {
                ChargeState::Charged => "payment charged",
                ChargeState::Declined => "payment declined",
                ChargeState::Cancelled => "payment cancelled",
            });
        }
    }
}
