//! Correlates replies with commands. Gives each command a correlation id and this instance's reply partition, publishes it, and answers
//! its sender with the reply or with a timeout. Each command passes the gate (`gate.rs`), which learns here from the replies.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::SendError;
use actix::{Actor, AsyncContext, Context, Handler};
use shared::budget;
use shared::crash::crash;
use shared::ids::IdSource;
use shared::mailboxes::Mailbox;
use shared::postbox::{ActorPostbox, Mail, Postbox, Posted};
use shared::trace::Trail;
use shared::wire::headers::{EVENT_TYPE_ID, ReplyAddress};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::actors::gate::Gate;
use crate::actors::waiting_room::WaitingRoom;
use crate::domain::correlation::correlation_id;
use crate::domain::order::{OrderCommand, OrderReply};
use crate::domain::peer::{Passage, Peer, PeerKnowledge, Replier};
use crate::domain::purchase::CommandAnswer;
use crate::metrics::BridgeMetrics;
use crate::ports::order_bus::{OrderBus, Undelivered};
use crate::steps;

/// How often timeouts are checked. A sender may so wait up to this much longer than `budget::REPLY_WAIT`; the second of
/// `domain::ownership::FAREWELL` allows for it.
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
    gate: Gate<SendCommand>,
    metrics: BridgeMetrics,
    mailbox: Mailbox,
}

/// A sender that waits for its reply.
struct Waiter {
    answer_tx: oneshot::Sender<CommandAnswer>,
    since: Instant,
    /// The command places an order, which a stranger knows how to do, too.
    is_placing: bool,
    trail: Trail,
}

/// The dependencies of the bridge.
pub struct KafkaBridgeParts {
    /// Publishes commands.
    pub bus: Arc<dyn OrderBus>,
    /// Makes correlation ids.
    pub ids: Arc<dyn IdSource>,
    /// The topic that replies are sent to.
    pub reply_topic: String,
    /// The partition of the reply topic that this instance owns; `None` while it owns none.
    pub reply_partition: watch::Receiver<Option<i32>>,
    /// What is known of the order service from the settings.
    pub peer: PeerKnowledge,
    /// Is notified when somebody waits until more is known of it.
    pub look: Arc<Notify>,
    /// The limit of concurrent purchases. Each has at most one unanswered command.
    pub max_purchases: usize,
    /// Its metrics.
    pub metrics: BridgeMetrics,
    /// Its entry in the table of mailboxes.
    pub mailbox: Mailbox,
}

