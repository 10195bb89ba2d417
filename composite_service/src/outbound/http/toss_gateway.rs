//! The payment gateway with the Toss Payments API (<https://docs.tosspayments.com/reference>): confirm, look up by order, cancel.
//!
//! A confirmation has the order number as its idempotency key, so the gateway charges an order once. A cancellation of the whole payment has
//! no key. It needs none, because it is possible only once. And with a key, the gateway would repeat a temporary refusal for as long as it
//! remembers the key. A refund, which may be of a part, has a key of its own: without one, a repetition would give the money back twice. So
//! a refund ends with its first refusal, and another attempt is another refund.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use shared::money::{self, Money};
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::reason::Reason;
use shared::trace::context::{TRACEPARENT, TraceContext};

use super::toss_codes::{
    OnCancel, OnConfirm, OnLookUp, OnRefund, is_turned_away, on_cancel, on_confirm, on_look_up,
    on_refund,
};
use super::toss_payment::TossPayment;
use super::{below, body, error_chain};
use crate::config::PaymentSettings;
use crate::domain::order::Refund;
use crate::ports::payment::{
    CancelError, ConfirmAnswer, Oddity, Origin, PaymentGateway, RefundError, Standing,
};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

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
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_amount: Option<PlainMoney>,
}

/// An amount as a bare number.
#[derive(Serialize)]
struct PlainMoney(#[serde(with = "money::plain")] Money);

/// A refusal. Its message is the gateway's own, and shown to nobody.
#[derive(Debug, Deserialize)]
struct ErrorObject {
    code: String,
}

/// An answer, classified before it is compared with the request.
enum Answered {
    Ok(TossPayment),
    Refused(u16, String),
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
            .basic_auth(self.settings.secret_key.current().expose_secret(), Some(""))
            .header(TRACEPARENT, &trace.header()[..])
    }
}

impl PaymentGateway for TossGateway {
    fn refuses_for(&self) -> Option<Duration> {
        None
    }

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
            match answered(confirm).await {
                Answered::Ok(object) => object.confirms(&number, &payment),
                Answered::Refused(status, code) => match on_confirm(status, &code) {
                    OnConfirm::Processed => processed(answered(look_up).await, &number, &payment),
                    meaning => refused(meaning, code),
                },
                Answered::NotReached(cause) => {
                    ConfirmAnswer::NotReached(Origin::Gateway.because(cause))
                }
                Answered::Unknown(cause) => ConfirmAnswer::Unknown(Origin::Gateway.because(cause)),
            }
        }
        .boxed()
    }

    fn look_up(&self, number: &OrderNumber, trace: TraceContext) -> BoxFuture<'static, Standing> {
        let look_up = self.request(reqwest::Method::GET, &["orders", number.as_str()], trace);
        let number = number.clone();
        async move {
            match answered(look_up).await {
                Answered::Ok(object) => object.standing(&number),
                Answered::Refused(status, code) => match on_look_up(status, &code) {
                    OnLookUp::NoPayment => Standing::NotCharged,
                    OnLookUp::Away => Standing::Away(code),
                    OnLookUp::Refused => Standing::Strange(Oddity::Refused, code),
                },
                Answered::NotReached(cause) | Answered::Unknown(cause) => Standing::Away(cause),
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
            let cause = format!("{:?} can't be in a URL's path", payment.key);
            return ready(Err(CancelError::Refused(cause))).boxed();
        }
        let cancel = self
            .request(
                reqwest::Method::POST,
                &[payment.key.as_str(), "cancel"],
                trace,
            )
            .json(&CancelBody {
                cancel_reason: reason.as_str(),
                cancel_amount: None,
            });
        let key = payment.key.clone();
        async move {
            match answered(cancel).await {
                Answered::Ok(object) => object.cancels(&key),
                Answered::Refused(status, code) => match on_cancel(status, &code) {
                    OnCancel::Done => Ok(()),
                    OnCancel::Later => Err(CancelError::NotYet(code)),
                    OnCancel::Never => Err(CancelError::Refused(code)),
                },
                Answered::NotReached(cause) | Answered::Unknown(cause) => {
                    Err(CancelError::NotYet(cause))
                }
            }
        }
        .boxed()
    }

    fn refund(
        &self,
        number: &OrderNumber,
        payment: &Payment,
        refund: Refund,
        trace: TraceContext,
    ) -> BoxFuture<'static, Result<(), RefundError>> {
        // As with a cancellation, such a key would address another payment.
        if !payment.key.fits_into_path() {
            let cause = format!("{:?} can't be in a URL's path", payment.key);
            return ready(Err(RefundError::Refused(cause))).boxed();
        }
        let segments = [payment.key.as_str(), "cancel"];
        let call = self
            .request(reqwest::Method::POST, &segments, trace)
            .header(
                IDEMPOTENCY_KEY,
                format!("{number}-refund-{}", refund.number),
            )
            .json(&CancelBody {
                cancel_reason: Reason::Cancelled.as_str(),
                cancel_amount: Some(PlainMoney(refund.amount)),
            });
        let key = payment.key.clone();
        async move {
            match answered(call).await {
                Answered::Ok(object) => object.refunds(&key),
                Answered::Refused(status, code) => match on_refund(status, &code) {
                    OnRefund::Done => Ok(()),
                    OnRefund::NotNow => Err(RefundError::NotNow(code)),
                    OnRefund::Never => Err(RefundError::Refused(code)),
                    OnRefund::Unknown => Err(RefundError::Unknown(code)),
                },
                Answered::NotReached(cause) | Answered::Unknown(cause) => {
                    Err(RefundError::Unknown(cause))
                }
            }
        }
        .boxed()
    }
}

