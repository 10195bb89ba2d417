//! What differs from schedule to schedule: sizes, and which faults there are. Few kinds of faults at a time find more than all of them
//! always.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use order_service::domain::catalogue::Item;
use order_service::domain::coupon::{Coupon, Discount};
use order_service::domain::order::{CouponId, ItemId};
use shared::money::Money;

use crate::chance::Chance;
use crate::fault_kind::Kind;
use crate::sabotage::Sabotage;

/// When every schedule begins.
pub const BEGINNING: DateTime<Utc> = DateTime::from_timestamp_nanos(1_795_396_540_000_000_000);
/// The items there are.
pub const ITEMS: [ItemId; 2] = [1, 2];
/// What a piece costs.
pub const PRICE: i64 = 1_000;
/// The coupon there is.
pub const COUPON: CouponId = 7;
/// What it takes off: a single piece costs nothing then.
pub const REBATE: i64 = 1_000;

/// A schedule's sizes and faults.
#[derive(Debug)]
pub struct Profile {
    /// Composites.
    pub composites: usize,
    /// Order services.
    pub owners: usize,
    /// Partitions of the topic of commands.
    pub partitions: usize,
    /// Shoppers.
    pub shoppers: usize,
    /// How often a shopper asks, and how often he pays.
    pub most_requests: usize,
    /// How often a shopper cancels.
    pub most_cancels: usize,
    /// Pieces of each item.
    pub stock: u32,
    /// Transitions of a batch.
    pub max_batch: usize,
    /// Records in hand of an order service.
    pub max_in_flight: usize,
    /// Actors of an order service.
    pub max_live: usize,
    /// How long an idle actor lives.
    pub idle_after: Duration,
    /// How long an order waits for its payment.
    pub unpaid_for: TimeDelta,
    /// How many order numbers there are: few, so that some are drawn twice.
    pub numbers: usize,
    /// How many payments the gateway declines: one in so many.
    pub declines: usize,
    /// How many shoppers pay in the request that places the order: one in so many does not.
    pub pays_later: usize,
    /// How many of them pay a wrong amount: one in so many.
    pub pays_wrongly: usize,
    /// How many shoppers use the coupon: one in so many.
    pub uses_coupon: usize,
    /// Steps with faults.
    pub steps: usize,
    /// How often processes are killed or stopped, and partitions moved.
    pub disruptions: usize,
    /// One of so many steps is a fault, where one can happen.
    pub calm: usize,
    /// How often of a hundred times that time passes, much passes.
    pub haste: usize,
    /// How likely each kind of fault is; those that are not here don't happen.
    pub faults: Vec<(Kind, u32)>,
}

impl Profile {
    /// One by chance.
    #[must_use]
    pub fn by_chance(chance: &mut Chance) -> Self {
        let faults = Kind::ALL
            .iter()
            .filter_map(|kind| {
                let weight = [0, 0, 1, 4][chance.below(4)];
                (weight > 0).then_some((*kind, weight))
            })
            .collect();
        Self {
            composites: chance.between(1, 2),
            owners: chance.between(1, 3),
            partitions: chance.between(1, 2),
            shoppers: chance.between(1, 4),
            most_requests: chance.between(1, 3),
            most_cancels: [0, 0, 1, 3][chance.below(4)],
            stock: [1, 4, 20, 20][chance.below(4)],
            max_batch: [1, 2, 512][chance.below(3)],
            max_in_flight: [2, 4, 2_048][chance.below(3)],
            max_live: [1, 2, 10_000][chance.below(3)],
            idle_after: Duration::from_secs([2, 60, 3_600][chance.below(3)]),
            unpaid_for: [TimeDelta::minutes(1), TimeDelta::minutes(30)][chance.below(2)],
            numbers: [6, 30, 1_000][chance.below(3)],
            declines: [3, 10, 1_000][chance.below(3)],
            pays_later: [1, 2, 5][chance.below(3)],
            pays_wrongly: [2, 10, 1_000][chance.below(3)],
            uses_coupon: [2, 10, 1_000][chance.below(3)],
            steps: [150, 300, 800][chance.below(3)],
            disruptions: [0, 2, 5, 15][chance.below(4)],
            calm: [2, 4, 12][chance.below(3)],
            haste: [0, 1, 5][chance.below(3)],
            faults,
        }
    }

    /// Where a fault of construction shows only on a narrow way, schedules go that way.
    #[must_use]
    pub fn suited_to(self, sabotage: Sabotage) -> Self {
        match sabotage {
            Sabotage::StaleKnowledge => Self {
                owners: 2,
                idle_after: Duration::from_secs(3_600),
                disruptions: 30,
                haste: 5,
                faults: vec![(Kind::Rebalance, 1)],
                ..self
            },
            // Few wishes, nothing but silence from the gateway, and time that passes fast enough for purchases to become old.
            Sabotage::LateFence => Self {
                shoppers: 4,
                pays_later: 1_000,
                pays_wrongly: 1_000,
                declines: 1_000,
                stock: 20,
                numbers: 1_000,
                steps: 800,
                haste: 20,
                calm: 2,
                faults: vec![(Kind::CallLost, 1), (Kind::CallOverdue, 2)],
                ..self
            },
            Sabotage::RefundsWithoutKeys
            | Sabotage::RefundsWithoutStock
            | Sabotage::RefundsNotReviewed => Self {
                most_cancels: 3,
                declines: 1_000,
                pays_wrongly: 1_000,
                ..self
            },
            // Replies that come late, to composites whose homes go.
            Sabotage::EarlyFarewell => Self {
                disruptions: 30,
                haste: 5,
                faults: vec![(Kind::HomeLost, 1)],
                ..self
            },
            _ => self,
        }
    }

    /// How likely this fault is.
    #[must_use]
    pub fn weight(&self, kind: Kind) -> u32 {
        self.faults
            .iter()
            .find(|(of, _)| *of == kind)
            .map_or(0, |(_, weight)| *weight)
    }

    /// What is on the shelf at the beginning.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        ITEMS
            .iter()
            .map(|id| Item {
                id: *id,
                name: format!("item {id}").into(),
                price: Money::from_units(u32::try_from(PRICE).unwrap_or_default()),
                stock: self.stock,
            })
            .collect()
    }

    /// The coupons at the beginning.
    #[must_use]
    pub fn coupons() -> Vec<Coupon> {
        vec![Coupon {
            id: COUPON,
            discount: Discount::Fixed(Money::from_units(u32::try_from(REBATE).unwrap_or_default())),
            minimum_total: Money::ZERO,
            valid_from: BEGINNING - TimeDelta::days(1),
            valid_until: BEGINNING + TimeDelta::days(365),
            used_by: None,
        }]
    }
}
