//! What is known of the order service, and the commands that wait until more is: no command passes against the rules of `domain/peer.rs`.

use std::sync::Arc;
use std::time::Duration;

use shared::metrics::IntGauge;
use tokio::sync::Notify;

use crate::domain::order::{OrderCommand, OrderReply};
use crate::domain::peer::{Passage, Peer, PeerKnowledge};
use crate::domain::purchase::CommandAnswer;

/// How long a command waits until it is known whether the order service takes it. Only the first ones after the start do.
const KNOWING_WAIT: Duration = Duration::from_secs(1);

/// The gate, with waiting messages of type `M`. All times are measured from the same fixed start.
pub(super) struct Gate<M> {
    knowledge: PeerKnowledge,
    /// Wakes who finds out about the order service.
    look: Arc<Notify>,
    /// In the order of their arrival. As many as there are senders, at most.
    undecided: Vec<(Duration, M)>,
    shown: IntGauge,
}

impl<M> Gate<M> {
    /// A gate that knows this, shows it by `shown`, and notifies `look` when somebody waits until more is known.
    pub(super) fn new(knowledge: PeerKnowledge, look: Arc<Notify>, shown: IntGauge) -> Self {
        let gate = Self {
            knowledge,
            look,
            undecided: Vec::new(),
            shown,
        };
        gate.show();
        gate
    }

    /// What becomes of a command.
    pub(super) fn passage(&self, command: &OrderCommand) -> Passage {
        self.knowledge.peer().passage(command)
    }

    /// Lets the message wait from `now` on.
    pub(super) fn keep(&mut self, message: M, now: Duration) {
        self.undecided.push((now, message));
        self.look.notify_one();
    }

    /// Changes what is known. Returns what has waited for it.
    pub(super) fn learn(&mut self, news: impl FnOnce(&mut PeerKnowledge)) -> Vec<M> {
        let before = self.knowledge.peer();
        news(&mut self.knowledge);
        if self.knowledge.peer() == before {
            return Vec::new();
        }
        self.show();
        self.tell();
        let undecided = std::mem::take(&mut self.undecided);
        undecided.into_iter().map(|(_, message)| message).collect()
    }

    /// Returns what has waited for long enough at `now`.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<M> {
        let overdue = self
            .undecided
            .iter()
            .take_while(|(since, _)| now.saturating_sub(*since) >= KNOWING_WAIT)
            .count();
        let overdue = self.undecided.drain(..overdue);
        overdue.map(|(_, message)| message).collect()
    }

    /// The answer that the reply to a command is. A stranger can only place orders.
    pub(super) fn answer(&self, reply: OrderReply, is_placing: bool) -> CommandAnswer {
        if is_placing && self.knowledge.peer() != Peer::Mall {
            CommandAnswer::RepliedByStranger(reply)
        } else {
            CommandAnswer::Replied(reply)
        }
    }

    fn show(&self) {
        self.shown.set(match self.knowledge.peer() {
            Peer::Unknown => 0,
            Peer::Mall => 1,
            Peer::Spring => 2,
        });
    }

    fn tell(&self) {
        match self.knowledge.peer() {
            Peer::Unknown => {}
            Peer::Mall => {
                log::info!("the order service is one of this mall: it takes all commands");
            }
            Peer::Spring => log::warn!(
                "the order service is not one of this mall, or not all of its instances are: payments, coupons and idempotency keys are \
                 refused, and nothing but ORDER_CREATE is sent"
            ),
        }
    }
}
