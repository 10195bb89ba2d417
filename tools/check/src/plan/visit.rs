//! What a buyer does in one visit. Must not know HTTP.

use crate::plan::{Forgery, Line, Shelf};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use std::fmt;
use std::time::Duration;

/// So many members buy; the issuer knows them.
const MEMBERS: usize = 3;

/// One visit of one buyer: an order, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    /// Which one.
    pub(crate) name: VisitName,
    /// How long the buyer waits before it.
    pub(crate) pause: Duration,
    /// What is bought.
    pub(crate) lines: Vec<Line>,
    /// The coupon.
    pub(crate) coupon: Option<i64>,
    /// What the lines cost.
    pub(crate) price: i64,
    /// The idempotency key.
    pub(crate) key: Option<String>,
    /// What is done.
    pub(crate) course: Course,
    /// After this time the buyer gives up waiting for the answer to its first request.
    pub(crate) gives_up_after: Option<Duration>,
    /// How often the buyer repeats a request that got no definite answer.
    pub(crate) returns: u32,
    /// Which composite is asked first.
    pub(crate) door: usize,
    /// The first request is sent to two composites at once.
    pub(crate) is_doubled: bool,
    /// Afterwards the order is cancelled.
    pub(crate) cancels: Option<Regret>,
    /// Afterwards another request is sent with the same key.
    pub(crate) misuses_its_key: bool,
    /// How somebody dishonest asks for the same order, where members must prove who they are.
    pub(crate) forgery: Option<Forgery>,
}

/// Who buys, where members must prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shopper {
    /// By its place among those that the issuer knows.
    Member(usize),
    /// Somebody without a login.
    Guest,
}

/// Names a visit: round, buyer and how many came before. Names of two runs differ by their seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VisitName {
    pub(crate) seed: u64,
    pub(crate) round: u32,
    pub(crate) buyer: u32,
    pub(crate) nth: u32,
}

/// A payment that the gateway is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) key: String,
    pub(crate) amount: i64,
}

/// How an order is paid, if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Course {
    /// In the request that places it.
    PayAtOnce(Payment),
    /// By a second request after a while; a rival pays at the same time with another payment.
    PayLater {
        pause: Duration,
        payment: Payment,
        rival: Option<Payment>,
    },
    /// By a second request, slowly; meanwhile somebody rejects the order by a command on Kafka.
    RejectedMeanwhile(Payment),
    /// Never.
    Abandon,
}

/// How a buyer cancels what it has bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Regret {
    /// All of it.
    Whole,
    /// One piece.
    Piece,
    /// One piece, and then the rest, at two composites at once.
    PieceAndRest,
}

impl Regret {
    const ALL: [Self; 3] = [Self::Whole, Self::Piece, Self::PieceAndRest];
}

impl fmt::Display for VisitName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            round,
            buyer,
            nth,
        } = self;
        write!(formatter, "{seed:x}-{round}-{buyer}-{nth}")
    }
}

impl VisitName {
    /// A buyer is always the same one.
    pub(crate) fn shopper(self) -> Shopper {
        match self.buyer as usize % (MEMBERS + 1) {
            MEMBERS => Shopper::Guest,
            member => Shopper::Member(member),
        }
    }
}

impl Visit {
    pub(super) fn choose(name: VisitName, shelf: &Shelf, chance: &mut StdRng) -> Self {
        let lines = lines(shelf, chance);
        let coupon = chance
            .random_bool(0.15)
            .then(|| shelf.coupons.choose(chance).map(|coupon| coupon.id))
            .flatten();
        let price = shelf.price(&lines, coupon);
        let key = chance.random_bool(0.6).then(|| format!("check-{name}"));
        Self {
            name,
            pause: millis(chance, 0..600),
            lines,
            coupon,
            price,
            course: Course::choose(name, price, chance),
            gives_up_after: chance.random_bool(0.2).then(|| millis(chance, 1..120)),
            returns: chance.random_range(0..6),
            door: chance.random_range(0..1_000),
            is_doubled: key.is_some() && chance.random_bool(0.08),
            misuses_its_key: key.is_some() && chance.random_bool(0.05),
            key,
            // last, so that all else is planned as without it
            forgery: chance
                .random_bool(0.15)
                .then(|| Forgery::ALL.choose(chance).copied())
                .flatten(),
            cancels: chance
                .random_bool(0.25)
                .then(|| Regret::ALL.choose(chance).copied())
                .flatten(),
        }
    }

    /// All payments that it may ask for.
    #[cfg(test)]
    pub(crate) fn payments(&self) -> Vec<&Payment> {
        match &self.course {
            Course::PayAtOnce(payment) | Course::RejectedMeanwhile(payment) => vec![payment],
            Course::PayLater { payment, rival, .. } => {
                [payment].into_iter().chain(rival.as_ref()).collect()
            }
            Course::Abandon => Vec::new(),
        }
    }
}

impl Course {
    fn choose(name: VisitName, price: i64, chance: &mut StdRng) -> Self {
        let amount = if chance.random_bool(0.04) {
            price + 100
        } else {
            price
        };
        let payment = |prefix: &str, role: &str, amount| Payment {
            key: format!("{prefix}-{role}-{name}"),
            amount,
        };
        match chance.random_range(0..100) {
            0..62 => Self::PayAtOnce(payment(prefix(chance), "own", amount)),
            62..84 => Self::PayLater {
                pause: millis(chance, 0..1_500),
                rival: chance
                    .random_bool(0.3)
                    .then(|| payment(prefix(chance), "rival", price)),
                payment: payment(prefix(chance), "own", amount),
            },
            84..87 => Self::RejectedMeanwhile(payment("slow", "own", price)),
            _ => Self::Abandon,
        }
    }
}

fn lines(shelf: &Shelf, chance: &mut StdRng) -> Vec<Line> {
    let mut items: Vec<i64> = Vec::new();
    if chance.random_bool(0.25) {
        items.extend(shelf.items.first().map(|hot| hot.id));
    }
    for _ in 0..chance.random_range(1..=3) {
        let others = shelf.items.get(1..).unwrap_or_default();
        let item = others.choose(chance).map(|item| item.id);
        items.extend(item.filter(|item| !items.contains(item)));
    }
    if chance.random_bool(0.02) {
        items.push(shelf.unknown_item());
    }
    let line = |item| Line {
        item,
        quantity: chance.random_range(1..=3),
    };
    items.into_iter().map(line).collect()
}

/// What the payment simulator does is told by the payment key's prefix.
fn prefix(chance: &mut StdRng) -> &'static str {
    match chance.random_range(0..100) {
        0..8 => "decline",
        8..15 => "lose",
        15..20 => "slow",
        _ => "pay",
    }
}

fn millis(chance: &mut impl Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(chance.random_range(range))
}
