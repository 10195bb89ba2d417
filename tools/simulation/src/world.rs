//! The world: both services, what is between them, the gateway and the shoppers, in one state at a time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use composite_service::domain::review_pace::pause;
use order_service::inbound::kafka::intake::RECOMMIT_INTERVAL;
use shared::order_number::OrderNumber;

use crate::chance::Chance;
use crate::composite::Composite;
use crate::gateway::{Call, Gateway};
use crate::owner::Owner;
use crate::partitions::Partitions;
use crate::profile::{BEGINNING, Profile};
use crate::reply_topic::ReplyTopic;
use crate::sabotage::Sabotage;
use crate::shopper::{Request, Shopper};
use crate::store::Store;
use crate::tally::Tally;

/// The world.
#[derive(Debug)]
pub struct World {
    /// Time since the beginning.
    pub now: Duration,
    /// Its sizes and faults.
    pub profile: Profile,
    /// What is built wrongly.
    pub sabotage: Sabotage,
    /// Nothing goes wrong any more, and nobody asks for anything new.
    pub is_healed: bool,
    /// Order services.
    pub owners: Vec<Owner>,
    /// Composites.
    pub composites: Vec<Composite>,
    /// Shoppers.
    pub shoppers: Vec<Shopper>,
    /// Their requests.
    pub requests: Vec<Request>,
    /// The topic of commands.
    pub partitions: Partitions,
    /// The topic of replies.
    pub reply_topic: ReplyTopic,
    /// The database.
    pub store: Store,
    /// The payment gateway.
    pub gateway: Gateway,
    /// Requests to it.
    pub calls: Vec<Call>,
    /// What has happened how often.
    pub tally: Tally,
    pub(crate) chance: Chance,
    pub(crate) next_purchase: u64,
    /// How often processes may still be killed or stopped, and partitions be moved.
    pub(crate) disruptions_left: usize,
    /// The gateway can't be reached until then.
    pub(crate) away_until: Duration,
    /// When every owner commits everything again.
    pub(crate) recommit_at: Duration,
    story: Option<Vec<String>>,
}

impl World {
    /// The world of a seed. With `is_told` it remembers what happens in words.
    #[must_use]
    pub fn new(seed: u64, sabotage: Sabotage, is_told: bool) -> Self {
        let mut chance = Chance::seeded(seed);
        let profile = Profile::by_chance(&mut chance).suited_to(sabotage);
        let owners = (0..profile.owners)
            .map(|_| Owner::new(&profile, chance.any()))
            .collect();
        let reply_topic = ReplyTopic::new(profile.composites);
        let composites = (0..profile.composites)
            .map(|composite| {
                let mut process = Composite::new(0, pause(chance.any()));
                process
                    .intake
                    .follow(composite, &reply_topic, Duration::ZERO);
                process
            })
            .collect();
        let shoppers = (0..profile.shoppers)
            .map(|index| Shopper::by_chance(index, &profile, &mut chance))
            .collect();
        Self {
            now: Duration::ZERO,
            sabotage,
            is_healed: false,
            owners,
            composites,
            shoppers,
            requests: Vec::new(),
            partitions: Partitions::new(profile.partitions),
            reply_topic,
            store: Store::new(&profile.items(), &Profile::coupons(), sabotage),
            gateway: Gateway::default(),
            calls: Vec::new(),
            tally: Tally::default(),
            chance,
            next_purchase: 0,
            disruptions_left: profile.disruptions,
            away_until: Duration::ZERO,
            recommit_at: RECOMMIT_INTERVAL,
            story: is_told.then(Vec::new),
            profile,
        }
    }

    /// The time on everybody's clock.
    #[must_use]
    pub fn time(&self) -> DateTime<Utc> {
        BEGINNING + self.now
    }

    /// Remembers what happens, where somebody wants to know.
    pub(crate) fn note(&mut self, words: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(story) = &mut self.story {
            story.push(format!("{:>10.3}s  {}", now.as_secs_f64(), words()));
        }
    }

    /// What has happened, where it was to be told.
    pub fn take_story(&mut self) -> Vec<String> {
        self.story.take().unwrap_or_default()
    }

    /// A new order number, sometimes one that is taken.
    pub(crate) fn new_number(&mut self) -> OrderNumber {
        let random = u64::try_from(self.chance.below(self.profile.numbers)).unwrap_or_default();
        OrderNumber::new(BEGINNING.naive_utc(), random)
    }

    /// When the first order is due for review.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let due = self
            .store
            .orders()
            .filter_map(|order| order.review_at)
            .min()?;
        Some((due - BEGINNING).to_std().unwrap_or(Duration::ZERO))
    }

    /// From now on nothing goes wrong.
    pub fn heal(&mut self) {
        self.is_healed = true;
        self.away_until = Duration::ZERO;
        self.store.recover(Duration::MAX);
        self.note(|| "from here on nothing goes wrong".to_owned());
    }
}
