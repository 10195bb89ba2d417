//! Requests as they are sent, and answers that the simulator never gives.

use composite_service::ports::payment::{CancelError, ConfirmAnswer, Origin, PaymentGateway};
use serde_json::json;
use shared::reason::Reason;
use shared::trace::context::{TRACEPARENT, TraceContext};

use super::simulator::{IMPATIENT, PATIENT, cancel, confirm, gateway_at};
use crate::harness::{nth_number, payment, trace};
use crate::peer::{Peer, Script};

/// What a confirmation comes to that is answered so.
async fn confirmed(status: u16, body: &str) -> ConfirmAnswer {
    let peer = Peer::start(Script::Answer(status, &[], body.to_owned()));
    confirm(
        &gateway_at(peer.server.url.as_str(), "secret", PATIENT),
        &nth_number(1),
        &payment("key"),
    )
    .await
}

/// A payment object of Toss's, of our payment.
fn object(status: &str) -> String {
    let number = nth_number(1);
    json!({"paymentKey": "key", "orderId": number, "status": status, "totalAmount": 12_000, "currency": "KRW", "method": "카드"}).to_string()
}

fn error(code: &str) -> String {
    json!({"code": code, "message": "in the gateway's words"}).to_string()
}

mod a_request {
    use super::*;

    #[actix::test]
    async fn to_confirm_has_the_form_of_the_toss_api() {
        let peer = Peer::start(Script::Answer(200, &[], object("DONE")));
        let gateway = gateway_at(peer.server.url.as_str(), "secret", PATIENT);
        assert_eq!(
            confirm(&gateway, &nth_number(1), &payment("key")).await,
            ConfirmAnswer::Confirmed
        );
        let asked = &peer.asked()[0];
        assert_eq!(asked.line, "POST /v1/payments/confirm");
        assert_eq!(asked.header("authorization"), Some("Basic c2VjcmV0Og=="));
        assert_eq!(
            asked.header("idempotency-key"),
            Some(nth_number(1).as_str())
        );
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(
            asked.body,
            format!(
                r#"{{"paymentKey":"key","orderId":"{}","amount":12000}}"#,
                nth_number(1)
            )
        );
    }

    #[actix::test]
    async fn carries_its_trace() {
        let peer = Peer::start(Script::Answer(500, &[], String::new()));
        let gateway = gateway_at(peer.server.url.as_str(), "secret", PATIENT);
        let [confirm, look_up, cancel] = [trace(), trace(), trace()];
        let (number, payment) = (nth_number(1), payment("key"));
        gateway.confirm(&number, &payment, confirm).await;
        gateway.look_up(&number, look_up).await;
        gateway
            .cancel(&number, &payment, Reason::Expired, cancel)
            .await
            .unwrap_err();
        let told: Vec<_> = peer
            .asked()
            .iter()
            .map(|asked| TraceContext::parse(asked.header(TRACEPARENT).unwrap().as_bytes()))
            .collect();
        assert_eq!(told, [Some(confirm), Some(look_up), Some(cancel)]);
    }

    #[actix::test]
    async fn to_cancel_has_the_form_of_the_toss_api() {
        let cancelled = object("CANCELED").replace("\"key\"", "\"a/b\"");
        let peer = Peer::start(Script::Answer(200, &[], cancelled));
        let gateway = gateway_at(&format!("{}base/", peer.server.url), "secret", PATIENT);
        assert_eq!(
            cancel(&gateway, &nth_number(1), &payment("a/b")).await,
            Ok(())
        );
        let asked = &peer.asked()[0];
        assert_eq!(asked.line, "POST /base/v1/payments/a%2Fb/cancel");
        assert_eq!(asked.header("idempotency-key"), None);
        assert_eq!(asked.body, r#"{"cancelReason":"EXPIRED"}"#);
    }
}

mod a_confirmation {
    use super::*;

