//! What waits in the mailboxes of a process' actors, and what is in their hands: a table beside the actors, which can be read while
//! any of them is stuck. Senders post, handlers begin and end; each is a short lock of that mailbox alone and some atomic additions.
//! Knows neither actors nor messages but by name.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::metrics::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
use crate::metrics::{Metrics, Result};

/// The table's locks: actors come and go at the rate of orders.
const SHARDS: usize = 16;
/// Of so many actors a picture tells each by itself.
const SHOWN: usize = 100;

/// All mailboxes of a process.
pub struct Mailboxes {
    table: Arc<Table>,
    size: IntGaugeVec,
    waited: HistogramVec,
    worked: HistogramVec,
    live: IntGaugeVec,
    woken: IntCounterVec,
    retired: IntCounterVec,
}

#[derive(Default)]
struct Table {
    shards: [Mutex<HashMap<u64, Weak<Inner>>>; SHARDS],
    opened: AtomicU64,
}

/// A type of actor: whoever starts one opens its mailbox here.
#[derive(Clone)]
pub struct ActorType(Arc<TypeMetrics>);

struct TypeMetrics {
    table: Arc<Table>,
    name: &'static str,
    size: IntGauge,
    waited: Histogram,
    worked: Histogram,
    live: IntGauge,
    woken: IntCounter,
    retired: IntCounter,
}

/// An actor's mailbox, for those who send to it and for itself. It is in the table until the last of them drops it.
#[derive(Clone)]
pub struct Mailbox(Arc<Inner>);

struct Inner {
    id: u64,
    actor: ActorType,
    name: String,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    posted: u64,
    waiting: VecDeque<Waiting>,
    in_hand: Option<(&'static str, Instant)>,
}

struct Waiting {
    ticket: u64,
    message: &'static str,
    since: Instant,
}

/// Travels with a message from its sender to its handler. Dropped before that, the message never arrived. The default one is of a
/// message that nobody counts.
#[must_use]
#[derive(Default)]
pub struct Ticket(Option<(Mailbox, u64)>);

/// A message in hand, until this is dropped. The default one is none.
#[must_use]
#[derive(Default)]
pub struct InHand(Option<(Mailbox, Instant)>);

impl Mailboxes {
    /// An empty table; what can be counted is registered.
    ///
    /// # Errors
    /// When it is registered already.
    pub fn new(metrics: &Metrics) -> Result<Self> {
        let by = ["actor"];
        Ok(Self {
            table: Arc::default(),
            size: metrics.gauges("actor_mailbox_size", "Messages that wait.", &by)?,
            waited: metrics.durations(
                "actor_mailbox_time_seconds",
                "How long messages waited for their handler.",
                &by,
            )?,
            worked: metrics.durations(
                "actor_processing_duration_seconds",
                "How long messages were in hand.",
                &by,
            )?,
            live: metrics.gauges("actor_live", "Actors that live.", &by)?,
            woken: metrics.counters("actor_woken_total", "Actors that were started.", &by)?,
            retired: metrics.counters("actor_retired_total", "Actors that have ended.", &by)?,
        })
    }

    /// The type of this name.
    #[must_use]
    pub fn of(&self, name: &'static str) -> ActorType {
        let by = [name];
        ActorType(Arc::new(TypeMetrics {
            table: Arc::clone(&self.table),
            name,
            size: self.size.with_label_values(&by),
            waited: self.waited.with_label_values(&by),
            worked: self.worked.with_label_values(&by),
            live: self.live.with_label_values(&by),
            woken: self.woken.with_label_values(&by),
            retired: self.retired.with_label_values(&by),
        }))
    }

    /// How things stand.
    #[must_use]
    pub fn picture(&self) -> Picture {
        let now = Instant::now();
        let mut actors: Vec<ActorPicture> = self
            .table
            .live()
            .iter()
            .map(|mailbox| mailbox.picture(now))
            .collect();
        let mut totals: BTreeMap<&'static str, Totals> = BTreeMap::new();
        for actor in &actors {
            let totals = totals.entry(actor.actor).or_default();
            totals.live += 1;
            totals.waiting += actor.depth;
            totals.busy += usize::from(actor.in_hand.is_some());
        }
        actors.sort_by_key(|actor| std::cmp::Reverse((actor.waits_for_ms(), actor.depth)));
        actors.truncate(SHOWN);
        Picture { totals, actors }
    }
}

/// How things stand. Times are in milliseconds.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// By type of actor.
    pub totals: BTreeMap<&'static str, Totals>,
    /// Some hundred actors at most, those first that somebody has waited for longest.
    pub actors: Vec<ActorPicture>,
}

