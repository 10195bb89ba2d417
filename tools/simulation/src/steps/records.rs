//! A record's way through an order service, step by step: intake, registry, actor, reply. Each step does what a core asks for.

use order_service::actors::command_run::{CommandRun, Known, Step};
use order_service::inbound::kafka::decode::{Reading, decode};
use order_service::ports::reply_sink::{CommandOutcome, Requester};
use shared::order_number::OrderNumber;

use crate::effects::effect_stands;
use crate::owner::{Answer, Apply, Asker, InHand, Message, Order, Token};
use crate::sabotage::Sabotage;
use crate::violation::{Check, Invariant, violated};
use crate::wire::{Reply, ZONE};
use crate::world::World;

impl World {
    /// An owner takes the next record of a partition in hand.
    pub(crate) fn fetch(&mut self, owner: usize, partition: i32) -> Check {
        let received_at = self.time();
        let process = &mut self.owners[owner];
        let Some(next) = process.assigned.get_mut(&partition) else {
            return Ok(());
        };
        let offset = *next;
        let Some(record) = self.partitions.get(partition).record(offset) else {
            return Ok(());
        };
        *next += 1;
        let Some(position) = process.settlement.track(partition, offset) else {
            return Ok(());
        };
        let reading = Reading {
            now: received_at,
            zone: ZONE,
            unpaid_for: self.profile.unpaid_for,
        };
        let decoded = match decode(record, reading) {
            Ok(decoded) => decoded,
            Err(poison) => {
                return violated(
                    Invariant::Truth,
                    format!("a command was not understood: {poison:?}"),
                );
            }
        };
        process.permits_taken += 1;
        if self.sabotage == Sabotage::FinishedAtIntake {
            process.settlement.finish(position);
            process.is_dirty = true;
        }
        process.inbox.push_back(Message::Apply(Box::new(Apply {
            command: decoded.command,
            requester: decoded.requester,
            received_at,
            token: Token {
                position,
                partition,
                offset,
            },
        })));
        Ok(())
    }

    /// An order's actor takes its next message.
    pub(crate) fn act(&mut self, owner: usize, number: &OrderNumber) -> Check {
        let process = &mut self.owners[owner];
        let Some(actor) = process.actors.get_mut(number) else {
            return Ok(());
        };
        match actor.mailbox.pop_front() {
            Some(Order::Apply(apply)) => {
                let epoch = apply.token.position.epoch();
                if epoch != actor.known_in_epoch && self.sabotage != Sabotage::StaleKnowledge {
                    actor.known = Known::Unknown;
                    actor.known_in_epoch = epoch;
                }
                let run = CommandRun::new(apply.command.clone(), apply.received_at);
                let step = run.begin(actor.known.clone());
                actor.in_hand = Some(InHand {
                    command: apply.command,
                    run,
                    requester: apply.requester,
                    token: apply.token,
                    is_loading: false,
                });
                self.go_on_with(owner, number, step)?;
                self.follow_plan(owner)
            }
            Some(Order::Retire) if !actor.mailbox.is_empty() => violated(
                Invariant::OneAtATime,
                format!("{number} retires with commands in its mailbox"),
            ),
            Some(Order::Retire) => {
                process.inbox.push_back(Message::Ended(number.clone()));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What it asks the write plan for is done by [`follow_plan`](Self::follow_plan), which the caller calls or is in.
    pub(super) fn go_on_with(&mut self, owner: usize, number: &OrderNumber, step: Step) -> Check {
        let process = &mut self.owners[owner];
        let Some(actor) = process.actors.get_mut(number) else {
            return Ok(());
        };
        match step {
            Step::Load => {
                if let Some(hand) = &mut actor.in_hand {
                    hand.is_loading = true;
                }
                Ok(())
            }
            Step::Store(transition) => {
                process.plan.submit(transition, Asker(number.clone()));
                Ok(())
            }
            Step::Done(known, outcome) => {
                let is_done = known.is_done();
                actor.known = known;
                let Some(hand) = actor.in_hand.take() else {
                    return Ok(());
                };
                effect_stands(&self.store, &hand.command, &outcome)?;
                self.reply(owner, hand.requester.as_ref(), &outcome, hand.token);
                self.owners[owner].report(number, is_done);
                Ok(())
            }
        }
    }

    fn reply(
        &mut self,
        owner: usize,
        requester: Option<&Requester>,
        outcome: &CommandOutcome,
        token: Token,
    ) {
        let now = self.time();
        let process = &mut self.owners[owner];
        match requester.and_then(|requester| Reply::new(requester, outcome, now)) {
            Some(reply) => {
                if self.sabotage == Sabotage::FinishedAtReply {
                    process.settlement.finish(token.position);
                    process.is_dirty = true;
                }
                process.outbox.push(Answer {
                    reply,
                    token,
                    is_sent: false,
                });
            }
            None => {
                process.finish(token);
                self.partitions
                    .get_mut(token.partition)
                    .answered(token.offset);
            }
        }
    }

    /// The store answers an actor that has asked for its order.
    pub(crate) fn load(&mut self, owner: usize, number: &OrderNumber, is_broken: bool) -> Check {
        let loaded = self.store.load(number);
        let hand = self.owners[owner]
            .actors
            .get_mut(number)
            .and_then(|actor| actor.in_hand.as_mut());
        let Some(hand) = hand else { return Ok(()) };
        hand.is_loading = false;
        let step = if is_broken {
            hand.run.failed()
        } else {
            hand.run.loaded(loaded)
        };
        self.go_on_with(owner, number, step)?;
        self.follow_plan(owner)
    }

    /// The broker takes a reply.
    pub(crate) fn send_reply(&mut self, owner: usize, index: usize) {
        let answer = &mut self.owners[owner].outbox[index];
        answer.is_sent = true;
        self.reply_topic.append(&answer.reply);
    }

    /// The broker has said so.
    pub(crate) fn acknowledge(&mut self, owner: usize, index: usize) {
        let Answer { token, .. } = self.owners[owner].outbox.remove(index);
        self.owners[owner].finish(token);
        self.partitions
            .get_mut(token.partition)
            .answered(token.offset);
    }
}
