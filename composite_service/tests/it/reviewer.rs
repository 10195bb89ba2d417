//! The reviewer: what is due is looked up and remedied, round after round.

mod backlog;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Actor;
use composite_service::actors::kafka_bridge::{CommandSender, SendCommand};
use composite_service::actors::reviewer::{ReviewDesk, Reviewer, SharedHolds};
use composite_service::domain::order::{OrderCommand, Refund, RefundOutcome};
use composite_service::domain::peer::Peer;
use composite_service::domain::purchase::CommandAnswer;
use composite_service::domain::review::Hold;
use composite_service::metrics::ReviewMetrics;
use composite_service::ports::order_query::{
    DuePage, OrderQuery, PageBounds, ProductPage, QueryError,
};
use composite_service::ports::payment::{
    CancelError, ConfirmAnswer, Oddity, PaymentGateway, RefundError, Standing,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use shared::ids::IdSource;
use shared::metrics::Metrics;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::postbox::Postbox;
use shared::reason::Reason;
use shared::trace::context::TraceContext;
use shared::wire::order_dto::{
    OrderDto, OrderStatus, PaymentDto, ProductDto, RefundDto, RefundStatus,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::doubles::{CountingIds, Desk};
use crate::harness::{granted, nth_number, order, payment, traces};

/// Orders of a page.
const PAGE: usize = 200;

/// Longer than a round and the pause before it.
const ROUND: Duration = Duration::from_secs(30);

/// An order service in which these orders are due until they are removed, and which tells when it is asked.
struct Due {
    orders: Mutex<Result<Vec<OrderDto>, String>>,
    /// Of a page; the next one begins after so many orders.
    page: usize,
    asked_tx: UnboundedSender<Instant>,
}

impl OrderQuery for Due {
    fn peer(&self) -> BoxFuture<'static, Peer> {
        ready(Peer::Mall).boxed()
    }

    fn due_reviews(&self, after: Option<&str>) -> BoxFuture<'static, Result<DuePage, QueryError>> {
        let from = after.map_or(0, |after| after.parse().unwrap());
        if from == 0 {
            self.asked_tx.send(Instant::now()).unwrap();
        }
        let orders = self
            .orders
            .lock()
            .unwrap()
            .clone()
            .map_err(QueryError::Failed);
        let page = orders.map(|orders| DuePage {
            next: (orders.len() > from + self.page).then(|| (from + self.page).to_string()),
            orders: orders.into_iter().skip(from).take(self.page).collect(),
        });
        ready(page).boxed()
    }

    fn order(&self, _: &OrderNumber) -> BoxFuture<'static, Result<Option<OrderDto>, QueryError>> {
        unreachable!("reviews do not read single orders")
    }

    fn products(&self, _: PageBounds) -> BoxFuture<'static, Result<ProductPage, QueryError>> {
        unreachable!("reviews do not read products")
    }

    fn product(&self, _: i64) -> BoxFuture<'static, Result<Option<ProductDto>, QueryError>> {
        unreachable!("reviews do not read products")
    }
}

/// A gateway's books. Every look-up takes a second.
#[derive(Default)]
struct Books {
    standings: HashMap<OrderNumber, Standing>,
    cancelled: Mutex<Vec<(OrderNumber, Payment, Reason)>>,
    /// How every cancellation fails.
    refusal: Option<CancelError>,
    given_back: Mutex<Vec<(OrderNumber, Payment, Refund)>>,
    /// How every refund fails.
    keeps_money: Option<RefundError>,
    looked_up: Mutex<Vec<OrderNumber>>,
    looking_up: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

impl PaymentGateway for Books {
    fn refuses_for(&self) -> Option<Duration> {
        None
    }