impl KafkaBridge {
    /// Starts the bridge. Its mailbox holds two messages per purchase: the command and the reply. When it is full, commands are
    /// answered as not sent, and replies stay in Kafka.
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
            peer,
            look,
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
            gate: Gate::new(peer, look, metrics.peer.clone()),
            metrics,
            mailbox,
        }
    }

    fn send(&mut self, message: SendCommand, own: Postbox<CommandUndelivered>) {
        match self.gate.passage(&message.command) {
            Passage::Free => {}
            Passage::NotKnown => return self.gate.keep(message, self.started_at.elapsed()),
            Passage::NotNow => return self.refuse(message.answer_tx),
            Passage::Closed(what) => {
                self.metrics.not_supported.inc();
                return answer(message.answer_tx, CommandAnswer::NotSupported(what));
            }
        }
        let partition = *self.reply_partition.borrow();
        if partition.is_none() {
            // Without a reply partition the reply could not come back, so the command is not published at all.
            return self.refuse(message.answer_tx);
        }
        let id = correlation_id(self.ids.unique());
        let address = ReplyAddress {
            topic: self.reply_topic.clone(),
            partition,
            correlation_id: Some(id.as_bytes().to_vec()),
            type_id: Some(EVENT_TYPE_ID.into()),
        };
        let on_undelivered = Box::new(move |undelivered| {
            // The error is dropped. If the mailbox is full, the command times out soon anyway. If the bridge is gone, the process is
            // ending: the producer's thread outlives the actors.
            let _ = own.try_send(CommandUndelivered { id, undelivered });
        });
        let published =
            self.bus
                .publish(&message.command, &address, &message.trail, on_undelivered);
        match published {
            // Registered only after publishing, which is no race: the reply and `CommandUndelivered` reach this actor as messages, and
            // it handles them after this one.
            Ok(()) => {
                let waiter = Waiter {
                    answer_tx: message.answer_tx,
                    since: Instant::now(),
                    is_placing: matches!(message.command, OrderCommand::Create { .. }),
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

    fn own(&self, ctx: &Context<Self>) -> Postbox<CommandUndelivered> {
        Postbox::new(ctx.address().recipient(), self.mailbox.clone())
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

    /// Something was learned about the order service: sends what has waited for it.
    fn learn(&mut self, ctx: &Context<Self>, news: impl FnOnce(&mut PeerKnowledge, Duration)) {
        let now = self.started_at.elapsed();
        for message in self.gate.learn(|known| news(known, now)) {
            self.send(message, self.own(ctx));
        }
    }

    fn expire(&mut self) {
        for message in self.gate.expire(self.started_at.elapsed()) {
            self.refuse(message.answer_tx);
        }
        for waiter in self.waiting_room.expire(self.started_at.elapsed()) {
            self.give_up(waiter);
        }
    }
}

fn answer(answer_tx: oneshot::Sender<CommandAnswer>, answer: CommandAnswer) {
    // The error is dropped. A sender always waits for its answer, so it is gone only when its thread has ended; the review completes
    // what is unfinished.
    let _ = answer_tx.send(answer);
}

/// Sends commands to the bridge.
#[derive(Clone)]
pub struct CommandSender(Postbox<SendCommand>);

impl CommandSender {
    /// Sends to `bridge`.
    #[must_use]
    pub fn new(bridge: Postbox<SendCommand>) -> Self {
        Self(bridge)
    }

    /// Sends a command at once, even if the returned future is never polled. The future resolves to the answer. A sender must not send
    /// another command before that: the size of the mailbox relies on it.
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
            log::warn!("{trail} the mailbox of the bridge is full");
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

/// Ends the process. The bridge lives as long as the process and answers every command that it accepts, so a missing bridge has panicked.
/// Without it this instance can't sell anything; a restart can.
#[track_caller]
pub fn bridge_is_gone() -> ! {
    crash("the bridge between purchases and Kafka is gone")
}

impl Actor for KafkaBridge {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(EXPIRY_INTERVAL, |bridge, _| bridge.expire());
    }
}

/// Message: publish a command and answer it exactly once. Sent by a [`CommandSender`].
pub struct SendCommand {
    /// The command.
    pub command: OrderCommand,
    /// Receives the answer.
    pub answer_tx: oneshot::Sender<CommandAnswer>,
    /// Records the steps of the command.
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
        self.send(message, self.own(ctx));
    }
}

/// Message: a reply was read from Kafka. Sent by the reply intake.
#[derive(Debug)]
pub struct ReplyArrived {
    /// The correlation id of the command that it answers.
    pub correlation_id: Uuid,
    /// The reply.
    pub reply: OrderReply,
    /// Its author.
    pub by: Replier,
}

impl Mail for ReplyArrived {
    fn label(&self) -> &'static str {
        "reply"
    }
}

impl Handler<Posted<ReplyArrived>> for KafkaBridge {
    type Result = ();

    fn handle(&mut self, posted: Posted<ReplyArrived>, ctx: &mut Self::Context) {
        let (message, _in_hand) = posted.begin();
        self.learn(ctx, |known, now| known.replied(message.by, now));
        match self.waiting_room.take(&message.correlation_id) {
            Some(waiter) => {
                waiter.trail.mark(steps::REPLIED);
                let waited = waiter.since.elapsed().as_secs_f64();
                self.metrics.waiters.dec();
                self.metrics.replied.observe(waited);
                let replied = self.gate.answer(message.reply, waiter.is_placing);
                answer(waiter.answer_tx, replied);
            }
            // Normal under at-least-once delivery: the reply is repeated, or came after the timeout.
            None => {
                self.metrics.late.inc();
                log::debug!("reply {} is late or repeated", message.correlation_id);
            }
        }
    }
}

/// Message: the order service was read over HTTP, and this is what it is. Sent by the peer watch.
#[derive(Debug)]
pub struct PeerSeen(pub Peer);

impl Mail for PeerSeen {
    fn label(&self) -> &'static str {
        "PeerSeen"
    }
}

impl Handler<Posted<PeerSeen>> for KafkaBridge {
    type Result = ();

    fn handle(&mut self, posted: Posted<PeerSeen>, ctx: &mut Self::Context) {
        let (PeerSeen(seen), _in_hand) = posted.begin();
        self.learn(ctx, |known, now| known.read(seen, now));
    }
}

/// Message: the broker has not acknowledged a command. Sent by the bus.
#[derive(Debug)]
struct CommandUndelivered {
    id: Uuid,
    undelivered: Undelivered,
}

impl Mail for CommandUndelivered {
    fn label(&self) -> &'static str {
        "CommandUndelivered"
    }
}

impl Handler<Posted<CommandUndelivered>> for KafkaBridge {
    type Result = ();

    fn handle(&mut self, posted: Posted<CommandUndelivered>, _: &mut Self::Context) {
        let (CommandUndelivered { id, undelivered }, _in_hand) = posted.begin();
        let Some(waiter) = self.waiting_room.take(&id) else {
            return;
        };
        match undelivered {
            Undelivered::Refused => {
                self.metrics.waiters.dec();
                waiter.trail.mark(steps::UNANSWERED);
                self.refuse(waiter.answer_tx);
            }
            // Only its acknowledgement may be lost. So it is unanswered, not unsent.
            Undelivered::Unknown => self.give_up(waiter),
        }
    }
}
