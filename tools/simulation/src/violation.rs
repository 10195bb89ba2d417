//! What must hold, and what is said of it when it does not. Where each is checked: [`invariants`](crate::invariants) for the whole
//! world, and the parts for what they see themselves.

use std::fmt;

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    /// Of each item, what was there at the beginning is now on the shelf or in pending and paid orders.
    Stock,
    /// A coupon is held by the one order that uses it.
    Coupon,
    /// A request makes one order at most, and so does an idempotency key.
    OneOrder,
    /// An order moves as it may, one revision at a time.
    Lawful,
    /// No offset is committed before the effect is stored and the reply acknowledged.
    Offsets,
    /// One actor an order and owner, with one command in hand.
    OneAtATime,
    /// Whoever waits for a reply reads the partition that his command named.
    Heard,
    /// What is replied and what is told is what is stored.
    Truth,
    /// Charged and not cancelled ⇔ complete, by the same payment; nothing is charged but an order's price.
    Money,
    /// Everything comes to rest: every order final, nobody waiting, no actor left, all offsets committed.
    Rest,
}

/// One that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.invariant, self.detail)
    }
}

/// Whether all is well.
pub type Check = Result<(), Violation>;

pub(crate) fn violated<T>(invariant: Invariant, detail: String) -> Result<T, Violation> {
    Err(Violation { invariant, detail })
}
