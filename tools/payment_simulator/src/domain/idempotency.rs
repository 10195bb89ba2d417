//! Which request an idempotency key stands for, and what came of it. It must not know what the outcomes mean.

use std::collections::HashMap;

use super::{record::Outcome, refusal::Conflict, request::Request};

/// The idempotency keys in use.
#[derive(Debug, Default)]
pub(super) struct Claims(HashMap<Scoped, Claim>);

/// A key in its scope: as with Toss, confirms share one, and each payment's cancels have their own.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Scoped {
    canceled_payment: Option<String>,
    key: String,
}

#[derive(Debug)]
struct Claim {
    request: Request,
    /// None while the request is in progress.
    outcome: Option<Outcome>,
}

impl Claims {
    /// What came of the same request with the same key; none if there was no such request, or no key.
    pub(super) fn outcome(
        &self,
        request: &Request,
        key: Option<&str>,
    ) -> Result<Option<Outcome>, Conflict> {
        let Some(claim) = key.and_then(|key| self.0.get(&Scoped::new(request, key))) else {
            return Ok(None);
        };
        if claim.request == *request {
            claim.outcome.ok_or(Conflict::StillProcessing).map(Some)
        } else {
            Err(Conflict::KeyReused)
        }
    }

    /// Claims the key, if there is one, or tells what came of its request.
    pub(super) fn put(&mut self, request: Request, key: Option<&str>, outcome: Option<Outcome>) {
        if let Some(key) = key {
            self.0
                .insert(Scoped::new(&request, key), Claim { request, outcome });
        }
    }
}

impl Scoped {
    fn new(request: &Request, key: &str) -> Self {
        let canceled_payment = match request {
            Request::Confirm(_) => None,
            Request::Cancel(cancel) => Some(cancel.payment_key.clone()),
        };
        Self {
            canceled_payment,
            key: key.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Claims;
    use crate::domain::{
        record::Outcome,
        refusal::Conflict,
        request::{Cancel, Confirm, Request},
    };

    fn confirm(amount: &str) -> Request {
        let (payment_key, order_id) = ("p1".to_owned(), "o1".to_owned());
        Request::Confirm(Confirm {
            payment_key,
            order_id,
            amount: amount.parse().unwrap(),
        })
    }

    fn cancel(payment_key: &str) -> Request {
        let (payment_key, cancel_reason) = (payment_key.to_owned(), "r".to_owned());
        Request::Cancel(Cancel {
            payment_key,
            cancel_reason,
            cancel_amount: None,
        })
    }

    fn claimed(outcome: Option<Outcome>) -> Claims {
        let mut claims = Claims::default();
        claims.put(confirm("24000"), Some("k1"), outcome);
        claims
    }

    mod a_used_key {
        use super::*;

        #[test]
        fn knows_the_outcome_of_the_same_request() {
            let claims = claimed(Some(Outcome::Charged));
            let known = claims.outcome(&confirm("24000.00"), Some("k1"));
            assert_eq!(known, Ok(Some(Outcome::Charged)));
            assert_eq!(claims.outcome(&confirm("24000"), Some("k2")), Ok(None));
            assert_eq!(claims.outcome(&confirm("24000"), None), Ok(None));
        }

        #[test]
        fn conflicts_with_another_request() {
            let claims = claimed(Some(Outcome::Charged));
            assert_eq!(
                claims.outcome(&confirm("1"), Some("k1")),
                Err(Conflict::KeyReused)
            );
        }
    }

    #[test]
    fn a_request_in_progress_conflicts_with_its_repetition() {
        let repeated = claimed(None).outcome(&confirm("24000"), Some("k1"));
        assert_eq!(repeated, Err(Conflict::StillProcessing));
    }

    #[test]
    fn cancels_have_their_own_keys_for_each_payment() {
        let mut claims = claimed(Some(Outcome::Charged));
        assert_eq!(claims.outcome(&cancel("p1"), Some("k1")), Ok(None));
        claims.put(cancel("p1"), Some("k1"), Some(Outcome::Canceled));
        assert_eq!(
            claims.outcome(&cancel("p1"), Some("k1")),
            Ok(Some(Outcome::Canceled))
        );
        assert_eq!(claims.outcome(&cancel("p2"), Some("k1")), Ok(None));
    }
}
