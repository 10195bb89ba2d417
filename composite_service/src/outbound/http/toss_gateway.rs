//! The payment gateway with the Toss Payments API (<https://docs.tosspayments.com/reference>): confirm, look up by order, cancel.
//!
//! A confirmation has the order number as its idempotency key, so the gateway charges an order once. A cancellation has no key. It needs
//! none, because it cancels the whole payment, which is possible only once. And with a key, the gateway would repeat a temporary refusal
//! for as long as it remembers the key.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use shared::money::{self, Money};
use shared::order_number::OrderNumber;
use shared::payment::{Payment, PaymentKey};
use shared::reason::Reason;
use shared::trace::context::{TRACEPARENT, TraceContext};

use super::{below, body, error_chain};
use crate::config::PaymentSettings;
use crate::ports::payment::{CancelError, ConfirmAnswer, PaymentGateway, Standing};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The code of a 404 from the gateway itself. Any other 404 may come from a proxy, a wrong address or a changed path, and proves nothing.
const NOT_FOUND_PAYMENT: &str = "NOT_FOUND_PAYMENT";

/// The gateway over HTTP.
pub struct TossGateway {
    client: Client,
    settings: PaymentSettings,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmBody<'a> {
    payment_key: &'a str,
    order_id: &'a str,
    #[serde(with = "money::plain")]
    amount: Money,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelBody {
    cancel_reason: &'static str,
}

/// The fields of a Toss payment object that are used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentObject {
    payment_key: String,
    order_id: String,
    status: String,
    #[serde(with = "money::plain")]
    total_amount: Money,
}

#[derive(Debug, Deserialize)]
struct ErrorObject {
    code: String,
    #[serde(default)]
    message: String,
}

/// An answer, classified before it is compared with the request.
enum Answered<T> {
    Ok(T),
    Refused(StatusCode, ErrorObject),
    NotReached(String),
    Unknown(String),
}

impl TossGateway {
    /// The gateway at the address of `settings`.
    #[must_use]
    pub fn new(client: Client, settings: PaymentSettings) -> Self {
        Self { client, settings }
    }

    fn request(
        &self,
        method: reqwest::Method,
        segments: &[&str],
        trace: TraceContext,
    ) -> RequestBuilder {
        let mut path = "/v1/payments".to_owned();
        for segment in segments {
            // Payment keys are untrusted text. `Url` alone would remove tabs and line breaks, and would not encode dots.
            path.push('/');
            path.extend(utf8_percent_encode(segment, NON_ALPHANUMERIC));
        }
        self.client
            .request(method, below(&self.settings.url, &path))
            .basic_auth(self.settings.secret_key.expose_secret(), Some(""))
            .header(TRACEPARENT, &trace.header()[..])
    }
}

impl PaymentGateway for TossGateway {
    fn confirm(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        trace: TraceContext,
    ) -> BoxFuture<'static, ConfirmAnswer> {
        let body = ConfirmBody {
            payment_key: payment.key.as_str(),
            order_id: number.as_str(),
            amount: payment.amount,
        };
        let confirm = self
            .request(reqwest::Method::POST, &["confirm"], trace)
            .header(IDEMPOTENCY_KEY, number.as_str())
            .json(&body);
        let look_up = self.request(reqwest::Method::GET, &["orders", number.as_str()], trace);
        let (number, payment) = (number.clone(), payment.clone());
        async move {
            match answered::<PaymentObject>(confirm).await {
                Answered::Ok(object) => judged(&object, &number, &payment),
                // Either this payment was charged by an earlier attempt, or its key belongs to another order. Only a look-up can tell.
                Answered::Refused(_, error) if error.code == "ALREADY_PROCESSED_PAYMENT" => {
                    match answered::<PaymentObject>(look_up).await {
                        Answered::Ok(object) => judged(&object, &number, &payment),
                        // The payment key was used for another order.
                        Answered::Refused(status, refusal) if is_unheard_of(status, &refusal) => {
                            ConfirmAnswer::Declined(error.message)
                        }
                        Answered::Refused(_, ErrorObject { code: cause, .. })
                        | Answered::NotReached(cause)
                        | Answered::Unknown(cause) => ConfirmAnswer::Unknown(cause),
                    }
                }
                Answered::Refused(status, error) => refused(status, error),
                Answered::NotReached(cause) => ConfirmAnswer::NotReached(cause),
                Answered::Unknown(cause) => ConfirmAnswer::Unknown(cause),
            }
        }
        .boxed()
    }

    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing> {
        let look_up = self.request(reqwest::Method::GET, &["orders", number.as_str()], trace);
        let number = number.clone();
        async move {
            match answered::<PaymentObject>(look_up).await {
                Answered::Ok(object) => standing(object, &number),
                Answered::Refused(status, refusal) if is_unheard_of(status, &refusal) => {
                    Standing::NotCharged
                }
                // About our credentials or our request rate, not about this order.
                Answered::Refused(
                    StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS,
                    ErrorObject { code: cause, .. },
                )
                | Answered::NotReached(cause)
                | Answered::Unknown(cause) => Standing::Away(cause),
                Answered::Refused(_, ErrorObject { code: cause, .. }) => Standing::Unknown(cause),
            }
        }
        .boxed()
    }

    fn cancel(
        &self,
        _: &OrderNumber,
        payment: &Payment,
        reason: Reason,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), CancelError>> {
        // A gateway can't have issued such a key: its own API could not address the payment. In a path, `..` would address another one.
        if !payment.key.fits_into_path() {
            let error = CancelError(format!("{:?} can't be in a URL's path", payment.key));
            return ready(Err(error)).boxed();
        }
        let cancel = self
            .request(
                reqwest::Method::POST,
                &[payment.key.as_str(), "cancel"],
                trace,
            )
            .json(&CancelBody {
                cancel_reason: reason.as_str(),
            });
        async move {
            match answered::<PaymentObject>(cancel).await {
                Answered::Ok(object) if object.status == "CANCELED" => Ok(()),
                Answered::Refused(_, error) if error.code == "ALREADY_CANCELED_PAYMENT" => Ok(()),
                Answered::Ok(object) => {
                    Err(CancelError(format!("its status is {}", object.status)))
                }
                Answered::Refused(_, error) => Err(CancelError(error.code)),
                Answered::NotReached(cause) | Answered::Unknown(cause) => Err(CancelError(cause)),
            }
        }
        .boxed()
    }
}

