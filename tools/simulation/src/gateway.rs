//! The payment gateway: decides once an order, and remembers. The order number is the idempotency key of its charge.

use std::collections::BTreeMap;
use std::time::Duration;

use composite_service::domain::purchase::{CONFIRM_FENCE, CancelAnswer, ConfirmAnswer};
use composite_service::domain::review::Standing;
use order_service::domain::decide::PAYMENT_REVIEW;
use shared::order_number::OrderNumber;
use shared::payment::Payment;

use crate::violation::{Check, Invariant, violated};

/// How long a request may be on its way and still have its effect. This is the slowest gateway that the mall can live with: a purchase's
/// last charge has its effect before the review that trusts what the gateway says.
pub const LATEST_EFFECT: Duration = Duration::from_secs(20);

const _: () = assert!(
    CONFIRM_FENCE.as_secs() + LATEST_EFFECT.as_secs()
        <= PAYMENT_REVIEW.num_seconds().unsigned_abs()
);

/// A charge that is asked for `now`, by a purchase that began at `begun`, has its effect before a review trusts that there is none. The
/// earliest such review is of an order that was rejected as soon as the purchase had begun.
///
/// # Errors
/// When it may come later.
pub fn charged_in_time(begun: Duration, now: Duration) -> Check {
    let reviewed_at = begun + PAYMENT_REVIEW.to_std().unwrap_or_default();
    if now + LATEST_EFFECT <= reviewed_at {
        return Ok(());
    }
    violated(
        Invariant::Money,
        format!(
            "a purchase that began at {begun:?} charges at {now:?}, so late that a review may miss it"
        ),
    )
}

/// What the gateway has decided.
#[derive(Debug, Default)]
pub struct Gateway {
    charges: BTreeMap<OrderNumber, Charge>,
}

/// A decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// Of this payment.
    pub payment: Payment,
    /// What became of it.
    pub state: ChargeState,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeState {
    /// The money is taken.
    Charged,
    /// It was not.
    Declined,
    /// It was given back.
    Cancelled,
}

/// A request to the gateway.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who asks: composite, its life, its purchase. `None` when nobody waits any more.
    pub caller: Option<(usize, u64, u64)>,
    /// The order.
    pub number: OrderNumber,
    /// The payment.
    pub payment: Payment,
    /// Charge, or give back.
    pub is_cancel: bool,
    /// When it was sent.
    pub sent_at: Duration,
    /// What the gateway has answered.
    pub answer: Option<Answer>,
}

/// An answer of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a charge.
    Confirm(ConfirmAnswer),
    /// To a cancellation.
    Cancel(CancelAnswer),
}

impl Gateway {
    /// Charges, unless it has decided before. Asked again about a cancelled charge, it repeats itself or tells the state of today.
    pub fn confirm(
        &mut self,
        number: &OrderNumber,
        payment: &Payment,
        is_willing: bool,
    ) -> ConfirmAnswer {
        let state = if is_willing {
            ChargeState::Charged
        } else {
            ChargeState::Declined
        };
        let charge = self.charges.entry(number.clone()).or_insert(Charge {
            payment: payment.clone(),
            state,
        });
        match charge.state {
            _ if charge.payment != *payment => ConfirmAnswer::PaidOtherwise,
            ChargeState::Charged => ConfirmAnswer::Confirmed,
            ChargeState::Declined => ConfirmAnswer::Declined("no"),
            ChargeState::Cancelled if is_willing => ConfirmAnswer::Confirmed,
            ChargeState::Cancelled => ConfirmAnswer::PaidOtherwise,
        }
    }

    /// Gives the money back, where it was taken.
    pub fn cancel(&mut self, number: &OrderNumber, payment: &Payment) -> CancelAnswer {
        match self.charges.get_mut(number) {
            Some(charge) if charge.payment == *payment && charge.state != ChargeState::Declined => {
                charge.state = ChargeState::Cancelled;
                CancelAnswer::Cancelled
            }
            Some(_) | None => CancelAnswer::Failed,
        }
    }

    /// What it says of an order.
    #[must_use]
    pub fn look_up(&self, number: &OrderNumber) -> Standing {
        match self.charges.get(number) {
            Some(charge) if charge.state == ChargeState::Charged => {
                Standing::Charged(charge.payment.clone())
            }
            Some(charge) if charge.state == ChargeState::Declined => Standing::Declined,
            Some(_) | None => Standing::NotCharged,
        }
    }

    /// The payment that is charged for an order and not cancelled.
    #[must_use]
    pub fn charged(&self, number: &OrderNumber) -> Option<&Payment> {
        self.charges
            .get(number)
            .filter(|charge| charge.state == ChargeState::Charged)
            .map(|charge| &charge.payment)
    }

    /// Whether it has decided about a payment of an order, however.
    #[must_use]
    pub fn has_decided(&self, number: &OrderNumber) -> bool {
        self.charges.contains_key(number)
    }

    /// Every decision.
    pub fn iter(&self) -> impl Iterator<Item = (&OrderNumber, &Charge)> {
        self.charges.iter()
    }
}
