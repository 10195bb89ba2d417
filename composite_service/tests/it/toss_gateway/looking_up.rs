//! What the gateway says of an order, for reviews.

use composite_service::ports::payment::{ConfirmAnswer, PaymentGateway, Standing};
use serde_json::json;
use shared::payment::Payment;

use super::simulator::{
    PATIENT, Simulator, cancel, confirm, gateway_at, gateway_nowhere, until_in_progress,
};
use crate::harness::{nth_number, payment, trace};
use crate::peer::{Peer, Script};

fn is_strange(standing: &Standing) -> bool {
    matches!(standing, Standing::Strange(..))
}

fn is_away(standing: &Standing) -> bool {
    matches!(standing, Standing::Away(_))
}

mod a_standing {
    use super::*;

    #[actix::test]
    async fn follows_the_payment_of_the_order() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        let number = nth_number(1);
        assert_eq!(
            gateway.look_up(&number, trace()).await,
            Standing::NotCharged
        );
        let exact = Payment {
            amount: "24000.5".parse().unwrap(),
            ..payment("lose-1")
        };
        assert!(matches!(
            confirm(&gateway, &number, &exact).await,
            ConfirmAnswer::Unknown(_)
        ));
        assert_eq!(
            gateway.look_up(&number, trace()).await,
            Standing::Charged(exact.clone())
        );
        cancel(&gateway, &number, &exact).await.unwrap();
        assert_eq!(
            gateway.look_up(&number, trace()).await,
            Standing::NotCharged
        );
    }

    #[actix::test]
    async fn tells_a_declined_payment_from_none() {
        let simulator = Simulator::start();
        let gateway = simulator.gateway(PATIENT);
        confirm(&gateway, &nth_number(1), &payment("decline-1")).await;
        assert_eq!(
            gateway.look_up(&nth_number(1), trace()).await,
            Standing::Declined
        );
    }

    #[actix::test]
    async fn is_unfinished_while_a_payment_is_in_progress() {
        let simulator = Simulator::with_faults(json!({"delayMs": 60_000})).await;
        let gateway = simulator.gateway(PATIENT);
        let charge = actix::spawn(gateway.confirm(&nth_number(1), &payment("key"), trace()));
        until_in_progress(&gateway, &nth_number(1)).await;
        charge.abort();
    }

    #[actix::test]
    async fn is_away_when_the_gateway_can_not_be_asked() {
        let simulator = Simulator::start();
        let stranger = gateway_at(simulator.service.url(), "wrong", PATIENT);
        for gateway in [gateway_nowhere(), stranger] {
            let standing = gateway.look_up(&nth_number(1), trace()).await;
            assert!(is_away(&standing), "{standing:?}");
        }
    }

    #[actix::test]
    async fn is_not_charged_when_the_gateway_knows_no_payment() {
        let unheard_of =
            json!({"code": "NOT_FOUND_PAYMENT", "message": "존재하지 않는 결제 입니다."});
        let peer = Peer::start(Script::Answer(404, &[], unheard_of.to_string()));
        let gateway = gateway_at(peer.server.url.as_str(), "secret", PATIENT);
        assert_eq!(
            gateway.look_up(&nth_number(1), trace()).await,
            Standing::NotCharged
        );
    }

    #[actix::test]
    async fn tells_the_states_apart_that_wait_on_somebody() {
        let paid = Payment {
            amount: "1".parse().unwrap(),
            ..payment("key")
        };
        for (status, standing) in [
            ("READY", Standing::Unfinished),
            ("IN_PROGRESS", Standing::Unfinished),
            ("WAITING_FOR_DEPOSIT", Standing::AwaitsDeposit(paid.clone())),
            (
                "PARTIAL_CANCELED",
                Standing::PartlyCancelled(paid.clone(), None),
            ),
            ("DONE", Standing::Charged(paid.clone())),
            ("EXPIRED", Standing::NotCharged),
        ] {
            assert_eq!(looked_up(200, &object(status)).await, standing);
        }
    }

    #[actix::test]
    async fn is_strange_by_the_gateways_own_answer_and_away_by_any_other() {
        let of_another_order = object("DONE").replace(nth_number(1).as_str(), "2");
        let in_dollars = object("DONE").replace("KRW", "USD");
        let of_tomorrow = object("OF_TOMORROW");
        let error = |code: &str| json!({"code": code, "message": ""}).to_string();
        let nowhere = error("NOT_FOUND");
        let refused = error("NOT_FOUND_PAYMENT");
        let [key, account, limited] = [
            "UNAUTHORIZED_KEY",
            "INVALID_API_KEY",
            "FORBIDDEN_CONSECUTIVE_REQUEST",
        ]
        .map(error);
        for (status, body, says) in [
            (
                200,
                of_tomorrow.as_str(),
                is_strange as fn(&Standing) -> bool,
            ),
            (200, &in_dollars, is_strange),
            (200, &of_another_order, is_strange),
            (403, &refused, is_away),
            (404, &nowhere, is_strange),
            (400, &refused, is_strange),
            (401, &key, is_away),
            (400, &account, is_away),
            (403, &limited, is_away),
            (200, "", is_away),
            (200, "{}", is_away),
            (204, "", is_away),
            (400, "{}", is_away),
            (404, "{}", is_away),
            (404, "<html>", is_away),
            (429, &refused, is_away),
            (500, "", is_away),
            (500, &refused, is_away),
        ] {
            let standing = looked_up(status, body).await;
            assert!(says(&standing), "{status} {body}: {standing:?}");
        }
    }
}

/// What a look-up of order 1 comes to that is answered so.
async fn looked_up(status: u16, body: &str) -> Standing {
    let peer = Peer::start(Script::Answer(status, &[], body.to_owned()));
    gateway_at(peer.server.url.as_str(), "secret", PATIENT)
        .look_up(&nth_number(1), trace())
        .await
}

/// A payment object of Toss's, of order 1.
fn object(status: &str) -> String {
    json!({"paymentKey": "key", "orderId": nth_number(1), "status": status, "totalAmount": 1, "currency": "KRW"})
        .to_string()
}
