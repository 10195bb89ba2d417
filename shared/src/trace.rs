//! What the messages of the latest orders waited for, and for how long. Each piece of work (a purchase, a record) leaves a [`Trail`] of
//! steps, and the latest trails are remembered. A trail is remembered from its beginning, so work that is stuck shows where.
//!
//! Every order passes here, so it is cheap: a trail costs one allocation and one short lock when it begins, a step costs one look at the
//! clock and two atomic writes. Knows actors and records by name only.

pub mod context;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use serde::Serialize;

use self::context::TraceContext;
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::order_number::OrderNumber;

/// How many trails are remembered.
pub const REMEMBERED: usize = 4_096;
/// How many steps of a trail are kept, its beginning not counted.
const MAX_STEPS: usize = 16;

/// The latest trails of a process.
pub struct Traces {
    latest: Mutex<VecDeque<Trail>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

/// How a piece of work begins.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// What kind of work it is.
    pub name: &'static str,
    /// The name of its first step.
    pub step: &'static str,
    /// When it began.
    pub at: Instant,
    /// The caller's place in the trace, if the request named one.
    pub caller: Option<TraceContext>,
    /// The record that asked for it, if one did.
    pub record: Option<RecordPlace>,
}

/// Where a record was read.
#[derive(Debug, Clone, Copy)]
pub struct RecordPlace {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// A piece of work on an order, from its beginning on. As text it is what log lines begin with: `order=… trace=…`. Cheap to clone.
#[derive(Clone)]
pub struct Trail(Arc<Inner>);

struct Inner {
    number: OrderNumber,
    arrival: Arrival,
    context: TraceContext,
    /// How many steps there were, also those that are not kept.
    taken: AtomicUsize,
    steps: [OnceLock<Step>; MAX_STEPS],
}

struct Step {
    name: &'static str,
    /// Microseconds since the beginning; 71 minutes at most.
    at_us: u32,
    batch_size: u32,
}

impl Traces {
    /// No trails yet. `ids` makes trace and span ids.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            latest: Mutex::default(),
            clock,
            ids,
        }
    }

    /// Begins a piece of work on the order, in its caller's trace or in a new one, and forgets the oldest trail.
    #[must_use]
    pub fn begin(&self, number: &OrderNumber, arrival: Arrival) -> Trail {
        let context = match arrival.caller {
            Some(caller) => caller.child(&*self.ids),
            None => TraceContext::new(&*self.ids),
        };
        let trail = Trail(Arc::new(Inner {
            number: number.clone(),
            arrival,
            context,
            taken: AtomicUsize::new(0),
            steps: [const { OnceLock::new() }; MAX_STEPS],
        }));
        let mut latest = self.latest.lock();
        let forgotten = (latest.len() >= REMEMBERED).then(|| latest.pop_front());
        latest.push_back(trail.clone());
        // Freeing the oldest trail takes longer than the rest, so it happens after the lock.
        drop(latest);
        drop(forgotten);
        trail
    }

    /// Continues a piece of work under another order number, in the same trace.
    #[must_use]
    pub fn follow(&self, number: &OrderNumber, trail: &Trail) -> Trail {
        let caller = Some(trail.0.arrival.caller.unwrap_or(trail.0.context));
        self.begin(
            number,
            Arrival {
                caller,
                ..trail.0.arrival
            },
        )
    }

    /// What is remembered of the order, the oldest first; `None` when nothing is.
    #[must_use]
    pub fn of(&self, number: &OrderNumber) -> Option<OrderTraces> {
        let latest = self.latest.lock();
        let of_order = latest.iter().filter(|trail| trail.0.number == *number);
        let trails: Vec<Trail> = of_order.cloned().collect();
        // Every order that begins waits for this lock, so the rest is done without it.
        drop(latest);
        let (now, instant) = (self.clock.now(), Instant::now());
        let began = |trail: &Trail| {
            let ago = instant.saturating_duration_since(trail.0.arrival.at);
            now - TimeDelta::from_std(ago).unwrap_or_default()
        };
        let traces: Vec<_> = trails
            .iter()
            .map(|trail| trail.picture(began(trail)))
            .collect();
        (!traces.is_empty()).then(|| OrderTraces {
            order_num: number.clone(),
            traces,
        })
    }
}

impl Trail {
    /// The work has reached this step.
    pub fn mark(&self, step: &'static str) {
        self.mark_batch(step, Instant::now(), 0);
    }