    #[actix::test]
    async fn succeeds_only_for_our_own_finished_payment() {
        for (status, expected) in [
            ("DONE", ConfirmAnswer::Confirmed),
            ("CANCELED", ConfirmAnswer::PaidOtherwise),
            ("PARTIAL_CANCELED", ConfirmAnswer::PaidOtherwise),
        ] {
            assert_eq!(confirmed(200, &object(status)).await, expected);
        }
        for status in ["ABORTED", "EXPIRED"] {
            assert!(
                matches!(
                    confirmed(200, &object(status)).await,
                    ConfirmAnswer::Declined(_)
                ),
                "{status}"
            );
        }
        for status in ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT", "of tomorrow"] {
            assert!(
                matches!(
                    confirmed(200, &object(status)).await,
                    ConfirmAnswer::Unknown(_)
                ),
                "{status}"
            );
        }
        for (ours, theirs) in [("\"key\"", "\"other\""), ("12000", "11999")] {
            assert_eq!(
                confirmed(200, &object("DONE").replace(ours, theirs)).await,
                ConfirmAnswer::PaidOtherwise
            );
        }
        for (ours, theirs) in [
            (nth_number(1).as_str(), nth_number(2).as_str()),
            ("KRW", "USD"),
        ] {
            let answer = confirmed(200, &object("DONE").replace(ours, theirs)).await;
            assert!(matches!(answer, ConfirmAnswer::Unknown(_)), "{answer:?}");
        }
    }

    #[actix::test]
    async fn is_not_made_when_a_proxy_has_not_let_it_through() {
        for status in [401, 407, 429] {
            for body in ["", "<html>", "slow down", "{}"] {
                assert!(
                    matches!(confirmed(status, body).await, ConfirmAnswer::NotReached(_)),
                    "{status} {body}"
                );
            }
        }
    }

    #[actix::test]
    async fn is_unknown_by_an_invalid_answer() {
        let by_position = json!(["key", nth_number(1), "DONE", 12_000]).to_string();
        let underscored = object("DONE").replace("12000", "\"12_000\"");
        for (status, body) in [
            (200, ""),
            (200, "{}"),
            (200, "<html>"),
            (200, &by_position),
            (200, &underscored),
            (400, r#"["INVALID_CARD","in the gateway's words"]"#),
            (204, ""),
            (302, ""),
            (400, ""),
            (400, "<html>"),
            (404, "{}"),
            (403, "<html>"),
            (500, "{\"code\":\"UNAUTHORIZED_KEY\",\"message\":\"\"}"),
            (502, "<html>"),
            (503, ""),
        ] {
            assert!(
                matches!(confirmed(status, body).await, ConfirmAnswer::Unknown(_)),
                "{status} {body}"
            );
        }
    }

    #[actix::test]
    async fn fails_by_the_code_of_a_refusal() {
        let not_reached = |origin: Origin, code| ConfirmAnswer::NotReached(origin.because(code));
        let unknown = |code| ConfirmAnswer::Unknown(Origin::Payment.because(code));
        for (status, code, expected) in [
            (
                400,
                "INVALID_CARD_EXPIRATION",
                ConfirmAnswer::Declined("the card's data are wrong"),
            ),
            (
                403,
                "REJECT_CARD_PAYMENT",
                ConfirmAnswer::Declined("the limit or balance is not sufficient"),
            ),
            (
                404,
                "NOT_FOUND_PAYMENT_SESSION",
                ConfirmAnswer::Declined("the time to finish the payment is over"),
            ),
            (
                401,
                "UNAUTHORIZED_KEY",
                not_reached(Origin::Key, "UNAUTHORIZED_KEY"),
            ),
            (
                400,
                "INVALID_API_KEY",
                not_reached(Origin::Account, "INVALID_API_KEY"),
            ),
            (
                403,
                "FORBIDDEN_REQUEST",
                not_reached(Origin::Payment, "FORBIDDEN_REQUEST"),
            ),
            (
                400,
                "PROVIDER_ERROR",
                not_reached(Origin::Payment, "PROVIDER_ERROR"),
            ),
            (
                429,
                "TOO_MANY_REQUESTS",
                not_reached(Origin::Gateway, "TOO_MANY_REQUESTS"),
            ),
            (
                403,
                "OF_TOMORROW",
                not_reached(Origin::Account, "OF_TOMORROW"),
            ),
            (
                400,
                "OF_TOMORROW",
                not_reached(Origin::Payment, "OF_TOMORROW"),
            ),
            (
                409,
                "IDEMPOTENT_REQUEST_PROCESSING",
                unknown("IDEMPOTENT_REQUEST_PROCESSING"),
            ),
            (422, "INVALID_IDEMPOTENCY_KEY", ConfirmAnswer::PaidOtherwise),
            // The look-up is answered alike, so that it is not known.
            (
                400,
                "ALREADY_PROCESSED_PAYMENT",
                unknown("ALREADY_PROCESSED_PAYMENT"),
            ),
        ] {
            assert_eq!(
                confirmed(status, &error(code)).await,
                expected,
                "{status} {code}"
            );
        }
    }
}

#[actix::test]
async fn silence_is_unknown_in_time() {
    let peer = Peer::start(Script::Silence);
    let gateway = gateway_at(peer.server.url.as_str(), "secret", IMPATIENT);
    let answer = confirm(&gateway, &nth_number(1), &payment("key")).await;
    assert!(matches!(answer, ConfirmAnswer::Unknown(_)), "{answer:?}");
    assert!(
        cancel(&gateway, &nth_number(1), &payment("key"))
            .await
            .is_err()
    );
}

mod a_cancellation {
    use super::*;