/// The payment was processed before: either this payment was charged by an earlier attempt, or its key belongs to another order.
fn processed(looked_up: Answered, number: &OrderNumber, payment: &Payment) -> ConfirmAnswer {
    match looked_up {
        Answered::Ok(object) => object.confirms(number, payment),
        Answered::Refused(status, code) => match on_look_up(status, &code) {
            OnLookUp::NoPayment => {
                ConfirmAnswer::Declined("the payment has already been processed")
            }
            OnLookUp::Refused => ConfirmAnswer::Unknown(Origin::Payment.because(code)),
            OnLookUp::Away => ConfirmAnswer::Unknown(Origin::Gateway.because(code)),
        },
        Answered::NotReached(cause) | Answered::Unknown(cause) => {
            ConfirmAnswer::Unknown(Origin::Gateway.because(cause))
        }
    }
}

fn refused(meaning: OnConfirm, code: String) -> ConfirmAnswer {
    let not_taken = |origin: Origin, code| ConfirmAnswer::NotReached(origin.because(code));
    match meaning {
        OnConfirm::Declined(text) => ConfirmAnswer::Declined(text),
        OnConfirm::PaidOtherwise => ConfirmAnswer::PaidOtherwise,
        OnConfirm::Key => not_taken(Origin::Key, code),
        OnConfirm::Account => not_taken(Origin::Account, code),
        OnConfirm::TooMany => not_taken(Origin::Gateway, code),
        OnConfirm::NotNow | OnConfirm::Refused => not_taken(Origin::Payment, code),
        OnConfirm::UnderWay | OnConfirm::Processed => {
            ConfirmAnswer::Unknown(Origin::Payment.because(code))
        }
        OnConfirm::Failed => ConfirmAnswer::Unknown(Origin::Gateway.because(code)),
    }
}

async fn answered(request: RequestBuilder) -> Answered {
    let response = match request.send().await {
        Ok(response) => response,
        // Without a connection the request was certainly not sent. After any other error the gateway may have processed it.
        Err(error) if error.is_connect() => {
            return Answered::NotReached(error_chain(&error.without_url()));
        }
        Err(error) => return Answered::Unknown(error_chain(&error.without_url())),
    };
    let status = response.status();
    if status.is_success() {
        return match body(response).await {
            Ok(object) => Answered::Ok(object),
            Err(error) => Answered::Unknown(error.to_string()),
        };
    }
    // Only a refusal with a code comes from the gateway. Without one it may come from a proxy, and the request may have been processed,
    // unless the proxy has not let it through.
    match body::<ErrorObject>(response).await {
        Ok(error) if !status.is_redirection() => Answered::Refused(status.as_u16(), error.code),
        _ => {
            let cause = format!("it answered {status} without a code");
            if is_turned_away(status.as_u16()) {
                Answered::NotReached(cause)
            } else {
                Answered::Unknown(cause)
            }
        }
    }
}
