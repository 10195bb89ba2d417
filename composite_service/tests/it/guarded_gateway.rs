//! The circuit breaker before the gateway: it opens by what concerns all payments, and never stands between a charge and its review.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use composite_service::domain::purchase::{CommandAnswer, Outcome};
use composite_service::metrics::GatewayMetrics;
use composite_service::outbound::breaker::BreakerLimits;
use composite_service::outbound::guarded_gateway::GuardedGateway;
use composite_service::ports::payment::{ConfirmAnswer, Origin, PaymentGateway, Standing};
use shared::metrics::Metrics;
use shared::reason::Reason;
use tokio::sync::mpsc::unbounded_channel;

use crate::doubles::{Desk, PromptGateway};
use crate::harness::{LONG, arrival, basket, granted, nth_number, payment, purchases, trace};

const FAILURES: usize = 3;

/// A gateway that answers every charge so, and its guard, whose breaker stays open for so long.
struct Guarded {
    inner: Arc<PromptGateway>,
    gateway: Arc<GuardedGateway>,
    metrics: Metrics,
}

impl Guarded {
    fn over(answer: ConfirmAnswer, open_for: Duration) -> Self {
        let inner = Arc::new(PromptGateway {
            answer,
            refuses_for: None,
            asked: Mutex::default(),
        });
        let limits = BreakerLimits {
            failures: FAILURES,
            open_for,
        };
        let metrics = Metrics::new().unwrap();
        let measured = GatewayMetrics::new(&metrics).unwrap();
        let gateway = GuardedGateway::new(Arc::clone(&inner) as _, limits, &measured).unwrap();
        Self {
            inner,
            gateway: Arc::new(gateway),
            metrics,
        }
    }

    /// Asks so often to charge. Returns the last answer.
    async fn confirms(&self, times: usize) -> ConfirmAnswer {
        let mut answer = ConfirmAnswer::NotAsked;
        for _ in 0..times {
            let confirm = self
                .gateway
                .confirm(&nth_number(1), &payment("key"), trace());
            answer = confirm.await;
        }
        answer
    }

    fn asked(&self) -> usize {
        self.inner.asked.lock().unwrap().len()
    }

    fn assert_breaker(&self, state: u8) {
        let line = format!("payment_gateway_breaker_state {state}");
        let text = self.metrics.render().unwrap();
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
}

mod a_breaker {
    use super::*;

    #[actix::test]
    async fn opens_by_what_concerns_all_payments() {
        for answer in [
            ConfirmAnswer::NotReached(Origin::Gateway.because("refused")),
            ConfirmAnswer::NotReached(Origin::Key.because("UNAUTHORIZED_KEY")),
            ConfirmAnswer::Unknown(Origin::Gateway.because("timed out")),
        ] {
            let guarded = Guarded::over(answer.clone(), LONG);
            assert_eq!(guarded.confirms(FAILURES).await, answer);
            assert_eq!(guarded.confirms(1).await, ConfirmAnswer::NotAsked);
            assert_eq!(guarded.asked(), FAILURES);
            assert!(guarded.gateway.refuses_for().is_some());
            guarded.assert_breaker(2);
        }
    }

    #[actix::test]
    async fn stays_closed_by_declines_and_by_what_a_shopper_can_bring_about() {
        for answer in [
            ConfirmAnswer::Confirmed,
            ConfirmAnswer::Declined("no"),
            ConfirmAnswer::PaidOtherwise,
            ConfirmAnswer::NotReached(Origin::Account.because("INVALID_API_KEY")),
            ConfirmAnswer::NotReached(Origin::Payment.because("FORBIDDEN_REQUEST")),
            ConfirmAnswer::Unknown(Origin::Payment.because("its status is READY")),
        ] {
            let guarded = Guarded::over(answer.clone(), LONG);
            assert_eq!(guarded.confirms(FAILURES * 3).await, answer);
            assert_eq!(guarded.gateway.refuses_for(), None);
        }
    }

    #[actix::test]
    async fn that_is_open_asks_again_after_its_time() {
        let timed_out = ConfirmAnswer::Unknown(Origin::Gateway.because("timed out"));
        let guarded = Guarded::over(timed_out.clone(), Duration::from_nanos(1));
        assert_eq!(guarded.confirms(FAILURES * 2).await, timed_out);
        assert_eq!(guarded.asked(), FAILURES * 2);
    }

    #[actix::test]
    async fn that_is_open_lets_look_ups_and_cancellations_through() {
        let refused = ConfirmAnswer::NotReached(Origin::Gateway.because("refused"));
        let guarded = Guarded::over(refused, LONG);
        guarded.confirms(FAILURES + 1).await;
        let number = nth_number(1);
        assert_eq!(
            guarded.gateway.look_up(&number, trace()).await,
            Standing::NotCharged
        );
        let cancel = guarded
            .gateway
            .cancel(&number, &payment("key"), Reason::Expired, trace());
        assert_eq!(cancel.await, Ok(()));
    }
}

#[actix::test]
async fn a_purchase_that_meets_an_open_breaker_leaves_its_order_pending() {
    let (seen_tx, mut sent_rx) = unbounded_channel();
    let desk = Desk {
        answer: Box::new(|command| Some(CommandAnswer::Replied(granted(command)))),
        seen_tx,
    };
    let shut = PromptGateway {
        answer: ConfirmAnswer::NotAsked,
        refuses_for: None,
        asked: Mutex::default(),
    };
    let purchases = purchases(desk.open(), Arc::new(shut), 1);
    let placing = purchases.place(basket(Some(payment("key"))), arrival());
    let refused = Outcome::Refused {
        number: nth_number(1),
        reason: Reason::PaymentUnavailable,
        detail: None,
        retry_at: None,
    };
    assert_eq!(placing.unwrap().await, Ok(refused));
    // The order was placed, and is not rejected.
    assert!(sent_rx.recv().await.is_some());
    assert!(sent_rx.try_recv().is_err());
}
