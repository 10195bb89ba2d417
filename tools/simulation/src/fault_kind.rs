//! The kinds of faults, of which each profile allows some.

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A composite's producer gives a command up, or has no room for it.
    CommandLost,
    /// A command is twice in the log.
    CommandDoubled,
    /// A reply gets lost.
    ReplyLost,
    /// A reply comes twice.
    ReplyDoubled,
    /// A reply overtakes others.
    ReplyOvertakes,
    /// The store writes a batch, and its answer is lost.
    WriteForgotten,
    /// The store refuses a batch.
    WriteRefused,
    /// The store is away when it is given a batch.
    StoreAway,
    /// Somebody holds a row for a while.
    RowHeld,
    /// The store fails with an order for a while, although it answers.
    OrderTroubled,
    /// The store can't tell an order.
    LoadBroken,
    /// A commit of offsets gets lost.
    CommitLost,
    /// An order service is killed.
    OwnerKilled,
    /// An order service is stopped for so long that the group goes on without it.
    OwnerStopped,
    /// The group moves a partition.
    Rebalance,
    /// A composite is killed.
    CompositeKilled,
    /// The group of composites goes on without one for a while.
    HomeLost,
    /// A request to the gateway gets lost.
    CallLost,
    /// A request to the gateway is given up, and may have its effect later.
    CallOverdue,
    /// The gateway can't say what it has charged.
    LookUpBroken,
    /// The gateway can't be reached for a while.
    GatewayAway,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::CommandLost,
        Self::CommandDoubled,
        Self::ReplyLost,
        Self::ReplyDoubled,
        Self::ReplyOvertakes,
        Self::WriteForgotten,
        Self::WriteRefused,
        Self::StoreAway,
        Self::RowHeld,
        Self::OrderTroubled,
        Self::LoadBroken,
        Self::CommitLost,
        Self::OwnerKilled,
        Self::OwnerStopped,
        Self::Rebalance,
        Self::CompositeKilled,
        Self::HomeLost,
        Self::CallLost,
        Self::CallOverdue,
        Self::LookUpBroken,
        Self::GatewayAway,
    ];

    /// Whether processes or partitions go: too much of that, and nothing else happens any more.
    pub(crate) fn disrupts(self) -> bool {
        matches!(
            self,
            Self::OwnerKilled
                | Self::OwnerStopped
                | Self::Rebalance
                | Self::CompositeKilled
                | Self::HomeLost
        )
    }
}
