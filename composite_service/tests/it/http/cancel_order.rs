//! `POST /open-api/order/{orderNum}/cancel`.

use actix_web::http::header::LOCATION;
use actix_web::test::TestRequest;
use composite_service::domain::order::{Cancellation, OrderCommand, OrderReply, RefundOutcome};
use composite_service::domain::purchase::CommandAnswer;
use composite_service::ports::payment::ConfirmAnswer;
use serde_json::{Value, json};
use shared::money::Money;
use shared::reason::Reason;
use shared::wire::order_dto::{
    OrderDto, OrderStatus, PaymentDto, RefundDto, RefundLineDto, RefundStatus,
};

use super::front::{Front, Reply};
use crate::doubles::Shelves;
use crate::harness::{nth_number, order, payment};

fn path() -> String {
    format!("/open-api/order/{}/cancel", nth_number(1))
}

async fn cancel(front: &Front, key: Option<&str>, body: &Value) -> Reply {
    let request = TestRequest::post().uri(&path()).set_json(body);
    front
        .send(match key {
            Some(key) => request.insert_header(("Idempotency-Key", key)),
            None => request,
        })
        .await
}

fn refunded(status: RefundStatus) -> OrderDto {
    OrderDto {
        payment: Some(PaymentDto::from(&payment("key"))),
        refund_list: Some(vec![RefundDto {
            refund_num: Some(1),
            status: Some(status),
            amount: Some(Money::from_units(5_000)),
            order_line_list: Some(vec![RefundLineDto {
                order_line_id: 1,
                quantity: 1,
            }]),
            ..RefundDto::default()
        }]),
        ..order(&nth_number(1), OrderStatus::Complete)
    }
}

/// A mall in which the order is paid.
fn paid() -> Front {
    let answer = |command: &OrderCommand| {
        let status = match command {
            OrderCommand::EndRefund { .. } => RefundStatus::Done,
            _ => RefundStatus::Requested,
        };
        Some(CommandAnswer::Replied(OrderReply::Complete(refunded(
            status,
        ))))
    };
    Front::with(answer, ConfirmAnswer::Confirmed, Shelves::default())
}

async fn asked(front: &mut Front) -> Cancellation {
    match front.commands_rx.recv().await {
        Some(OrderCommand::Cancel {
            number,
            cancellation,
        }) if number == nth_number(1) => cancellation,
        other => panic!("{other:?}"),
    }
}

#[actix::test]
async fn a_pending_order_is_rejected_and_shown() {
    let cancelled = OrderDto {
        reject_reason: Some(Reason::Cancelled),
        ..order(&nth_number(1), OrderStatus::Rejected)
    };
    let mut front = Front::replying(OrderReply::Rejected(cancelled, Reason::Cancelled));
    let reply = cancel(&front, None, &json!({})).await;
    assert_eq!(
        (reply.status, &reply.body["rejectReason"]),
        (200, &json!("CANCELLED"))
    );
    assert_eq!(
        reply.header(LOCATION),
        Some(format!("../../order/{}", nth_number(1)).as_str())
    );
    assert_eq!(asked(&mut front).await.pieces, None);
}

#[actix::test]
async fn a_paid_order_is_refunded_and_shown_without_its_payment() {
    let mut front = paid();
    let reply = cancel(&front, None, &json!({})).await;
    assert_eq!(
        (
            reply.status,
            &reply.body["status"],
            &reply.body["cancelledAmount"]["amount"],
            &reply.body["refundList"][0]["status"]
        ),
        (200, &json!("COMPLETE"), &json!(5_000), &json!("DONE"))
    );
    assert_eq!(reply.body.get("payment"), None);
    asked(&mut front).await;
    let ended = OrderCommand::EndRefund {
        number: nth_number(1),
        refund: 1,
        outcome: RefundOutcome::Done,
    };
    assert_eq!(front.commands_rx.recv().await, Some(ended));
}

