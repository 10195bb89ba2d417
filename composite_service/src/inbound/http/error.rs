//! Failures and refusals → answers. No other file here knows which failure has which status.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use shared::http::port_token::CHALLENGE;
use shared::http::{Problem, RATE_LIMIT};
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::error_body::{Culprit, ResponseCode};

use crate::actors::purchase_actor::NotBegun;
use crate::domain::peer::Unsupported;
use crate::domain::rate_limit::{Policy, Standing, limit, whole_seconds};
use crate::ports::identities::TokenRefusal;
use crate::ports::order_query::QueryError;

/// Seconds after which a client may try again, or look again.
pub(super) const RETRY_SOON: u64 = 1;

/// Why a request fails.
#[derive(Debug)]
pub enum ApiError {
    /// The request is not valid: the machine's reason, the detail for a person, and what is to blame.
    Invalid(&'static str, String, Culprit),
    /// A quantity that nobody can order.
    InvalidQuantity {
        /// The line, from 1.
        line: usize,
        /// Its item.
        item: i64,
    },
    /// It takes a member to ask for this.
    NotAuthenticated,
    /// The bearer token is not believed.
    TokenRefused(TokenRefusal),
    /// A member is named by somebody who does not prove to be the proxy, or where only tokens are believed.
    MemberNotProven,
    /// The member may not ask for this.
    NotAllowed,
    /// There is no such order or product.
    NotFound(&'static str),
    /// The order or its payment is refused for this reason.
    Refused {
        /// The order, where one was made.
        number: Option<OrderNumber>,
        /// Why.
        reason: Reason,
        /// Why the payment was declined.
        detail: Option<String>,
        /// Until the same wish may be granted.
        retry_after: Option<Duration>,
    },
    /// The client has sent too many requests.
    TooManyRequests(Standing),
    /// Too many purchases are under way.
    Overloaded,
    /// The payment gateway will not be asked for so long.
    PaymentUnavailable(Duration),
    /// The request's purchase goes on, or that of an earlier one with the same idempotency key.
    StillRunning,
    /// Kafka is away.
    BusUnavailable,
    /// The order service can't be read.
    Query(QueryError),
    /// No part of the member's page could be read.
    MyPageAway,
    /// The order service failed on a command for this order.
    OrderFailed(OrderNumber),
    /// The order service can't do what is asked for.
    NotSupported(Option<OrderNumber>, Unsupported),
    /// The service is going down.
    Stopping,
    /// The answer to an earlier request with the same idempotency key.
    Replayed(Box<ApiError>),
}

impl From<NotBegun> for ApiError {
    fn from(not_begun: NotBegun) -> Self {
        match not_begun {
            NotBegun::Overloaded => Self::Overloaded,
            NotBegun::PaymentUnavailable(wait) => Self::PaymentUnavailable(wait),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NoSuchList => Self::NotSupported(None, Unsupported::List),
            QueryError::Failed(_) => Self::Query(error),
        }
    }
}

impl From<ApiError> for Problem {
    /// The cause of a failure is logged here, once. It is not in the answer, which may go to an attacker.
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Invalid(reason, detail, culprit) => Self::new(
                StatusCode::BAD_REQUEST,
                ResponseCode::InvalidRequest,
                reason,
                detail,
            )
            .because_of(culprit),
            ApiError::InvalidQuantity { line, item } => {
                refused(None, Reason::InvalidQuantity, None).because_of(Culprit {
                    line: Some(line),
                    item_id: Some(item),
                    ..Culprit::default()
                })
            }
            ApiError::NotAuthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                ResponseCode::InvalidRequest,
                "UNAUTHENTICATED",
                "this is for members: send a bearer token",
            )
            .hint(WWW_AUTHENTICATE, CHALLENGE),
            ApiError::TokenRefused(TokenRefusal::Flawed(flaw)) => Self::new(
                StatusCode::UNAUTHORIZED,
                ResponseCode::InvalidRequest,
                "INVALID_TOKEN",
                flaw.to_string(),
            )
            // The challenge of RFC 6750, section 3. What is wrong with the token is told in the body.
            .hint(
                WWW_AUTHENTICATE,
                r#"Bearer realm="mall", error="invalid_token""#,
            ),
            ApiError::TokenRefused(TokenRefusal::NoKeys) => unavailable(
                "IDENTITY_PROVIDER_UNAVAILABLE",
                "tokens can't be checked at the moment: the issuer's keys could not be fetched yet",
            ),
            ApiError::MemberNotProven => forbidden(
                "MEMBER_NOT_PROVEN",
                "a member is named by X-Member-Id without the proof that is needed here",
            ),
            ApiError::NotAllowed => forbidden(
                "NOT_ALLOWED",
                "only the support may list the orders of another member",
            ),
            ApiError::NotFound(what) => Self::new(
                StatusCode::NOT_FOUND,
                ResponseCode::NotFound,
                "NOT_FOUND",
                format!("there is no such {what}"),
            ),
            ApiError::Refused {
                number,
                reason,
                detail,
                retry_after,
            } => {
                let problem = refused(number, reason, detail);
                match retry_after {
                    Some(wait) => limited(problem, reason, whole_seconds(wait)),
                    None => problem,
                }
            }
            ApiError::TooManyRequests(standing) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ResponseCode::Fail,
                "TOO_MANY_REQUESTS",
                match standing.policy {
                    Policy::Address => "too many requests came from this address",
                    Policy::Member => "this member has sent too many requests",
                },
            )
            .retry_after(standing.seconds()),
            ApiError::Overloaded => unavailable("OVERLOADED", "too many purchases are under way"),
            ApiError::PaymentUnavailable(wait) => {
                refused(None, Reason::PaymentUnavailable, None).retry_after(whole_seconds(wait))
            }
            ApiError::StillRunning => unavailable(
                "STILL_RUNNING",
                "the purchase goes on; repeat the request with its idempotency key to hear how it ends",
            ),
            ApiError::BusUnavailable => unavailable(
                "ORDERING_UNAVAILABLE",
                "orders can't be taken at the moment; nothing was ordered or paid",
            ),
            ApiError::Query(error) => {
                log::warn!("{error}");
                unavailable(
                    "ORDER_SERVICE_UNAVAILABLE",
                    "the order service can't be reached",
                )
            }
            ApiError::MyPageAway => unavailable(
                "MY_PAGE_UNAVAILABLE",
                "no part of the page is available at the moment",
            ),
            ApiError::OrderFailed(number) => {
                let detail = "the order service failed";
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    ResponseCode::Fail,
                    "INTERNAL_ERROR",
                    detail,
                )
                .about(number)
            }
            ApiError::NotSupported(number, what) => {
                let mut problem = Self::new(
                    StatusCode::NOT_IMPLEMENTED,
                    ResponseCode::Fail,
                    "NOT_SUPPORTED",
                    what.to_string(),
                );
                problem.order_num = number;
                problem
            }
            ApiError::Replayed(error) => Self::from(*error).replayed(),
            ApiError::Stopping => unavailable("STOPPING", "this instance is going down"),
        }
    }
}

