//! The kinds of faults: their names, how long they stay, and whom they strike. Must not know how.

use crate::issuer::IssuerKind;
use crate::topics::{COMPOSITE, ORDERS, TOPICS};
use stack::BrokerKind;
use std::ops::Range;
use std::time::Duration;

/// How long a service may take to notice that its topic is another one, and to go on there.
const TOPIC_LIMIT: Duration = Duration::from_secs(15);

/// How long it may take until purchases reach an instance that came after the topics had got more partitions.
const GROWTH_LIMIT: Duration = Duration::from_secs(10);

/// The composites that can't answer while a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silenced {
    Nobody,
    /// By its place among them.
    One(usize),
    All,
}

impl Silenced {
    /// Whether that composite is among them.
    pub(crate) fn has(self, composite: usize) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(silenced) => silenced == composite,
            Self::All => true,
        }
    }
}

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $lasts:expr;)+) => {
        /// The kinds of faults.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind { $($(#[doc = $doc])+ $kind,)+ }

        impl FaultKind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// What it does.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$kind => concat!($($doc),+),)+ }
            }

            /// How long it stays, in milliseconds.
            pub fn lasts(self) -> Range<u64> {
                match self { $(Self::$kind => $lasts,)+ }
            }
        }
    };
}

faults! {
    /// kill -9 of an order service
    KillOrder = "kill-order", 200..2_000;
    /// kill -9 of a composite
    KillComposite = "kill-composite", 200..2_000;
    /// kill -9 of all our services and the database at once
    PowerCut = "power-cut", 200..1_000;
    /// an order service is paused for longer than its Kafka session lasts, and then goes on
    PauseOrder = "pause-order", 3_000..5_000;
    /// a composite is paused for longer than its Kafka session lasts, and then goes on
    PauseComposite = "pause-composite", 3_000..5_000;
    /// an order service is shut down and started again
    RestartOrder = "restart-order", 100..1_000;
    /// a composite is shut down and started again
    RestartComposite = "restart-composite", 100..1_000;
    /// kill -9 of Kafka; of three nodes, of one that leads a partition
    KillBroker = "kill-broker", 200..2_000;
    /// Kafka is shut down and started again
    RestartBroker = "restart-broker", 200..2_000;
    /// Kafka is paused for a while, with its connections open
    PauseBroker = "pause-broker", 1_000..5_000;
    /// the topic of commands gets one partition more
    EnlargeOrders = "enlarge-orders", 500..3_000;
    /// the topic of replies gets one partition more
    EnlargeComposite = "enlarge-composite", 500..3_000;
    /// both topics get more partitions, and then a new instance of each service takes the place of an old one
    EnlargeThenReplace = "enlarge-then-replace", 300..2_000;
    /// the topic of commands is deleted, and made again with as many partitions
    RecreateOrders = "recreate-orders", 0..3_000;
    /// the topic of commands is deleted, and made again with fewer partitions
    RecreateOrdersFewer = "recreate-orders-fewer", 0..3_000;
    /// the topic of commands is deleted, and made again with more partitions
    RecreateOrdersMore = "recreate-orders-more", 0..3_000;
    /// the topic of replies is deleted, and made again with as many partitions
    RecreateComposite = "recreate-composite", 0..3_000;
    /// the topic of replies is deleted, and made again with fewer partitions
    RecreateCompositeFewer = "recreate-composite-fewer", 0..3_000;
    /// the topic of replies is deleted, and made again with more partitions
    RecreateCompositeMore = "recreate-composite-more", 0..3_000;
    /// the topic of commands is deleted, until the services make it again
    DeleteOrders = "delete-orders", 6_000..8_000;
    /// the topic of replies is deleted, until the services make it again
    DeleteComposite = "delete-composite", 6_000..8_000;
    /// kill -9 of Kafka, which comes again without any topic; the services make them again
    WipeBroker = "wipe-broker", 200..2_000;
    /// kill -9 of the database
    KillDb = "kill-db", 200..3_000;
    /// the database is shut down and started again
    RestartDb = "restart-db", 200..2_000;
    /// the database is paused for a while, with its connections open
    PauseDb = "pause-db", 1_000..5_000;
    /// kill -9 of an order service while its transactions wait for a locked row
    KillStuckOrder = "kill-stuck-order", 700..2_000;
    /// another client holds the lock of an item's row
    StuckRow = "stuck-row", 2_000..5_000;
    /// the payment gateway is slow with every payment
    SlowGateway = "slow-gateway", 2_000..4_000;
    /// the payment gateway charges, but its answers are lost
    LoseAnswers = "lose-answers", 1_500..4_000;
    /// the payment gateway fails charges and refunds
    FailGateway = "fail-gateway", 1_000..6_000;
    /// kill -9 of the payment gateway
    KillGateway = "kill-gateway", 500..4_000;
    /// kill -9 of the issuer of members' tokens
    KillIssuer = "kill-issuer", 500..3_000;
    /// the issuer signs by a new key, and then takes the old one out
    RotateKeys = "rotate-keys", 1_000..3_000;
    /// connections to the database are cut, and new ones are refused
    CutDb = "cut-db", 1_000..5_000;
    /// nothing gets through to the database, while connections stay open
    MuteDb = "mute-db", 2_000..4_500;
    /// the database answers slowly
    SlowDb = "slow-db", 2_000..4_000;
    /// connections of the order services to Kafka are cut
    CutOrderKafka = "cut-order-kafka", 1_000..5_000;
    /// nothing gets through between order services and Kafka, while connections stay open
    MuteOrderKafka = "mute-order-kafka", 2_000..4_500;
    /// connections of the composites to Kafka are cut
    CutCompositeKafka = "cut-composite-kafka", 1_000..5_000;
    /// nothing gets through between composites and Kafka, while connections stay open
    MuteCompositeKafka = "mute-composite-kafka", 2_000..4_500;
    /// connections of the composites to the payment gateway are cut
    CutGateway = "cut-gateway", 1_000..5_000;
    /// nothing gets through to the payment gateway, while connections stay open
    MuteGateway = "mute-gateway", 2_000..5_500;
    /// connections of the composites to the order services are cut
    CutReads = "cut-reads", 1_000..5_000;
}