    fn look_up(&self, number: &OrderNumber, _: TraceContext) -> BoxFuture<'static, Standing> {
        let standing = self
            .standings
            .get(number)
            .cloned()
            .unwrap_or(Standing::NotCharged);
        self.looked_up.lock().unwrap().push(number.clone());
        let (looking_up, most_at_once) =
            (Arc::clone(&self.looking_up), Arc::clone(&self.most_at_once));
        async move {
            let at_once = looking_up.fetch_add(1, Ordering::AcqRel) + 1;
            most_at_once.fetch_max(at_once, Ordering::AcqRel);
            sleep(Duration::from_secs(1)).await;
            looking_up.fetch_sub(1, Ordering::AcqRel);
            standing
        }
        .boxed()
    }

    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        _: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>> {
        self.cancelled
            .lock()
            .unwrap()
            .push((number.clone(), payment.clone(), reason));
        let refusal = self.refusal.clone();
        let answer = refusal.unwrap_or_else(|| CancelError::NotYet("later".to_owned()));
        ready(Err(answer)).boxed()
    }

    fn refund(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
        _: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>> {
        let asked = (number.clone(), payment.clone(), refund);
        self.given_back.lock().unwrap().push(asked);
        let answer = self.keeps_money.clone().map_or(Ok(()), Err);
        ready(answer).boxed()
    }

    fn confirm(
        &self,
        _: &OrderNumber,
        _: &Payment,
        _: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer> {
        unreachable!("a review never charges")
    }
}

/// A reviewer at work, and what he does.
struct Review {
    metrics: Metrics,
    holds: SharedHolds,
    due: Arc<Due>,
    books: Arc<Books>,
    asked_rx: UnboundedReceiver<Instant>,
    sent_rx: UnboundedReceiver<OrderCommand>,
}

impl Review {
    /// Over a bridge that grants everything.
    fn begin(orders: Vec<OrderDto>, books: Books) -> Self {
        Self::by(Arc::new(CountingIds::default()), orders, books)
    }

    fn by(ids: Arc<dyn IdSource>, orders: Vec<OrderDto>, books: Books) -> Self {
        let (seen_tx, sent_rx) = unbounded_channel();
        let answer = Box::new(|command: &_| Some(CommandAnswer::Replied(granted(command))));
        let bridge = Desk { answer, seen_tx }.open();
        Self {
            sent_rx,
            ..Self::over(ids, bridge, orders, books)
        }
    }

    /// Over another bridge, which tells itself what it is sent.
    fn over(
        ids: Arc<dyn IdSource>,
        bridge: Postbox<SendCommand>,
        orders: Vec<OrderDto>,
        books: Books,
    ) -> Self {
        tokio::time::pause();
        let (asked_tx, asked_rx) = unbounded_channel();
        let due = Arc::new(Due {
            orders: Mutex::new(Ok(orders)),
            page: PAGE,
            asked_tx,
        });
        let books = Arc::new(books);
        let metrics = Metrics::new().unwrap();
        let desk = ReviewDesk {
            query: Arc::clone(&due) as _,
            gateway: Arc::clone(&books) as _,
            commands: CommandSender::new(bridge),
            traces: Arc::new(traces()),
            metrics: ReviewMetrics::new(&metrics).unwrap(),
        };
        let reviewer = Reviewer::new(desk, ids);
        let holds = reviewer.holds();
        reviewer.start();
        Self {
            metrics,
            holds,
            due,
            books,
            asked_rx,
            sent_rx: unbounded_channel().1,
        }
    }

    /// When the next round begins.
    async fn round(&mut self) -> Instant {
        timeout(ROUND, self.asked_rx.recv())
            .await
            .expect("another round")
            .unwrap()
    }

    /// All commands of the round that is under way.
    async fn commands(&mut self) -> Vec<OrderCommand> {
        self.round().await;
        std::iter::from_fn(|| self.sent_rx.try_recv().ok()).collect()
    }
}

fn due(nth: u64, status: OrderStatus) -> OrderDto {
    order(&nth_number(nth), status)
}

fn standings(all: impl IntoIterator<Item = (u64, Standing)>) -> Books {
    let standings = all
        .into_iter()
        .map(|(nth, standing)| (nth_number(nth), standing))
        .collect();
    Books {
        standings,
        ..Books::default()
    }
}

mod a_round {
    use super::*;

    #[actix::test]
    async fn gives_each_order_the_remedy_for_its_standing() {
        let charged = || Standing::Charged(payment("key"));
        let away = || Standing::Strange(Oddity::Refused, "a code".to_owned());
        let books = standings([
            (1, charged()),
            (3, charged()),
            (5, charged()),
            (6, away()),
            (7, away()),
        ]);
        let expired = OrderDto {
            reject_reason: Some(Reason::Expired),
            ..due(3, OrderStatus::Rejected)
        };
        let orders = vec![
            due(1, OrderStatus::Created),
            due(2, OrderStatus::Created),
            expired,
            due(4, OrderStatus::Rejected),
            due(5, OrderStatus::Complete),
            due(6, OrderStatus::Created),
            due(7, OrderStatus::Rejected),
            OrderDto {
                order_num: None,
                ..due(8, OrderStatus::Created)
            },
        ];
        let mut review = Review::begin(orders, books);
        review.round().await;
        let mut commands = review.commands().await;
        commands.sort_by_key(|command| command.number().clone());
        let expected = [
            OrderCommand::Approve {
                number: nth_number(1),
                payment: payment("key"),
            },
            OrderCommand::Reject {
                number: nth_number(2),
                reason: Reason::Expired,
                detail: None,
            },
            OrderCommand::Settle {
                number: nth_number(4),
            },
        ];
        assert_eq!(commands, expected);
        assert_eq!(
            *review.books.cancelled.lock().unwrap(),
            [(nth_number(3), payment("key"), Reason::Expired)]
        );
    }

    #[actix::test]
    async fn begins_three_to_six_seconds_after_the_last_one() {
        let mut review = Review::begin(Vec::new(), Books::default());
        let mut last = Instant::now();
        for _ in 0..20 {
            let asked_at = review.round().await;
            let pause = (asked_at - last).as_millis();
            assert!((3_000..=6_010).contains(&pause), "{pause} ms");
            last = asked_at;
        }
    }

    #[actix::test]
    async fn looks_up_all_orders_and_the_next_one_waits() {
        let orders: Vec<_> = (1..=100)
            .map(|nth| due(nth, OrderStatus::Rejected))
            .collect();
        let mut review = Review::begin(orders, Books::default());
        let first = review.round().await;
        let commands = review.commands().await;
        assert_eq!(commands.len(), 100);
        assert_eq!(review.books.most_at_once.load(Ordering::Acquire), 16);
        // 100 look-ups of a second each, 16 at once, and the pause.
        assert!(
            first.elapsed() >= Duration::from_secs(7 + 3),
            "{:?}",
            first.elapsed()
        );
    }

    #[actix::test]
    async fn reaches_the_orders_behind_a_page_that_never_resolves() {
        let stuck = PAGE as u64 + 20;
        let silent = |nth| (nth, Standing::Unfinished);
        let orders: Vec<_> = (1..=stuck + 1)
            .map(|nth| due(nth, OrderStatus::Rejected))
            .collect();
        let mut review = Review::begin(orders, standings((1..=stuck).map(silent)));
        review.round().await;
        let settle = OrderCommand::Settle {
            number: nth_number(stuck + 1),
        };
        assert_eq!(review.commands().await, [settle]);
    }

    #[actix::test]
    async fn ends_early_while_the_gateway_is_away() {
        let away = |nth| (nth, Standing::Away("refused".to_owned()));
        let orders: Vec<_> = (1..=200)
            .map(|nth| due(nth, OrderStatus::Rejected))
            .collect();
        let mut review = Review::begin(orders, standings((1..=200).map(away)));
        for round in 0..3 {
            review.round().await;
            // 32 failures in a row, and what was being asked meanwhile; this round has begun.
            let asked = review.books.looked_up.lock().unwrap().len();
            assert!((32 * round..=47 * round + 16).contains(&asked), "{asked}");
        }
        assert!(review.sent_rx.try_recv().is_err());
    }

    #[actix::test]
    async fn asks_again_after_the_order_service_was_away() {
        let mut review = Review::begin(Vec::new(), Books::default());
        *review.due.orders.lock().unwrap() = Err("away".to_owned());
        review.round().await;
        review.round().await;
        *review.due.orders.lock().unwrap() = Ok(vec![due(1, OrderStatus::Rejected)]);
        review.round().await;
        assert_eq!(
            review.commands().await,
            [OrderCommand::Settle {
                number: nth_number(1)
            }]
        );
    }
}

mod a_due_order {
    use super::*;

    #[actix::test]
    async fn is_remedied_in_every_round_while_it_is_due() {
        let mut review = Review::begin(
            vec![due(1, OrderStatus::Rejected)],
            standings([(1, Standing::Charged(payment("key")))]),
        );
        for rounds in 0..5 {
            review.round().await;
            assert_eq!(review.books.cancelled.lock().unwrap().len(), rounds);
        }
        *review.due.orders.lock().unwrap() = Ok(Vec::new());
        for _ in 0..5 {
            review.round().await;
        }
        assert_eq!(review.books.cancelled.lock().unwrap().len(), 5);
    }

    #[actix::test]
    async fn is_left_to_chance_after_a_long_time() {
        let since = |nth, seconds| OrderDto {
            due_for_seconds: Some(seconds),
            ..due(nth, OrderStatus::Rejected)
        };
        for (ids, expected) in [
            (Arc::new(BadLuck) as Arc<dyn IdSource>, vec![1]),
            (Arc::new(CountingIds::default()), vec![1, 2]),
        ] {
            let orders = vec![since(1, 60), since(2, 100 * 60)];
            let mut review = Review::by(ids, orders, Books::default());
            review.round().await;
            let mut numbers: Vec<_> = (review.commands().await.iter())
                .map(|command| command.number().clone())
                .collect();
            numbers.sort();
            assert_eq!(
                numbers,
                expected.into_iter().map(nth_number).collect::<Vec<_>>()
            );
            tokio::time::resume();
        }
    }
}

mod an_order_that_no_review_can_end {
    use super::*;

    impl Review {
        fn held(&self) -> Vec<(OrderNumber, Hold)> {
            let holds = self.holds.lock().unwrap();
            let held = holds.iter().map(|(number, hold)| (number.clone(), hold));
            held.collect()
        }

        /// As the metrics show it.
        fn on_hold(&self, hold: Hold) -> String {
            let name = format!("reviews_on_hold{{reason=\"{}\"}} ", hold.as_str());
            let text = self.metrics.render().unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix(&name));
            line.unwrap_or_default().to_owned()
        }
    }

    #[actix::test]
    async fn is_shown_with_its_reason_until_it_is_no_longer_due() {
        let standings = standings([
            (1, Standing::PartlyCancelled(payment("key"), None)),
            (2, Standing::AwaitsDeposit(payment("key"))),
            (3, Standing::NotCharged),
        ]);
        let orders = (1..=3).map(|nth| due(nth, OrderStatus::Created)).collect();
        let mut review = Review::begin(orders, standings);
        // The third round begins when the second one has ended.
        for _ in 0..3 {
            review.round().await;
        }
        let held = [
            (nth_number(1), Hold::PartlyCancelled),
            (nth_number(2), Hold::AwaitsDeposit),
        ];
        assert_eq!(review.held(), held);
        assert_eq!(review.on_hold(Hold::PartlyCancelled), "1");
        assert_eq!(review.on_hold(Hold::Unfinished), "0");

        *review.due.orders.lock().unwrap() = Ok(vec![due(2, OrderStatus::Created)]);
        for _ in 0..3 {
            review.round().await;
        }
        assert_eq!(review.held(), held[1..]);
        assert_eq!(review.on_hold(Hold::PartlyCancelled), "0");
    }

    #[actix::test]
    async fn is_one_whose_money_the_gateway_refuses_to_give_back() {
        for (refusal, held) in [
            (
                CancelError::Refused("NOT_CANCELABLE_PAYMENT".to_owned()),
                vec![(nth_number(1), Hold::NotCancellable)],
            ),
            (CancelError::NotYet("PROVIDER_ERROR".to_owned()), Vec::new()),
        ] {
            let books = Books {
                refusal: Some(refusal),
                ..standings([(1, Standing::Charged(payment("key")))])
            };
            let mut review = Review::begin(vec![due(1, OrderStatus::Rejected)], books);
            for _ in 0..3 {
                review.round().await;
            }
            assert_eq!(review.held(), held);
            // It is tried again all the same.
            assert!(review.books.cancelled.lock().unwrap().len() >= 2);
            tokio::time::resume();
        }
    }

    #[actix::test]
    async fn stays_shown_while_the_gateway_is_away() {
        let books = standings([(1, Standing::Away("refused".to_owned()))]);
        let mut review = Review::begin(vec![due(1, OrderStatus::Created)], books);
        review
            .holds
            .lock()
            .unwrap()
            .is_news(&nth_number(1), Some(Hold::PartlyCancelled));
        for _ in 0..3 {
            review.round().await;
        }
        assert_eq!(review.held(), [(nth_number(1), Hold::PartlyCancelled)]);
    }
}

/// Chance that is never on the side of an order that waits for it.
struct BadLuck;

impl IdSource for BadLuck {
    fn any(&self) -> u64 {
        599_999
    }

