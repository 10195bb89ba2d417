//! Pairs replies with those who wait for them: gives each command a correlation id and this instance's reply partition, publishes it,
//! and hands the reply, or its absence, to the asker. Knows nothing of what commands and replies say.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::SendError;
use actix::{Actor, AsyncContext, Context, Handler};
use shared::budget;
use shared::ids::IdSource;
use shared::mailboxes::Mailbox;
use shared::postbox::{ActorPostbox, Mail, Postbox, Posted};
use shared::trace::Trail;
use shared::wire::headers::ReplyAddress;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::actors::waiting_room::WaitingRoom;
use crate::domain::order::{OrderCommand, OrderReply};
use crate::domain::purchase::CommandAnswer;
use crate::metrics::BridgeMetrics;
use crate::ports::order_bus::OrderBus;
use crate::steps;

const EXPIRY_INTERVAL: Duration = Duration::from_millis(100);

/// The bridge between actors and Kafka.
pub struct KafkaBridge {
    bus: Arc<dyn OrderBus>,
    ids: Arc<dyn IdSource>,
    reply_topic: String,
    /// The partition of the reply topic that this instance owns; `None` while it owns none.
    reply_partition: watch::Receiver<Option<i32>>,
    waiting_room: WaitingRoom<Waiter>,
    started_at: Instant,
    metrics: BridgeMetrics,
    mailbox: Mailbox,
}

/// Somebody who waits for a reply.
struct Waiter {
    answer_tx: oneshot::Sender<CommandAnswer>,
    since: Instant,
    trail: Trail,
}

/// What the bridge works with.
pub struct KafkaBridgeParts {
    /// Where commands go.
    pub bus: Arc<dyn OrderBus>,
    /// Correlation ids.
    pub ids: Arc<dyn IdSource>,
    /// The topic of replies.
    pub reply_topic: String,
    /// The partition of it that this instance owns.
    pub reply_partition: watch::Receiver<Option<i32>>,
    /// Purchases under way at most: each has at most one command out.
    pub max_purchases: usize,
    /// What is counted.
    pub metrics: BridgeMetrics,
    /// Its entry in the table of mailboxes.
    pub mailbox: Mailbox,
}

impl KafkaBridge {
    /// Starts a bridge with nobody waiting. It takes two messages for each purchase, its command and its reply; what is more waits where it
    /// is.
    #[must_use]
    pub fn start(parts: KafkaBridgeParts) -> ActorPostbox<Self> {
        let (capacity, mailbox) = (2 * parts.max_purchases, parts.mailbox.clone());
        ActorPostbox::start(Self::new(parts), capacity, mailbox)
    }

    fn new(parts: KafkaBridgeParts) -> Self {
        let KafkaBridgeParts {
            bus,
            ids,
            reply_topic,
            reply_partition,
            max_purchases: _,
            metrics,
            mailbox,
        } = parts;
        Self {
            bus,
            ids,
            reply_topic,
            reply_partition,
            waiting_room: WaitingRoom::new(budget::REPLY_WAIT),
            started_at: Instant::now(),
            metrics,
            mailbox,
        }
    }

    fn send(&mut self, message: SendCommand, own: Postbox<CommandUndelivered>) {
        let partition = *self.reply_partition.borrow();
        if partition.is_none() {
            return self.refuse(message.answer_tx);
        }
        let id = self.ids.unique();
        let address = ReplyAddress {
            topic: self.reply_topic.clone(),
            partition,
            correlation_id: Some(id.as_bytes().to_vec()),
        };
        let on_undelivered = Box::new(move || {
            // Dropped when the mailbox is full, because the command is overdue soon anyway; and when the bridge is gone, because a
            // producer's thread outlives the actors at the end of the process.
            let _ = own.try_send(CommandUndelivered { id });
        });
        let published =
            self.bus
                .publish(&message.command, &address, &message.trail, on_undelivered);
        match published {
            Ok(()) => {
                let waiter = Waiter {
                    answer_tx: message.answer_tx,
                    since: Instant::now(),
                    trail: message.trail,
                };
                self.metrics.waiters.inc();
                self.waiting_room
                    .register(id, waiter, self.started_at.elapsed());
            }
            Err(error) => {
                log::warn!("{} {error}", message.trail);
                self.refuse(message.answer_tx);
            }
        }
    }

    fn refuse(&self, answer_tx: oneshot::Sender<CommandAnswer>) {
        self.metrics.not_sent.inc();
        answer(answer_tx, CommandAnswer::NotSent);
    }

    fn give_up(&self, waiter: Waiter) {
        self.metrics.waiters.dec();
        self.metrics.overdue.inc();
        waiter.trail.mark(steps::UNANSWERED);
        answer(waiter.answer_tx, CommandAnswer::Overdue);
    }