    /// What a cancellation comes to that is answered so.
    async fn cancelled(status: u16, body: &str) -> Result<(), CancelError> {
        let peer = Peer::start(Script::Answer(status, &[], body.to_owned()));
        gateway_at(peer.server.url.as_str(), "secret", PATIENT)
            .cancel(&nth_number(1), &payment("key"), Reason::Expired, trace())
            .await
    }

    #[actix::test]
    async fn may_succeed_later_after_an_invalid_answer_or_a_passing_refusal() {
        for (status, body) in [
            (200, String::new()),
            (200, object("DONE")),
            (200, object("IN_PROGRESS")),
            (200, object("PARTIAL_CANCELED")),
            (400, error("PROVIDER_ERROR")),
            (400, error("INVALID_API_KEY")),
            (401, error("UNAUTHORIZED_KEY")),
            (403, error("NOT_AVAILABLE_BANK")),
            (403, error("OF_TOMORROW")),
            (500, String::new()),
            (500, error("FAILED_REFUND_PROCESS")),
        ] {
            let answer = cancelled(status, &body).await;
            assert!(
                matches!(answer, Err(CancelError::NotYet(_))),
                "{status} {body}: {answer:?}"
            );
        }
    }

    #[actix::test]
    async fn needs_a_person_after_a_final_refusal() {
        for (status, code) in [
            (403, "NOT_CANCELABLE_PAYMENT"),
            (403, "EXCEED_MAX_REFUND_DUE"),
            (400, "INVALID_REFUND_ACCOUNT_INFO"),
            (404, "NOT_FOUND_PAYMENT"),
            (400, "OF_TOMORROW"),
        ] {
            assert_eq!(
                cancelled(status, &error(code)).await,
                Err(CancelError::Refused(code.to_owned()))
            );
        }
    }

    #[actix::test]
    async fn has_succeeded_when_nothing_is_left_of_the_payment() {
        let nothing_left =
            object("PARTIAL_CANCELED").replace("\"method\"", "\"balanceAmount\": 0, \"method\"");
        assert_eq!(cancelled(200, &nothing_left).await, Ok(()));
        assert_eq!(
            cancelled(400, &error("ALREADY_REFUND_PAYMENT")).await,
            Ok(())
        );
    }
}

#[actix::test]
async fn a_failure_names_neither_the_secret_nor_the_payment_key() {
    let gateway = gateway_at("http://127.0.0.1:1", "hush", PATIENT);
    let answer = format!(
        "{:?}",
        confirm(&gateway, &nth_number(1), &payment("private")).await
    );
    let error = cancel(&gateway, &nth_number(1), &payment("private"))
        .await
        .unwrap_err();
    for text in [answer, error] {
        assert!(
            !text.contains("hush") && !text.contains("private"),
            "{text}"
        );
        assert!(text.contains("refused"), "{text}");
    }
}