/// The result of a confirmation according to a payment object.
fn judged(object: &PaymentObject, number: &OrderNumber, payment: &Payment) -> ConfirmAnswer {
    let is_ours = object.order_id == number.as_str() && object.payment_key == payment.key.as_str();
    match object.status.as_str() {
        "DONE" if is_ours && object.total_amount == payment.amount => ConfirmAnswer::Confirmed,
        "DONE" | "CANCELED" | "PARTIAL_CANCELED" => ConfirmAnswer::PaidOtherwise,
        "ABORTED" | "EXPIRED" => {
            ConfirmAnswer::Declined("the payment was not completed".to_owned())
        }
        other => ConfirmAnswer::Unknown(format!("its status is {other}")),
    }
}

fn is_unheard_of(status: StatusCode, refusal: &ErrorObject) -> bool {
    status == StatusCode::NOT_FOUND && refusal.code == NOT_FOUND_PAYMENT
}

fn standing(object: PaymentObject, number: &OrderNumber) -> Standing {
    if object.order_id != number.as_str() {
        return Standing::Unknown("the answer is about another order".to_owned());
    }
    match object.status.as_str() {
        "DONE" => Standing::Charged(Payment {
            key: PaymentKey::recorded(object.payment_key),
            amount: object.total_amount,
        }),
        "ABORTED" | "EXPIRED" => Standing::Declined,
        "CANCELED" => Standing::NotCharged,
        other => Standing::Unknown(format!("its status is {other}")),
    }
}

fn refused(status: StatusCode, error: ErrorObject) -> ConfirmAnswer {
    match (status, error.code.as_str()) {
        // An earlier attempt with the same key is still running.
        (_, "IDEMPOTENT_REQUEST_PROCESSING") => ConfirmAnswer::Unknown(error.code),
        // The key, which is the order number, was used with another payment.
        (_, "INVALID_IDEMPOTENCY_KEY") => ConfirmAnswer::PaidOtherwise,
        // About our credentials or our request rate, not about the shopper's payment.
        (StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS, _) => {
            ConfirmAnswer::NotReached(error.code)
        }
        _ => ConfirmAnswer::Declined(error.message),
    }
}

async fn answered<T: serde::de::DeserializeOwned>(request: RequestBuilder) -> Answered<T> {
    let response = match request.send().await {
        Ok(response) => response,
        // Without a connection the request was certainly not sent. After any other error the gateway may have processed it.
        Err(error) if error.is_connect() => {
            return Answered::NotReached(error_chain(&error.without_url()));
        }
        Err(error) => return Answered::Unknown(error_chain(&error.without_url())),
    };
    match response.status() {
        status if status.is_success() => match body(response).await {
            Ok(object) => Answered::Ok(object),
            Err(error) => Answered::Unknown(error.to_string()),
        },
        // Only a refusal with a code comes from the gateway. Without one it may come from a proxy, and the request may have been processed.
        status if status.is_client_error() => match error_object(response).await {
            Some(error) => Answered::Refused(status, error),
            None => Answered::Unknown(format!("it answered {status} without a code")),
        },
        status => Answered::Unknown(format!("it answered {status}")),
    }
}

async fn error_object(response: Response) -> Option<ErrorObject> {
    body(response).await.ok()
}
