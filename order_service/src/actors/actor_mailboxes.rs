//! The mailboxes of this service's actors, for those who send to them.

use shared::mailboxes::{ActorType, Mailbox, Mailboxes};

/// All of them. Those of orders come and go with their actors.
#[derive(Clone)]
pub struct ActorMailboxes {
    /// The registry's.
    pub registry: Mailbox,
    /// Where those of orders are opened.
    pub orders: ActorType,
    /// The journal's.
    pub journal: Mailbox,
}

impl ActorMailboxes {
    /// Opens those that always are.
    #[must_use]
    pub fn new(mailboxes: &Mailboxes) -> Self {
        Self {
            registry: mailboxes.of("OrderRegistry").open("registry"),
            orders: mailboxes.of("OrderActor"),
            journal: mailboxes.of("Journal").open("journal"),
        }
    }
}
