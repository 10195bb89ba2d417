//! Samples, and the actors between doubles.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Arbiter, ArbiterHandle};
use composite_service::actors::kafka_bridge::{
    CommandSender, KafkaBridge, KafkaBridgeParts, ReplyArrived, SendCommand,
};
use composite_service::actors::purchase_actor::{Colleagues, Purchases};
use composite_service::domain::order::{Basket, OrderCommand, OrderReply};
use composite_service::domain::peer::{Peer, PeerKnowledge, Replier};
use composite_service::domain::purchase::Outcome;
use composite_service::metrics::BridgeMetrics;
use composite_service::ports::order_bus::OrderBus;
use composite_service::ports::payment::PaymentGateway;
use composite_service::steps;
use shared::clock::{FixedClock, SystemClock};
use shared::ids::SecureIds;
use shared::mailboxes::{Mailbox, Mailboxes};
use shared::metrics::Metrics;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::payment::{Payment, PaymentKey};
use shared::postbox::{ActorPostbox, Postbox};
use shared::reason::Reason;
use shared::trace::context::TraceContext;
use shared::trace::{Arrival, Traces, Trail};
use shared::wire::order_dto::{ItemDto, OrderDto, OrderLineDto, OrderStatus};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use crate::doubles::{CountingIds, GatewayCall, Published, RecordingBus, ScriptedGateway};

/// Longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);
pub(crate) const PRICE: u32 = 12_000;
/// Where replies go: the partition's number has four different bytes.
pub(crate) const HOME: i32 = 0x0102_0304;
pub(crate) const REPLY_TOPIC: &str = "composite";

/// 01:15:40 the next day in Seoul.
pub(crate) fn clock() -> FixedClock {
    FixedClock("2026-11-22T16:15:40.582933504Z".parse().unwrap())
}

pub(crate) fn mailboxes() -> Mailboxes {
    Mailboxes::new(&Metrics::new().unwrap()).unwrap()
}

/// A mailbox that nobody looks into.
pub(crate) fn mailbox(actor: &'static str) -> Mailbox {
    mailboxes().of(actor).open(actor)
}

/// Where trails are left.
pub(crate) fn traces() -> Traces {
    Traces::new(Arc::new(SystemClock), Arc::new(SecureIds))
}

/// A request that comes now, in nobody's trace.
pub(crate) fn arrival() -> Arrival {
    Arrival {
        name: "test",
        step: steps::RECEIVED,
        at: Instant::now(),
        caller: None,
        record: None,
    }
}

/// A trail that nobody looks at.
pub(crate) fn trail(n: u64) -> Trail {
    traces().begin(&nth_number(n), arrival())
}

/// A trace that nobody looks at.
pub(crate) fn trace() -> TraceContext {
    TraceContext::new(&SecureIds)
}

/// The number of the n-th order that is placed at that time with [`CountingIds`].
pub(crate) fn nth_number(n: u64) -> OrderNumber {
    format!("20261123011540{n:018}").parse().unwrap()
}

pub(crate) fn payment(key: &str) -> Payment {
    Payment {
        key: PaymentKey::recorded(key),
        amount: Money::from_units(PRICE),
    }
}

pub(crate) fn basket(payment: Option<Payment>) -> Basket {
    let item = ItemDto {
        item_id: 1,
        ..ItemDto::default()
    };
    let line = OrderLineDto {
        order_line_id: None,
        item,
        quantity: 1,
    };
    Basket {
        request_id: "request".to_owned(),
        member: None,
        idempotency: None,
        lines: vec![line],
        coupon_id: None,
        payment,
    }
}

pub(crate) fn order(number: &OrderNumber, status: OrderStatus) -> OrderDto {
    OrderDto {
        order_num: Some(number.clone()),
        status: Some(status),
        final_price: Some(Money::from_units(PRICE)),
        ..OrderDto::default()
    }
}

/// What a well disposed order service replies.
pub(crate) fn granted(command: &OrderCommand) -> OrderReply {
    let dto = |status| order(command.number(), status);
    match command {
        OrderCommand::Create { .. } | OrderCommand::Pay { .. } => {
            OrderReply::Pending(dto(OrderStatus::Created))
        }
        OrderCommand::Approve { .. }
        | OrderCommand::Cancel { .. }
        | OrderCommand::EndRefund { .. } => OrderReply::Complete(dto(OrderStatus::Complete)),
        OrderCommand::Reject { reason, .. } => {
            OrderReply::Rejected(dto(OrderStatus::Rejected), *reason)
        }
        OrderCommand::Settle { .. } => {
            OrderReply::Rejected(dto(OrderStatus::Rejected), Reason::Expired)
        }
    }
}

/// A bridge between doubles.
pub(crate) struct Bridge {
    pub(crate) postbox: ActorPostbox<KafkaBridge>,
    pub(crate) home_tx: watch::Sender<Option<i32>>,
    pub(crate) published_rx: UnboundedReceiver<Published>,
    metrics: BridgeMetrics,
    mailboxes: Mailboxes,
}

impl Bridge {
    pub(crate) fn start() -> Self {
        Self::measured(unread_metrics())
    }

    /// A bridge that is measured by these.
    pub(crate) fn measured(metrics: BridgeMetrics) -> Self {
        let (bus, published_rx) = RecordingBus::new();
        Self::with(bus, published_rx, metrics, PeerKnowledge::fixed(Peer::Mall))
    }

    /// A bridge to an order service that this is known of.
    pub(crate) fn to(peer: PeerKnowledge) -> Self {
        let (bus, published_rx) = RecordingBus::new();
        Self::with(bus, published_rx, unread_metrics(), peer)
    }

