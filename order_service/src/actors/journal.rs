//! Group commit: while one transaction is in flight, the transitions of other orders gather; the next takes them all, up to a
//! maximum. An idle journal writes at once; what goes when is [`BatchQueue`]'s to say. Knows neither the store nor what the
//! transitions say.

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture,
};
use tokio::sync::oneshot;

use crate::actors::batch_queue::BatchQueue;
use crate::actors::store_worker::{StoreWriter, WriteBatch};
use crate::domain::decide::Transition;
use crate::ports::order_store::{StoreError, StoreOutcome};

/// Gathers transitions into batches.
pub struct Journal {
    writer_addr: Addr<StoreWriter>,
    queue: BatchQueue<Commit>,
    mailbox_capacity: usize,
}

impl Journal {
    /// A journal that writes at most `max_batch` transitions in a transaction. `max_in_flight` bounds what can be sent to it.
    #[must_use]
    pub fn new(writer_addr: Addr<StoreWriter>, max_batch: usize, max_in_flight: usize) -> Self {
        Self {
            writer_addr,
            queue: BatchQueue::new(max_batch),
            mailbox_capacity: max_in_flight,
        }
    }

    fn write_next(&mut self, ctx: &mut Context<Self>) {
        let Some(commits) = self.queue.next_batch() else {
            return;
        };
        log::trace!(target: "journal", "writing a batch of {}", commits.len());
        let (batch, reply_txs): (Vec<_>, Vec<_>) = commits
            .into_iter()
            .map(|commit| (commit.transition, commit.reply_tx))
            .unzip();
        let written = self.writer_addr.send(WriteBatch(batch)).into_actor(self);
        ctx.spawn(written.map(move |outcomes, journal, ctx| match outcomes {
            Ok(outcomes) => journal.answer(reply_txs, outcomes, ctx),
            Err(error) => {
                log::error!("the store's writer is gone: {error}");
                ctx.stop();
            }
        }));
    }

    fn answer(
        &mut self,
        reply_txs: Vec<oneshot::Sender<Result<StoreOutcome, StoreError>>>,
        outcomes: Vec<Result<StoreOutcome, StoreError>>,
        ctx: &mut Context<Self>,
    ) {
        for (reply_tx, outcome) in reply_txs.into_iter().zip(outcomes) {
            // An error means that the order's actor is gone with its record unfinished, which will come again.
            let _ = reply_tx.send(outcome);
        }
        self.queue.written();
        self.write_next(ctx);
    }
}

impl Actor for Journal {
    type Context = Context<Self>;

    /// The mailbox has its size before anybody can send.
    fn start(self) -> Addr<Self> {
        Self::create(|ctx| {
            ctx.set_mailbox_capacity(self.mailbox_capacity);
            self
        })
    }
}

/// Command: store a transition. Sent by an order's actor, which awaits the answer on `reply_tx` before anything else.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Commit {
    /// What is to be stored.
    pub transition: Transition,
    /// Where the outcome goes. Not the message's own result: actix polls all of an actor's pending results at each wake.
    pub reply_tx: oneshot::Sender<Result<StoreOutcome, StoreError>>,
}

impl Handler<Commit> for Journal {
    type Result = ();

    fn handle(&mut self, commit: Commit, ctx: &mut Self::Context) {
        self.queue.push(commit);
        self.write_next(ctx);
    }
}