    fn order_random(&self) -> u64 {
        unreachable!("reviews number nothing")
    }

    fn unique(&self) -> Uuid {
        unreachable!("reviews name nothing")
    }

    fn trace(&self) -> u128 {
        unreachable!("reviews name nothing by this chance")
    }

    fn span(&self) -> u64 {
        unreachable!("reviews name nothing by this chance")
    }
}

mod a_refund_that_has_not_ended {
    use super::*;

    fn refunding(nth: u64) -> OrderDto {
        OrderDto {
            payment: Some(PaymentDto::from(&payment("key"))),
            refund_list: Some(vec![RefundDto {
                refund_num: Some(1),
                status: Some(RefundStatus::Requested),
                amount: Some(Money::from_units(1)),
                ..RefundDto::default()
            }]),
            ..due(nth, OrderStatus::Complete)
        }
    }

    fn ended(nth: u64, outcome: RefundOutcome) -> OrderCommand {
        OrderCommand::EndRefund {
            number: nth_number(nth),
            refund: 1,
            outcome,
        }
    }

    /// The commands of a review whose gateway answers refunds so.
    async fn sent(keeps_money: Option<RefundError>) -> (Vec<OrderCommand>, usize) {
        let charged = standings([(1, Standing::Charged(payment("key")))]);
        let books = Books {
            keeps_money,
            ..charged
        };
        let mut review = Review::begin(vec![refunding(1)], books);
        review.round().await;
        let commands = review.commands().await;
        let asked = review.books.given_back.lock().unwrap().len();
        tokio::time::resume();
        (commands, asked)
    }

    #[actix::test]
    async fn is_gone_on_with_until_the_gateway_has_decided() {
        let why = || "why".to_owned();
        for (keeps_money, outcome) in [
            (None, RefundOutcome::Done),
            (Some(RefundError::Refused(why())), RefundOutcome::Refused),
            (Some(RefundError::NotNow(why())), RefundOutcome::NotNow),
        ] {
            let (commands, asked) = sent(keeps_money).await;
            assert_eq!((commands, asked), (vec![ended(1, outcome)], 1));
        }
        let (commands, asked) = sent(Some(RefundError::Unknown(why()))).await;
        assert_eq!((commands, asked), (vec![], 1));
    }
}
