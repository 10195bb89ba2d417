//! Where to send an actor its messages: its address, and its entry in the table of who waits for what (`mailboxes.rs`), as one value.
//! A sender can't enter a message and forget to send it, nor send one that the table does not know.

use actix::prelude::SendError;
use actix::{Actor, Addr, Context, Handler, Message, Recipient};

use crate::mailboxes::{InHand, Mailbox, Ticket};

/// A message to an actor. Its answer, if it has one, travels by a one-shot channel inside of it: actix would poll the results of all
/// messages that an actor has pending each time that it wakes.
pub trait Mail: Send + 'static {
    /// What operators see while it waits.
    fn label(&self) -> &'static str;
}

/// A message on its way, entered in the table. Handlers are implemented for this.
pub struct Posted<M> {
    message: M,
    ticket: Ticket,
}

impl<M: Mail> Posted<M> {
    fn at(mailbox: &Mailbox, message: M) -> Self {
        let ticket = mailbox.post(message.label());
        Self { message, ticket }
    }

    /// It has reached its handler, which keeps the second part for as long as it is at work.
    pub fn begin(self) -> (M, InHand) {
        (self.message, self.ticket.begin())
    }
}

impl<M: Mail> Message for Posted<M> {
    type Result = ();
}

/// Where to send one kind of message, whichever actor takes it.
pub struct Postbox<M: Mail> {
    recipient: Recipient<Posted<M>>,
    mailbox: Mailbox,
}

impl<M: Mail> Postbox<M> {
    /// The actor behind `recipient`, whose entry in the table is `mailbox`.
    #[must_use]
    pub fn new(recipient: Recipient<Posted<M>>, mailbox: Mailbox) -> Self {
        Self { recipient, mailbox }
    }

    /// Enters the message and sends it, without waiting.
    ///
    /// # Errors
    /// With the message, which no longer counts as waiting, when the actor's mailbox is full or the actor has ended.
    pub fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        self.recipient
            .try_send(Posted::at(&self.mailbox, message))
            .map_err(taken_back)
    }
}

impl<M: Mail> Clone for Postbox<M> {
    fn clone(&self) -> Self {
        Self::new(self.recipient.clone(), self.mailbox.clone())
    }
}

/// Where to send an actor all of its messages.
pub struct ActorPostbox<A: Actor> {
    address: Addr<A>,
    mailbox: Mailbox,
}

impl<A: Actor<Context = Context<A>>> ActorPostbox<A> {
    /// Starts the actor with room for `capacity` messages; its entry in the table is `mailbox`.
    #[must_use]
    pub fn start(actor: A, capacity: usize, mailbox: Mailbox) -> Self {
        // In `Actor::started` it would be too late: messages that were sent before count against actix's default of 16.
        let address = A::create(|context| {
            context.set_mailbox_capacity(capacity);
            actor
        });
        Self::new(address, mailbox)
    }

    /// The running actor at `address`, whose entry in the table is `mailbox`.
    #[must_use]
    pub fn new(address: Addr<A>, mailbox: Mailbox) -> Self {
        Self { address, mailbox }
    }

    /// Enters the message and sends it, without waiting.
    ///
    /// # Errors
    /// With the message, which no longer counts as waiting, when the mailbox is full or the actor has ended.
    pub fn try_send<M: Mail>(&self, message: M) -> Result<(), SendError<M>>
    where
        A: Handler<Posted<M>>,
    {
        self.address
            .try_send(Posted::at(&self.mailbox, message))
            .map_err(taken_back)
    }

    /// The same for one kind of message, for senders that need not know the actor.
    #[must_use]
    pub fn of<M: Mail>(&self) -> Postbox<M>
    where
        A: Handler<Posted<M>>,
    {
        Postbox::new(self.address.clone().recipient(), self.mailbox.clone())
    }
}

fn taken_back<M>(error: SendError<Posted<M>>) -> SendError<M> {
    match error {
        SendError::Full(posted) => SendError::Full(posted.message),
        SendError::Closed(posted) => SendError::Closed(posted.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailboxes::{Mailboxes, Totals};
    use crate::metrics::Metrics;

    /// Takes greetings until it is told to end.
    struct Listener;

    impl Actor for Listener {
        type Context = Context<Self>;
    }

    struct Greeting;

    impl Mail for Greeting {
        fn label(&self) -> &'static str {
            "greeting"
        }
    }

    impl Handler<Posted<Greeting>> for Listener {
        type Result = ();

        fn handle(&mut self, posted: Posted<Greeting>, _: &mut Self::Context) {
            drop(posted.begin());
        }
    }

    fn mailboxes() -> Mailboxes {
        Mailboxes::new(&Metrics::new().unwrap()).unwrap()
    }

    fn totals(mailboxes: &Mailboxes) -> (usize, usize) {
        let Totals { waiting, busy, .. } = mailboxes.picture().totals["Listener"];
        (waiting, busy)
    }

    #[actix::test]
    async fn a_message_waits_in_the_table_until_its_handler_has_done_with_it() {
        let mailboxes = mailboxes();
        let listener = ActorPostbox::start(Listener, 16, mailboxes.of("Listener").open("listener"));
        listener.of().try_send(Greeting).unwrap();
        listener.try_send(Greeting).unwrap();
        let picture = mailboxes.picture();
        let oldest = picture.actors[0].oldest_waiting.as_ref();
        assert_eq!(oldest.unwrap().message, "greeting");
        assert_eq!(totals(&mailboxes), (2, 0));

        // The listener and this task share a thread.
        while totals(&mailboxes) != (0, 0) {
            tokio::task::yield_now().await;
        }
    }

    mod a_message_that_is_not_taken {
        use super::*;

        #[actix::test]
        async fn comes_back_from_a_full_mailbox_and_does_not_wait() {
            let mailboxes = mailboxes();
            let listener =
                ActorPostbox::start(Listener, 1, mailboxes.of("Listener").open("listener"));
            let refused = loop {
                if let Err(refused) = listener.try_send(Greeting) {
                    break refused;
                }
                assert!(totals(&mailboxes).0 < 16, "there is no end of room");
            };
            assert!(matches!(refused, SendError::Full(Greeting)));
            let waiting = totals(&mailboxes).0;
            listener.try_send(Greeting).unwrap_err();
            assert_eq!(totals(&mailboxes).0, waiting);
        }

        #[actix::test]
        async fn comes_back_from_an_actor_that_has_ended() {
            let mailboxes = mailboxes();
            let (address, receiver) = actix::dev::channel::channel(16);
            drop(receiver);
            let listener: ActorPostbox<Listener> = ActorPostbox::new(
                Addr::new(address),
                mailboxes.of("Listener").open("listener"),
            );
            let refused = listener.try_send(Greeting).unwrap_err();
            assert!(matches!(refused, SendError::Closed(Greeting)));
            assert_eq!(totals(&mailboxes), (0, 0));
        }
    }
}
