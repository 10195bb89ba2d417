//! What is found from outside: in the database, the payment ledger, Kafka, answers, metrics and logs. The types are here, the reading is in
//! the files of this folder. Must not judge.

mod database;
mod in_hand;
mod kafka;
mod ledger;
mod panics;

pub(crate) use database::Books;
pub(crate) use in_hand::{InHand, in_hand};
pub(crate) use kafka::Records;
pub(crate) use ledger::ledger;
pub(crate) use panics::panics;

use crate::keeper::End;
use crate::plan::{Line, Shelf};
use crate::recovery::{Recovery, Starved, Struck};
use crate::told::{Attempt, Millis, Said, Status, Told};
use crate::topics::{COMPOSITE, ORDERS};
use std::collections::BTreeMap;

/// A record may reach the broker so long after the time that it bears.
const LATE: Millis = 1_000;

/// All that is known at one moment. Either nothing changed while it was gathered, or `unrest` says what did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// What was put on the shelves.
    pub(crate) shelves: Vec<Shelf>,
    /// Requests and answers, in the order in which they were answered.
    pub(crate) told: Vec<Told>,
    /// What dishonest buyers tried.
    pub(crate) attempts: Vec<Attempt>,
    /// What the database has.
    pub(crate) stored: Stored,
    /// The gateway's movements of money, by order.
    pub(crate) ledger: BTreeMap<String, Vec<Movement>>,
    /// What is on Kafka.
    pub(crate) records: Log,
    /// What composites say of orders now, by order.
    pub(crate) looks: BTreeMap<String, Said>,
    /// Orders that the order service calls unresolved.
    pub(crate) unresolved: Vec<String>,
    /// Unfinished work of the services; gathered only at the end of the run.
    pub(crate) in_hand: Vec<InHand>,
    /// The faults that struck.
    pub(crate) strikes: Vec<Struck>,
    /// What services said of themselves while their topic was away.
    pub(crate) starved: Vec<Starved>,
    /// How the mall recovered from each.
    pub(crate) recoveries: Vec<Recovery>,
    /// Processes that exited by themselves.
    pub(crate) ends: Vec<End>,
    /// Panics of our own programs.
    pub(crate) panics: Vec<String>,
    /// What was still changing when the time for that was over; empty when nothing was.
    pub(crate) unrest: Vec<String>,
    /// Whether everything had time to finish.
    pub(crate) is_final: bool,
}

/// The database's content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) orders: BTreeMap<String, Order>,
    /// Pieces left of each item.
    pub(crate) stock: BTreeMap<i64, i64>,
    /// Who holds which coupon.
    pub(crate) coupons: BTreeMap<i64, Option<String>>,
}

/// An order's row, with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) request_id: String,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) coupon: Option<i64>,
    pub(crate) total: i64,
    pub(crate) price: i64,
    pub(crate) intent: Option<String>,
    pub(crate) payment: Option<String>,
    pub(crate) revision: i64,
    /// When its command was carried out.
    pub(crate) created: Millis,
    pub(crate) key: Option<String>,
    /// When it must be reviewed; `None` when no review is planned.
    pub(crate) review_at: Option<Millis>,
    pub(crate) lines: Vec<PricedLine>,
    pub(crate) refunds: Vec<Refund>,
}

/// A refund of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) state: RefundState,
    pub(crate) amount: i64,
    /// Pieces by the number of their line, from 1.
    pub(crate) pieces: Vec<(usize, i64)>,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundState {
    Requested,
    Done,
    Refused,
}

/// A line of a stored order; without a price when there is no such item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PricedLine {
    pub(crate) line: Line,
    pub(crate) price: Option<i64>,
}

/// What the gateway did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Money {
    Charged,
    Declined,
    Canceled,
}

/// A line of the gateway's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) at: Millis,
    pub(crate) money: Money,
    pub(crate) payment: String,
    pub(crate) amount: i64,
}

