//! A small model of all that surrounds purchases: an order service, a gateway, a way to them that loses, doubles and delays, processes
//! that die, and a reviewer who closes the books.
//!
//! A world is in one state; [`World::actions`] is all that can happen next, and [`World::apply`] makes it happen.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::order_number::OrderNumber;
use shared::reason::Reason;

use super::peers::{Charges, Mood, Order, OrderState, Orders};
use super::samples::{OLD, YOUNG, number};
use crate::domain::order::{Basket, Idempotency, OrderCommand, OrderReply, Payment};
use crate::domain::purchase::{
    CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Origin, Outcome, Purchase,
};
use crate::domain::review::{Remedy, remedy};

#[derive(Debug, Clone, Hash)]
pub(super) struct World {
    pub(super) shoppers: Vec<Shopper>,
    pub(super) orders: Orders,
    pub(super) charges: Charges,
    /// What nobody waits for any more, and may still have its effect.
    stragglers: Vec<Effect>,
    /// What reviewers have decided and not yet done.
    remedies: BTreeMap<OrderNumber, Remedy>,
    next_number: u32,
    faults_left: u32,
}

/// A purchase and its surroundings.
#[derive(Debug, Clone, Hash)]
pub(super) struct Shopper {
    pub(super) purchase: Purchase,
    pub(super) request_id: Option<String>,
    pub(super) payment: Option<Payment>,
    pub(super) answers: Vec<Outcome>,
    /// Its process was killed.
    pub(super) has_died: bool,
    /// What it waits for.
    asked: Option<Effect>,
    is_deadline_ahead: bool,
    /// It is too old to charge.
    is_fenced: bool,
}

/// One thing that can happen.
#[derive(Debug, Clone, Hash)]
pub(super) enum Action {
    /// A shopper's request is served and answered; where the other side has a choice, it is well disposed or not.
    Serve(usize, Mood),
    /// The same, and the request comes a second time later.
    ServeTwice(usize),
    /// The request has this end, and no effect.
    Lose(usize, Event),
    /// The request has this end, and its effect comes later.
    Delay(usize, Event),
    /// The purchase's process is killed; what it has asked for is lost, or comes later.
    Die(usize, bool),
    /// The shopper has waited long enough.
    PassDeadline(usize),
    /// The purchase becomes too old to charge.
    PassFence(usize),
    /// A straggler has its effect.
    Arrive(usize, Mood),
    /// A reviewer looks at an order, and at what the gateway says of it.
    Look(OrderNumber),
    /// A reviewer does what he has decided then.
    Act(OrderNumber),
    /// He dies before.
    Forget(OrderNumber),
}

impl Action {
    pub(super) fn is_fault(&self) -> bool {
        match self {
            Self::ServeTwice(_)
            | Self::Lose(..)
            | Self::Delay(..)
            | Self::Die(..)
            | Self::Forget(_) => true,
            Self::Serve(..)
            | Self::PassDeadline(_)
            | Self::PassFence(_)
            | Self::Arrive(..)
            | Self::Look(_)
            | Self::Act(_) => false,
        }
    }
}

impl Shopper {
    fn is_over(&self) -> bool {
        self.has_died || self.purchase.is_done()
    }

    fn age(&self) -> Duration {
        if self.is_fenced { OLD } else { YOUNG }
    }

    fn may_charge(&self) -> bool {
        !self.is_over() && (!self.is_fenced || matches!(self.asked, Some(Effect::Confirm { .. })))
    }
}

impl World {
    /// A world where so much may still go wrong, and where the first numbers belong to others.
    pub(super) fn new(faults: u32, taken_numbers: u32) -> Self {
        let taken = (1..=taken_numbers).map(|taken| (number(taken), Order::settled("a stranger")));
        Self {
            shoppers: Vec::new(),
            orders: Orders(taken.collect()),
            charges: Charges(BTreeMap::new()),
            stragglers: Vec::new(),
            remedies: BTreeMap::new(),
            next_number: 1,
            faults_left: faults,
        }
    }

    /// One more shopper places an order.
    pub(super) fn placing(mut self, basket: Basket) -> Self {
        let (request_id, payment) = (Some(basket.request_id.clone()), basket.payment.clone());
        let number = self.take_number();
        self.begin(Purchase::place(number, basket), request_id, payment);
        self
    }

    /// One more shopper pays order 1, which is made where it is missing.
    pub(super) fn paying(self, payment: Payment) -> Self {
        self.paying_with_key(payment, None)
    }

