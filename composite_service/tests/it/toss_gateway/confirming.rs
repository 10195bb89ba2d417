//! Charging: whatever happens to the answer, an order is charged once.

use composite_service::ports::payment::{ConfirmAnswer, Origin, PaymentGateway};
use serde_json::json;
use shared::payment::Payment;

use super::simulator::{
    IMPATIENT, PATIENT, Simulator, cancel, confirm, gateway_at, gateway_nowhere, until_in_progress,
};
use crate::harness::{nth_number, payment, trace};

fn is_unknown(answer: &ConfirmAnswer) -> bool {
    matches!(answer, ConfirmAnswer::Unknown(_))
}

fn is_not_reached(answer: &ConfirmAnswer) -> bool {
    matches!(answer, ConfirmAnswer::NotReached(_))
}

mod a_payment {
    use super::*;

    #[actix::test]
    async fn is_charged_once_however_often_it_is_confirmed() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        for _ in 0..3 {
            assert_eq!(
                confirm(&gateway, &nth_number(1), &payment("key")).await,
                ConfirmAnswer::Confirmed
            );
        }
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }

    #[actix::test]
    async fn with_a_fraction_is_charged_to_the_last_digit() {
        let simulator = Simulator::start();
        let dear = Payment {
            amount: "24000.5".parse().unwrap(),
            ..payment("key")
        };
        assert_eq!(
            confirm(&simulator.gateway(PATIENT), &nth_number(1), &dear).await,
            ConfirmAnswer::Confirmed
        );
        assert_eq!(simulator.ledger().await[0].2, "24000.5");
    }

    #[actix::test]
    async fn that_is_declined_is_declined_again_in_our_words() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        let declined = ConfirmAnswer::Declined("the card company declined the payment");
        for _ in 0..2 {
            assert_eq!(
                confirm(&gateway, &nth_number(1), &payment("decline-1")).await,
                declined
            );
        }
        assert!(simulator.has_moved(&[("DECLINED", "decline-1")]).await);
    }

    #[actix::test]
    async fn of_a_charged_order_is_not_charged_beside_the_first() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        confirm(&gateway, &nth_number(1), &payment("key")).await;
        let dearer = Payment {
            amount: "12001".parse().unwrap(),
            ..payment("key")
        };
        for other in [payment("other"), dearer] {
            assert_eq!(
                confirm(&gateway, &nth_number(1), &other).await,
                ConfirmAnswer::PaidOtherwise
            );
        }
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }

    #[actix::test]
    async fn with_the_key_of_another_order_is_declined() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        confirm(&gateway, &nth_number(1), &payment("key")).await;
        let answer = confirm(&gateway, &nth_number(2), &payment("key")).await;
        assert_eq!(
            answer,
            ConfirmAnswer::Declined("the payment has already been processed")
        );
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }
}

mod a_charge_from_elsewhere {
    use super::*;

    #[actix::test]
    async fn by_our_payment_is_looked_up_and_confirmed() {
        let simulator = Simulator::start();
        simulator
            .charge_elsewhere(&nth_number(1), &payment("key"))
            .await;
        let gateway = simulator.gateway(PATIENT);
        assert_eq!(
            confirm(&gateway, &nth_number(1), &payment("key")).await,
            ConfirmAnswer::Confirmed
        );
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }

    #[actix::test]
    async fn by_another_payment_or_amount_is_paid_otherwise() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        let dearer = Payment {
            amount: "12001".parse().unwrap(),
            ..payment("b")
        };
        simulator
            .charge_elsewhere(&nth_number(1), &payment("b"))
            .await;
        assert_eq!(
            confirm(&gateway, &nth_number(1), &dearer).await,
            ConfirmAnswer::PaidOtherwise
        );
    }

    #[actix::test]
    async fn that_was_cancelled_is_paid_otherwise() {
        let simulator = Simulator::start();
        simulator
            .charge_elsewhere(&nth_number(1), &payment("key"))
            .await;
        simulator.cancel_elsewhere(&payment("key")).await;
        let gateway = simulator.gateway(PATIENT);
        assert_eq!(
            confirm(&gateway, &nth_number(1), &payment("key")).await,
            ConfirmAnswer::PaidOtherwise
        );
    }
}

mod an_unknown_result {
    use super::*;