#[actix::test]
async fn each_refusal_gets_its_status() {
    for (reason, expected) in [
        (Reason::OrderPending, (409, -701, "ORDER_PENDING")),
        (Reason::AlreadyRejected, (409, -701, "ALREADY_REJECTED")),
        (Reason::RefundUnderWay, (409, -701, "REFUND_UNDER_WAY")),
        (Reason::RefundRefused, (409, -701, "REFUND_REFUSED")),
        (Reason::TooManyRefunds, (409, -701, "TOO_MANY_REFUNDS")),
        (
            Reason::ExceedsWhatIsLeft,
            (422, -701, "EXCEEDS_WHAT_IS_LEFT"),
        ),
        (
            Reason::IdempotencyKeyReused,
            (422, -701, "IDEMPOTENCY_KEY_REUSED"),
        ),
        (Reason::UnknownOrder, (404, -704, "UNKNOWN_ORDER")),
        (Reason::InternalError, (500, -701, "INTERNAL_ERROR")),
    ] {
        let front = Front::replying(OrderReply::Refused(reason));
        let reply = cancel(&front, None, &json!({})).await;
        assert_eq!(reply.problem(), expected);
    }
}

mod some_pieces {
    use super::*;

    fn lines(list: &Value) -> Value {
        json!({ "orderLineList": list })
    }

    fn one() -> Value {
        lines(&json!([{"orderLineId": 2, "quantity": 1}]))
    }

    #[actix::test]
    async fn are_named_to_the_order_service_under_the_key() {
        let mut front = paid();
        assert_eq!(cancel(&front, Some("once"), &one()).await.status, 200);
        let cancellation = asked(&mut front).await;
        let pieces = vec![RefundLineDto {
            order_line_id: 2,
            quantity: 1,
        }];
        assert_eq!(cancellation.pieces, Some(pieces));
        assert_eq!(cancellation.idempotency.key.as_str(), "once");
        cancel(&front, Some("once"), &json!({})).await;
        while let Some(command) = front.commands_rx.recv().await {
            if let OrderCommand::Cancel {
                cancellation: of_all,
                ..
            } = command
            {
                let (some, all) = (cancellation.idempotency, of_all.idempotency);
                assert_ne!(some.fingerprint, all.fingerprint);
                break;
            }
        }
    }

    #[actix::test]
    async fn need_a_key_because_a_repetition_would_be_one_more_refund() {
        let mut front = paid();
        let reply = cancel(&front, None, &one()).await;
        assert_eq!(reply.problem(), (400, -705, "IDEMPOTENCY_KEY_REQUIRED"));
        assert_eq!(reply.body["parameter"], "Idempotency-Key");
        assert!(front.commands_rx.try_recv().is_err());
    }

    #[actix::test]
    async fn that_nobody_can_cancel_are_refused_by_name() {
        for (body, reason, member) in [
            (lines(&json!([])), "EMPTY_ORDER", "orderLineList"),
            (
                lines(
                    &json!([{"orderLineId": 1, "quantity": 1}, {"orderLineId": 0, "quantity": 1}]),
                ),
                "UNKNOWN_LINE",
                "orderLineList[1].orderLineId",
            ),
            (
                lines(&json!([{"orderLineId": 1, "quantity": 0}])),
                "INVALID_QUANTITY",
                "orderLineList[0].quantity",
            ),
            (
                lines(&json!([{"orderLineId": 1, "quantity": 4_294_967_296_u64}])),
                "INVALID_QUANTITY",
                "orderLineList[0].quantity",
            ),
        ] {
            let mut front = paid();
            let reply = cancel(&front, Some("once"), &body).await;
            assert_eq!(reply.problem(), (400, -705, reason), "{body}");
            assert_eq!(reply.body["member"], member, "{body}");
            assert!(front.commands_rx.try_recv().is_err());
        }
    }

    #[actix::test]
    async fn are_read_as_strictly_as_an_order() {
        for body in [
            json!({"orderLineLst": []}),
            json!({"orderLineList": [{"orderLineId": 1, "quantity": 1, "pieces": 1}]}),
            json!({"orderLineList": [{"quantity": 1}]}),
            json!({"orderLineList": "all"}),
            // Its sender has lost the pieces: all of them would be cancelled.
            json!({"orderLineList": null}),
        ] {
            let reply = cancel(&paid(), Some("once"), &body).await;
            assert_eq!(reply.problem(), (400, -705, "MALFORMED_REQUEST"), "{body}");
        }
    }
}
