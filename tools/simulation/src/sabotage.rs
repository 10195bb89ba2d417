//! Faults of construction, put into the driven parts of the world, to show that the invariants notice them.

/// What is built wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    None,
    /// A rejected order keeps its stock and its coupon.
    NothingGivenBack,
    /// The store writes over whatever revision stands there.
    BlindWrites,
    /// An owner lets go of a record as soon as it is read.
    FinishedAtIntake,
    /// An owner lets go of a record when its reply is made, not when it is acknowledged.
    FinishedAtReply,
    /// Nobody cancels a payment.
    NoRefunds,
    /// An order's actor takes what stands in its way for what it has stored.
    ConflictIsSuccess,
    /// A batch's outcomes are handed out in the wrong order.
    OutcomesReversed,
    /// A composite gives each reply to whoever has waited longest.
    RepliesToAnybody,
    /// An actor goes on believing what it knew before its partition went and came back.
    StaleKnowledge,
    /// A lane of the write plan forgets a stuck row: nothing behind it tries again.
    StuckRowForgotten,
    /// A shopper's request that is repeated has a new idempotency key.
    KeysForgotten,
    /// A purchase hears of the time that has passed a second late, and so charges when it is too old.
    LateFence,
    /// A composite leaves its home, and stops reading it, two seconds early.
    EarlyFarewell,
    /// The gateway is told another number of a refund each time that it is asked.
    RefundsWithoutKeys,
    /// The money of a refund is given back, and the pieces are not.
    RefundsWithoutStock,
    /// Nobody goes on with a refund whose composite is gone.
    RefundsNotReviewed,
}
