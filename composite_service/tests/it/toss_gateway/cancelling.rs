//! Giving money back: once, however often it is asked for.

use std::sync::Arc;

use actix::Actor;
use composite_service::actors::kafka_bridge::{CommandSender, SendCommand};
use composite_service::actors::reviewer::{ReviewDesk, Reviewer};
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::domain::purchase::{CommandAnswer, Outcome};
use composite_service::metrics::ReviewMetrics;
use composite_service::ports::payment::{PaymentGateway, Standing};
use serde_json::json;
use shared::metrics::Metrics;
use shared::postbox::Postbox;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use super::simulator::{
    IMPATIENT, PATIENT, Simulator, cancel, confirm, gateway_at, gateway_nowhere,
};
use crate::doubles::{CountingIds, Desk, Shelves};
use crate::harness::{arrival, granted, nth_number, order, payment, purchases, trace, traces};

/// A simulator that has charged order 1 by `key`.
async fn charged() -> Simulator {
    let simulator = Simulator::start();
    confirm(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await;
    simulator
}

const BOTH: [(&str, &str); 2] = [("CHARGED", "key"), ("CANCELED", "key")];

mod a_charge {
    use super::*;

    #[actix::test]
    async fn is_given_back_once_however_often_it_is_cancelled() {
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
    async fn cancelled_elsewhere_counts_as_cancelled() {
        let simulator = charged().await;
        simulator.cancel_elsewhere(&payment("key")).await;
        assert_eq!(
            cancel(&simulator.gateway(PATIENT), &nth_number(1), &payment("key")).await,
            Ok(())
        );
        assert!(simulator.has_moved(&BOTH).await);
    }
}

mod a_cancellation {
    use super::*;

    #[actix::test]
    async fn fails_as_often_as_the_gateway_and_then_succeeds() {
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
    async fn fails_in_time_at_a_paused_gateway_and_succeeds_later() {
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
    async fn of_an_uncharged_payment_is_refused() {
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
    async fn fails_without_a_gateway_or_the_right_secret_key() {
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
}

mod a_temporary_refusal {
    use super::*;

    #[actix::test]
    async fn does_not_affect_later_cancellations_for_any_reason() {
        let simulator = charged().await;
        let gateway = simulator.gateway(PATIENT);
        simulator.set_faults(json!({"refuseCancels": 1})).await;
        assert_eq!(
            cancel(&gateway, &nth_number(1), &payment("key")).await,
            Err("PROVIDER_ERROR".to_owned())
        );
        for reason in [Reason::AmountMismatch, Reason::Expired] {
            let cancelled = gateway.cancel(&nth_number(1), &payment("key"), reason, trace());
            assert_eq!(cancelled.await, Ok(()));
        }
        assert!(simulator.has_moved(&BOTH).await);
    }

    #[actix::test]
    async fn is_followed_by_a_refund_of_the_purchase() {
        let simulator = Simulator::with_faults(json!({"refuseCancels": 1})).await;
        let purchases = purchases(too_late(), Arc::new(simulator.gateway(PATIENT)), 1);
        let paying = purchases.pay(nth_number(1), payment("key"), None, arrival());
        let refused = Outcome::Refused {
            number: nth_number(1),
            reason: Reason::Expired,
            detail: None,
            retry_at: None,
        };
        assert_eq!(paying.unwrap().await, Ok(refused));
        assert_eq!(purchases.drain(PATIENT, 1).await, 0);
        assert_eq!(simulator.switch("refuseCancels").await, false);
        assert!(simulator.has_moved(&BOTH).await);
    }

    #[actix::test]
    async fn is_followed_by_a_refund_of_a_later_review() {
        let simulator = charged().await;
        simulator.set_faults(json!({"refuseCancels": 1})).await;
        let rejected = OrderDto {
            reject_reason: Some(Reason::AmountMismatch),
            ..order(&nth_number(1), OrderStatus::Rejected)
        };
        let desk = ReviewDesk {
            query: Arc::new(Shelves {
                orders: vec![rejected],
                ..Shelves::default()
            }),
            gateway: Arc::new(simulator.gateway(PATIENT)),
            commands: CommandSender::new(too_late()),
            traces: Arc::new(traces()),
            metrics: ReviewMetrics::new(&Metrics::new().unwrap()).unwrap(),
        };
        Reviewer::new(desk, Arc::new(CountingIds::default())).start();
        timeout(PATIENT, async {
            while !simulator.has_moved(&BOTH).await {}
        })
        .await
        .unwrap();
        assert_eq!(simulator.switch("refuseCancels").await, false);
    }
}

/// Rejects every order that is to be approved, and grants everything else.
fn too_late() -> Postbox<SendCommand> {
    let answer = |command: &OrderCommand| {
        let number = command.number();
        let reply = match command {
            OrderCommand::Approve { .. } => {
                OrderReply::Rejected(order(number, OrderStatus::Rejected), Reason::Expired)
            }
            _ => granted(command),
        };
        Some(CommandAnswer::Replied(reply))
    };
    let desk = Desk {
        answer: Box::new(answer),
        seen_tx: unbounded_channel().0,
    };
    desk.open()
}

mod a_refund {
    use super::*;
    use composite_service::domain::order::Refund;
    use composite_service::ports::payment::RefundError;
    use shared::money::Money;

    fn refund(number: u16, units: u32) -> Refund {
        Refund {
            number,
            amount: Money::from_units(units),
        }
    }

    async fn give_back(gateway: &dyn PaymentGateway, refund: Refund) -> Result<(), RefundError> {
        gateway
            .refund(&nth_number(1), &payment("key"), refund, trace())
            .await
    }

    /// Whether the charge and so many parts of 5,000 won are all that has moved.
    async fn has_given_back(simulator: &Simulator, parts: usize) -> bool {
        let moved =
            |kind: &str, amount: &str| (kind.to_owned(), "key".to_owned(), amount.to_owned());
        let mut expected = vec![moved("CHARGED", "12000")];
        expected.extend((0..parts).map(|_| moved("CANCELED", "5000")));
        simulator.ledger().await == expected
    }

    #[actix::test]
    async fn gives_its_part_back_once_and_another_one_gives_another_part() {
        let simulator = charged().await;
        let gateway = simulator.gateway(PATIENT);
        for number in [1, 2, 1, 2] {
            assert_eq!(give_back(&gateway, refund(number, 5_000)).await, Ok(()));
        }
        assert!(has_given_back(&simulator, 2).await);
        let Standing::PartlyCancelled(_, balance) = gateway.look_up(&nth_number(1), trace()).await
        else {
            panic!("a part is left")
        };
        assert_eq!(balance, Some(Money::from_units(2_000)));
    }

    #[actix::test]
    async fn of_more_than_is_left_is_refused() {
        let simulator = charged().await;
        let gateway = simulator.gateway(PATIENT);
        assert!(matches!(
            give_back(&gateway, refund(1, 12_001)).await,
            Err(RefundError::Refused(_))
        ));
        assert!(has_given_back(&simulator, 0).await);
    }

    #[actix::test]
    async fn that_was_refused_stays_refused_and_another_one_succeeds() {
        let simulator = charged().await;
        let gateway = simulator.gateway(PATIENT);
        simulator.set_faults(json!({"refuseCancels": 1})).await;
        for _ in 0..2 {
            assert!(matches!(
                give_back(&gateway, refund(1, 5_000)).await,
                Err(RefundError::NotNow(_))
            ));
        }
        assert_eq!(give_back(&gateway, refund(2, 5_000)).await, Ok(()));
        assert!(has_given_back(&simulator, 1).await);
    }

    #[actix::test]
    async fn without_an_answer_is_unknown_and_is_done_when_it_is_asked_for_again() {
        let mut simulator = charged().await;
        simulator.set_faults(json!({"failCancels": 1})).await;
        assert!(matches!(
            give_back(&simulator.gateway(PATIENT), refund(1, 5_000)).await,
            Err(RefundError::Unknown(_))
        ));
        simulator.service.pause().unwrap();
        assert!(matches!(
            give_back(&simulator.gateway(IMPATIENT), refund(1, 5_000)).await,
            Err(RefundError::Unknown(_))
        ));
        simulator.service.resume().unwrap();
        assert_eq!(
            give_back(&simulator.gateway(PATIENT), refund(1, 5_000)).await,
            Ok(())
        );
        assert!(has_given_back(&simulator, 1).await);
        assert!(matches!(
            give_back(&gateway_nowhere(), refund(1, 5_000)).await,
            Err(RefundError::Unknown(_))
        ));
    }
}