    /// The same, with an idempotency key.
    pub(super) fn paying_with_key(
        mut self,
        payment: Payment,
        idempotency: Option<Idempotency>,
    ) -> Self {
        let pending = Order::new("placed before", None);
        self.orders.0.entry(number(1)).or_insert(pending);
        self.begin(
            Purchase::pay(number(1), payment.clone(), idempotency),
            None,
            Some(payment),
        );
        self
    }

    fn begin(
        &mut self,
        (purchase, effects): (Purchase, Vec<Effect>),
        request_id: Option<String>,
        payment: Option<Payment>,
    ) {
        self.shoppers.push(Shopper {
            purchase,
            request_id,
            payment,
            answers: Vec::new(),
            has_died: false,
            asked: None,
            is_deadline_ahead: true,
            is_fenced: false,
        });
        self.perform(self.shoppers.len() - 1, effects);
    }

    fn take_number(&mut self) -> OrderNumber {
        self.next_number += 1;
        number(self.next_number - 1)
    }

    /// All that can happen next; nothing when all purchases are over and all books are closed.
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (index, shopper) in self
            .shoppers
            .iter()
            .enumerate()
            .filter(|(_, shopper)| !shopper.is_over())
        {
            if shopper.is_deadline_ahead {
                actions.push(Action::PassDeadline(index));
            } else if !shopper.is_fenced {
                actions.push(Action::PassFence(index));
            }
            let asked = shopper
                .asked
                .as_ref()
                .unwrap_or_else(|| panic!("stuck: {shopper:?}"));
            actions.extend(moods(asked).iter().map(|mood| Action::Serve(index, *mood)));
            if self.faults_left > 0 {
                actions.extend(faults(index, asked));
            }
        }
        for (index, straggler) in self.stragglers.iter().enumerate() {
            actions.extend(
                moods(straggler)
                    .iter()
                    .map(|mood| Action::Arrive(index, *mood)),
            );
        }
        for number in self.remedies.keys() {
            actions.push(Action::Act(number.clone()));
            if self.faults_left > 0 {
                actions.push(Action::Forget(number.clone()));
            }
        }
        actions.extend(self.due().map(|number| Action::Look(number.clone())));
        actions
    }

    /// The orders that are due for review: pending ones at any time, rejected ones when nobody can be charging them any more.
    fn due(&self) -> impl Iterator<Item = &OrderNumber> {
        let may_be_charged = self.shoppers.iter().any(Shopper::may_charge)
            || self
                .stragglers
                .iter()
                .any(|straggler| matches!(straggler, Effect::Confirm { .. }));
        let open = self
            .orders
            .0
            .iter()
            .filter(move |(_, order)| match order.state {
                OrderState::Created => true,
                OrderState::Complete(_) => false,
                OrderState::Rejected(_) => !order.is_settled && !may_be_charged,
            });
        open.map(|(number, _)| number)
            .filter(|number| !self.remedies.contains_key(number))
    }

    /// Makes it happen.
    pub(super) fn apply(&mut self, action: Action) {
        self.faults_left -= u32::from(action.is_fault());
        match action {
            Action::Serve(index, mood) => {
                let event = self.served(&self.asked(index), mood);
                self.go_on(index, event);
            }
            Action::ServeTwice(index) => {
                let asked = self.asked(index);
                let event = self.served(&asked, Mood::Well);
                self.stragglers.push(asked);
                self.go_on(index, event);
            }
            Action::Lose(index, event) => self.go_on(index, event),
            Action::Delay(index, event) => {
                self.stragglers.push(self.asked(index));
                self.go_on(index, event);
            }
            Action::Die(index, is_delayed) => {
                self.shoppers[index].has_died = true;
                let asked = self.shoppers[index].asked.take();
                self.stragglers.extend(asked.filter(|_| is_delayed));
            }
            Action::PassDeadline(index) => {
                self.shoppers[index].is_deadline_ahead = false;
                let age = self.shoppers[index].age();
                let effects = self.shoppers[index]
                    .purchase
                    .handle(Event::DeadlinePassed, age);
                self.perform(index, effects);
            }
            Action::PassFence(index) => self.shoppers[index].is_fenced = true,
            Action::Arrive(index, mood) => {
                let straggler = self.stragglers.swap_remove(index);
                self.served(&straggler, mood);
            }
            Action::Look(number) => {
                let remedy = remedy(
                    &number,
                    &self.orders.read(&number),
                    self.charges.look_up(&number),
                );
                self.remedies.insert(number, remedy);
            }
            Action::Act(number) => match self.remedies.remove(&number) {
                Some(Remedy::Send(command)) => drop(self.orders.serve(&command, Mood::Well)),
                Some(Remedy::Refund(payment, _)) => drop(self.charges.cancel(&number, &payment)),
                Some(Remedy::Wait | Remedy::Hold(_) | Remedy::GiveBack(..)) | None => {
                    panic!("the gateway of this world always knows")
                }
            },
            Action::Forget(number) => drop(self.remedies.remove(&number)),
        }
    }

    fn asked(&self, index: usize) -> Effect {
        self.shoppers[index].asked.clone().unwrap()
    }

    fn go_on(&mut self, index: usize, event: Event) {
        self.shoppers[index].asked = None;
        let age = self.shoppers[index].age();
        let effects = self.shoppers[index].purchase.handle(event, age);
        self.perform(index, effects);
    }

    fn perform(&mut self, index: usize, effects: Vec<Effect>) {
        let shopper = &mut self.shoppers[index];
        for effect in effects {
            match effect {
                Effect::Answer(outcome) => shopper.answers.push(outcome),
                Effect::Warn(_) => {}
                ask @ (Effect::Send(_)
                | Effect::Renumber
                | Effect::Confirm { .. }
                | Effect::Cancel { .. }
                | Effect::GiveBack { .. }
                | Effect::Wait(_)) => {
                    assert_eq!(shopper.asked.replace(ask), None, "one thing at a time");
                }
            }
        }
    }

    fn served(&mut self, asked: &Effect, mood: Mood) -> Event {
        match asked {
            Effect::Send(command) => {
                Event::Command(CommandAnswer::Replied(self.orders.serve(command, mood)))
            }
            Effect::Renumber => Event::Renumbered(self.take_number()),
            Effect::Confirm { number, payment } => {
                Event::Confirm(self.charges.confirm(number, payment, mood))
            }
            Effect::Cancel {
                number, payment, ..
            } => Event::Cancel(self.charges.cancel(number, payment)),
            Effect::Wait(_) => Event::WaitOver,
            Effect::Answer(_) | Effect::Warn(_) | Effect::GiveBack { .. } => {
                unreachable!("nobody waits for these")
            }
        }
    }
}

