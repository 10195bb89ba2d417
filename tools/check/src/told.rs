//! Requests over HTTP and their answers: the journal that is compared with the database. Must not know how they are sent.

use crate::plan::{Forgery, Line, VisitName};
use crate::won::won_of_json;
use serde_json::Value;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// How long a shopper waits for an answer. A composite always answers within ten seconds.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The time now.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Status {
    Created,
    Complete,
    Rejected,
}

impl Status {
    /// As it is written on the wire and in the database.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "CREATED" => Some(Self::Created),
            "COMPLETE" => Some(Self::Complete),
            "REJECTED" => Some(Self::Rejected),
            _ => None,
        }
    }

    /// Whether nothing comes after it.
    pub(crate) fn is_final(self) -> bool {
        self != Self::Created
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Created => "CREATED",
            Self::Complete => "COMPLETE",
            Self::Rejected => "REJECTED",
        })
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// `POST /open-api/order`
    Place {
        lines: Vec<Line>,
        coupon: Option<i64>,
        /// Key and amount of the payment in it.
        payment: Option<(String, i64)>,
    },
    /// `POST /open-api/order/{order}/payment`
    Pay {
        order: String,
        payment: String,
        amount: i64,
    },
    /// `POST /open-api/order/{order}/cancel`
    Cancel {
        order: String,
        /// Only one piece of the first line.
        is_of_one_piece: bool,
    },
    /// `GET /open-api/order/{order}`
    Read { order: String },
    /// `ORDER_REJECT` on Kafka, from outside of the mall
    Reject { order: String },
}

impl Request {
    /// The order that it names.
    pub(crate) fn order(&self) -> Option<&str> {
        match self {
            Self::Place { .. } => None,
            Self::Pay { order, .. }
            | Self::Cancel { order, .. }
            | Self::Read { order }
            | Self::Reject { order } => Some(order),
        }
    }
}

/// How payments begin that nobody honest asks for.
pub(crate) const FORGED: &str = "forged-";

/// The payment of a dishonest request about that visit's order.
pub(crate) fn forged_payment(visit: VisitName) -> String {
    format!("{FORGED}{visit}")
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing: the connection failed, or the buyer gave up.
    Nothing(String),
    /// This.
    Said(Said),
}

/// An answer over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) http: u16,
    pub(crate) order: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) reason: Option<String>,
    pub(crate) final_price: Option<i64>,
    /// What was given back, of an order with refunds.
    pub(crate) cancelled: Option<i64>,
    pub(crate) lines: Option<Vec<Line>>,
    /// It has a `Retry-After`.
    pub(crate) retry_after: bool,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) visit: VisitName,
    pub(crate) composite: usize,
    pub(crate) request: Request,
    pub(crate) key: Option<String>,
    /// The key was used for another request before.
    pub(crate) misuses_key: bool,
    pub(crate) begun: Millis,
    pub(crate) ended: Millis,
    pub(crate) answer: Answer,
}

/// A request of somebody dishonest, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Whose order it is about.
    pub(crate) visit: VisitName,
    pub(crate) composite: usize,
    pub(crate) forgery: Forgery,
    pub(crate) request: Request,
    pub(crate) at: Millis,
    pub(crate) answer: Answer,
}

impl Told {
    /// The answer, when it is definite: neither missing, nor "later", nor "try again". To a reader, 202 says that no such order is there.
    pub(crate) fn certain(&self) -> Option<&Said> {
        match (&self.request, &self.answer) {
            (Request::Read { .. }, Answer::Said(said)) if said.http == 202 => Some(said),
            (_, Answer::Said(said)) if said.is_certain() => Some(said),
            (_, Answer::Said(_) | Answer::Nothing(_)) => None,
        }
    }

    /// The order that it is about, as far as the answer or the request names one.
    pub(crate) fn order(&self) -> Option<&str> {
        let asked = self.request.order();
        match &self.answer {
            Answer::Said(said) => said.order.as_deref().or(asked),
            Answer::Nothing(_) => asked,
        }
    }

    /// Whether the shopper waited until its own time-out and got no answer.
    pub(crate) fn timed_out(&self) -> bool {
        let waited = u128::try_from(self.ended - self.begun).unwrap_or(0);
        matches!(self.answer, Answer::Nothing(_)) && waited >= ANSWER_TIMEOUT.as_millis()
    }

    /// The key of the payment that it asks for.
    pub(crate) fn payment(&self) -> Option<&str> {
        match &self.request {
            Request::Place { payment, .. } => payment.as_ref().map(|(key, _)| key.as_str()),
            Request::Pay { payment, .. } => Some(payment),
            Request::Cancel { .. } | Request::Read { .. } | Request::Reject { .. } => None,
        }
    }

    /// Whether an order was placed or paid.
    pub(crate) fn is_success(&self) -> bool {
        let buys = matches!(self.request, Request::Place { .. } | Request::Pay { .. });
        buys && self.certain().is_some_and(|said| said.http == 200)
    }
}

impl Said {
    /// Reads an order or an error off an answer's body.
    pub(crate) fn read(http: u16, retry_after: bool, body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let lines = body["orderLineList"].as_array().map(|lines| {
            let line = |line: &Value| Line {
                item: line["item"]["itemId"].as_i64().unwrap_or_default(),
                quantity: line["quantity"].as_i64().unwrap_or_default(),
            };
            lines.iter().map(line).collect()
        });
        Self {
            http,
            order: text("orderNum"),
            // of an error, `status` is its HTTP status
            status: body["status"].as_str().and_then(Status::parse),
            reason: text("reason"),
            final_price: won_of_json(&body["finalPrice"]["amount"]).ok(),
            cancelled: won_of_json(&body["cancelledAmount"]["amount"]).ok(),
            lines,
            retry_after,
        }
    }

    /// 408 is not definite either: the request did not arrive in full, for example because the composite was paused meanwhile.
    fn is_certain(&self) -> bool {
        !(matches!(self.http, 202 | 408 | 503) || self.http == 409 && self.retry_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(http: u16, retry_after: bool) -> Said {
        Said {
            http,
            retry_after,
            ..Said::default()
        }
    }

    #[test]
    fn answers_that_ask_for_repetition_are_not_certain() {
        for http in [200, 400, 402, 404, 409, 422, 500] {
            assert!(said(http, false).is_certain(), "{http}");
        }
        for answer in [
            said(202, true),
            said(408, false),
            said(503, true),
            said(409, true),
        ] {
            assert!(!answer.is_certain(), "{answer:?}");
        }
    }

    mod reading {
        use super::*;

        #[test]
        fn finds_status_price_and_lines() {
            let body = json!({"orderNum": "2026", "status": "COMPLETE", "finalPrice": {"amount": 24_000},
                "orderLineList": [{"orderLineId": 1, "item": {"itemId": 7}, "quantity": 2}]});
            let said = Said::read(200, false, &body);
            assert_eq!(said.order.as_deref(), Some("2026"));
            assert_eq!(
                (said.status, said.final_price),
                (Some(Status::Complete), Some(24_000))
            );
            let line = Line {
                item: 7,
                quantity: 2,
            };
            assert_eq!(said.lines, Some(vec![line]));
        }

        #[test]
        fn does_not_take_an_errors_status_for_an_orders() {
            let body = json!({"status": 409, "reason": "OUT_OF_STOCK", "orderNum": "2026"});
            let said = Said::read(409, false, &body);
            assert_eq!(
                (said.status, said.reason.as_deref()),
                (None, Some("OUT_OF_STOCK"))
            );
        }
    }
}
