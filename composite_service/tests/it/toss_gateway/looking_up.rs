//! What the gateway says of an order, for reviews.

use composite_service::ports::payment::{ConfirmAnswer, PaymentGateway, Standing};
use serde_json::json;
use shared::wire::order_dto::PaymentDto;

use super::simulator::{
    PATIENT, Simulator, cancel, confirm, gateway_at, gateway_nowhere, until_in_progress,
};
use crate::harness::{nth_number, payment};
use crate::peer::{Peer, Script};

fn is_unknown(standing: &Standing) -> bool {
    matches!(standing, Standing::Unknown(_))
}

#[actix::test]
async fn given_an_order_then_its_standing_follows_its_payment() {
    let simulator = Simulator::start();
    let gateway = simulator.gateway(PATIENT);
    let number = nth_number(1);
    assert_eq!(gateway.look_up(&number).await, Standing::NotCharged);
    let exact = PaymentDto {
        amount: "24000.5".parse().unwrap(),
        ..payment("lose-1")
    };
    assert!(matches!(
        confirm(&gateway, &number, &exact).await,
        ConfirmAnswer::Unknown(_)
    ));
    assert_eq!(
        gateway.look_up(&number).await,
        Standing::Charged(exact.clone())
    );
    cancel(&gateway, &number, &exact).await.unwrap();
    assert_eq!(gateway.look_up(&number).await, Standing::NotCharged);
}

#[actix::test]
async fn given_a_declined_payment_then_nothing_is_charged() {
    let simulator = Simulator::start();
    let gateway = simulator.gateway(PATIENT);
    confirm(&gateway, &nth_number(1), &payment("decline-1")).await;
    assert_eq!(gateway.look_up(&nth_number(1)).await, Standing::NotCharged);
}

#[actix::test]
async fn given_a_payment_in_progress_then_its_standing_is_unknown() {
    let simulator = Simulator::with_faults(json!({"delayMs": 60_000})).await;
    let gateway = simulator.gateway(PATIENT);
    let charge = actix::spawn(gateway.confirm(&nth_number(1), &payment("key")));
    until_in_progress(&gateway, &nth_number(1)).await;
    charge.abort();
}

#[actix::test]
async fn given_a_gateway_that_can_not_be_asked_then_the_standing_is_unknown() {
    let simulator = Simulator::start();
    let stranger = gateway_at(simulator.service.url(), "wrong", PATIENT);
    for gateway in [gateway_nowhere(), stranger] {
        let standing = gateway.look_up(&nth_number(1)).await;
        assert!(is_unknown(&standing), "{standing:?}");
    }
}

#[actix::test]
async fn given_an_answer_without_sense_then_the_standing_is_unknown() {
    let waiting = json!({"paymentKey": "key", "orderId": "1", "status": "WAITING_FOR_DEPOSIT", "totalAmount": 1}).to_string();
    let partial = waiting.replace("WAITING_FOR_DEPOSIT", "PARTIAL_CANCELED");
    for (status, body) in [
        (200, ""),
        (200, "{}"),
        (200, &waiting),
        (200, &partial),
        (204, ""),
        (400, "{}"),
        (404, "<html>"),
        (500, ""),
    ] {
        let peer = Peer::start(Script::Answer(status, &[], body.to_owned()));
        let standing = gateway_at(peer.url.as_str(), "secret", PATIENT)
            .look_up(&nth_number(1))
            .await;
        assert!(is_unknown(&standing), "{status} {body}: {standing:?}");
    }
}