    #[actix::test]
    async fn of_a_lost_answer_is_confirmed_and_charged_once() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        let lost = confirm(&gateway, &nth_number(1), &payment("lose-1")).await;
        assert!(is_unknown(&lost), "{lost:?}");
        assert_eq!(
            confirm(&gateway, &nth_number(1), &payment("lose-1")).await,
            ConfirmAnswer::Confirmed
        );
        assert!(simulator.has_moved(&[("CHARGED", "lose-1")]).await);
    }

    #[actix::test]
    async fn of_a_hanging_gateway_comes_in_time_and_is_confirmed_later() {
        let simulator = Simulator::with_faults(json!({"hang": true})).await;
        let hung = confirm(
            &simulator.gateway(IMPATIENT),
            &nth_number(1),
            &payment("key"),
        )
        .await;
        assert!(is_unknown(&hung), "{hung:?}");
        simulator.set_faults(json!({})).await;
        assert_eq!(
            confirm(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await,
            ConfirmAnswer::Confirmed
        );
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }

    #[actix::test]
    async fn of_a_failing_gateway_is_confirmed_later() {
        let simulator = Simulator::with_faults(json!({"failConfirms": 2})).await;
        let gateway = simulator.gateway(PATIENT);
        for _ in 0..2 {
            let failed = confirm(&gateway, &nth_number(1), &payment("key")).await;
            assert!(is_unknown(&failed), "{failed:?}");
        }
        assert_eq!(
            confirm(&gateway, &nth_number(1), &payment("key")).await,
            ConfirmAnswer::Confirmed
        );
    }

    #[actix::test]
    async fn of_a_payment_in_progress_does_not_charge_twice() {
        let simulator = Simulator::with_faults(json!({"delayMs": 1_500})).await;
        let gateway = simulator.gateway(PATIENT);
        let first = actix::spawn(gateway.confirm(&nth_number(1), &payment("key"), trace()));
        until_in_progress(&gateway, &nth_number(1)).await;
        let second = confirm(&gateway, &nth_number(1), &payment("key")).await;
        assert_eq!(
            second,
            ConfirmAnswer::Unknown(Origin::Payment.because("IDEMPOTENT_REQUEST_PROCESSING"))
        );
        assert_eq!(first.await.unwrap(), ConfirmAnswer::Confirmed);
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }

    #[actix::test]
    async fn of_a_paused_gateway_is_charged_once_when_it_goes_on() {
        let mut simulator = Simulator::start();
        simulator.service.pause().unwrap();
        let stalled = confirm(
            &simulator.gateway(IMPATIENT),
            &nth_number(1),
            &payment("key"),
        )
        .await;
        assert!(is_unknown(&stalled), "{stalled:?}");
        simulator.service.resume().unwrap();
        assert_eq!(
            confirm(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await,
            ConfirmAnswer::Confirmed
        );
        assert!(simulator.has_moved(&[("CHARGED", "key")]).await);
    }

    #[actix::test]
    async fn of_a_killed_gateway_is_confirmed_after_its_restart_and_charged_once() {
        let mut simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        confirm(&gateway, &nth_number(1), &payment("lose-1")).await;
        simulator.service.kill_9().unwrap();
        let away = confirm(&gateway, &nth_number(1), &payment("lose-1")).await;
        assert!(is_not_reached(&away), "{away:?}");
        simulator.service.restart_until_ready(PATIENT).unwrap();
        assert_eq!(
            confirm(&gateway, &nth_number(1), &payment("lose-1")).await,
            ConfirmAnswer::Confirmed
        );
        assert!(simulator.has_moved(&[("CHARGED", "lose-1")]).await);
    }
}

mod the_gateway {
    use super::*;

    #[actix::test]
    async fn is_not_reached_when_nobody_listens() {
        let answer = confirm(&gateway_nowhere(), &nth_number(1), &payment("key")).await;
        assert!(is_not_reached(&answer), "{answer:?}");
    }

    #[actix::test]
    async fn is_not_reached_with_a_wrong_secret_key_and_declines_nothing() {
        let simulator = Simulator::start();
        let gateway = gateway_at(simulator.service.url(), "wrong", PATIENT);
        let answer = confirm(&gateway, &nth_number(1), &payment("key")).await;
        assert_eq!(
            answer,
            ConfirmAnswer::NotReached(Origin::Key.because("UNAUTHORIZED_KEY"))
        );
        assert!(simulator.has_moved(&[]).await);
    }
}

mod payment_keys {
    use super::*;

    #[actix::test]
    async fn with_a_meaning_in_paths_are_charged_and_cancelled_as_themselves() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        let long = "k".repeat(200);
        let keys = [
            "a/b",
            "/",
            "a/../b",
            "../x",
            "...",
            "%2e%2e",
            "%2F",
            "a%2Fb",
            "100%",
            "a b",
            " a ",
            "a?b=c",
            "a#b",
            "a;b",
            "a+b",
            "a&b",
            "a\\b",
            "\"quoted\"",
            "<a>",
            "a:b@c",
            "confirm",
            "cancel",
            "결제 키",
            "🙂",
            "e\u{301}",
            // Such keys are no longer taken in, but may have been charged earlier.
            "a\nb",
            "a\tb",
            "a\r\nb",
            "\0",
            &long,
        ];
        for (nth, key) in (1..).zip(keys) {
            let (number, payment) = (nth_number(nth), payment(key));
            assert_eq!(
                confirm(&gateway, &number, &payment).await,
                ConfirmAnswer::Confirmed,
                "{key:?}"
            );
            assert_eq!(cancel(&gateway, &number, &payment).await, Ok(()), "{key:?}");
        }
        let moved: Vec<_> = keys
            .iter()
            .flat_map(|key| [("CHARGED", *key), ("CANCELED", *key)])
            .collect();
        assert!(simulator.has_moved(&moved).await);
    }

    #[actix::test]
    async fn that_fit_into_no_path_cancel_no_other_payment() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        confirm(&gateway, &nth_number(1), &payment("ab")).await;
        for (nth, key) in (2..).zip(["", ".", ".."]) {
            let cancelled = cancel(&gateway, &nth_number(nth), &payment(key)).await;
            assert!(cancelled.is_err(), "{key:?}");
        }
        assert!(simulator.has_moved(&[("CHARGED", "ab")]).await);
    }
}