impl From<ApiError> for actix_web::Error {
    fn from(error: ApiError) -> Self {
        Problem::from(error).into()
    }
}

fn forbidden(reason: &'static str, detail: &str) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        ResponseCode::InvalidRequest,
        reason,
        detail,
    )
}

fn unavailable(reason: &'static str, detail: &str) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        ResponseCode::Fail,
        reason,
        detail,
    )
    .retry_after(RETRY_SOON)
}

/// Says when to try again, also as where the member stands with the limit.
fn limited(problem: Problem, reason: Reason, seconds: u64) -> Problem {
    let problem = problem.retry_after(seconds);
    let policy = match reason {
        Reason::TooManyPendingOrders => "pending-orders",
        Reason::TooManyPendingPieces => "pending-pieces",
        _ => return problem,
    };
    problem.hint(RATE_LIMIT, limit(policy, 0, seconds))
}

fn refused(number: Option<OrderNumber>, reason: Reason, detail: Option<String>) -> Problem {
    let (status, text) = status_of(reason);
    let code = match status {
        StatusCode::NOT_FOUND => ResponseCode::NotFound,
        _ => ResponseCode::Fail,
    };
    let mut problem = Problem::new(
        status,
        code,
        reason.as_str(),
        detail.unwrap_or_else(|| text.to_owned()),
    );
    // The number is that of the order which holds the key, and may be another shopper's. The order that was asked for was never made.
    problem.order_num = number.filter(|_| reason != Reason::IdempotencyKeyReused);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        problem.retry_after(RETRY_SOON)
    } else {
        problem
    }
}

