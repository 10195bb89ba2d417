//! `POST /open-api/order/{orderNum}/payment`.

use std::time::Duration;

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::test::TestRequest;
use composite_service::domain::order::{Idempotency, OrderCommand, OrderReply};
use composite_service::domain::purchase::CommandAnswer;
use composite_service::ports::payment::ConfirmAnswer;
use serde_json::{Value, json};
use shared::http::IDEMPOTENT_REPLAYED;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus, PaymentDto};

use super::front::{Front, Reply, pays};
use crate::doubles::Shelves;
use crate::harness::{PRICE, granted, nth_number, order, payment};

fn stored(status: OrderStatus) -> OrderDto {
    order(&nth_number(1), status)
}

fn path() -> String {
    format!("/open-api/order/{}/payment", nth_number(1))
}

async fn pay(front: &Front) -> Reply {
    front.post(&path(), &pays("key", json!(PRICE))).await
}

/// A mall whose gateway answers so.
fn charging(answer: ConfirmAnswer) -> Front {
    let well = |command: &OrderCommand| Some(CommandAnswer::Replied(granted(command)));
    Front::with(well, answer, Shelves::default())
}

fn begun(idempotency: Option<Idempotency>) -> OrderCommand {
    OrderCommand::Pay {
        number: nth_number(1),
        payment: payment("key"),
        idempotency,
    }
}

#[actix::test]
async fn a_pending_order_is_announced_charged_and_completed() {
    let mut front = Front::open();
    let reply = pay(&front).await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (200, &json!("COMPLETE"))
    );
    assert_eq!(
        reply.header(LOCATION),
        Some(format!("../../order/{}", nth_number(1)).as_str())
    );
    assert_eq!(reply.header(IDEMPOTENT_REPLAYED), None);
    assert_eq!(front.charged(), [payment("key")]);
    assert_eq!(front.commands_rx.recv().await, Some(begun(None)));
    let approved = OrderCommand::Approve {
        number: nth_number(1),
        payment: payment("key"),
    };
    assert_eq!(front.commands_rx.recv().await, Some(approved));
}

#[actix::test]
async fn a_declined_payment_rejects_the_order() {
    let mut front = charging(ConfirmAnswer::Declined("over the limit"));
    let reply = pay(&front).await;
    assert_eq!(reply.problem(), (402, -701, "PAYMENT_DECLINED"));
    assert_eq!(front.commands_rx.recv().await, Some(begun(None)));
    let rejected = OrderCommand::Reject {
        number: nth_number(1),
        reason: Reason::PaymentDeclined,
        detail: Some("over the limit".to_owned()),
    };
    assert_eq!(front.commands_rx.recv().await, Some(rejected));
}

#[actix::test]
async fn a_payment_is_refused_before_it_begins_while_the_gateway_is_not_asked() {
    let mut front = Front::refusing_to_charge(Duration::from_secs(3));
    let reply = pay(&front).await;
    assert_eq!(reply.problem(), (503, -701, "PAYMENT_UNAVAILABLE"));
    assert_eq!(reply.header(RETRY_AFTER), Some("3"));
    assert!(front.commands_rx.try_recv().is_err());
    // An order that costs nothing is completed all the same.
    let path = format!("/open-api/order/{}/payment", nth_number(1));
    let reply = front.post(&path, &pays("key", json!(0))).await;
    assert_eq!(reply.status, 200);
}

#[actix::test]
async fn another_payment_in_progress_gets_409() {
    let front = charging(ConfirmAnswer::PaidOtherwise);
    assert_eq!(pay(&front).await.problem(), (409, -701, "PAYMENT_CONFLICT"));
}

#[actix::test]
async fn each_refusal_gets_its_status_and_charges_nothing() {
    for (reason, expected) in [
        (Reason::AmountMismatch, (422, -701, "AMOUNT_MISMATCH")),
        (Reason::AlreadyPaid, (409, -701, "ALREADY_PAID")),
        (Reason::AlreadyRejected, (409, -701, "ALREADY_REJECTED")),
        (Reason::UnknownOrder, (404, -704, "UNKNOWN_ORDER")),
    ] {
        let front = Front::replying(OrderReply::Refused(reason));
        let reply = pay(&front).await;
        assert_eq!(reply.problem(), expected);
        assert_eq!(reply.body["orderNum"], nth_number(1).as_str());
        assert_eq!(front.charged(), []);
    }
}

