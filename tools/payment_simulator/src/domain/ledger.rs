//! The ledger: payments, movements of money and answers given, as a pure state machine.
//! It must not know of files, clocks or faults; all of them are arguments.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    amount::Amount,
    idempotency::Claims,
    payment::{Approval, Payment, State},
    record::{Entry, Kind, Outcome, Record},
    refusal::{Conflict, Refusal},
    request::{Cancel, Confirm, Request},
};

/// What a request comes to: the payment as it then stood, or why not.
pub type Answer = Result<Payment, Refusal>;

/// Everything the gateway knows. It grows with every decision and forgets none.
#[derive(Debug, Default)]
pub struct Ledger {
    sequence: u64,
    payments: HashMap<String, Payment>,
    orders: HashMap<String, Order>,
    entries: Vec<Arc<Entry>>,
    claims: Claims,
}

#[derive(Debug, Default)]
struct Order {
    /// The payment tried last. Once an order is charged there is no further try.
    payment_key: String,
    entries: Vec<Arc<Entry>>,
}

/// The record cannot follow the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// A record is missing or repeated.
    #[error("record {found} stands where record {expected} belongs")]
    Sequence {
        /// The number due.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The state does not allow the outcome.
    #[error("the outcome contradicts the records before it: {0}")]
    Contradiction(#[from] Refusal),
    /// A confirm does not give money back, a cancel does not charge.
    #[error("the outcome does not fit the request")]
    WrongOutcome,
}

impl Ledger {
    /// The number of the last record.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The payment with this key.
    pub fn payment(&self, payment_key: &str) -> Option<&Payment> {
        self.payments.get(payment_key)
    }

    /// The payment tried last for this order: the one that charged it, if any did.
    pub fn payment_of_order(&self, order_id: &str) -> Option<&Payment> {
        self.payment(&self.orders.get(order_id)?.payment_key)
    }

    /// Movements of money, in order: all of them.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Movements of money, in order: those of one order.
    pub fn entries_of_order(&self, order_id: &str) -> &[Arc<Entry>] {
        self.orders
            .get(order_id)
            .map_or(&[], |order| &order.entries)
    }

    /// The answer given to the same request before, if its idempotency key is known. Asked before anything is decided.
    pub fn known_answer(
        &self,
        request: &Request,
        key: Option<&str>,
    ) -> Result<Option<Answer>, Conflict> {
        if let Some(outcome) = self.claims.outcome(request, key)? {
            return Ok(Some(self.answer(request, outcome)));
        }
        if self.is_in_progress(request) {
            Err(Conflict::StillProcessing)
        } else {
            Ok(None)
        }
    }

    /// Whether the order can be charged with the payment.
    pub fn check_confirm(&self, confirm: &Confirm) -> Result<(), Refusal> {
        let of_order = self.payment_of_order(&confirm.order_id);
        if of_order.is_some_and(Payment::was_charged) {
            return Err(Refusal::AlreadyProcessedPayment);
        }
        match self.payment(&confirm.payment_key) {
            None => Ok(()),
            Some(payment) if payment.order_id != confirm.order_id => {
                Err(Refusal::AlreadyProcessedPayment)
            }
            Some(payment) => match payment.state {
                State::InProgress => Ok(()),
                State::Aborted => Err(Refusal::RejectCardCompany),
                State::Done(_) | State::Canceled(..) => Err(Refusal::AlreadyProcessedPayment),
            },
        }
    }

    /// Whether the payment's money can be given back.
    pub fn check_cancel(&self, cancel: &Cancel) -> Result<(), Refusal> {
        let payment = self
            .payment(&cancel.payment_key)
            .ok_or(Refusal::NotFoundPayment)?;
        match payment.state {
            State::InProgress | State::Aborted => Err(Refusal::NotCancelablePayment),
            State::Done(_) | State::Canceled(..) if payment.balance() == Amount::ZERO => {
                Err(Refusal::AlreadyCanceledPayment)
            }
            State::Done(_) | State::Canceled(..)
                if cancel
                    .cancel_amount
                    .is_some_and(|amount| amount > payment.balance()) =>
            {
                Err(Refusal::NotCancelableAmount)
            }
            State::Done(_) | State::Canceled(..) => Ok(()),
        }
    }

    /// Marks a confirm that takes a while. Until it is committed, others for its payment, order or key are in conflict.
    pub fn begin(&mut self, confirm: &Confirm, key: Option<&str>, requested_at: DateTime<Utc>) {
        self.put(Payment::new(confirm, requested_at, State::InProgress));
        self.claims
            .put(Request::Confirm(confirm.clone()), key, None);
    }

    /// Takes a decision in, one just made or one from the journal, and says what to answer.
    pub fn commit(&mut self, record: Record) -> Result<Answer, Inconsistent> {
        let expected = self.sequence + 1;
        if record.sequence != expected {
            return Err(Inconsistent::Sequence {
                expected,
                found: record.sequence,
            });
        }
        self.apply(&record)?;
        self.sequence = expected;
        let Record {
            request,
            idempotency_key,
            outcome,
            ..
        } = record;
        let answer = self.answer(&request, outcome);
        self.claims
            .put(request, idempotency_key.as_deref(), Some(outcome));
        Ok(answer)
    }

    fn apply(&mut self, record: &Record) -> Result<(), Inconsistent> {
        let &Record {
            requested_at, at, ..
        } = record;
        match (&record.request, record.outcome) {
            (Request::Confirm(confirm), Outcome::Charged) => {
                self.check_confirm(confirm)?;
                let state = State::Done(Approval { approved_at: at });
                self.put(Payment::new(confirm, requested_at, state));
                self.enter(record, Kind::Charged, &confirm.payment_key, confirm.amount);
            }
            (Request::Confirm(confirm), Outcome::Declined) => {
                self.check_confirm(confirm)?;
                self.put(Payment::new(confirm, requested_at, State::Aborted));
                self.enter(record, Kind::Declined, &confirm.payment_key, confirm.amount);
            }
            (Request::Cancel(cancel), Outcome::Canceled) => {
                self.check_cancel(cancel)?;
                let before = self.payment(&cancel.payment_key).map(Payment::balance);
                let amount = cancel.cancel_amount.or(before).unwrap_or(Amount::ZERO);
                if let Some(payment) = self.payments.get_mut(&cancel.payment_key) {
                    payment.cancel(cancel, at, transaction_key(record));
                }
                self.enter(record, Kind::Canceled, &cancel.payment_key, amount);
            }
            (Request::Confirm(_) | Request::Cancel(_), Outcome::Refused(_)) => {}
            (Request::Confirm(_), Outcome::Canceled)
            | (Request::Cancel(_), Outcome::Charged | Outcome::Declined) => {
                return Err(Inconsistent::WrongOutcome);
            }
        }
        Ok(())
    }

    fn answer(&self, request: &Request, outcome: Outcome) -> Answer {
        let payment_key = match request {
            Request::Confirm(confirm) => &confirm.payment_key,
            Request::Cancel(cancel) => &cancel.payment_key,
        };
        let payment = self.payment(payment_key).ok_or(Refusal::NotFoundPayment);
        match outcome {
            Outcome::Charged => payment.map(Payment::as_charged),
            Outcome::Canceled => payment.cloned(),
            Outcome::Declined => Err(Refusal::RejectCardCompany),
            Outcome::Refused(refusal) => Err(refusal),
        }
    }

    fn is_in_progress(&self, request: &Request) -> bool {
        let (payment_key, order_id) = match request {
            Request::Confirm(confirm) => (&confirm.payment_key, Some(&confirm.order_id)),
            Request::Cancel(cancel) => (&cancel.payment_key, None),
        };
        let of_order = order_id.and_then(|order_id| self.payment_of_order(order_id));
        self.payment(payment_key)
            .into_iter()
            .chain(of_order)
            .any(|payment| payment.state == State::InProgress)
    }

    fn put(&mut self, payment: Payment) {
        self.orders
            .entry(payment.order_id.clone())
            .or_default()
            .payment_key
            .clone_from(&payment.payment_key);
        self.payments.insert(payment.payment_key.clone(), payment);
    }

    fn enter(&mut self, record: &Record, kind: Kind, payment_key: &str, amount: Amount) {
        let Some(payment) = self.payments.get(payment_key) else {
            return;
        };
        let entry = Arc::new(Entry {
            sequence: record.sequence,
            at: record.at,
            kind,
            payment_key: payment.payment_key.clone(),
            order_id: payment.order_id.clone(),
            amount,
        });
        let order = self.orders.entry(payment.order_id.clone()).or_default();
        order.entries.push(Arc::clone(&entry));
        self.entries.push(entry);
    }
}

/// The same for the same record, so that a restored ledger repeats it.
fn transaction_key(record: &Record) -> String {
    format!(
        "tx-{:x}-{:x}",
        record.at.timestamp_millis(),
        record.sequence
    )
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
