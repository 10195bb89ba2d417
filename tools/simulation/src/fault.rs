//! The faults, each with whom it hits.

use order_service::actors::write_plan::step::Lane;
use order_service::ports::order_store::StoreRow;
use shared::order_number::OrderNumber;

use crate::owner::Mood;

/// A fault, and whom it hits.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The first command of a composite's producer is given up.
    CommandLost(usize),
    /// It is appended, and will be once more.
    CommandDoubled(usize),
    /// A composite's next reply gets lost.
    ReplyLost(usize),
    /// It comes now, and once more.
    ReplyDoubled(usize),
    /// Another reply of a composite's comes first.
    ReplyOvertakes(usize),
    /// The batch of an owner's lane is written in this mood.
    Write(usize, Lane, Mood),
    /// Somebody holds a row for a while.
    RowHeld(StoreRow),
    /// The store fails with an order for a while.
    OrderTroubled(OrderNumber),
    /// An actor's order can't be told.
    LoadBroken(usize, OrderNumber),
    /// An owner's commit gets lost.
    CommitLost(usize),
    /// An owner is killed.
    OwnerKilled(usize),
    /// An owner is stopped for long.
    OwnerStopped(usize),
    /// A partition moves from one owner to another.
    Rebalance(i32, usize, usize),
    /// A composite is killed.
    CompositeKilled(usize),
    /// A composite loses its partitions of replies.
    HomeLost(usize),
    /// A request to the gateway gets lost.
    CallLost(usize),
    /// A request to the gateway is given up.
    CallOverdue(usize),
    /// A review's question has no answer.
    LookUpBroken(usize, usize),
    /// The gateway goes away.
    GatewayAway,
}

impl Fault {
    /// As [`Kind::disrupts`](crate::fault_kind::Kind).
    pub(crate) fn disrupts(&self) -> bool {
        matches!(
            self,
            Self::OwnerKilled(_)
                | Self::OwnerStopped(_)
                | Self::Rebalance(..)
                | Self::CompositeKilled(_)
                | Self::HomeLost(_)
        )
    }

    /// As the tally counts it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CommandLost(_) => "fault: command lost",
            Self::CommandDoubled(_) => "fault: command doubled",
            Self::ReplyLost(_) => "fault: reply lost",
            Self::ReplyDoubled(_) => "fault: reply doubled",
            Self::ReplyOvertakes(_) => "fault: reply overtakes",
            Self::Write(_, _, Mood::Forgetful) => "fault: write forgotten",
            Self::Write(_, _, Mood::Away) => "fault: store away",
            Self::Write(..) => "fault: write refused",
            Self::RowHeld(_) => "fault: row held",
            Self::OrderTroubled(_) => "fault: order troubled",
            Self::LoadBroken(..) => "fault: load broken",
            Self::CommitLost(_) => "fault: commit lost",
            Self::OwnerKilled(_) => "fault: owner killed",
            Self::OwnerStopped(_) => "fault: owner stopped",
            Self::Rebalance(..) => "fault: rebalance",
            Self::CompositeKilled(_) => "fault: composite killed",
            Self::HomeLost(_) => "fault: home lost",
            Self::CallLost(_) => "fault: call lost",
            Self::CallOverdue(_) => "fault: call overdue",
            Self::LookUpBroken(..) => "fault: look-up broken",
            Self::GatewayAway => "fault: gateway away",
        }
    }
}
