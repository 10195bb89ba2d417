//! Runs a request through faults, ledger and journal, in that order. It must not know of HTTP.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use tokio::{task::JoinError, time::sleep};

use crate::{
    clock,
    domain::{
        ledger::{Answer, Inconsistent, Ledger},
        payment::Payment,
        record::{Entry, Outcome, Record},
        refusal::{Conflict, Refusal},
        request::{Cancel, Confirm, Request},
    },
    faults::{Admission, Faults},
    journal::{Journal, JournalFailed},
};

/// The gateway with its ledger and its switches. What it answers is on the disk.
#[derive(Debug)]
pub struct Gateway {
    ledger: Mutex<Ledger>,
    faults: Mutex<Faults>,
    journal: Journal,
}

/// Why a request has no payment to show.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was decided against.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is in the way of another one.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// A switch made it fail.
    #[error("the failure was switched on")]
    Simulated,
    /// A switch wants it left without an answer.
    #[error("the answer is withheld")]
    NoAnswer,
    /// It could not be kept.
    #[error(transparent)]
    Journal(#[from] JournalFailed),
    /// The ledger contradicts itself.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// Its task ended early.
    #[error(transparent)]
    Aborted(#[from] JoinError),
}

/// An answer, and the record that must be on the disk before it is told.
struct Settled {
    answer: Answer,
    sequence: u64,
    /// Decided by this request, not repeated.
    fresh: bool,
}

impl Gateway {
    /// A gateway that goes on from this ledger.
    pub fn new(ledger: Ledger, journal: Journal) -> Arc<Self> {
        Arc::new(Self {
            ledger: Mutex::new(ledger),
            faults: Mutex::default(),
            journal,
        })
    }

    /// Charges an order. Once it is being processed it goes on even if the caller leaves.
    pub async fn confirm(
        self: &Arc<Self>,
        confirm: Confirm,
        key: Option<String>,
    ) -> Result<Payment, Failure> {
        let admission = self.faults().admit_confirm();
        match admission {
            Admission::Pass => {}
            Admission::Fail => return Err(Failure::Simulated),
            Admission::Hang => {
                sleep(Faults::HANG).await;
                return Err(Failure::NoAnswer);
            }
        }
        let payment_key = confirm.payment_key.clone();
        let gateway = Arc::clone(self);
        let settled =
            tokio::spawn(async move { gateway.process_confirm(confirm, key).await }).await?;
        let charged_now = settled
            .as_ref()
            .is_ok_and(|settled| settled.fresh && settled.answer.is_ok());
        if self.faults().loses_answer(&payment_key, charged_now) {
            return Err(Failure::NoAnswer);
        }
        Ok(settled?.answer?)
    }

    /// Gives the money of a payment back.
    pub async fn cancel(&self, cancel: Cancel, key: Option<String>) -> Result<Payment, Failure> {
        if self.faults().fails_cancel() {
            return Err(Failure::Simulated);
        }
        let settled = self.settle_cancel(&cancel, key)?;
        self.journal.flushed(settled.sequence).await?;
        Ok(settled.answer?)
    }

    /// The payment with this key.
    pub async fn payment(&self, payment_key: &str) -> Result<Payment, Failure> {
        self.read(|ledger| ledger.payment(payment_key).cloned())
            .await?
            .ok_or(Refusal::NotFoundPayment.into())
    }

    /// The payment tried last for this order.
    pub async fn payment_of_order(&self, order_id: &str) -> Result<Payment, Failure> {
        self.read(|ledger| ledger.payment_of_order(order_id).cloned())
            .await?
            .ok_or(Refusal::NotFoundPayment.into())
    }

    /// Movements of money, of all orders or of one.
    pub async fn entries(&self, order_id: Option<&str>) -> Result<Vec<Arc<Entry>>, Failure> {
        self.read(|ledger| match order_id {
            Some(order_id) => ledger.entries_of_order(order_id).to_vec(),
            None => ledger.entries().to_vec(),
        })
        .await
    }

    /// The switches.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock()
    }

    async fn read<T>(&self, view: impl FnOnce(&Ledger) -> T) -> Result<T, Failure> {
        let (sequence, seen) = {
            let ledger = self.ledger();
            (ledger.sequence(), view(&ledger))
        };
        self.journal.flushed(sequence).await?;
        Ok(seen)
    }

    async fn process_confirm(
        &self,
        confirm: Confirm,
        key: Option<String>,
    ) -> Result<Settled, Failure> {
        let requested_at = clock::now();
        let delay = self.faults().delay(&confirm.payment_key);
        let settled = {
            let mut ledger = self.ledger();
            let request = Request::Confirm(confirm.clone());
            match ledger.known_answer(&request, key.as_deref())? {
                Some(answer) => Some(Settled {
                    answer,
                    sequence: ledger.sequence(),
                    fresh: false,
                }),
                None if delay.is_zero() || ledger.check_confirm(&confirm).is_err() => {
                    Some(self.settle_confirm(&mut ledger, &confirm, key.clone(), requested_at)?)
                }
                None => {
                    ledger.begin(&confirm, key.as_deref(), requested_at);
                    None
                }
            }
        };
        let settled = match settled {
            Some(settled) => settled,
            None => {
                sleep(delay).await;
                self.settle_confirm(&mut self.ledger(), &confirm, key, requested_at)?
            }
        };
        self.journal.flushed(settled.sequence).await?;
        Ok(settled)
    }

    fn settle_confirm(
        &self,
        ledger: &mut Ledger,
        confirm: &Confirm,
        key: Option<String>,
        requested_at: DateTime<Utc>,
    ) -> Result<Settled, Failure> {
        let outcome = match ledger.check_confirm(confirm) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(()) if self.faults().declines(&confirm.payment_key) => Outcome::Declined,
            Ok(()) => Outcome::Charged,
        };
        self.decide(
            ledger,
            Request::Confirm(confirm.clone()),
            key,
            outcome,
            requested_at,
        )
    }

    fn settle_cancel(&self, cancel: &Cancel, key: Option<String>) -> Result<Settled, Failure> {
        let mut ledger = self.ledger();
        let request = Request::Cancel(cancel.clone());
        if let Some(answer) = ledger.known_answer(&request, key.as_deref())? {
            return Ok(Settled {
                answer,
                sequence: ledger.sequence(),
                fresh: false,
            });
        }
        let outcome = match ledger.check_cancel(cancel) {
            Err(refusal) => Outcome::Refused(refusal),
            Ok(()) if self.faults().refuses_cancel() => Outcome::Refused(Refusal::ProviderError),
            Ok(()) => Outcome::Canceled,
        };
        self.decide(&mut ledger, request, key, outcome, clock::now())
    }

    /// Commits to the ledger and queues for the journal under one lock, so that both have the same order.
    fn decide(
        &self,
        ledger: &mut Ledger,
        request: Request,
        idempotency_key: Option<String>,
        outcome: Outcome,
        requested_at: DateTime<Utc>,
    ) -> Result<Settled, Failure> {
        log::debug!("{outcome:?}: {request:?}");
        if let (Outcome::Refused(refusal), None) = (outcome, &idempotency_key) {
            return Ok(Settled {
                answer: Err(refusal),
                sequence: ledger.sequence(),
                fresh: true,
            });
        }
        let sequence = ledger.sequence() + 1;
        let record = Record {
            sequence,
            requested_at,
            at: clock::now(),
            idempotency_key,
            request,
            outcome,
        };
        self.journal.append(&record)?;
        let answer = ledger.commit(record)?;
        Ok(Settled {
            answer,
            sequence,
            fresh: true,
        })
    }
}