/// Where the other side has a choice.
fn moods(asked: &Effect) -> &'static [Mood] {
    let has_choice = matches!(
        asked,
        Effect::Send(OrderCommand::Create { .. }) | Effect::Confirm { .. }
    );
    if has_choice {
        &[Mood::Well, Mood::Ill]
    } else {
        &[Mood::Well]
    }
}

/// All that can go wrong with a request.
fn faults(index: usize, asked: &Effect) -> Vec<Action> {
    let command = Event::Command;
    let lost = |answer| Action::Lose(index, answer);
    let delayed = |answer| Action::Delay(index, answer);
    let trouble = || Origin::Gateway.because("");
    let mut faults = match asked {
        Effect::Send(_) => vec![
            Action::ServeTwice(index),
            lost(command(CommandAnswer::Overdue)),
            lost(command(CommandAnswer::NotSent)),
            lost(command(CommandAnswer::Replied(OrderReply::Refused(
                Reason::InternalError,
            )))),
            delayed(command(CommandAnswer::Overdue)),
            delayed(command(CommandAnswer::NotSent)),
        ],
        Effect::Confirm { .. } => vec![
            Action::ServeTwice(index),
            lost(Event::Confirm(ConfirmAnswer::NotAsked)),
            lost(Event::Confirm(ConfirmAnswer::NotReached(trouble()))),
            lost(Event::Confirm(ConfirmAnswer::Unknown(trouble()))),
            delayed(Event::Confirm(ConfirmAnswer::Unknown(trouble()))),
        ],
        Effect::Cancel { .. } => {
            let failed = || Event::Cancel(CancelAnswer::Failed);
            vec![lost(failed()), delayed(failed())]
        }
        Effect::Renumber
        | Effect::Wait(_)
        | Effect::Answer(_)
        | Effect::Warn(_)
        | Effect::GiveBack { .. } => {
            return vec![Action::Die(index, false)];
        }
    };
    faults.extend([Action::Die(index, false), Action::Die(index, true)]);
    faults
}