#[actix::test]
async fn a_repeated_payment_gets_the_order_and_charges_nothing() {
    let paid = OrderDto {
        payment: Some(PaymentDto::from(&payment("key"))),
        ..stored(OrderStatus::Complete)
    };
    let front = Front::replying(OrderReply::Complete(paid));
    let reply = pay(&front).await;
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (200, &json!("COMPLETE"))
    );
    assert_eq!(reply.body.get("payment"), None);
    assert_eq!(front.charged(), []);
}

#[actix::test]
async fn an_invalid_number_gets_404() {
    let front = Front::open();
    for number in ["none", "-1", "%20", &"1".repeat(41)] {
        let path = format!("/open-api/order/{number}/payment");
        assert_eq!(
            front.post(&path, &pays("key", json!(1))).await.problem(),
            (404, -704, "NOT_FOUND")
        );
    }
}

mod idempotency {
    use super::*;

    async fn pay_with_key(front: &Front, key: &str, body: &Value) -> Reply {
        let request = TestRequest::post().uri(&path());
        let request = request.insert_header(("Idempotency-Key", key));
        front.send(request.set_json(body)).await
    }

    async fn idempotency_of(body: &Value) -> Option<Idempotency> {
        let mut front = Front::open();
        assert_eq!(pay_with_key(&front, "\"once\"", body).await.status, 200);
        match front.commands_rx.recv().await {
            Some(OrderCommand::Pay { idempotency, .. }) => idempotency,
            other => panic!("{other:?}"),
        }
    }

    #[actix::test]
    async fn tells_other_payments_apart_and_not_other_spellings() {
        let first = idempotency_of(&pays("key", json!(PRICE))).await.unwrap();
        assert_eq!(first.key.as_str(), "once");
        let wordy = json!({"amount": {"amount": "12000.00"}, "paymentKey": "key"});
        assert_eq!(idempotency_of(&wordy).await.as_ref(), Some(&first));
        for other in [pays("other", json!(PRICE)), pays("key", json!(PRICE + 1))] {
            assert_ne!(idempotency_of(&other).await, Some(first.clone()));
        }
    }

    #[actix::test]
    async fn marks_the_answer_to_a_finished_payment_as_a_replay() {
        let front = Front::replying(OrderReply::Complete(stored(OrderStatus::Complete)));
        let reply = pay_with_key(&front, "once", &pays("key", json!(PRICE))).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header(IDEMPOTENT_REPLAYED), Some("true"));
        let declined = OrderReply::Rejected(stored(OrderStatus::Rejected), Reason::PaymentDeclined);
        let front = Front::replying(declined);
        let reply = pay_with_key(&front, "once", &pays("key", json!(PRICE))).await;
        assert_eq!(reply.problem(), (402, -701, "PAYMENT_DECLINED"));
        assert_eq!(reply.header(IDEMPOTENT_REPLAYED), Some("true"));
        assert_eq!(front.charged(), []);
    }

    #[actix::test]
    async fn refuses_a_key_that_was_used_for_another_payment() {
        let front = Front::replying(OrderReply::Refused(Reason::IdempotencyKeyReused));
        let reply = pay_with_key(&front, "once", &pays("key", json!(PRICE))).await;
        assert_eq!(reply.problem(), (422, -701, "IDEMPOTENCY_KEY_REUSED"));
    }

    #[actix::test]
    async fn refuses_an_invalid_key_and_charges_nothing() {
        let front = Front::open();
        let reply = pay_with_key(&front, "", &pays("key", json!(PRICE))).await;
        assert_eq!(reply.problem(), (400, -705, "INVALID_IDEMPOTENCY_KEY"));
        assert_eq!(front.charged(), []);
    }
}

#[actix::test]
async fn an_invalid_payment_gets_400() {
    let front = Front::open();
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
async fn a_command_that_is_not_sent_gets_503() {
    let front = Front::answering(Some(CommandAnswer::NotSent));
    let reply = pay(&front).await;
    assert_eq!(reply.problem(), (503, -701, "ORDERING_UNAVAILABLE"));
    assert_eq!(reply.header(RETRY_AFTER), Some("1"));
    assert_eq!(front.charged(), []);
}