/// All actors of a type.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// How many there are.
    pub live: usize,
    /// How many messages wait for them.
    pub waiting: usize,
    /// How many have one in hand.
    pub busy: usize,
}

/// One actor.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ActorPicture {
    /// Its type.
    pub actor: &'static str,
    /// Which one of them.
    pub name: String,
    /// How many messages wait.
    pub depth: usize,
    /// The one that has waited longest.
    pub oldest_waiting: Option<MessagePicture>,
    /// The one in hand.
    pub in_hand: Option<MessagePicture>,
}

/// One message.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MessagePicture {
    /// What it is called.
    pub message: &'static str,
    /// For how long it has waited, or been in hand.
    pub for_ms: u64,
}

impl ActorPicture {
    fn waits_for_ms(&self) -> u64 {
        let both = [&self.oldest_waiting, &self.in_hand].into_iter().flatten();
        both.map(|message| message.for_ms).max().unwrap_or(0)
    }
}

impl Table {
    fn shard(&self, id: u64) -> MutexGuard<'_, HashMap<u64, Weak<Inner>>> {
        let nth = usize::try_from(id % SHARDS as u64).unwrap_or(0);
        self.shards[nth]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> Vec<Arc<Inner>> {
        let mut live = Vec::new();
        for id in 0..SHARDS as u64 {
            live.extend(self.shard(id).values().filter_map(Weak::upgrade));
        }
        live
    }
}

impl ActorType {
    /// The mailbox of a new actor of this type.
    #[must_use]
    pub fn open(&self, name: &str) -> Mailbox {
        let id = self.0.table.opened.fetch_add(1, Ordering::Relaxed);
        let inner = Arc::new(Inner {
            id,
            actor: self.clone(),
            name: name.to_owned(),
            content: Mutex::default(),
        });
        self.0.table.shard(id).insert(id, Arc::downgrade(&inner));
        self.0.woken.inc();
        self.0.live.inc();
        Mailbox(inner)
    }
}

impl Mailbox {
    /// To be called right before the message is sent, with which the ticket travels.
    pub fn post(&self, message: &'static str) -> Ticket {
        let mut content = self.0.content();
        let ticket = content.posted;
        content.posted += 1;
        content.waiting.push_back(Waiting {
            ticket,
            message,
            since: Instant::now(),
        });
        drop(content);
        self.0.actor.0.size.inc();
        Ticket(Some((self.clone(), ticket)))
    }

    /// Takes a message out of those that wait; they leave in their order but for a few that were sent by several threads at once.
    fn take(&self, ticket: u64, is_begun: bool) -> Option<Instant> {
        let mut content = self.0.content();
        let place = content
            .waiting
            .iter()
            .position(|waiting| waiting.ticket == ticket)?;
        let taken = content.waiting.remove(place)?;
        let now = Instant::now();
        if is_begun {
            content.in_hand = Some((taken.message, now));
        }
        drop(content);
        let actor = &self.0.actor.0;
        actor.size.dec();
        if is_begun {
            let waited = now.saturating_duration_since(taken.since);
            actor.waited.observe(waited.as_secs_f64());
        }
        Some(now)
    }
}

impl Ticket {
    /// Its message has reached its handler.
    pub fn begin(mut self) -> InHand {
        InHand(self.0.take().and_then(|(mailbox, ticket)| {
            let begin = mailbox.take(ticket, true)?;
            Some((mailbox, begin))
        }))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some((mailbox, ticket)) = self.0.take() {
            mailbox.take(ticket, false);
        }
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Ticket")
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some((mailbox, begin)) = &self.0 {
            mailbox.0.content().in_hand = None;
            let worked = begin.elapsed();
            mailbox.0.actor.0.worked.observe(worked.as_secs_f64());
        }
    }
}

