//! `POST /open-api/order/{orderNum}/payment`.

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use composite_service::domain::order::OrderCommand;
use composite_service::domain::purchase::CommandAnswer;
use composite_service::ports::payment::ConfirmAnswer;
use serde_json::json;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::front::{Front, Reply, pays};
use crate::doubles::Shelves;
use crate::harness::{PRICE, granted, nth_number, order, payment};

/// The order on the shelves.
fn stored(status: OrderStatus) -> OrderDto {
    order(&nth_number(1), status)
}

fn holding(order: OrderDto) -> Shelves {
    Shelves {
        orders: vec![order],
        ..Shelves::default()
    }
}

async fn pay(front: &Front, amount: u32) -> Reply {
    let path = format!("/open-api/order/{}/payment", nth_number(1));
    front.post(&path, &pays("key", json!(amount))).await
}

#[actix::test]
async fn given_a_pending_order_when_it_is_paid_then_it_is_charged_and_complete() {
    let mut front = Front::reading(holding(stored(OrderStatus::Created)));
    let reply = pay(&front, PRICE).await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (200, &json!("COMPLETE"))
    );
    assert_eq!(
        reply.header(LOCATION),
        Some(format!("/open-api/order/{}", nth_number(1)).as_str())
    );
    assert_eq!(front.charged(), [payment("key")]);
    let approved = OrderCommand::Approve {
        number: nth_number(1),
        payment: payment("key"),
    };
    assert_eq!(front.commands_rx.recv().await, Some(approved));
}

#[actix::test]
async fn given_a_pending_order_when_the_amount_is_wrong_then_nothing_is_charged_and_it_stays_pending()
 {
    for amount in [0, PRICE - 1, PRICE + 1] {
        let mut front = Front::reading(holding(stored(OrderStatus::Created)));
        let reply = pay(&front, amount).await;
        assert_eq!(reply.problem(), (422, -701, "AMOUNT_MISMATCH"));
        assert_eq!(reply.body["orderNum"], nth_number(1).as_str());
        assert_eq!(front.charged(), []);
        assert!(front.commands_rx.try_recv().is_err());
    }
}

#[actix::test]
async fn given_a_pending_order_when_the_payment_is_declined_then_it_is_rejected() {
    let charge = ConfirmAnswer::Declined("over the limit".to_owned());
    let well = |command: &OrderCommand| Some(CommandAnswer::Replied(granted(command)));
    let mut front = Front::with(well, charge, holding(stored(OrderStatus::Created)));
    let reply = pay(&front, PRICE).await;
    assert_eq!(reply.problem(), (402, -701, "PAYMENT_DECLINED"));
    let rejected = OrderCommand::Reject {
        number: nth_number(1),
        reason: Reason::PaymentDeclined,
        detail: Some("over the limit".to_owned()),
    };
    assert_eq!(front.commands_rx.recv().await, Some(rejected));
}

#[actix::test]
async fn given_an_order_that_is_being_paid_otherwise_then_it_is_a_conflict() {
    let well = |command: &OrderCommand| Some(CommandAnswer::Replied(granted(command)));
    let front = Front::with(
        well,
        ConfirmAnswer::PaidOtherwise,
        holding(stored(OrderStatus::Created)),
    );
    assert_eq!(
        pay(&front, PRICE).await.problem(),
        (409, -701, "ALREADY_PAID")
    );
}

#[actix::test]
async fn given_a_paid_order_when_the_same_payment_comes_again_then_the_order_is_answered_and_nothing_is_charged()
 {
    let paid = OrderDto {
        payment: Some(payment("key")),
        ..stored(OrderStatus::Complete)
    };
    let front = Front::reading(holding(paid));
    let reply = pay(&front, PRICE).await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (200, &json!("COMPLETE"))
    );
    assert_eq!(reply.body.get("payment"), None);
    assert_eq!(front.charged(), []);
}

#[actix::test]
async fn given_a_paid_order_when_another_payment_comes_then_it_is_a_conflict() {
    for made in [Some(payment("other")), None] {
        let front = Front::reading(holding(OrderDto {
            payment: made,
            ..stored(OrderStatus::Complete)
        }));
        let reply = pay(&front, PRICE).await;
        assert_eq!(reply.problem(), (409, -701, "ALREADY_PAID"));
        assert_eq!(front.charged(), []);
    }
}

#[actix::test]
async fn given_a_rejected_order_when_it_is_paid_then_it_is_a_conflict_that_tells_why_it_was_rejected()
 {
    let rejected = OrderDto {
        reject_reason: Some(Reason::Expired),
        ..stored(OrderStatus::Rejected)
    };
    let front = Front::reading(holding(rejected));
    let reply = pay(&front, PRICE).await;
    assert_eq!(reply.problem(), (409, -701, "ALREADY_REJECTED"));
    assert_eq!(
        reply.body["detail"],
        "the order was rejected before: EXPIRED"
    );
    assert_eq!(front.charged(), []);
}

#[actix::test]
async fn given_no_such_order_when_it_is_paid_then_it_is_not_found() {
    let front = Front::open();
    for number in ["1", "none", "-1", "%20", &"1".repeat(41)] {
        let path = format!("/open-api/order/{number}/payment");
        assert_eq!(
            front.post(&path, &pays("key", json!(1))).await.problem(),
            (404, -704, "NOT_FOUND")
        );
    }
}

#[actix::test]
async fn given_a_senseless_payment_then_it_is_a_bad_request() {
    let front = Front::reading(holding(stored(OrderStatus::Created)));
    let path = format!("/open-api/order/{}/payment", nth_number(1));
    for key in ["", &"k".repeat(201), "..", "a\rb"] {
        let reply = front.post(&path, &pays(key, json!(PRICE))).await;
        assert_eq!(reply.problem(), (400, -705, "INVALID_PAYMENT_KEY"));
    }
    for body in [
        json!({}),
        json!({"paymentKey": "key"}),
        json!({"amount": 1}),
        json!("key"),
    ] {
        assert_eq!(
            front.post(&path, &body).await.problem(),
            (400, -705, "MALFORMED_REQUEST")
        );
    }
}

#[actix::test]
async fn given_an_order_service_that_is_away_then_nothing_is_charged() {
    let front = Front::reading(Shelves {
        is_away: true,
        ..Shelves::default()
    });
    let reply = pay(&front, PRICE).await;
    assert_eq!(reply.problem(), (503, -701, "ORDER_SERVICE_UNAVAILABLE"));
    assert_eq!(reply.header(RETRY_AFTER), Some("1"));
    assert_eq!(front.charged(), []);
}