    fn expire(&mut self) {
        for waiter in self.waiting_room.expire(self.started_at.elapsed()) {
            self.give_up(waiter);
        }
    }
}

fn answer(answer_tx: oneshot::Sender<CommandAnswer>, answer: CommandAnswer) {
    // An error means that the asker's thread has ended: askers wait until they are answered, and so does the order, for its review.
    let _ = answer_tx.send(answer);
}

/// A way to the bridge for those who ask it.
#[derive(Clone)]
pub struct CommandSender(Postbox<SendCommand>);

impl CommandSender {
    /// Sends to `bridge`.
    #[must_use]
    pub fn new(bridge: Postbox<SendCommand>) -> Self {
        Self(bridge)
    }

    /// Sends a command now, whether or not the result is ever polled. The result is its answer; no asker may have a second command out
    /// before that.
    pub fn send(
        &self,
        command: OrderCommand,
        trail: &Trail,
    ) -> impl Future<Output = CommandAnswer> + use<> {
        let (answer_tx, answer_rx) = oneshot::channel();
        let message = SendCommand {
            command,
            answer_tx,
            trail: trail.clone(),
        };
        let sent = self.0.try_send(message);
        if matches!(sent, Err(SendError::Full(_))) {
            log::warn!("{trail} the bridge has more to do than its mailbox holds");
        }
        async move {
            match sent {
                Ok(()) => answer_rx.await.unwrap_or_else(|_| bridge_is_gone()),
                Err(SendError::Full(_)) => CommandAnswer::NotSent,
                Err(SendError::Closed(_)) => bridge_is_gone(),
            }
        }
    }
}

/// The bridge lives as long as the process, and answers every command that it takes. If it is gone it has panicked, and this instance
/// could sell nothing any more; so it ends, and another one begins afresh.
pub fn bridge_is_gone() -> ! {
    panic!("the bridge between purchases and Kafka is gone");
}

impl Actor for KafkaBridge {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(EXPIRY_INTERVAL, |bridge, _| bridge.expire());
    }
}

/// Command: publish this, and answer it exactly once. Sent by a [`CommandSender`].
pub struct SendCommand {
    /// What to publish.
    pub command: OrderCommand,
    /// Where the answer goes.
    pub answer_tx: oneshot::Sender<CommandAnswer>,
    /// Where its steps are entered.
    pub trail: Trail,
}

impl Mail for SendCommand {
    fn label(&self) -> &'static str {
        self.command.name()
    }
}

impl Handler<Posted<SendCommand>> for KafkaBridge {
    type Result = ();

    fn handle(&mut self, posted: Posted<SendCommand>, ctx: &mut Self::Context) {
        let (message, _in_hand) = posted.begin();
        let own = Postbox::new(ctx.address().recipient(), self.mailbox.clone());
        self.send(message, own);
    }
}

/// Fact: a reply has come, to whomever. Sent by the reply intake.
#[derive(Debug)]
pub struct ReplyArrived {
    /// Whose it is.
    pub correlation_id: Uuid,
    /// What it says.
    pub reply: OrderReply,
}

impl Mail for ReplyArrived {
    fn label(&self) -> &'static str {
        "reply"
    }
}

impl Handler<Posted<ReplyArrived>> for KafkaBridge {
    type Result = ();

    fn handle(&mut self, posted: Posted<ReplyArrived>, _: &mut Self::Context) {
        let (message, _in_hand) = posted.begin();
        match self.waiting_room.take(&message.correlation_id) {
            Some(waiter) => {
                waiter.trail.mark(steps::REPLIED);
                let waited = waiter.since.elapsed().as_secs_f64();
                self.metrics.waiters.dec();
                self.metrics.replied.observe(waited);
                answer(waiter.answer_tx, CommandAnswer::Replied(message.reply));
            }
            None => {
                self.metrics.late.inc();
                log::debug!("nobody waits for reply {}", message.correlation_id);
            }
        }
    }
}

/// Fact: the broker has not taken a command in time. Sent by the bus.
#[derive(Debug)]
struct CommandUndelivered {
    id: Uuid,
}

impl Mail for CommandUndelivered {
    fn label(&self) -> &'static str {
        "CommandUndelivered"
    }
}

impl Handler<Posted<CommandUndelivered>> for KafkaBridge {
    type Result = ();

    fn handle(&mut self, posted: Posted<CommandUndelivered>, _: &mut Self::Context) {
        let (CommandUndelivered { id }, _in_hand) = posted.begin();
        if let Some(waiter) = self.waiting_room.take(&id) {
            // The broker may have it nonetheless, so the command counts as unanswered, not as never sent.
            self.give_up(waiter);
        }
    }
}