impl FaultKind {
    /// The fault of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What it needs to strike a mall with that broker and that issuer of tokens, if it can't.
    pub fn lacks(self, broker: BrokerKind, issuer: Option<IssuerKind>) -> Option<&'static str> {
        let is_real = broker != BrokerKind::Embedded;
        match self {
            Self::KillIssuer => issuer.is_none().then_some("--auth jwt"),
            Self::RotateKeys => {
                let can_rotate = issuer == Some(IssuerKind::Keycloak);
                (!can_rotate).then_some("--auth jwt with Keycloak as the issuer")
            }
            _ => (!is_real && (self.needs_kafka() || self.needs_links())).then_some("a real Kafka"),
        }
    }

    /// Whether only a real Kafka can suffer it.
    fn needs_kafka(self) -> bool {
        let is_nodes = matches!(
            self,
            Self::KillBroker | Self::RestartBroker | Self::PauseBroker
        );
        let is_growth = matches!(
            self,
            Self::EnlargeOrders | Self::EnlargeComposite | Self::EnlargeThenReplace
        );
        is_nodes || is_growth || !self.deletes().is_empty()
    }

    /// Which topics it deletes, with all that is in them.
    pub(crate) fn deletes(self) -> &'static [&'static str] {
        match self {
            Self::RecreateOrders
            | Self::RecreateOrdersFewer
            | Self::RecreateOrdersMore
            | Self::DeleteOrders => &[ORDERS],
            Self::RecreateComposite
            | Self::RecreateCompositeFewer
            | Self::RecreateCompositeMore
            | Self::DeleteComposite => &[COMPOSITE],
            Self::WipeBroker => &TOPICS,
            _ => &[],
        }
    }

    /// The topic that it keeps away for so long that the services that read it must say so.
    pub(crate) fn starved_of(self) -> Option<&'static str> {
        match self {
            Self::DeleteOrders => Some(ORDERS),
            Self::DeleteComposite => Some(COMPOSITE),
            _ => None,
        }
    }

    /// How long it may take, once it is over, until every composite sells again. `None`: one that sells within the round is enough.
    pub(crate) fn recovers_within(self) -> Option<Duration> {
        match self {
            Self::EnlargeThenReplace => Some(GROWTH_LIMIT),
            _ => (!self.deletes().is_empty()).then_some(TOPIC_LIMIT),
        }
    }

    /// Whether it strikes a link between two parts.
    pub fn needs_links(self) -> bool {
        matches!(
            self,
            Self::CutDb
                | Self::MuteDb
                | Self::SlowDb
                | Self::CutOrderKafka
                | Self::MuteOrderKafka
                | Self::CutCompositeKafka
                | Self::MuteCompositeKafka
                | Self::CutGateway
                | Self::MuteGateway
                | Self::CutReads
        )
    }

    /// Which of so many composites can't answer while it lasts: those whose process is killed or paused. Shoppers' own connections are
    /// never struck, and a composite that has lost Kafka, the gateway or the order service still answers in time.
    pub(crate) fn silences(self, victim: usize, composites: usize) -> Silenced {
        match self {
            Self::KillComposite | Self::PauseComposite | Self::RestartComposite => {
                Silenced::One(victim % composites.max(1))
            }
            Self::PowerCut => Silenced::All,
            _ => Silenced::Nobody,
        }
    }

    /// Whether it may leave calls of the database unanswered, even after it has ended.
    pub(crate) fn hides_database(self) -> bool {
        matches!(
            self,
            Self::PowerCut
                | Self::KillDb
                | Self::RestartDb
                | Self::PauseDb
                | Self::CutDb
                | Self::MuteDb
                | Self::SlowDb
        )
    }

    /// Whether a Kafka producer may fail for good because of it.
    pub(crate) fn hides_kafka(self) -> bool {
        matches!(
            self,
            Self::KillBroker
                | Self::RestartBroker
                | Self::PauseBroker
                | Self::WipeBroker
                | Self::CutOrderKafka
                | Self::MuteOrderKafka
                | Self::CutCompositeKafka
                | Self::MuteCompositeKafka
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::named(kind.name()), Some(*kind));
            assert!(!kind.meaning().trim().is_empty());
            assert!(!kind.lasts().is_empty());
        }
        assert_eq!(FaultKind::named("flood"), None);
    }

    #[test]
    fn only_struck_composites_are_silenced() {
        let silenced = |kind: FaultKind| -> Vec<usize> {
            let silenced = kind.silences(7, 2);
            (0..2)
                .filter(|composite| silenced.has(*composite))
                .collect()
        };
        assert_eq!(silenced(FaultKind::KillComposite), [1]);
        assert_eq!(silenced(FaultKind::PauseComposite), [1]);
        assert_eq!(silenced(FaultKind::RestartComposite), [1]);
        assert_eq!(silenced(FaultKind::PowerCut), [0, 1]);
        let silencing = FaultKind::ALL
            .iter()
            .filter(|kind| !silenced(**kind).is_empty());
        assert_eq!(silencing.count(), 4);
    }

    #[test]
    fn nothing_strikes_the_embedded_broker() {
        let lacks = |kind: FaultKind, broker| kind.lacks(broker, None).is_some();
        for kind in [
            FaultKind::KillBroker,
            FaultKind::EnlargeOrders,
            FaultKind::EnlargeThenReplace,
            FaultKind::RecreateOrders,
            FaultKind::WipeBroker,
            FaultKind::CutDb,
        ] {
            assert!(lacks(kind, BrokerKind::Embedded));
            assert!(!lacks(kind, BrokerKind::Kafka));
        }
        assert!(!lacks(FaultKind::KillOrder, BrokerKind::Embedded));
    }

    #[test]
    fn the_issuer_is_struck_where_there_is_one_and_its_keys_where_they_can_be_rotated() {
        let strikes = |kind: FaultKind, issuer| kind.lacks(BrokerKind::Embedded, issuer).is_none();
        let (keycloak, own) = (Some(IssuerKind::Keycloak), Some(IssuerKind::Development));
        let kill = [None, own, keycloak].map(|issuer| strikes(FaultKind::KillIssuer, issuer));
        assert_eq!(kill, [false, true, true]);
        let rotate = [None, own, keycloak].map(|issuer| strikes(FaultKind::RotateKeys, issuer));
        assert_eq!(rotate, [false, false, true]);
    }
}
