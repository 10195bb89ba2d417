//! Kind → fault.

use crate::faults::brokers::{self, Harm as BrokerHarm};
use crate::faults::databases::Server;
use crate::faults::fault::Fault;
use crate::faults::gateway::{Killed, Switches};
use crate::faults::growth::Replaced;
use crate::faults::issuer;
use crate::faults::kind::FaultKind;
use crate::faults::links::{self, Harm as LinkHarm};
use crate::faults::services::{Blow, PowerCut, Program, Victim};
use crate::faults::stuck_row::{KilledMeanwhile, StuckRow};
use crate::faults::topics::{Deleted, Enlarged, Recreated, Size, Wiped};
use crate::wallet::Wallet;
use stack::{Link, Links};
use std::sync::Arc;

/// The partitions of the commands' topic whose leaders are struck.
const ORDERS_PARTITIONS: usize = 4;

/// The fault of that kind, against the `victim`th of several instances, or the issuer of the tokens in the wallet.
pub(crate) fn make(kind: FaultKind, victim: usize, wallet: Option<&Arc<Wallet>>) -> Box<dyn Fault> {
    let order_service = |blow| program(Program::OrderService, blow, victim);
    let composite = |blow| program(Program::Composite, blow, victim);
    match kind {
        FaultKind::KillOrder => order_service(Blow::Kill),
        FaultKind::PauseOrder => order_service(Blow::Pause),
        FaultKind::RestartOrder => order_service(Blow::End),
        FaultKind::KillComposite => composite(Blow::Kill),
        FaultKind::PauseComposite => composite(Blow::Pause),
        FaultKind::RestartComposite => composite(Blow::End),
        FaultKind::PowerCut => Box::new(PowerCut),
        FaultKind::KillBroker => broker(BrokerHarm::Kill, victim),
        FaultKind::RestartBroker => broker(BrokerHarm::End, victim),
        FaultKind::PauseBroker => broker(BrokerHarm::Pause, victim),
        FaultKind::EnlargeOrders => Box::new(Enlarged { topic: "orders" }),
        FaultKind::EnlargeComposite => Box::new(Enlarged { topic: "composite" }),
        FaultKind::EnlargeThenReplace => Box::new(Replaced { victim }),
        FaultKind::RecreateOrders => recreated("orders", Size::AsBefore),
        FaultKind::RecreateOrdersFewer => recreated("orders", Size::Fewer),
        FaultKind::RecreateOrdersMore => recreated("orders", Size::More),
        FaultKind::RecreateComposite => recreated("composite", Size::AsBefore),
        FaultKind::RecreateCompositeFewer => recreated("composite", Size::Fewer),
        FaultKind::RecreateCompositeMore => recreated("composite", Size::More),
        FaultKind::DeleteOrders => Box::new(Deleted { topic: "orders" }),
        FaultKind::DeleteComposite => Box::new(Deleted { topic: "composite" }),
        FaultKind::WipeBroker => Box::new(Wiped),
        FaultKind::KillDb => Box::new(Server::Killed),
        FaultKind::RestartDb => Box::new(Server::Ended),
        FaultKind::PauseDb => Box::new(Server::Paused),
        FaultKind::StuckRow => Box::new(StuckRow::new(victim)),
        FaultKind::KillStuckOrder => Box::new(KilledMeanwhile::new(victim)),
        FaultKind::SlowGateway => Box::new(Switches(r#"{"delayMs":2500}"#)),
        FaultKind::LoseAnswers => Box::new(Switches(r#"{"loseAnswer":true}"#)),
        FaultKind::FailGateway => Box::new(Switches(r#"{"failConfirms":true,"failCancels":true}"#)),
        FaultKind::KillGateway => Box::new(Killed),
        FaultKind::KillIssuer => Box::new(issuer::Killed::new(wallet)),
        FaultKind::RotateKeys => Box::new(issuer::Rotated::new(wallet)),
        FaultKind::CutDb => link(|links| &links.order_to_database, LinkHarm::Cut),
        FaultKind::MuteDb => link(|links| &links.order_to_database, LinkHarm::Mute),
        FaultKind::SlowDb => link(|links| &links.order_to_database, LinkHarm::Slow),
        FaultKind::CutOrderKafka => link(|links| &links.order_to_kafka, LinkHarm::Cut),
        FaultKind::MuteOrderKafka => link(|links| &links.order_to_kafka, LinkHarm::Mute),
        FaultKind::CutCompositeKafka => link(|links| &links.composite_to_kafka, LinkHarm::Cut),
        FaultKind::MuteCompositeKafka => link(|links| &links.composite_to_kafka, LinkHarm::Mute),
        FaultKind::CutGateway => link(|links| &links.composite_to_gateway, LinkHarm::Cut),
        FaultKind::MuteGateway => link(|links| &links.composite_to_gateway, LinkHarm::Mute),
        FaultKind::CutReads => link(|links| &links.composite_to_order, LinkHarm::Cut),
    }
}

fn program(program: Program, blow: Blow, index: usize) -> Box<dyn Fault> {
    Box::new(Victim {
        program,
        blow,
        index,
    })
}

fn recreated(topic: &str, size: Size) -> Box<dyn Fault> {
    Box::new(Recreated::new(topic, size))
}

fn broker(harm: BrokerHarm, victim: usize) -> Box<dyn Fault> {
    let partition = i32::try_from(victim % ORDERS_PARTITIONS).unwrap_or(0);
    Box::new(brokers::Struck::new(harm, partition))
}

fn link(link: fn(&Links) -> &Link, harm: LinkHarm) -> Box<dyn Fault> {
    Box::new(links::Struck { link, harm })
}