/// A place in a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// What is on Kafka.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) commands: Vec<Command>,
    pub(crate) replies: Vec<Reply>,
    pub(crate) letters: Vec<Letter>,
    /// Records that the order services have not committed, by partition.
    pub(crate) lag: BTreeMap<i32, i64>,
}

/// A record of the commands' topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) at: Millis,
    /// How often its topic had been deleted: another one's positions begin anew.
    pub(crate) making: u32,
    pub(crate) position: Position,
    /// `ORDER_CREATE` and so on; none when the record can't be read.
    pub(crate) kind: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) key: Option<String>,
    /// The correlation id, when a reply is asked for.
    pub(crate) correlation: Option<String>,
    /// The name by which the check itself has sent it as a record that is no command.
    pub(crate) poison: Option<String>,
    /// It was not yet carried out when its topic or the replies' topic was deleted, and may have been lost with that.
    pub(crate) is_lost: bool,
}

/// A record of the replies' topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) at: Millis,
    pub(crate) position: Position,
    pub(crate) kind: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) correlation: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) reason: Option<String>,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) topic: String,
    pub(crate) position: Position,
    /// Topic and place that it came from, as far as it says.
    pub(crate) origin: Option<(String, Position)>,
    /// The name of the poison record that it was.
    pub(crate) poison: Option<String>,
    pub(crate) cause: String,
}

impl Evidence {
    /// Whether the command may have no reply, or no dead letter, because a topic was deleted: it was lost itself, or what answered it was.
    pub(crate) fn may_lack_answer(&self, command: &Command) -> bool {
        command.is_lost
            || self
                .deletions(COMPOSITE)
                .any(|strike| (strike.struck - LATE..=strike.ready).contains(&command.at))
    }

    /// Whether the command that asked for the order may have been lost with its topic before it was read here.
    pub(crate) fn may_lack_command(&self, order: &Order) -> bool {
        self.deletions(ORDERS)
            .any(|strike| (strike.struck - LATE..=strike.ready).contains(&order.created))
    }

    /// The faults that deleted that topic. Until each struck, all its records were read; those that came between that and the deletion are
    /// unknown.
    pub(crate) fn deletions(&self, topic: &str) -> impl Iterator<Item = &Struck> {
        let strikes = self.strikes.iter();
        strikes.filter(move |strike| strike.fault.deletes().contains(&topic))
    }

    /// How often that payment was charged and not given back.
    pub(crate) fn kept_charges(&self, payment: &str) -> i64 {
        let movements = self.ledger.values().flatten();
        movements
            .filter(|movement| movement.payment == payment)
            .map(|movement| match movement.money {
                Money::Charged => 1,
                Money::Canceled => -1,
                Money::Declined => 0,
            })
            .sum()
    }
}

impl Order {
    /// Whether a review is planned.
    pub(crate) fn is_open(&self) -> bool {
        self.review_at.is_some()
    }

    /// Whether it holds stock and coupon: it is not rejected, and not refunded as a whole.
    pub(crate) fn holds(&self) -> bool {
        let has_pieces = self.pieces().any(|(_, quantity)| quantity > 0);
        self.status != Status::Rejected && (has_pieces || self.lines.is_empty())
    }

    /// The pieces of each item that were not given back, line by line.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (i64, i64)> {
        self.lines.iter().zip(1..).map(|(priced, number)| {
            let of_line = self
                .refunds_in(RefundState::Done)
                .flat_map(|refund| &refund.pieces);
            let given_back: i64 = of_line
                .filter(|(line, _)| *line == number)
                .map(|(_, quantity)| quantity)
                .sum();
            (priced.line.item, priced.line.quantity - given_back)
        })
    }

    /// Its refunds that stand there.
    pub(crate) fn refunds_in(&self, state: RefundState) -> impl Iterator<Item = &Refund> {
        self.refunds
            .iter()
            .filter(move |refund| refund.state == state)
    }

    /// The amount of its refunds that stand there.
    pub(crate) fn refunded(&self, state: RefundState) -> i64 {
        self.refunds_in(state).map(|refund| refund.amount).sum()
    }
}