impl Inner {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn picture(&self, now: Instant) -> ActorPicture {
        let picture = |message, since| MessagePicture {
            message,
            for_ms: millis(now.saturating_duration_since(since)),
        };
        let content = self.content();
        let oldest = content.waiting.front();
        ActorPicture {
            actor: self.actor.0.name,
            name: self.name.clone(),
            depth: content.waiting.len(),
            oldest_waiting: oldest.map(|waiting| picture(waiting.message, waiting.since)),
            in_hand: content
                .in_hand
                .map(|(message, since)| picture(message, since)),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let actor = &self.actor.0;
        actor.table.shard(self.id).remove(&self.id);
        actor.live.dec();
        actor.retired.inc();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn mailboxes() -> (Metrics, Mailboxes) {
        let metrics = Metrics::new().unwrap();
        let mailboxes = Mailboxes::new(&metrics).unwrap();
        (metrics, mailboxes)
    }

    fn told(metrics: &Metrics, line: &str) -> bool {
        let text = metrics.render().unwrap();
        text.lines().any(|told| told == line)
    }

    mod messages {
        use super::*;

        #[test]
        fn are_shown_while_they_wait_and_while_they_are_handled() {
            let (metrics, mailboxes) = mailboxes();
            let mailbox = mailboxes.of("OrderActor").open("20261123");
            let (first, second) = (mailbox.post("ORDER_CREATE"), mailbox.post("ORDER_APPROVE"));
            let in_hand = first.begin();
            thread::sleep(Duration::from_millis(2));

            let picture = mailboxes.picture();
            assert_eq!(
                picture.totals["OrderActor"],
                Totals {
                    live: 1,
                    waiting: 1,
                    busy: 1
                }
            );
            let [actor] = &picture.actors[..] else {
                panic!("{picture:?}")
            };
            assert_eq!((actor.name.as_str(), actor.depth), ("20261123", 1));
            let (waiting, busy) = (actor.oldest_waiting.as_ref(), actor.in_hand.as_ref());
            assert_eq!(waiting.unwrap().message, "ORDER_APPROVE");
            assert_eq!(busy.unwrap().message, "ORDER_CREATE");
            assert!(busy.unwrap().for_ms >= 2);

            drop(in_hand);
            drop(second.begin());
            let picture = mailboxes.picture();
            assert_eq!(
                picture.totals["OrderActor"],
                Totals {
                    live: 1,
                    waiting: 0,
                    busy: 0
                }
            );
            assert!(told(
                &metrics,
                r#"actor_mailbox_size{actor="OrderActor"} 0"#
            ));
            let done = r#"actor_processing_duration_seconds_count{actor="OrderActor"} 2"#;
            assert!(told(&metrics, done));
        }

        #[test]
        fn that_never_arrive_are_neither_waiting_nor_handled() {
            let (metrics, mailboxes) = mailboxes();
            let mailbox = mailboxes.of("Journal").open("journal");
            let (lost, kept) = (mailbox.post("Commit"), mailbox.post("Commit"));
            drop(lost);
            assert_eq!(mailboxes.picture().actors[0].depth, 1);
            drop(kept.begin());
            assert!(told(
                &metrics,
                r#"actor_mailbox_time_seconds_count{actor="Journal"} 1"#
            ));
        }

        #[test]
        fn sent_while_they_are_read_are_all_handled() {
            let (_metrics, mailboxes) = mailboxes();
            let mailbox = mailboxes.of("KafkaBridge").open("bridge");
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope
                        .spawn(|| (0..500).for_each(|_| drop(mailbox.post("SendCommand").begin())));
                }
                (0..50).for_each(|_| drop(mailboxes.picture()));
            });
            assert_eq!(mailboxes.picture().actors[0].depth, 0);
        }
    }

    mod an_ended_actor {
        use super::*;

        #[test]
        fn is_removed_and_counted() {
            let (metrics, mailboxes) = mailboxes();
            let orders = mailboxes.of("OrderActor");
            let (one, _other) = (orders.open("1"), orders.open("2"));
            let kept_by_a_sender = one.clone();
            drop(one);
            assert_eq!(mailboxes.picture().totals["OrderActor"].live, 2);
            drop(kept_by_a_sender);
            assert_eq!(mailboxes.picture().totals["OrderActor"].live, 1);
            for line in [
                r#"actor_live{actor="OrderActor"} 1"#,
                r#"actor_woken_total{actor="OrderActor"} 2"#,
                r#"actor_retired_total{actor="OrderActor"} 1"#,
            ] {
                assert!(told(&metrics, line), "{line}");
            }
        }
    }

    mod the_picture {
        use super::*;

        #[test]
        fn shows_the_longest_awaited_actors_and_the_totals_of_all() {
            let (_metrics, mailboxes) = mailboxes();
            let orders = mailboxes.of("OrderActor");
            let idle: Vec<Mailbox> = (0..150).map(|nth| orders.open(&nth.to_string())).collect();
            let _stuck = idle[120].post("ORDER_CREATE").begin();
            thread::sleep(Duration::from_millis(2));

            let picture = mailboxes.picture();
            assert_eq!(picture.actors.len(), SHOWN);
            assert_eq!(picture.actors[0].name, "120");
            assert_eq!(picture.totals["OrderActor"].live, 150);
        }
    }
}
