//! The world: both services, what is between them, the gateway and the shoppers, in one state at a time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use composite_service::domain::purchase::Event;
use composite_service::domain::review_pace::pause;
use composite_service::ports::payment::GATEWAY_WAIT;
use order_service::domain::order::OrderState;
use shared::budget;
use shared::order_number::OrderNumber;

use crate::chance::Chance;
use crate::composite::Composite;
use crate::gateway::{Call, ChargeState, Gateway, LATEST_EFFECT};
use crate::invariants::Check;
use crate::owner::Owner;
use crate::partitions::Partitions;
use crate::profile::Profile;
use crate::reply_topic::ReplyTopic;
use crate::sabotage::Sabotage;
use crate::shopper::{Request, Shopper};
use crate::store::Store;
use crate::tally::Tally;

/// When every schedule begins.
pub const BEGINNING: DateTime<Utc> = DateTime::from_timestamp_nanos(1_795_396_540_000_000_000);
/// How long a rebalance waits for the records in hand of the partitions that go.
pub const REVOKE_GRACE: Duration = Duration::from_secs(5);
/// How often an owner commits everything again.
const RECOMMIT_INTERVAL: Duration = Duration::from_secs(2);

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
    recommit_at: Duration,
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

    /// Most of the time little passes; sometimes everything that was waited for is over at once.
    pub(crate) fn pass_time(&mut self) {
        let next = self.next_timer();
        let is_much = self.is_healed || self.chance.below(100) < self.profile.haste;
        let just_before = self.chance.millis(0, 1_500);
        let passed = match self.chance.below(6) {
            _ if self.is_healed => None,
            0 | 1 if is_much => None,
            // Just before an order is due: whoever acts on it now meets its reviewer.
            2 | 3 if is_much => self
                .next_due()
                .map(|due| due.saturating_sub(self.now + just_before)),
            4 if is_much => Some(self.chance.millis(2_000, 20_000)),
            _ if is_much => Some(self.chance.millis(20_000, 90_000)),
            0 => Some(self.chance.millis(100, 1_000)),
            // What is tried again is tried many times before it gets through.
            1 | 2 => match self.next_alarm() {
                Some(at) => Some(at.saturating_sub(self.now)),
                None => Some(self.chance.millis(1, 50)),
            },
            _ => Some(self.chance.millis(1, 50)),
        };
        let then = passed
            .map(|passed| self.now + passed)
            .or(next)
            .unwrap_or(self.now);
        self.now = then.max(self.now + Duration::from_millis(1));
    }

    /// When the next alarm of a write plan is due.
    fn next_alarm(&self) -> Option<Duration> {
        let alarms = self.owners.iter().flat_map(Owner::alarms);
        alarms.filter(|at| *at > self.now).min()
    }

    /// The next time at which something happens by itself.
    fn next_timer(&self) -> Option<Duration> {
        let due = self.next_due();
        let composites = self.composites.iter().flat_map(|composite| {
            let runs = composite.purchases.values();
            let of_runs = runs.flat_map(|run| run.deadline.into_iter().chain(run.wake_at));
            let given_up = composite
                .producer
                .front()
                .map(|out| out.since + budget::DELIVERY);
            of_runs
                .chain(given_up)
                .chain(composite.waits.front().copied())
                .chain(due.map(|due| due.max(composite.next_look)))
        });
        let calls = self.calls.iter().map(|call| match call.caller {
            Some(_) => call.sent_at + GATEWAY_WAIT,
            None => call.sent_at + LATEST_EFFECT,
        });
        let owners = self.owners.iter().flat_map(|owner| {
            let idle = (owner.actors() > 0).then(|| self.now + self.profile.idle_after);
            let leaving = owner.leaving.values().map(|(deadline, _)| *deadline);
            leaving.chain(idle).chain(owner.alarms())
        });
        composites
            .chain(calls)
            .chain(owners)
            .chain(self.store.recoveries())
            .filter(|at| *at > self.now)
            .min()
    }

    /// What happens by itself when time has passed.
    pub(crate) fn tick(&mut self) -> Check {
        let now = self.now;
        for composite in 0..self.composites.len() {
            self.expire(composite)?;
            self.keep_house(composite);
        }
        self.store.recover(now);
        self.calls
            .retain(|call| call.caller.is_some() || call.sent_at + LATEST_EFFECT > now);
        while let Some(index) = self
            .calls
            .iter()
            .position(|call| call.caller.is_some() && call.sent_at + GATEWAY_WAIT <= now)
        {
            self.give_call_up(index)?;
        }
        self.calls.retain(|call| call.sent_at + LATEST_EFFECT > now);
        let recommits = self.recommit_at <= now;
        for owner in &mut self.owners {
            owner.sweep(now);
            if recommits {
                owner.ledger.recommit();
                owner.is_dirty = true;
            }
        }
        if recommits {
            self.recommit_at = now + RECOMMIT_INTERVAL;
        }
        Ok(())
    }

    pub(crate) fn wake(&mut self, composite: usize, id: u64) -> Check {
        if let Some(run) = self.composites[composite].purchases.get_mut(&id) {
            run.wake_at = None;
        }
        self.go_on(composite, id, Event::WaitOver)
    }

    pub(crate) fn pass_deadline(&mut self, composite: usize, id: u64) -> Check {
        if let Some(run) = self.composites[composite].purchases.get_mut(&id) {
            run.deadline = None;
        }
        self.go_on(composite, id, Event::DeadlinePassed)
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

    /// From now on nothing goes wrong.
    pub fn heal(&mut self) {
        self.is_healed = true;
        self.away_until = Duration::ZERO;
        self.store.recover(Duration::MAX);
        self.note(|| "from here on nothing goes wrong".to_owned());
    }

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
}