    /// The work has reached this step at that time, in a batch of that size.
    pub fn mark_batch(&self, step: &'static str, at: Instant, batch_size: usize) {
        let place = self.0.taken.fetch_add(1, Ordering::Relaxed);
        if let Some(room) = self.0.steps.get(place) {
            let passed = at.saturating_duration_since(self.0.arrival.at);
            let step = Step {
                name: step,
                at_us: u32::try_from(passed.as_micros()).unwrap_or(u32::MAX),
                batch_size: u32::try_from(batch_size).unwrap_or(u32::MAX),
            };
            // Never refused: `taken` gives each step a place of its own.
            let _ = room.set(step);
        }
    }

    /// The order.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        &self.0.number
    }

    /// How it began.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        self.0.arrival
    }

    /// Its place in the trace, for the requests that it sends.
    #[must_use]
    pub fn context(&self) -> TraceContext {
        self.0.context
    }

    /// Its place in the trace for its reply; `None` when the caller named no trace.
    #[must_use]
    pub fn reply_context(&self) -> Option<TraceContext> {
        self.0.arrival.caller.map(|_| self.0.context)
    }

    fn picture(&self, started_at: DateTime<Utc>) -> TracePicture {
        let Inner {
            arrival, context, ..
        } = &*self.0;
        let mut steps: Vec<&Step> = self.0.steps.iter().filter_map(OnceLock::get).collect();
        // Two threads that reach steps at the same time may have entered them in the other order.
        steps.sort_by_key(|step| step.at_us);
        let mut before = 0;
        let beginning = StepPicture {
            step: arrival.step,
            at_us: 0,
            took_us: 0,
            batch_size: None,
        };
        let others = steps.iter().map(|step| {
            let took_us = step.at_us - std::mem::replace(&mut before, step.at_us);
            StepPicture {
                step: step.name,
                at_us: step.at_us,
                took_us,
                batch_size: (step.batch_size > 0).then_some(step.batch_size),
            }
        });
        let taken = self.0.taken.load(Ordering::Relaxed);
        TracePicture {
            name: arrival.name,
            trace_id: context.trace_id().to_string(),
            span_id: context.span_id().to_string(),
            parent_span_id: arrival.caller.map(|caller| caller.span_id().to_string()),
            started_at,
            steps: std::iter::once(beginning).chain(others).collect(),
            took_us: before,
            steps_not_kept: taken.saturating_sub(MAX_STEPS),
            partition: arrival.record.map(|record| record.partition.to_string()),
            offset: arrival.record.map(|record| record.offset),
        }
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace_id = self.0.context.trace_id();
        write!(formatter, "order={} trace={trace_id}", self.0.number)
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Trail({self})")
    }
}

/// What is remembered of an order.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OrderTraces {
    /// The order.
    pub order_num: OrderNumber,
    /// The work on it, the oldest first.
    pub traces: Vec<TracePicture>,
}

/// A piece of work. Times are in microseconds.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TracePicture {
    /// What kind of work it is.
    pub name: &'static str,
    /// The trace that it belongs to.
    pub trace_id: String,
    /// This piece of work.
    pub span_id: String,
    /// The piece of work that asked for it, if the request named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// From its beginning to its last step so far.
    pub took_us: u32,
    /// The partition that its record was in, by OpenTelemetry's name.
    #[serde(
        rename = "messaging.destination.partition.id",
        skip_serializing_if = "Option::is_none"
    )]
    pub partition: Option<String>,
    /// The record's offset, likewise.
    #[serde(
        rename = "messaging.kafka.offset",
        skip_serializing_if = "Option::is_none"
    )]
    pub offset: Option<i64>,
    /// Its steps in their order.
    pub steps: Vec<StepPicture>,
    /// How many more there were.
    pub steps_not_kept: usize,
}

