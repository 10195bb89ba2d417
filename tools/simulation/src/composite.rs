//! A composite: purchases, the waiting room, a producer and a reviewer. What they do is in `steps`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use composite_service::actors::waiting_room::WaitingRoom;
use composite_service::domain::purchase::Purchase;
use composite_service::domain::review::Standing;
use shared::budget;
use shared::wire::order_dto::OrderDto;
use uuid::Uuid;

use crate::reply_intake::ReplyIntake;
use crate::wire::Outgoing;

/// One process. A killed one is followed by another at once, which knows nothing.
#[derive(Debug)]
pub struct Composite {
    /// How many were here before it.
    pub life: u64,
    /// Purchases under way.
    pub purchases: BTreeMap<u64, Run>,
    /// Commands that the broker has not taken.
    pub producer: VecDeque<Outgoing>,
    /// Orders that are being reviewed.
    pub reviews: Vec<Review>,
    /// When the reviewer looks again.
    pub next_look: Duration,
    /// When those who wait have waited long enough.
    pub waits: VecDeque<Duration>,
    /// Where it reads replies.
    pub intake: ReplyIntake,
    /// The partition that each command named whose reply is waited for.
    pub named: BTreeMap<Uuid, i32>,
    pub(crate) room: WaitingRoom<Waiter>,
}

/// Who waits for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    Purchase(u64),
    Reviewer,
}

/// Somebody who waits, and for which reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiter {
    pub(crate) asker: Asker,
    pub(crate) id: Uuid,
}

/// A purchase under way.
#[derive(Debug)]
pub struct Run {
    /// The saga.
    pub purchase: Purchase,
    /// The request that it answers.
    pub request: usize,
    /// When it began.
    pub started_at: Duration,
    /// When the shopper has waited long enough; `None` once he is answered.
    pub deadline: Option<Duration>,
    /// When it goes on.
    pub wake_at: Option<Duration>,
}

/// An order that is being reviewed.
#[derive(Debug)]
pub struct Review {
    pub(crate) order: OrderDto,
    /// What the gateway has said of it.
    pub standing: Option<Standing>,
}

impl Composite {
    /// A process that has just started.
    #[must_use]
    pub fn new(life: u64, next_look: Duration) -> Self {
        Self {
            life,
            purchases: BTreeMap::new(),
            producer: VecDeque::new(),
            reviews: Vec::new(),
            next_look,
            waits: VecDeque::new(),
            intake: ReplyIntake::default(),
            named: BTreeMap::new(),
            room: WaitingRoom::new(budget::REPLY_WAIT),
        }
    }

    /// The reply has come, or never will.
    pub(crate) fn take(&mut self, id: &Uuid) -> Option<Asker> {
        self.named.remove(id);
        self.room.take(id).map(|waiter| waiter.asker)
    }

    /// How many wait for a reply.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.named.len()
    }
}
