//! The payment gateway: decides once an order, and remembers. The order number is the idempotency key of its charge.

use std::collections::BTreeMap;
use std::time::Duration;

use composite_service::domain::order::{Refund, RefundOutcome};
use composite_service::domain::purchase::{
    CONFIRM_FENCE, CancelAnswer, ConfirmAnswer, Origin, RefundAnswer,
};
use composite_service::domain::review::Standing;
use order_service::domain::decide::PAYMENT_REVIEW;
use shared::money::Money;
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
    /// What it has decided about refunds, by their numbers.
    pub refunds: BTreeMap<u16, (Money, RefundOutcome)>,
}

impl Charge {
    /// What is left of it.
    #[must_use]
    pub fn balance(&self) -> Money {
        let done = self.refunds.values();
        let done = done.filter(|(_, outcome)| *outcome == RefundOutcome::Done);
        done.fold(self.payment.amount, |left, (amount, _)| left.less(*amount))
    }
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
    /// What it is to do.
    pub wish: Wish,
    /// When it was sent.
    pub sent_at: Duration,
    /// What the gateway has answered.
    pub answer: Option<Answer>,
}

/// What the gateway is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Charge.
    Charge,
    /// Give everything back.
    Cancel,
    /// Give a part back.
    Refund(Refund),
}

/// An answer of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a charge.
    Confirm(ConfirmAnswer),
    /// To a cancellation.
    Cancel(CancelAnswer),
    /// To a refund.
    Refund(RefundAnswer),
}

impl Wish {
    /// The answer to who can't know whether it was done.
    #[must_use]
    pub fn unanswered(self) -> Answer {
        match self {
            Self::Charge => Answer::Confirm(ConfirmAnswer::Unknown(
                Origin::Gateway.because("by the schedule"),
            )),
            Self::Cancel => Answer::Cancel(CancelAnswer::Failed),
            Self::Refund(_) => Answer::Refund(RefundAnswer::Unknown),
        }
    }
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
            refunds: BTreeMap::new(),
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

    /// Gives a part of the money back, where it was taken. It knows a refund by its number, and decides about it once.
    pub fn refund(
        &mut self,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
        willing: RefundOutcome,
    ) -> RefundOutcome {
        let Some(charge) = self.charges.get_mut(number) else {
            return RefundOutcome::Refused;
        };
        let is_possible = charge.state == ChargeState::Charged
            && charge.payment == *payment
            && refund.amount <= charge.balance();
        let outcome = if is_possible {
            willing
        } else {
            RefundOutcome::Refused
        };
        let decided = charge.refunds.entry(refund.number);
        decided.or_insert((refund.amount, outcome)).1
    }

    /// What it says of an order.
    #[must_use]
    pub fn look_up(&self, number: &OrderNumber) -> Standing {
        match self.charges.get(number) {
            Some(charge)
                if charge.state == ChargeState::Charged && charge.balance() == Money::ZERO =>
            {
                Standing::NotCharged
            }
            Some(charge)
                if charge.state == ChargeState::Charged
                    && charge.balance() != charge.payment.amount =>
            {
                Standing::PartlyCancelled(charge.payment.clone(), Some(charge.balance()))
            }
            Some(charge) if charge.state == ChargeState::Charged => {
                Standing::Charged(charge.payment.clone())
            }
            Some(charge) if charge.state == ChargeState::Declined => Standing::Declined,
            Some(_) | None => Standing::NotCharged,
        }
    }

    /// The number of a refund that it does not know.
    #[must_use]
    pub fn next_refund(&self, number: &OrderNumber) -> u16 {
        let charge = self.charges.get(number);
        let last = charge.and_then(|charge| charge.refunds.last_key_value());
        last.map_or(1, |(last, _)| last + 1)
    }

    /// What is left of the charge for an order.
    #[must_use]
    pub fn balance(&self, number: &OrderNumber) -> Money {
        match self.charges.get(number) {
            Some(charge) if charge.state == ChargeState::Charged => charge.balance(),
            Some(_) | None => Money::ZERO,
        }
    }

    /// The payment that is charged for an order and not cancelled as a whole.
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