/// A step.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StepPicture {
    /// What was reached.
    pub step: &'static str,
    /// Since the beginning.
    pub at_us: u32,
    /// Since the step before.
    pub took_us: u32,
    /// How many were in the same transaction, by OpenTelemetry's name.
    #[serde(
        rename = "db.operation.batch.size",
        skip_serializing_if = "Option::is_none"
    )]
    pub batch_size: Option<u32>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::FixedClock;
    use crate::ids::SecureIds;

    fn traces() -> Traces {
        let clock = FixedClock("2026-11-22T16:15:40Z".parse().unwrap());
        Traces::new(Arc::new(clock), Arc::new(SecureIds))
    }

    fn number(nth: usize) -> OrderNumber {
        nth.to_string().parse().unwrap()
    }

    fn arrival(caller: Option<TraceContext>) -> Arrival {
        Arrival {
            name: "create",
            step: "record.polled",
            at: Instant::now(),
            caller,
            record: None,
        }
    }

    #[test]
    fn steps_are_shown_in_the_order_of_time_and_their_durations_add_up() {
        let traces = traces();
        let trail = traces.begin(&number(1), arrival(None));
        let after = |micros| trail.arrival().at + Duration::from_micros(micros);
        trail.mark_batch("taken", after(150), 0);
        // Another thread was quicker to enter it.
        trail.mark_batch("acknowledged", after(2_400), 0);
        trail.mark_batch("begun", after(1_900), 22);

        let told = traces.of(&number(1)).unwrap();
        let [picture] = &told.traces[..] else {
            panic!("{told:?}")
        };
        let steps = picture.steps.iter();
        let steps: Vec<_> = steps
            .map(|step| (step.step, step.at_us, step.took_us, step.batch_size))
            .collect();
        let expected = [
            ("record.polled", 0, 0, None),
            ("taken", 150, 150, None),
            ("begun", 1_900, 1_750, Some(22)),
            ("acknowledged", 2_400, 500, None),
        ];
        assert_eq!(steps, expected);
        assert_eq!(picture.took_us, 2_400);
        let began = "2026-11-22T16:15:40Z".parse::<DateTime<Utc>>().unwrap() - picture.started_at;
        assert!((0..20_000).contains(&began.num_milliseconds()), "{began}");
    }

    #[test]
    fn a_trail_is_a_part_of_its_callers_trace_and_the_reply_says_so() {
        let traces = traces();
        let caller = TraceContext::new(&SecureIds);
        let trail = traces.begin(&number(1), arrival(Some(caller)));
        assert_eq!(trail.context().trace_id(), caller.trace_id());
        assert_eq!(trail.reply_context(), Some(trail.context()));
        let own = traces.begin(&number(1), arrival(None));
        assert_eq!(own.reply_context(), None);

        let told = traces.of(&number(1)).unwrap().traces;
        assert_eq!(
            told[0].parent_span_id,
            Some(caller.span_id().to_string()),
            "the oldest is the first"
        );
        assert_eq!(told[0].span_id, trail.context().span_id().to_string());
        assert_eq!(told[1].parent_span_id, None);
        assert_ne!(told[0].trace_id, told[1].trace_id);
        let line = format!("order=1 trace={}", caller.trace_id());
        assert_eq!(trail.to_string(), line);
    }

    #[test]
    fn a_trail_stays_in_its_trace_when_the_order_number_changes() {
        let traces = traces();
        let (own, callers) = (None, Some(TraceContext::new(&SecureIds)));
        for caller in [own, callers] {
            let first = traces.begin(&number(1), arrival(caller));
            let second = traces.follow(&number(2), &first);
            assert_eq!(second.number(), &number(2));
            assert_eq!(second.arrival().at, first.arrival().at);
            assert_eq!(second.context().trace_id(), first.context().trace_id());
        }
    }

    #[test]
    fn the_oldest_trails_are_forgotten() {
        let traces = traces();
        for nth in 0..REMEMBERED + 2 {
            let _ = traces.begin(&number(nth), arrival(None));
        }
        assert_eq!(traces.of(&number(0)), None);
        assert_eq!(traces.of(&number(1)), None);
        assert!(traces.of(&number(2)).is_some());
        assert!(traces.of(&number(REMEMBERED + 1)).is_some());
        assert_eq!(traces.latest.lock().len(), REMEMBERED);
    }

    #[test]
    fn steps_beyond_the_room_are_counted() {
        let traces = traces();
        let trail = traces.begin(&number(1), arrival(None));
        for _ in 0..MAX_STEPS + 3 {
            trail.mark("again");
        }
        let told = traces.of(&number(1)).unwrap().traces.remove(0);
        assert_eq!((told.steps.len(), told.steps_not_kept), (MAX_STEPS + 1, 3));
    }

    #[test]
    fn json_uses_opentelemetrys_names_and_leaves_out_what_is_unknown() {
        let traces = traces();
        let record = RecordPlace {
            partition: 3,
            offset: 42,
        };
        let trail = traces.begin(
            &number(7),
            Arrival {
                record: Some(record),
                ..arrival(None)
            },
        );
        trail.mark_batch("batch.begun", trail.arrival().at, 5);
        let told = serde_json::to_value(traces.of(&number(7)).unwrap()).unwrap();
        assert_eq!(told["orderNum"], "7");
        let trace = told["traces"][0].as_object().unwrap();
        assert_eq!(trace["messaging.destination.partition.id"], "3");
        assert_eq!(trace["messaging.kafka.offset"], 42);
        assert!(!trace.contains_key("parentSpanId"));
        assert_eq!(
            trace["steps"],
            serde_json::json!([
                {"step": "record.polled", "atUs": 0, "tookUs": 0},
                {"step": "batch.begun", "atUs": 0, "tookUs": 0, "db.operation.batch.size": 5},
            ])
        );
    }
}
