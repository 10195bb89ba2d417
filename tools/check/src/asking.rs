//! Requests of the public API and their answers, as HTTP carries them. Must not know who asks, or why.

use crate::plan::Line;
use crate::told::{Answer, Request, Said};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// The header of the token that opens a guest's order.
pub(crate) const ORDER_TOKEN: &str = "Order-Token";

/// The request at that composite, without anything that tells who asks.
pub(crate) fn request(client: &Client, door: &str, request: &Request) -> RequestBuilder {
    let orders = format!("{door}/open-api/order");
    match request {
        Request::Place {
            lines,
            coupon,
            payment,
        } => client
            .post(orders)
            .json(&basket(lines, *coupon, payment.as_ref())),
        Request::Pay {
            order,
            payment,
            amount,
        } => client
            .post(format!("{orders}/{order}/payment"))
            .json(&json!({"paymentKey": payment, "amount": {"amount": amount}})),
        Request::Cancel {
            order,
            is_of_one_piece,
        } => {
            let body = if *is_of_one_piece {
                json!({"orderLineList": [{"orderLineId": 1, "quantity": 1}]})
            } else {
                json!({})
            };
            client.post(format!("{orders}/{order}/cancel")).json(&body)
        }
        Request::Read { order } | Request::Reject { order } => {
            client.get(format!("{orders}/{order}"))
        }
    }
}

fn basket(lines: &[Line], coupon: Option<i64>, payment: Option<&(String, i64)>) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| json!({"item": {"itemId": line.item}, "quantity": line.quantity}))
        .collect();
    let mut basket = json!({"orderLineList": lines, "couponId": coupon});
    if let Some((key, amount)) = payment {
        basket["payment"] = json!({"paymentKey": key, "amount": {"amount": amount}});
    }
    basket
}

/// The answer, and the order token that came with it.
pub(crate) async fn answer(request: RequestBuilder) -> (Answer, Option<String>) {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return (Answer::Nothing(cause(&error)), None),
    };
    let headers = response.headers();
    let (http, retry_after) = (
        response.status().as_u16(),
        headers.contains_key(RETRY_AFTER),
    );
    let token = headers.get(ORDER_TOKEN);
    let token = token.and_then(|token| token.to_str().ok().map(str::to_owned));
    match response.text().await {
        Ok(text) => {
            let body: Value = serde_json::from_str(&text).unwrap_or_default();
            (Answer::Said(Said::read(http, retry_after, &body)), token)
        }
        Err(error) => (Answer::Nothing(cause(&error)), None),
    }
}

fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection was lost".to_owned()
    }
}