/// Each reason's status, and its detail for the shopper.
fn status_of(reason: Reason) -> (StatusCode, &'static str) {
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    match reason {
        Reason::OutOfStock => (StatusCode::CONFLICT, "there is not enough stock of an item"),
        Reason::AlreadyPaid => (StatusCode::CONFLICT, "the order is paid by another payment"),
        Reason::PaymentConflict => (
            StatusCode::CONFLICT,
            "the gateway knows the order by another payment; nothing is charged by this one",
        ),
        Reason::AlreadyRejected => (StatusCode::CONFLICT, "the order was rejected before"),
        Reason::Expired => (StatusCode::CONFLICT, "the order was not paid in time"),
        Reason::OrderNumberTaken => (StatusCode::CONFLICT, "another order has this number"),
        Reason::PaymentDeclined => (StatusCode::PAYMENT_REQUIRED, "the payment was declined"),
        Reason::PaymentUnavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "payments can't be made at the moment; nothing was charged",
        ),
        Reason::AmountMismatch => (unprocessable, "the amount is not the order's final price"),
        Reason::UnknownItem => (unprocessable, "there is no such item"),
        Reason::InvalidQuantity => (unprocessable, "a quantity is at least one"),
        Reason::CouponUnknown => (unprocessable, "there is no such coupon"),
        Reason::CouponNotYetValid => (unprocessable, "the coupon is not valid yet"),
        Reason::CouponExpired => (unprocessable, "the coupon is no longer valid"),
        Reason::CouponUsed => (unprocessable, "the coupon has been used"),
        Reason::CouponMinimumNotMet => (
            unprocessable,
            "the order's total is below the coupon's minimum",
        ),
        Reason::TooManyPendingOrders => (
            StatusCode::TOO_MANY_REQUESTS,
            "the member has too many pending orders; pay one, or wait until one ends",
        ),
        Reason::TooManyPendingPieces => (
            StatusCode::TOO_MANY_REQUESTS,
            "the member's pending orders would hold too many pieces; pay one, or wait until one ends",
        ),
        Reason::IdempotencyKeyReused => (
            unprocessable,
            "the idempotency key was used for another request",
        ),
        Reason::Cancelled => (StatusCode::CONFLICT, "the order was cancelled"),
        Reason::OrderPending => (
            StatusCode::CONFLICT,
            "the order is pending: it can be cancelled as a whole only",
        ),
        Reason::ExceedsWhatIsLeft => (
            unprocessable,
            "more pieces of a line are to be cancelled than are left of it",
        ),
        Reason::RefundUnderWay => (
            StatusCode::CONFLICT,
            "another refund of the order has not ended yet",
        ),
        Reason::RefundRefused => (
            StatusCode::CONFLICT,
            "the payment gateway refuses to give the money back; the order stays as it is",
        ),
        Reason::RefundUnavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the payment gateway gives no money back at the moment; the order stays as it is",
        ),
        Reason::TooManyRefunds => (StatusCode::CONFLICT, "the order has had too many refunds"),
        Reason::Unspecified => (
            StatusCode::CONFLICT,
            "the order was rejected; the order service does not say why",
        ),
        Reason::UnknownOrder => (StatusCode::NOT_FOUND, "there is no such order"),
        Reason::MalformedCommand | Reason::InternalError => {
            (StatusCode::INTERNAL_SERVER_ERROR, "the service failed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_the_contracts_status() {
        let statuses = |wanted: u16| -> Vec<&str> {
            Reason::ALL
                .iter()
                .filter(|reason| status_of(**reason).0.as_u16() == wanted)
                .map(|reason| reason.as_str())
                .collect()
        };
        assert_eq!(statuses(402), ["PAYMENT_DECLINED"]);
        assert_eq!(
            statuses(409),
            [
                "OUT_OF_STOCK",
                "PAYMENT_CONFLICT",
                "EXPIRED",
                "CANCELLED",
                "ALREADY_PAID",
                "ALREADY_REJECTED",
                "ORDER_NUMBER_TAKEN",
                "ORDER_PENDING",
                "REFUND_UNDER_WAY",
                "REFUND_REFUSED",
                "TOO_MANY_REFUNDS",
                "UNSPECIFIED"
            ]
        );
        assert_eq!(statuses(422).len(), 10);
        assert_eq!(
            statuses(429),
            ["TOO_MANY_PENDING_ORDERS", "TOO_MANY_PENDING_PIECES"]
        );
        assert_eq!(statuses(503), ["PAYMENT_UNAVAILABLE", "REFUND_UNAVAILABLE"]);
        assert_eq!(statuses(500), ["MALFORMED_COMMAND", "INTERNAL_ERROR"]);
    }

    #[test]
    fn a_list_that_the_order_service_does_not_have_is_not_worth_a_retry() {
        let problem = Problem::from(ApiError::from(QueryError::NoSuchList));
        assert_eq!(
            (problem.status.as_u16(), problem.reason),
            (501, "NOT_SUPPORTED")
        );
        assert_eq!(problem.retry_after, None);
        let away = QueryError::Failed("connection refused".to_owned());
        assert_eq!(Problem::from(ApiError::from(away)).status, 503);
    }

    #[test]
    fn a_gateway_that_is_not_asked_is_worth_a_retry_when_it_will_be() {
        for (millis, seconds) in [(1, 1), (1_000, 1), (1_001, 2), (5_000, 5)] {
            let wait = Duration::from_millis(millis);
            let problem = Problem::from(ApiError::PaymentUnavailable(wait));
            assert_eq!(
                (problem.reason, problem.retry_after),
                ("PAYMENT_UNAVAILABLE", Some(seconds))
            );
        }
    }

    #[test]
    fn a_member_with_too_many_pending_orders_hears_when_the_first_ends() {
        let refusal = |reason, millis| ApiError::Refused {
            number: None,
            reason,
            detail: None,
            retry_after: Some(Duration::from_millis(millis)),
        };
        for (reason, millis, told) in [
            (
                Reason::TooManyPendingOrders,
                59_001,
                r#""pending-orders";r=0;t=60"#,
            ),
            (
                Reason::TooManyPendingPieces,
                7_000,
                r#""pending-pieces";r=0;t=7"#,
            ),
        ] {
            let problem = Problem::from(refusal(reason, millis));
            assert_eq!(problem.status, 429);
            assert_eq!(problem.retry_after, Some(millis.div_ceil(1_000)));
            let (name, value) = *problem.hint.unwrap();
            assert_eq!((name, value.as_ref()), (RATE_LIMIT, told));
        }
    }

    #[test]
    fn a_refusal_names_its_order_and_suggests_a_retry_only_where_it_helps() {
        let number: OrderNumber = "20261123".parse().unwrap();
        let declined = refused(
            Some(number.clone()),
            Reason::PaymentDeclined,
            Some("limit".into()),
        );
        assert_eq!(
            (
                declined.order_num,
                declined.retry_after,
                declined.detail.as_str()
            ),
            (Some(number), None, "limit")
        );
        assert_eq!(
            refused(None, Reason::PaymentUnavailable, None).retry_after,
            Some(1)
        );
    }
}
