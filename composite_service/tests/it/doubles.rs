//! Stand-ins for what the actors work with. Each hands what it is asked to the test, which answers in its own time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler};
use composite_service::actors::kafka_bridge::SendCommand;
use composite_service::domain::order::{OrderCommand, Refund};
use composite_service::domain::peer::Peer;
use composite_service::domain::purchase::CommandAnswer;
use composite_service::ports::member_query::{MemberQuery, OrdersBounds, OrdersPage};
use composite_service::ports::order_bus::{BusError, OnUndelivered, OrderBus, Undelivered};
use composite_service::ports::order_query::{
    DuePage, OrderQuery, PageBounds, ProductPage, QueryError,
};
use composite_service::ports::payment::{
    CancelError, ConfirmAnswer, Origin, PaymentGateway, RefundError, Standing,
};
use composite_service::ports::quotes::{QuoteAnswer, Quotes};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use shared::ids::IdSource;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::postbox::{Mail, Postbox, Posted};
use shared::reason::Reason;
use shared::trace::Trail;
use shared::trace::context::TraceContext;
use shared::wire::headers::ReplyAddress;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};
use shared::wire::quote_dto::WishDto;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::harness::mailbox;

/// An actor that hands every message to the test.
pub(crate) struct Recorder<M>(UnboundedSender<M>);

impl<M: Mail + Unpin> Recorder<M> {
    pub(crate) fn start() -> (Postbox<M>, UnboundedReceiver<M>) {
        let (seen_tx, seen_rx) = unbounded_channel();
        let addr = Actor::start(Self(seen_tx));
        (Postbox::new(addr.recipient(), mailbox("Recorder")), seen_rx)
    }
}

impl<M: Unpin + 'static> Actor for Recorder<M> {
    type Context = Context<Self>;
}

impl<M: Mail + Unpin> Handler<Posted<M>> for Recorder<M> {
    type Result = ();

    fn handle(&mut self, posted: Posted<M>, _: &mut Self::Context) {
        if let Err(unread) = self.0.send(posted.begin().0) {
            // The test does not look. Dropped, a command would tell its asker that there is no bridge any more.
            std::mem::forget(unread);
        }
    }
}

/// Identities in the order of numbers, from 1.
#[derive(Default)]
pub(crate) struct CountingIds {
    randoms: AtomicU64,
    uniques: AtomicU64,
}

impl IdSource for CountingIds {
    fn order_random(&self) -> u64 {
        self.randoms.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn unique(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.uniques.fetch_add(1, Ordering::Relaxed) + 1))
    }

    fn trace(&self) -> u128 {
        u128::MAX
    }

    fn span(&self) -> u64 {
        u64::MAX
    }

    fn any(&self) -> u64 {
        self.order_random()
    }
}

/// A command as the bus took it.
pub(crate) struct Published {
    pub(crate) command: OrderCommand,
    pub(crate) address: ReplyAddress,
    pub(crate) trail: Trail,
    pub(crate) on_undelivered: OnUndelivered,
}

impl Published {
    pub(crate) fn correlation_id(&self) -> Uuid {
        Uuid::from_slice(self.address.correlation_id.as_ref().unwrap()).unwrap()
    }
}

/// A bus that takes everything.
pub(crate) struct RecordingBus(UnboundedSender<Published>);

impl RecordingBus {
    pub(crate) fn new() -> (Arc<Self>, UnboundedReceiver<Published>) {
        let (published_tx, published_rx) = unbounded_channel();
        (Arc::new(Self(published_tx)), published_rx)
    }
}

impl OrderBus for RecordingBus {
    fn publish(
        &self,
        command: &OrderCommand,
        address: &ReplyAddress,
        trail: &Trail,
        on_undelivered: OnUndelivered,
    ) -> Result<(), BusError> {
        let published = Published {
            command: command.clone(),
            address: address.clone(),
            trail: trail.clone(),
            on_undelivered,
        };
        self.0
            .send(published)
            .map_err(|error| BusError(error.to_string()))
    }
}

/// A bus that takes nothing.
pub(crate) struct ClosedBus;

impl OrderBus for ClosedBus {
    fn publish(
        &self,
        _: &OrderCommand,
        _: &ReplyAddress,
        _: &Trail,
        _: OnUndelivered,
    ) -> Result<(), BusError> {
        Err(BusError("the queue is full".to_owned()))
    }
}

/// A bus that takes everything and delivers nothing: it tells so before it returns.
pub(crate) struct SinkingBus;

