//! Giving money back: once, however often it is asked for.

use serde_json::json;

use super::simulator::{
    IMPATIENT, PATIENT, Simulator, cancel, confirm, gateway_at, gateway_nowhere,
};
use crate::harness::{nth_number, payment};

/// A simulator that has charged order 1 by `key`.
async fn charged() -> Simulator {
    let simulator = Simulator::start();
    confirm(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await;
    simulator
}

const BOTH: [(&str, &str); 2] = [("CHARGED", "key"), ("CANCELED", "key")];

#[actix::test]
async fn given_a_charge_when_it_is_cancelled_again_and_again_then_the_money_is_given_back_once() {
    let simulator = charged().await;
    let gateway = simulator.gateway(PATIENT);
    for _ in 0..3 {
        assert_eq!(
            cancel(&gateway, &nth_number(1), &payment("key")).await,
            Ok(())
        );
    }
    assert!(simulator.has_moved(&BOTH).await);
}

#[actix::test]
async fn given_a_charge_that_somebody_else_has_cancelled_then_it_is_cancelled() {
    let simulator = charged().await;
    simulator.cancel_elsewhere(&payment("key")).await;
    assert_eq!(
        cancel(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await,
        Ok(())
    );
    assert!(simulator.has_moved(&BOTH).await);
}

#[actix::test]
async fn given_a_gateway_that_fails_a_few_times_then_the_cancellation_fails_as_often_and_then_succeeds()
 {
    let simulator = charged().await;
    let gateway = simulator.gateway(PATIENT);
    simulator.set_faults(json!({"failCancels": 3})).await;
    for _ in 0..3 {
        assert!(
            cancel(&gateway, &nth_number(1), &payment("key"))
                .await
                .is_err()
        );
    }
    assert!(simulator.has_moved(&BOTH[..1]).await);
    assert_eq!(
        cancel(&gateway, &nth_number(1), &payment("key")).await,
        Ok(())
    );
    assert!(simulator.has_moved(&BOTH).await);
}

#[actix::test]
async fn given_a_gateway_that_stands_still_then_the_cancellation_fails_in_time_and_succeeds_later()
{
    let mut simulator = charged().await;
    simulator.service.pause().unwrap();
    assert!(
        cancel(
            &simulator.gateway(IMPATIENT),
            &nth_number(1),
            &payment("key")
        )
        .await
        .is_err()
    );
    simulator.service.resume().unwrap();
    assert_eq!(
        cancel(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await,
        Ok(())
    );
    assert!(simulator.has_moved(&BOTH).await);
}

#[actix::test]
async fn given_what_was_never_charged_then_its_cancellation_is_refused() {
    let simulator = Simulator::start();
    let gateway = simulator.gateway(PATIENT);
    confirm(&gateway, &nth_number(1), &payment("decline-1")).await;
    for (key, code) in [
        ("decline-1", "NOT_CANCELABLE_PAYMENT"),
        ("unheard of", "NOT_FOUND_PAYMENT"),
    ] {
        assert_eq!(
            cancel(&gateway, &nth_number(1), &payment(key)).await,
            Err(code.to_owned())
        );
    }
}

#[actix::test]
async fn given_a_gateway_out_of_reach_or_a_wrong_secret_key_then_the_cancellation_fails() {
    let simulator = charged().await;
    let stranger = gateway_at(simulator.service.url(), "wrong", PATIENT);
    for gateway in [gateway_nowhere(), stranger] {
        assert!(
            cancel(&gateway, &nth_number(1), &payment("key"))
                .await
                .is_err()
        );
    }
    assert!(simulator.has_moved(&BOTH[..1]).await);
}
