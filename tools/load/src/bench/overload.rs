//! How long shoppers wait in a rush: ten times as many as the mall has room for, compared with as many requests at capacity.
//!
//! Both sides keep the machine equally busy: at capacity the other shoppers send invalid requests (400), in the rush they are refused
//! because there is no room (503). So the ratio of the two sides shows the mall, and not the machine.

use std::time::Duration;

use anyhow::{Context, Result};
use rand::random;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::recorder::{Tally, Verdict};
use crate::scenario::{Assortment, Kind, Scenario, Wish, Wishes};
use crate::shopper::request;

/// The benchmark's name.
pub(super) const NAME: &str = "overload";

/// Purchases that the composite has room for.
const CAPACITY: usize = 20;
/// Shoppers for each place.
const RUSH: usize = 10;
/// A shopper who was refused comes back after this time.
const COME_BACK: Duration = Duration::from_millis(250);

/// Variables of a service.
type Env = Vec<(String, String)>;

/// Both sides of a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overload {
    /// As many who buy as there is room for.
    pub(super) at_capacity: Side,
    /// Ten times as many.
    pub(super) beyond: Side,
}

/// What shoppers saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// Purchases a second.
    pub(super) rate: f64,
    /// The median of a purchase, in milliseconds.
    pub(super) bought_p50: f64,
    /// The median of a refusal, in milliseconds.
    pub(super) refused_p50: f64,
    /// Unexpected answers, and requests without an answer.
    pub(super) errors: u64,
}

/// What a shopper does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Buys, and is refused while there is no room.
    Buys,
    /// Asks for nothing at all, and is refused for that.
    LooksOn,
}

#[derive(Default)]
struct Seen {
    bought: Tally,
    refused: Tally,
    errors: u64,
}

/// The variables of the composites and of the order services of a mall with little room.
pub(super) fn little_room() -> (Env, Env) {
    let variable = |name: &str, value: usize| vec![(name.to_owned(), value.to_string())];
    (
        variable("MAX_PURCHASES", CAPACITY),
        variable("MAX_IN_FLIGHT", CAPACITY / 4),
    )
}

/// Measures both sides, each for `time`.
pub(super) fn measure(host: &str, assortment: &Assortment, time: Duration) -> Result<Overload> {
    let all = CAPACITY * RUSH;
    let side = |buyers: usize| -> Result<Side> {
        let roles = (0..all).map(|nth| {
            if nth < buyers {
                Role::Buys
            } else {
                Role::LooksOn
            }
        });
        Ok(visit(host, assortment, roles.collect(), time)?.side(time))
    };
    Ok(Overload {
        at_capacity: side(CAPACITY)?,
        beyond: side(all)?,
    })
}

/// Lets one shopper of each role come and go until the time is over.
fn visit(host: &str, assortment: &Assortment, roles: Vec<Role>, time: Duration) -> Result<Seen> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let visiting = async {
        let end = Instant::now() + time;
        // Payment keys must be new in each run.
        let run: u64 = random();
        let shoppers: Vec<_> = (0..)
            .zip(roles)
            .map(|(nth, role)| {
                let name = format!("overload-{run:x}-{nth}");
                let wishes = Wishes::new(Scenario::Purchase, assortment.clone(), run ^ nth, name);
                spawn_local(come_and_go(role, host.to_owned(), wishes, end))
            })
            .collect();
        let mut all = Seen::default();
        for shopper in shoppers {
            all.add(&shopper.await.context("a shopper has panicked")?);
        }
        Ok(all)
    };
    runtime.block_on(LocalSet::new().run_until(visiting))
}

async fn come_and_go(role: Role, host: String, mut wishes: Wishes, end: Instant) -> Seen {
    let mut connection = Connection::to(host.clone());
    let mut seen = Seen::default();
    while Instant::now() < end {
        let wish = match role {
            Role::Buys => wishes.next(),
            Role::LooksOn => nothing(),
        };
        let begin = Instant::now();
        let status = match request(&host, None, &wish) {
            Ok(request) => connection.ask(request).await.map(|answer| answer.status),
            Err(_) => break,
        };
        let took = begin.elapsed();
        match (role, status) {
            (Role::Buys, Ok(200)) => {
                seen.bought.answered(200, Verdict::Expected, took);
                // Without a pause, so that the mall is always at its capacity.
                continue;
            }
            (Role::Buys, Ok(503)) => seen.refused.answered(503, Verdict::Expected, took),
            (Role::LooksOn, Ok(400)) => seen.refused.answered(400, Verdict::Expected, took),
            (_, _) => seen.errors += 1,
        }
        sleep(COME_BACK).await;
    }
    seen
}

fn nothing() -> Wish {
    Wish {
        kind: Kind::Buy,
        body: Some(r#"{"orderLineList":[],"couponId":null}"#.to_owned()),
        idempotency_key: None,
        order: None,
    }
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.bought.add(&other.bought);
        self.refused.add(&other.refused);
        self.errors += other.errors;
    }

    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    fn side(&self, time: Duration) -> Side {
        let median = |tally: &Tally| tally.percentile(50.0).as_secs_f64() * 1_000.0;
        Side {
            rate: self.bought.answers() as f64 / time.as_secs_f64(),
            bought_p50: median(&self.bought),
            refused_p50: median(&self.refused),
            errors: self.errors,
        }
    }
}
