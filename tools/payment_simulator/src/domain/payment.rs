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
    /// Charged, and given back.
    Canceled(Approval, Cancellation),
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

    /// The payment as it stood when it was charged: the answer to its confirm.
    pub(super) fn as_charged(&self) -> Self {
        let mut payment = self.clone();
        if let State::Canceled(approval, _) = payment.state {
            payment.state = State::Done(approval);
        }
        payment
    }

    pub(super) fn cancel(
        &mut self,
        cancel: &Cancel,
        canceled_at: DateTime<Utc>,
        transaction_key: String,
    ) {
        if let State::Done(approval) = self.state {
            let reason = cancel.cancel_reason.clone();
            self.state = State::Canceled(
                approval,
                Cancellation {
                    canceled_at,
                    reason,
                    transaction_key,
                },
            );
        }
    }
}
