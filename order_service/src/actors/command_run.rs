//! One command, from what its order's actor knows to the outcome: whether the order must be loaded, what must be stored, and what is
//! decided once more when another writer was quicker. Pure: it says what is needed, and the actor does it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use crate::domain::command::OrderCommand;
use crate::domain::decide::{Decision, Refusal, Transition, decide};
use crate::domain::order::Order;
use crate::domain::stored_orders::StoreOutcome;
use crate::ports::reply_sink::CommandOutcome;

/// What an actor knows of its order, so that it need not load it for each command.
#[derive(Debug, Clone)]
pub enum Known {
    /// Nothing: it has just started, or can't be sure any more.
    Unknown,
    /// The order as it is stored, or that none is.
    Stored(Option<Arc<Order>>),
}

impl Known {
    /// Whether the actor may retire at once, since hardly any command will follow: the order is final, or there is none.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Self::Unknown | Self::Stored(None) => true,
            Self::Stored(Some(order)) => order.is_final(),
        }
    }
}

/// What a command needs next.
#[derive(Debug)]
pub enum Step {
    /// The order is to be loaded; answered by [`CommandRun::loaded`].
    Load,
    /// This is to be stored; answered by [`CommandRun::stored`] or [`CommandRun::failed`].
    Store(Transition),
    /// Nothing more. What the actor knows now, and what is replied.
    Done(Known, CommandOutcome),
}

/// A command that is being handled.
#[derive(Debug)]
pub struct CommandRun {
    command: OrderCommand,
    now: DateTime<Utc>,
}

impl CommandRun {
    /// A run of `command`, which was read at `now`: all decisions are made as of then, however often they are made.
    #[must_use]
    pub fn new(command: OrderCommand, now: DateTime<Utc>) -> Self {
        Self { command, now }
    }

    /// The command's order.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        self.command.number()
    }

    /// Begins with what the actor knows. A new order isn't looked for: should its number be taken, the primary key says so, and the
    /// usual purchase saves a query.
    #[must_use]
    pub fn begin(&self, known: Known) -> Step {
        match known {
            Known::Stored(order) => self.decide(order),
            Known::Unknown if matches!(self.command, OrderCommand::Create(_)) => self.decide(None),
            Known::Unknown => Step::Load,
        }
    }

    /// The order is loaded.
    #[must_use]
    pub fn loaded(&self, order: Option<Arc<Order>>) -> Step {
        self.decide(order)
    }

    /// The store has answered. A stale transition is decided again, from the order that stands.
    #[must_use]
    pub fn stored(&self, outcome: StoreOutcome) -> Step {
        match outcome {
            StoreOutcome::Stored(order) => self.done(Some(order), None),
            StoreOutcome::Stale(current) => self.decide(current),
        }
    }

    /// The store has failed for good. Whether anything was stored is unknown, so the order must be loaded before the next command.
    #[must_use]
    pub fn failed(&self) -> Step {
        let outcome = CommandOutcome {
            number: Some(self.number().clone()),
            order: None,
            refusal: Some(Reason::InternalError),
        };
        Step::Done(Known::Unknown, outcome)
    }

    fn decide(&self, order: Option<Arc<Order>>) -> Step {
        match decide(order.as_ref(), &self.command, self.now) {
            Ok(Decision::AlreadyDone) => self.done(order, None),
            Ok(Decision::Change(transition)) => Step::Store(transition),
            Err(Refusal(reason)) => self.done(order, Some(reason)),
        }
    }

    /// The stored order is the reply. It may be one of another number, which has taken the idempotency key: then this actor's order does
    /// not exist.
    fn done(&self, order: Option<Arc<Order>>, refusal: Option<Reason>) -> Step {
        let own = order.clone().filter(|order| order.number == *self.number());
        let outcome = CommandOutcome {
            number: Some(self.number().clone()),
            order,
            refusal,
        };
        Step::Done(Known::Stored(own), outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{Idempotency, OrderDraft};
    use crate::domain::samples::{approve, draft, item, now, number};
    use crate::domain::shelf::Shelf;

    fn stored(draft: OrderDraft) -> Arc<Order> {
        Arc::new(Shelf::new([item(1, "12000", 9)], []).settle(&Transition::Open(draft)))
    }

    fn done(step: Step) -> (Known, CommandOutcome) {
        match step {
            Step::Done(known, outcome) => (known, outcome),
            Step::Load | Step::Store(_) => panic!("not done: {step:?}"),
        }
    }

    #[test]
    fn a_new_order_is_stored_without_a_look_and_any_other_is_loaded_first() {
        let create = CommandRun::new(OrderCommand::Create(draft(1, &[(1, 1)])), now());
        assert!(matches!(
            create.begin(Known::Unknown),
            Step::Store(Transition::Open(_))
        ));
        let approve = CommandRun::new(approve(1, "paid", "12000"), now());
        assert!(matches!(approve.begin(Known::Unknown), Step::Load));
        let (known, outcome) = done(approve.loaded(None));
        assert_eq!(outcome.refusal, Some(Reason::UnknownOrder));
        assert!(known.is_done());
    }

    #[test]
    fn a_conflict_is_decided_again_from_the_stored_order() {
        let order = stored(draft(1, &[(1, 1)]));
        let run = CommandRun::new(approve(1, "paid", "12000"), now());
        let step = run.begin(Known::Stored(Some(Arc::clone(&order))));
        let Step::Store(Transition::Complete { payment, .. }) = step else {
            panic!("{step:?}");
        };
        let paid = Arc::new(order.completed(payment));
        let (_, outcome) = done(run.stored(StoreOutcome::Stale(Some(Arc::clone(&paid)))));
        assert_eq!((outcome.order, outcome.refusal), (Some(paid), None));
    }

    #[test]
    fn the_order_that_has_taken_the_idempotency_key_is_the_answer() {
        let with_key = |digits| OrderDraft {
            idempotency: Some(Idempotency {
                key: "key".parse().unwrap(),
                fingerprint: "f".parse().unwrap(),
            }),
            ..draft(digits, &[(1, 1)])
        };
        let first = stored(with_key(1));
        let run = CommandRun::new(OrderCommand::Create(with_key(2)), now());
        let (known, outcome) = done(run.stored(StoreOutcome::Stale(Some(Arc::clone(&first)))));
        assert_eq!(
            (outcome.order, outcome.number),
            (Some(first), Some(number(2)))
        );
        assert!(matches!(known, Known::Stored(None)));
    }

    #[test]
    fn after_a_failure_of_the_store_nothing_is_known() {
        let run = CommandRun::new(approve(1, "paid", "12000"), now());
        let (known, outcome) = done(run.failed());
        assert!(matches!(known, Known::Unknown));
        assert_eq!(outcome.refusal, Some(Reason::InternalError));
    }
}
