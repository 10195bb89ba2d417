//! A small model of all that surrounds purchases: an order service, a gateway, and a way to them that loses, doubles and delays.
//!
//! A world is in one state; [`World::actions`] is all that can happen next, and [`World::apply`] makes it happen.

use std::collections::BTreeMap;

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::PaymentDto;

use super::peers::{Charges, Mood, Order, OrderState, Orders};
use super::samples::number;
use crate::domain::order::{Basket, OrderCommand, OrderReply};
use crate::domain::purchase::{
    CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Outcome, Purchase,
};

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) shoppers: Vec<Shopper>,
    pub(super) orders: Orders,
    pub(super) charges: Charges,
    /// What nobody waits for any more, and may still have its effect.
    pub(super) stragglers: Vec<Effect>,
    next_number: u32,
    faults_left: u32,
}

/// A purchase and its surroundings.
#[derive(Debug, Clone)]
pub(super) struct Shopper {
    pub(super) purchase: Purchase,
    pub(super) request_id: Option<String>,
    pub(super) payment: Option<PaymentDto>,
    pub(super) answers: Vec<Outcome>,
    /// What it waits for.
    asked: Option<Effect>,
    is_deadline_ahead: bool,
}

/// One thing that can happen.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// A shopper's request is served and answered; where the other side has a choice, it is well disposed or not.
    Serve(usize, Mood),
    /// The same, and the request comes a second time later.
    ServeTwice(usize),
    /// The request has this end, and no effect.
    Lose(usize, Event),
    /// The request has this end, and its effect comes later.
    Delay(usize, Event),
    /// The shopper has waited long enough.
    PassDeadline(usize),
    /// A straggler has its effect.
    Arrive(usize, Mood),
    /// An unpaid order expires.
    Expire(OrderNumber),
}

impl Action {
    pub(super) fn is_fault(&self) -> bool {
        matches!(self, Self::ServeTwice(_) | Self::Lose(..) | Self::Delay(..))
    }
}

impl World {
    /// A world where so much may still go wrong, and where the first numbers belong to others.
    pub(super) fn new(faults: u32, taken_numbers: u32) -> Self {
        let stranger = Order {
            request_id: "a stranger".to_owned(),
            state: OrderState::Rejected(Reason::OutOfStock),
        };
        let taken = (1..=taken_numbers).map(|taken| (number(taken), stranger.clone()));
        Self {
            shoppers: Vec::new(),
            orders: Orders(taken.collect()),
            charges: Charges(BTreeMap::new()),
            stragglers: Vec::new(),
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
    pub(super) fn paying(mut self, payment: PaymentDto) -> Self {
        let pending = Order {
            request_id: "placed before".to_owned(),
            state: OrderState::Created,
        };
        self.orders.0.entry(number(1)).or_insert(pending);
        self.begin(
            Purchase::pay(number(1), payment.clone()),
            None,
            Some(payment),
        );
        self
    }

    fn begin(
        &mut self,
        (purchase, effects): (Purchase, Vec<Effect>),
        request_id: Option<String>,
        payment: Option<PaymentDto>,
    ) {
        self.shoppers.push(Shopper {
            purchase,
            request_id,
            payment,
            answers: Vec::new(),
            asked: None,
            is_deadline_ahead: true,
        });
        self.perform(self.shoppers.len() - 1, effects);
    }

    fn take_number(&mut self) -> OrderNumber {
        self.next_number += 1;
        number(self.next_number - 1)
    }

    /// Whether nobody has anything left to do.
    pub(super) fn is_quiet(&self) -> bool {
        self.stragglers.is_empty()
            && self
                .shoppers
                .iter()
                .all(|shopper| shopper.purchase.is_done())
    }

    /// All that can happen next.
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (index, shopper) in self
            .shoppers
            .iter()
            .enumerate()
            .filter(|(_, shopper)| !shopper.purchase.is_done())
        {
            if shopper.is_deadline_ahead {
                actions.push(Action::PassDeadline(index));
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
        let unpaid = self
            .orders
            .0
            .iter()
            .filter(|(_, order)| order.state == OrderState::Created);
        actions.extend(unpaid.map(|(number, _)| Action::Expire(number.clone())));
        actions
    }

    /// Makes it happen.
    pub(super) fn apply(&mut self, action: Action) {
        match action {
            Action::Serve(index, mood) => {
                let event = self.served(&self.asked(index), mood);
                self.go_on(index, event);
            }
            Action::ServeTwice(index) => {
                self.faults_left -= 1;
                let asked = self.asked(index);
                let event = self.served(&asked, Mood::Well);
                self.stragglers.push(asked);
                self.go_on(index, event);
            }
            Action::Lose(index, event) => {
                self.faults_left -= 1;
                self.go_on(index, event);
            }
            Action::Delay(index, event) => {
                self.faults_left -= 1;
                self.stragglers.push(self.asked(index));
                self.go_on(index, event);
            }
            Action::PassDeadline(index) => {
                self.shoppers[index].is_deadline_ahead = false;
                let effects = self.shoppers[index].purchase.handle(Event::DeadlinePassed);
                self.perform(index, effects);
            }
            Action::Arrive(index, mood) => {
                let straggler = self.stragglers.swap_remove(index);
                self.served(&straggler, mood);
            }
            Action::Expire(number) => {
                self.orders
                    .0
                    .entry(number)
                    .and_modify(|order| order.state = OrderState::Rejected(Reason::Expired));
            }
        }
    }

    fn asked(&self, index: usize) -> Effect {
        self.shoppers[index].asked.clone().unwrap()
    }

    fn go_on(&mut self, index: usize, event: Event) {
        self.shoppers[index].asked = None;
        let effects = self.shoppers[index].purchase.handle(event);
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
            Effect::Answer(_) | Effect::Warn(_) => unreachable!("nobody waits for these"),
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
    let command = |answer| Event::Command(answer);
    match asked {
        Effect::Send(_) => vec![
            Action::ServeTwice(index),
            Action::Lose(index, command(CommandAnswer::Overdue)),
            Action::Lose(index, command(CommandAnswer::NotSent)),
            Action::Lose(
                index,
                command(CommandAnswer::Replied(OrderReply::Refused(
                    Reason::InternalError,
                ))),
            ),
            Action::Delay(index, command(CommandAnswer::Overdue)),
            Action::Delay(index, command(CommandAnswer::NotSent)),
        ],
        Effect::Confirm { .. } => vec![
            Action::ServeTwice(index),
            Action::Lose(
                index,
                Event::Confirm(ConfirmAnswer::NotReached(String::new())),
            ),
            Action::Lose(index, Event::Confirm(ConfirmAnswer::Unknown(String::new()))),
            Action::Delay(index, Event::Confirm(ConfirmAnswer::Unknown(String::new()))),
        ],
        Effect::Cancel { .. } => vec![
            Action::Lose(index, Event::Cancel(CancelAnswer::Failed)),
            Action::Delay(index, Event::Cancel(CancelAnswer::Failed)),
        ],
        Effect::Renumber | Effect::Wait(_) | Effect::Answer(_) | Effect::Warn(_) => Vec::new(),
    }
}
