//! One command on its order, from what the order's actor knows to the outcome: what must be loaded, what must be stored, and what is
//! decided again when another writer was quicker. Pure: it asks, its actor does.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use shared::order_number::OrderNumber;
use shared::reason::Reason;

use crate::domain::command::OrderCommand;
use crate::domain::decide::{Decision, Refusal, Transition, decide};
use crate::domain::order::Order;
use crate::ports::order_store::StoreOutcome;
use crate::ports::reply_sink::CommandOutcome;

/// What an actor knows of its order.
#[derive(Debug, Clone)]
pub enum Known {
    /// Nothing yet.
    Unknown,
    /// The order as stored, or that there is none.
    Stored(Option<Arc<Order>>),
}

impl Known {
    /// Whether no further command is to be expected: the order is final, or there is none.
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
    /// The order; answered by [`CommandRun::loaded`].
    Load,
    /// This is to be stored; answered by [`CommandRun::stored`].
    Store(Transition),
    /// Nothing: what is known now, and what is replied.
    Done(Known, CommandOutcome),
}

/// A command that is being handled.
#[derive(Debug)]
pub struct CommandRun {
    command: OrderCommand,
    now: DateTime<Utc>,
}

impl CommandRun {
    /// A run of `command`, which was taken in at `now`.
    #[must_use]
    pub fn new(command: OrderCommand, now: DateTime<Utc>) -> Self {
        Self { command, now }
    }

    /// The order that is spoken of.
    #[must_use]
    pub fn number(&self) -> &OrderNumber {
        self.command.number()
    }

    /// Begins with what is known. A new order needs no look: if its number is stored already, the store says so.
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

    /// The store has answered. A conflict decides again, from what stands there.
    #[must_use]
    pub fn stored(&self, outcome: StoreOutcome) -> Step {
        match outcome {
            StoreOutcome::Applied(order) => self.done(Some(order), None),
            StoreOutcome::Conflict(current) => self.decide(current),
        }
    }

    /// The store has failed for good: nothing is known any more.
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

    /// An order of another number has taken the idempotency key: it is the answer, and not this actor's order.
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
    fn given_nothing_known_then_a_new_order_is_stored_unseen_and_any_other_is_loaded_first() {
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
    fn given_another_writer_who_was_quicker_then_it_is_decided_again_from_what_stands() {
        let order = stored(draft(1, &[(1, 1)]));
        let run = CommandRun::new(approve(1, "paid", "12000"), now());
        let step = run.begin(Known::Stored(Some(Arc::clone(&order))));
        let Step::Store(Transition::Complete { payment, .. }) = step else {
            panic!("{step:?}");
        };
        let paid = Arc::new(order.completed(payment));
        let (_, outcome) = done(run.stored(StoreOutcome::Conflict(Some(Arc::clone(&paid)))));
        assert_eq!((outcome.order, outcome.refusal), (Some(paid), None));
    }

    #[test]
    fn given_an_order_that_has_taken_the_key_then_it_is_the_answer_and_this_order_does_not_exist() {
        let with_key = |digits| OrderDraft {
            idempotency: Some(Idempotency {
                key: "key".parse().unwrap(),
                fingerprint: "f".parse().unwrap(),
            }),
            ..draft(digits, &[(1, 1)])
        };
        let first = stored(with_key(1));
        let run = CommandRun::new(OrderCommand::Create(with_key(2)), now());
        let (known, outcome) = done(run.stored(StoreOutcome::Conflict(Some(Arc::clone(&first)))));
        assert_eq!(
            (outcome.order, outcome.number),
            (Some(first), Some(number(2)))
        );
        assert!(matches!(known, Known::Stored(None)));
    }

    #[test]
    fn given_a_store_that_failed_then_nothing_is_known_and_the_reply_says_so() {
        let run = CommandRun::new(approve(1, "paid", "12000"), now());
        let (known, outcome) = done(run.failed());
        assert!(matches!(known, Known::Unknown));
        assert_eq!(outcome.refusal, Some(Reason::InternalError));
    }
}
