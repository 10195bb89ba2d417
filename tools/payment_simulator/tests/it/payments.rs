//! Confirm, look up and cancel, with idempotency.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::simulator::{Simulator, answer};

mod confirm {
    use super::*;

    #[tokio::test]
    async fn charges_to_the_last_digit() {
        let simulator = Simulator::start();
        let charged = simulator.confirm("p1", "o1", "k1").await;
        assert_eq!(charged.state(), (200, "DONE"));
        assert!(
            charged
                .text
                .contains(r#""totalAmount":24000.50,"balanceAmount":24000.50,"#),
            "{}",
            charged.text
        );
        assert_eq!(
            (&charged.body["paymentKey"], &charged.body["orderId"]),
            (&json!("p1"), &json!("o1"))
        );
        assert_eq!(
            (&charged.body["currency"], &charged.body["cancels"]),
            (&json!("KRW"), &Value::Null)
        );
        assert!(
            charged.body["approvedAt"]
                .as_str()
                .unwrap()
                .ends_with("+09:00")
        );
        assert_eq!(simulator.get("/v1/payments/p1").await, charged);
        assert_eq!(simulator.get("/v1/payments/orders/o1").await, charged);
    }

    #[tokio::test]
    async fn repeats_its_first_answer_for_its_key_only() {
        let simulator = Simulator::start();
        let charged = simulator.confirm("p1", "o1", "k1").await;
        assert_eq!(simulator.confirm("p1", "o1", "k1").await, charged);
        for (payment_key, order_id, key) in [
            ("p1", "o1", "k2"),
            ("p1", "o1", ""),
            ("p2", "o1", "k3"),
            ("p1", "o2", "k4"),
        ] {
            let refused = simulator.confirm(payment_key, order_id, key).await;
            assert_eq!(refused.code(), (400, "ALREADY_PROCESSED_PAYMENT"));
            assert_eq!(simulator.confirm(payment_key, order_id, key).await, refused);
        }
        assert_eq!(
            simulator.confirm("p2", "o2", "k1").await.code(),
            (422, "INVALID_IDEMPOTENCY_KEY")
        );
        assert_eq!(simulator.totals().await, (1, 0, 0));
    }

    #[tokio::test]
    async fn charges_once_in_parallel() {
        let simulator = Simulator::start();
        let attempts = (0..64).map(|attempt| {
            let (payment_key, key) = (format!("p{}", attempt % 3), format!("k{attempt}"));
            tokio::spawn(answer(simulator.confirm_request(&payment_key, "o1", &key)))
        });
        let mut outcomes = BTreeMap::new();
        for attempt in attempts.collect::<Vec<_>>() {
            *outcomes
                .entry(attempt.await.unwrap().unwrap().status.as_u16())
                .or_insert(0) += 1;
        }
        assert_eq!(outcomes, BTreeMap::from([(200, 1), (400, 63)]));
        assert_eq!(simulator.totals().await, (1, 0, 0));
    }

    #[tokio::test]
    async fn gives_parallel_repetitions_the_same_answer() {
        let simulator = Simulator::start();
        let attempts =
            (0..64).map(|_| tokio::spawn(answer(simulator.confirm_request("p1", "o1", "k1"))));
        let mut answers = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            answers.push(attempt.await.unwrap().unwrap());
        }
        assert!(
            answers
                .iter()
                .all(|answer| *answer == answers[0] && answer.state() == (200, "DONE"))
        );
        assert_eq!(simulator.totals().await, (1, 0, 0));
    }
}

mod cancel {
    use super::*;