impl OrderBus for SinkingBus {
    fn publish(
        &self,
        _: &OrderCommand,
        _: &ReplyAddress,
        _: &Trail,
        on_undelivered: OnUndelivered,
    ) -> Result<(), BusError> {
        on_undelivered(Undelivered::Unknown);
        Ok(())
    }
}

/// What the gateway was asked, and the way to answer it.
#[derive(Debug)]
pub(crate) enum GatewayCall {
    Confirm(OrderNumber, Payment, oneshot::Sender<ConfirmAnswer>),
    Cancel(
        OrderNumber,
        Payment,
        Reason,
        oneshot::Sender<Result<(), CancelError>>,
    ),
}

impl GatewayCall {
    pub(crate) fn confirm(self) -> (OrderNumber, Payment, oneshot::Sender<ConfirmAnswer>) {
        match self {
            Self::Confirm(number, payment, answer_tx) => (number, payment, answer_tx),
            Self::Cancel(..) => panic!("not a confirmation: {self:?}"),
        }
    }

    pub(crate) fn cancel(
        self,
    ) -> (
        OrderNumber,
        Payment,
        Reason,
        oneshot::Sender<Result<(), CancelError>>,
    ) {
        match self {
            Self::Cancel(number, payment, reason, answer_tx) => {
                (number, payment, reason, answer_tx)
            }
            Self::Confirm(..) => panic!("not a cancellation: {self:?}"),
        }
    }
}

/// A gateway that the test answers for. A call that is dropped without an answer has an unknown end.
pub(crate) struct ScriptedGateway(UnboundedSender<GatewayCall>);

impl ScriptedGateway {
    pub(crate) fn new() -> (Arc<Self>, UnboundedReceiver<GatewayCall>) {
        let (calls_tx, calls_rx) = unbounded_channel();
        (Arc::new(Self(calls_tx)), calls_rx)
    }
}

impl PaymentGateway for ScriptedGateway {
    fn refuses_for(&self) -> Option<Duration> {
        None
    }

    fn confirm(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        _: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer> {
        let (answer_tx, answer_rx) = oneshot::channel();
        // An error means that the test is over.
        let _ = self.0.send(GatewayCall::Confirm(
            number.clone(),
            payment.clone(),
            answer_tx,
        ));
        answer_rx
            .map(|answer| {
                answer.unwrap_or_else(|_| {
                    ConfirmAnswer::Unknown(Origin::Gateway.because("no answer"))
                })
            })
            .boxed()
    }

    fn look_up(&self, _: &OrderNumber, _: TraceContext) -> BoxFuture<'static, Standing> {
        ready(Standing::Away("no answer".to_owned())).boxed()
    }

