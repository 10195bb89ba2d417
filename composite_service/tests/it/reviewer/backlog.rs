//! Much that is due: only so many reviews are under way at a time, and not the same ones in every composite.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use composite_service::actors::kafka_bridge::SendCommand;
use composite_service::domain::purchase::CommandAnswer;
use shared::ids::IdSource;
use shared::wire::order_dto::OrderStatus;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;
use uuid::Uuid;

use super::{Books, Review, due};
use crate::doubles::{CountingIds, Recorder};
use crate::harness::{granted, nth_number};

/// Reviews that are under way at a time.
const AT_ONCE: usize = 128;

/// Everything that a bridge is sent until nothing moves any more but by answers.
async fn all_sent(sent_rx: &mut UnboundedReceiver<SendCommand>) -> Vec<SendCommand> {
    sleep(Duration::from_secs(60)).await;
    std::iter::from_fn(|| sent_rx.try_recv().ok()).collect()
}

fn answer(sent: SendCommand, answer: CommandAnswer) {
    sent.answer_tx.send(answer).unwrap();
}

#[actix::test]
async fn is_sent_a_limited_number_at_a_time_and_each_answer_lets_one_follow() {
    let backlog = AT_ONCE + 50;
    let orders: Vec<_> = (1..=backlog as u64)
        .map(|nth| due(nth, OrderStatus::Rejected))
        .collect();
    let (bridge, mut sent_rx) = Recorder::start();
    let ids = Arc::new(CountingIds::default());
    let mut review = Review::over(ids, bridge, orders, Books::default());
    review.round().await;
    let mut out = all_sent(&mut sent_rx).await;
    assert_eq!(out.len(), AT_ONCE);
    assert_eq!(review.books.looked_up.lock().unwrap().len(), AT_ONCE);

    let replied = granted(&out[0].command);
    answer(out.remove(0), CommandAnswer::Replied(replied));
    answer(out.remove(0), CommandAnswer::Overdue);
    answer(out.remove(0), CommandAnswer::NotSent);
    let follow = all_sent(&mut sent_rx).await;
    assert_eq!(follow.len(), 3);
    assert!(review.asked_rx.try_recv().is_err(), "the round is not over");

    out.extend(follow);
    for sent in out.drain(..) {
        answer(sent, CommandAnswer::Overdue);
    }
    let rest = all_sent(&mut sent_rx).await;
    assert_eq!(rest.len(), backlog - AT_ONCE - 3);
    for sent in rest {
        answer(sent, CommandAnswer::Overdue);
    }
    review.round().await;
}

/// Chance that goes down from number to number.
struct Falling(AtomicUsize);

impl IdSource for Falling {
    fn any(&self) -> u64 {
        self.0.fetch_sub(1, Ordering::AcqRel) as u64
    }

    fn order_random(&self) -> u64 {
        unreachable!("reviews number nothing")
    }

    fn unique(&self) -> Uuid {
        unreachable!("reviews name nothing")
    }

    fn trace(&self) -> u128 {
        u128::MAX
    }

    fn span(&self) -> u64 {
        u64::MAX
    }
}

#[actix::test]
async fn is_taken_by_each_composite_in_an_order_of_its_own() {
    let in_turn: Vec<_> = (1..=40).map(nth_number).collect();
    let reversed: Vec<_> = in_turn.iter().rev().cloned().collect();
    for (ids, expected) in [
        (
            Arc::new(CountingIds::default()) as Arc<dyn IdSource>,
            in_turn,
        ),
        (Arc::new(Falling(AtomicUsize::new(1_000_000))), reversed),
    ] {
        let orders = (1..=40).map(|nth| due(nth, OrderStatus::Rejected));
        let mut review = Review::by(ids, orders.collect(), Books::default());
        review.round().await;
        assert_eq!(review.commands().await.len(), 40);
        assert_eq!(review.books.looked_up.lock().unwrap()[..40], expected);
        tokio::time::resume();
    }
}