    #[tokio::test]
    async fn gives_the_money_back_once() {
        let simulator = Simulator::start();
        let charged = simulator.confirm("p1", "o1", "k1").await;
        let canceled = simulator.cancel("p1", "k1").await;
        assert_eq!(canceled.state(), (200, "CANCELED"));
        assert_eq!(canceled.body["balanceAmount"], 0);
        let [cancel] = canceled.body["cancels"].as_array().unwrap().as_slice() else {
            panic!("one cancel")
        };
        assert_eq!(
            (&cancel["cancelReason"], &cancel["cancelStatus"]),
            (&json!("out of stock"), &json!("DONE"))
        );
        assert!(canceled.text.contains(r#""cancelAmount":24000.50"#));

        assert_eq!(simulator.cancel("p1", "k1").await, canceled);
        assert_eq!(
            simulator.cancel("p1", "k2").await.code(),
            (400, "ALREADY_CANCELED_PAYMENT")
        );
        assert_eq!(simulator.confirm("p1", "o1", "k1").await, charged);
        assert_eq!(
            simulator.confirm("p2", "o1", "k5").await.code(),
            (400, "ALREADY_PROCESSED_PAYMENT")
        );
        assert_eq!(simulator.get("/v1/payments/orders/o1").await, canceled);
        assert_eq!(simulator.totals().await, (1, 1, 0));
    }

    #[tokio::test]
    async fn gives_parts_back_until_nothing_is_left() {
        let simulator = Simulator::start();
        simulator.confirm("p1", "o1", "k1").await;
        let cancel = |amount: &str| {
            let body = format!(r#"{{"cancelReason":"r","cancelAmount":{amount}}}"#);
            answer(simulator.post("/v1/payments/p1/cancel", body))
        };
        let part = cancel("100").await.unwrap();
        assert_eq!(part.state(), (200, "PARTIAL_CANCELED"));
        assert!(part.text.contains(r#""balanceAmount":23900.5"#), "{part:?}");
        assert_eq!(
            cancel("23900.51").await.unwrap().code(),
            (403, "NOT_CANCELABLE_AMOUNT")
        );
        let rest = cancel("23900.5").await.unwrap();
        assert_eq!(rest.state(), (200, "CANCELED"));
        assert_eq!(rest.body["cancels"].as_array().unwrap().len(), 2);
        assert_eq!(
            cancel("1").await.unwrap().code(),
            (400, "ALREADY_CANCELED_PAYMENT")
        );
    }
}

#[tokio::test]
async fn an_unknown_payment_is_not_found() {
    let simulator = Simulator::start();
    for path in ["/v1/payments/p1", "/v1/payments/orders/o1"] {
        assert_eq!(simulator.get(path).await.code(), (404, "NOT_FOUND_PAYMENT"));
    }
    assert_eq!(
        simulator.cancel("p1", "k1").await.code(),
        (404, "NOT_FOUND_PAYMENT")
    );
    assert_eq!(simulator.get("/ledger/o1").await.body["entries"], json!([]));
}

#[tokio::test]
async fn the_ledger_shows_all_movements_or_one_orders() {
    let simulator = Simulator::start();
    simulator.confirm("p1", "o1", "k1").await;
    simulator.confirm("decline-2", "o2", "k2").await;
    simulator.cancel("p1", "k3").await;
    let kinds = |ledger: &Value| {
        let entries = ledger["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let ledger = answer(simulator.request(Method::GET, "/ledger"))
        .await
        .unwrap();
    assert_eq!(kinds(&ledger.body), ["CHARGED", "DECLINED", "CANCELED"]);
    assert_eq!(
        ledger.body["totals"],
        json!({"charged": 1, "canceled": 1, "declined": 1})
    );
    assert!(
        ledger
            .text
            .contains(r#""paymentKey":"p1","orderId":"o1","amount":24000.50"#)
    );
    for path in ["/ledger?orderId=o1", "/ledger/o1"] {
        let ledger = simulator.get(path).await;
        assert_eq!(kinds(&ledger.body), ["CHARGED", "CANCELED"]);
        assert_eq!(
            ledger.body["totals"],
            json!({"charged": 1, "canceled": 1, "declined": 0})
        );
    }
}
