//! A payment and its states. It must not know how it is shown.

use chrono::{DateTime, Utc};

use super::{
    amount::Amount,
    request::{Cancel, Confirm},
};

/// One payment of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The payment's name.
    pub payment_key: String,
    /// The order it pays.
    pub order_id: String,
    /// The whole amount.
    pub amount: Amount,
    /// When the charge was asked for.
    pub requested_at: DateTime<Utc>,
    /// Where it stands.
    pub state: State,
}

/// Where a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The charge is being processed; nothing is charged yet.
    InProgress,
    /// Declined: never charged.
    Aborted,
    /// Charged.
    Done(Approval),
    /// Charged, and given back, in part or as a whole.
    Canceled(Approval, Vec<Cancellation>),
}

/// The charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When it was charged.
    pub approved_at: DateTime<Utc>,
}

/// The money's return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// How much was given back.
    pub amount: Amount,
    /// When it was given back.
    pub canceled_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The name of this movement of money.
    pub transaction_key: String,
}

impl Payment {
    pub(super) fn new(confirm: &Confirm, requested_at: DateTime<Utc>, state: State) -> Self {
        Self {
            payment_key: confirm.payment_key.clone(),
            order_id: confirm.order_id.clone(),
            amount: confirm.amount,
            requested_at,
            state,
        }
    }

    /// Whether money was taken, even if it was given back since.
    pub fn was_charged(&self) -> bool {
        match self.state {
            State::InProgress | State::Aborted => false,
            State::Done(_) | State::Canceled(..) => true,
        }
    }

    /// What is charged and not given back.
    pub fn balance(&self) -> Amount {
        match &self.state {
            State::InProgress | State::Aborted => Amount::ZERO,
            State::Done(_) => self.amount,
            State::Canceled(_, cancellations) => cancellations
                .iter()
                .fold(self.amount, |left, one| left.less(one.amount)),
        }
    }

    /// The payment as it stood when it was charged: the answer to its confirm.
    pub(super) fn as_charged(&self) -> Self {
        let mut payment = self.clone();
        if let State::Canceled(approval, _) = &payment.state {
            payment.state = State::Done(*approval);
        }
        payment
    }

    pub(super) fn cancel(
        &mut self,
        cancel: &Cancel,
        canceled_at: DateTime<Utc>,
        transaction_key: String,
    ) {
        let cancellation = Cancellation {
            amount: cancel.cancel_amount.unwrap_or_else(|| self.balance()),
            canceled_at,
            reason: cancel.cancel_reason.clone(),
            transaction_key,
        };
        match &mut self.state {
            State::InProgress | State::Aborted => {}
            State::Done(approval) => self.state = State::Canceled(*approval, vec![cancellation]),
            State::Canceled(_, cancellations) => cancellations.push(cancellation),
        }
    }
}