    /// A bridge over another bus, which tells nothing.
    pub(crate) fn over(bus: Arc<dyn OrderBus>) -> Self {
        let mall = PeerKnowledge::fixed(Peer::Mall);
        Self::with(bus, unbounded_channel().1, unread_metrics(), mall)
    }

    fn with(
        bus: Arc<dyn OrderBus>,
        published_rx: UnboundedReceiver<Published>,
        metrics: BridgeMetrics,
        peer: PeerKnowledge,
    ) -> Self {
        let (home_tx, reply_partition) = watch::channel(Some(HOME));
        let mailboxes = mailboxes();
        let parts = KafkaBridgeParts {
            bus,
            ids: Arc::new(CountingIds::default()),
            reply_topic: REPLY_TOPIC.to_owned(),
            reply_partition,
            peer,
            look: Arc::default(),
            max_purchases: 4_096,
            mailbox: mailboxes.of("KafkaBridge").open("bridge"),
            metrics: metrics.clone(),
        };
        Self {
            postbox: KafkaBridge::start(parts),
            home_tx,
            published_rx,
            metrics,
            mailboxes,
        }
    }

    /// A way to it for those who ask.
    pub(crate) fn commands(&self) -> CommandSender {
        CommandSender::new(self.postbox.of())
    }

    /// The next command that is published.
    pub(crate) async fn published(&mut self) -> Published {
        self.published_rx.recv().await.unwrap()
    }

    pub(crate) async fn reply(&self, to: &Published, reply: OrderReply) {
        self.reply_to(to.correlation_id(), reply).await;
    }

    /// Until the bridge has handled it.
    pub(crate) async fn reply_to(&self, correlation_id: Uuid, reply: OrderReply) {
        self.reply_by(Replier::Mall, correlation_id, reply).await;
    }

    /// The same of a reply by this one.
    pub(crate) async fn reply_by(&self, by: Replier, correlation_id: Uuid, reply: OrderReply) {
        let arrived = ReplyArrived {
            correlation_id,
            reply,
            by,
        };
        self.postbox.try_send(arrived).unwrap();
        self.has_handled_all().await;
    }

    /// Takes the next command and grants it.
    pub(crate) async fn grant(&mut self) -> OrderCommand {
        let published = self.published().await;
        self.reply(&published, granted(&published.command)).await;
        published.command
    }

    /// Until the bridge has handled all that was sent to it.
    pub(crate) async fn has_handled_all(&self) {
        // The bridge and the test share a thread.
        while self.mailboxes.picture().totals["KafkaBridge"].waiting > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// How many wait for a reply.
    pub(crate) async fn waiters(&self) -> i64 {
        self.has_handled_all().await;
        self.metrics.waiters.get()
    }
}

fn unread_metrics() -> BridgeMetrics {
    BridgeMetrics::new(&Metrics::new().unwrap()).unwrap()
}

/// Purchases on this thread.
pub(crate) fn purchases(
    bridge: Postbox<SendCommand>,
    gateway: Arc<dyn PaymentGateway>,
    max_purchases: usize,
) -> Purchases {
    purchases_on(Arbiter::current(), bridge, gateway, max_purchases)
}

/// Purchases on another thread. They are numbered by [`clock`] and [`CountingIds`].
pub(crate) fn purchases_on(
    arbiter: ArbiterHandle,
    bridge: Postbox<SendCommand>,
    gateway: Arc<dyn PaymentGateway>,
    max_purchases: usize,
) -> Purchases {
    let colleagues = Colleagues {
        commands: CommandSender::new(bridge),
        purchases: mailboxes().of("PurchaseActor"),
        gateway,
        clock: Arc::new(clock()),
        ids: Arc::new(CountingIds::default()),
        zone: chrono_tz::Asia::Seoul,
        traces: Arc::new(traces()),
    };
    Purchases::new(colleagues, max_purchases, arbiter)
}

/// Purchases over a bridge and a gateway that are both the test's to answer for.
pub(crate) struct Mall {
    pub(crate) purchases: Purchases,
    pub(crate) bridge: Bridge,
    pub(crate) gateway_rx: UnboundedReceiver<GatewayCall>,
    pub(crate) max_purchases: usize,
}

impl Mall {
    pub(crate) fn open(max_purchases: usize) -> Self {
        let bridge = Bridge::start();
        let (gateway, gateway_rx) = ScriptedGateway::new();
        let purchases = purchases(bridge.postbox.of(), gateway, max_purchases);
        Self {
            purchases,
            bridge,
            gateway_rx,
            max_purchases,
        }
    }

    /// A payment of the n-th order has begun.
    pub(crate) async fn paying(&mut self, n: u64) -> oneshot::Receiver<Outcome> {
        let paying = self
            .purchases
            .pay(nth_number(n), payment("key"), None, arrival());
        let begun = OrderCommand::Pay {
            number: nth_number(n),
            payment: payment("key"),
            idempotency: None,
        };
        assert_eq!(self.bridge.grant().await, begun);
        paying.unwrap()
    }

    /// The next call of the gateway.
    pub(crate) async fn gateway_call(&mut self) -> GatewayCall {
        self.gateway_rx.recv().await.unwrap()
    }

    /// Waits until every purchase has ended; then nobody may be left waiting.
    pub(crate) async fn close(self) {
        let left = self.purchases.drain(LONG, self.max_purchases).await;
        assert_eq!(left, 0, "purchases are left");
        assert_eq!(self.bridge.waiters().await, 0, "somebody is left waiting");
    }
}