    fn cancel(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        _: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>> {
        let (answer_tx, answer_rx) = oneshot::channel();
        // An error means that the test is over.
        let _ = self.0.send(GatewayCall::Cancel(
            number.clone(),
            payment.clone(),
            reason,
            answer_tx,
        ));
        answer_rx
            .map(|answer| {
                answer.unwrap_or_else(|_| Err(CancelError::NotYet("no answer".to_owned())))
            })
            .boxed()
    }

    fn refund(
        &self,
        _: &OrderNumber,
        _: &Payment,
        _: Refund,
        _: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>> {
        ready(Err(RefundError::Unknown("no answer".to_owned()))).boxed()
    }
}

/// A gateway that always has the same answer at once.
pub(crate) struct PromptGateway {
    pub(crate) answer: ConfirmAnswer,
    /// For how long it says that it will not be asked.
    pub(crate) refuses_for: Option<Duration>,
    /// What it was asked to charge.
    pub(crate) asked: Mutex<Vec<Payment>>,
}

impl PaymentGateway for PromptGateway {
    fn refuses_for(&self) -> Option<Duration> {
        self.refuses_for
    }

    fn confirm(
        &self,
        _: &OrderNumber,
        payment: &Payment,
        _: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer> {
        self.asked.lock().unwrap().push(payment.clone());
        ready(self.answer.clone()).boxed()
    }

    fn look_up(&self, _: &OrderNumber, _: TraceContext) -> BoxFuture<'static, Standing> {
        ready(Standing::NotCharged).boxed()
    }

    fn cancel(
        &self,
        _: &OrderNumber,
        _: &Payment,
        _: Reason,
        _: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>> {
        ready(Ok(())).boxed()
    }

    fn refund(
        &self,
        _: &OrderNumber,
        _: &Payment,
        _: Refund,
        _: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>> {
        ready(Ok(())).boxed()
    }
}

/// How a [`Desk`] answers.
pub(crate) type Answering = Box<dyn FnMut(&OrderCommand) -> Option<CommandAnswer>>;

/// A bridge whose commands are answered at once by a function; what it answers with `None` is never answered.
pub(crate) struct Desk {
    pub(crate) answer: Answering,
    pub(crate) seen_tx: UnboundedSender<OrderCommand>,
}

impl Actor for Desk {
    type Context = Context<Self>;
}

impl Desk {
    /// A way to it for those who ask.
    pub(crate) fn open(self) -> Postbox<SendCommand> {
        Postbox::new(self.start().recipient(), mailbox("Desk"))
    }
}

impl Handler<Posted<SendCommand>> for Desk {
    type Result = ();

    fn handle(&mut self, posted: Posted<SendCommand>, _: &mut Self::Context) {
        let (message, _in_hand) = posted.begin();
        let SendCommand {
            command, answer_tx, ..
        } = message;
        match (self.answer)(&command) {
            Some(answer) => answer_tx.send(answer).unwrap(),
            // Not dropped, which would tell that there never will be an answer.
            None => std::mem::forget(answer_tx),
        }
        // An error means that the test does not look.
        let _ = self.seen_tx.send(command);
    }
}

/// An order service to be read, or not.
#[derive(Default)]
pub(crate) struct Shelves {
    pub(crate) orders: Vec<OrderDto>,
    pub(crate) products: Vec<ProductDto>,
    pub(crate) has_more: bool,
    pub(crate) is_away: bool,
    /// The pages it was asked for.
    pub(crate) asked: Mutex<Vec<PageBounds>>,
    /// What it says to every wish; without it, it gives no quotes.
    pub(crate) quote: Option<QuoteAnswer>,
    /// The wishes it was asked about.
    pub(crate) wishes: Mutex<Vec<WishDto>>,
}

impl Shelves {
    fn answer<T: Send + 'static>(&self, found: T) -> BoxFuture<'static, Result<T, QueryError>> {
        let answer = if self.is_away {
            Err(QueryError::Failed("connection refused".to_owned()))
        } else {
            Ok(found)
        };
        ready(answer).boxed()
    }
}

impl OrderQuery for Shelves {
    fn peer(&self) -> BoxFuture<'static, Peer> {
        ready(Peer::Mall).boxed()
    }

    fn order(
        &self,
        number: &OrderNumber,
    ) -> BoxFuture<'static, Result<Option<OrderDto>, QueryError>> {
        self.answer(
            self.orders
                .iter()
                .find(|order| order.order_num.as_ref() == Some(number))
                .cloned(),
        )
    }

    fn products(&self, bounds: PageBounds) -> BoxFuture<'static, Result<ProductPage, QueryError>> {
        self.asked.lock().unwrap().push(bounds);
        self.answer(ProductPage {
            products: self.products.clone(),
            has_more: self.has_more,
        })
    }

    /// All of its orders are due, always.
    fn due_reviews(&self, _: Option<&str>) -> BoxFuture<'static, Result<DuePage, QueryError>> {
        self.answer(DuePage {
            orders: self.orders.clone(),
            next: None,
        })
    }

    fn product(&self, id: i64) -> BoxFuture<'static, Result<Option<ProductDto>, QueryError>> {
        self.answer(
            self.products
                .iter()
                .find(|product| product.product_id == id)
                .cloned(),
        )
    }
}

impl Quotes for Shelves {
    fn quote(&self, wish: &WishDto) -> BoxFuture<'static, Result<QuoteAnswer, QueryError>> {
        self.wishes.lock().unwrap().push(wish.clone());
        self.answer(self.quote.clone().unwrap_or(QuoteAnswer::NotGiven))
    }
}

impl MemberQuery for Shelves {
    /// Each order is a page of its own, and the next one's place is its number.
    fn orders_of(
        &self,
        _: &MemberId,
        bounds: OrdersBounds,
    ) -> BoxFuture<'static, Result<Option<OrdersPage>, QueryError>> {
        let number = |order: &OrderDto| order.order_num.as_ref().map(ToString::to_string);
        let from = match &bounds.after {
            None => Some(0),
            Some(after) => self
                .orders
                .iter()
                .position(|order| number(order).as_ref() == Some(after)),
        };
        self.answer(from.map(|from| OrdersPage {
            orders: self.orders.iter().skip(from).take(1).cloned().collect(),
            next: self.orders.get(from + 1).and_then(number),
        }))
    }

    fn usable_coupons(&self, _: u32) -> BoxFuture<'static, Result<Vec<CouponDto>, QueryError>> {
        self.answer(Vec::new())
    }

    fn recommended(
        &self,
        _: &MemberId,
        _: u32,
    ) -> BoxFuture<'static, Result<Vec<ProductDto>, QueryError>> {
        self.answer(self.products.clone())
    }
}
