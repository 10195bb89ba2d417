//! `POST /open-api/order`: from the request to the command, and from the outcome to the answer.

use std::time::Duration;

use actix::Arbiter;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use composite_service::domain::order::{OrderCommand, OrderReply};
use composite_service::domain::purchase::CommandAnswer;
use composite_service::ports::payment::{ConfirmAnswer, Origin};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus, PaymentDto};

use super::front::{Front, line, pays};
use crate::doubles::{Recorder, ScriptedGateway, Shelves};
use crate::harness::{PRICE, clock, granted, nth_number, order, payment, purchases_on};

const FIRST: &str = "20261123011540000000000000000001";

mod requests {
    use super::*;

    /// The command that an order placed with this body comes to.
    async fn command_of(body: Value) -> OrderCommand {
        let mut front = Front::open();
        let reply = front.post("/open-api/order", &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        front.commands_rx.recv().await.unwrap()
    }

    #[actix::test]
    async fn become_commands_with_their_wishes_and_an_id_of_their_own() {
        let body = json!({"orderLineList": [line(1, 2), line(9, 1)], "couponId": 7});
        let OrderCommand::Create { number, basket, .. } = command_of(body).await else {
            panic!()
        };
        assert_eq!(number, nth_number(1));
        assert_eq!(basket.request_id, "00000000000000000000000000000001");
        let wishes: Vec<_> = basket
            .lines
            .iter()
            .map(|line| (line.item.item_id, line.quantity))
            .collect();
        assert_eq!(wishes, [(1, 2), (9, 1)]);
        assert_eq!((basket.coupon_id, basket.payment), (Some(7), None));
    }

    #[actix::test]
    async fn of_a_member_name_the_member_in_the_command_and_not_in_the_answer() {
        for (named, expected) in [(None, None), (Some("kim.minji"), Some("kim.minji"))] {
            let mut front = Front::open();
            let mut request = TestRequest::post().uri("/open-api/order");
            if let Some(member) = named {
                request = request.insert_header(("X-Member-Id", member));
            }
            let body = json!({"orderLineList": [line(1, 2)]});
            let reply = front.send(request.set_json(body)).await;
            assert_eq!((reply.status, reply.body.get("memberId")), (200, None));
            let Some(OrderCommand::Create { basket, .. }) = front.commands_rx.recv().await else {
                panic!()
            };
            assert_eq!(
                basket.member.as_ref().map(|member| member.as_str()),
                expected
            );
        }
    }

    #[actix::test]
    async fn with_an_invalid_member_get_400_and_order_nothing() {
        let mut front = Front::open();
        for member in ["", "../admin", "a b", "민지", &"m".repeat(65)] {
            let request = TestRequest::post()
                .uri("/open-api/order")
                .insert_header(("X-Member-Id", member));
            let reply = front
                .send(request.set_json(json!({"orderLineList": [line(1, 2)]})))
                .await;
            assert_eq!(
                reply.problem(),
                (400, -705, "INVALID_MEMBER_ID"),
                "{member}"
            );
        }
        assert!(front.commands_rx.try_recv().is_err());
    }

    #[actix::test]
    async fn with_names_and_prices_are_not_believed() {
        let item = json!({"itemId": 1, "name": "gold", "price": {"amount": 1}, "productDTO": {"productId": 5}, "stock": 3});
        let body = json!({"orderLineList": [{"orderLineId": 12, "item": item, "quantity": 2}], "couponId": null, "orderNum": "1", "status": "CREATED"});
        let OrderCommand::Create { basket, .. } = command_of(body).await else {
            panic!()
        };
        let wish = &basket.lines[0];
        assert_eq!(
            (wish.order_line_id, wish.item.item_id, wish.quantity),
            (None, 1, 2)
        );
        assert_eq!(
            (&wish.item.name, wish.item.price, wish.item.stock),
            (&None, None, None)
        );
    }

    #[actix::test]
    async fn with_an_amount_in_any_form_mean_the_same_money() {
        for amount in [
            json!(12_000),
            json!("12000"),
            json!({"amount": 12_000}),
            json!("12000.00"),
            json!({"amount": "12000"}),
        ] {
            let front = Front::open();
            assert_eq!(front.buy(pays("key", amount)).await.status, 200);
            assert_eq!(front.charged(), [payment("key")]);
        }
    }

    #[actix::test]
    async fn at_the_limits_are_accepted() {
        let lines: Vec<_> = (1..=100).map(|item| line(item, i64::MAX)).collect();
        let body =
            json!({"orderLineList": lines, "payment": pays(&"키".repeat(200), json!(12_000))});
        assert_eq!(
            Front::open().post("/open-api/order", &body).await.status,
            200
        );
    }
}

mod invalid_requests {
    use super::*;

    /// The problem of an order that is placed with this body; no command may have left.
    async fn problem_of(body: Value) -> (u16, i64, String) {
        let mut front = Front::open();
        let reply = front.post("/open-api/order", &body).await;
        assert!(front.commands_rx.try_recv().is_err());
        let (status, code, reason) = reply.problem();
        (status, code, reason.to_owned())
    }

    fn expected(status: u16, code: i64, reason: &str) -> (u16, i64, String) {
        (status, code, reason.to_owned())
    }

    #[actix::test]
    async fn without_lines_or_with_too_many_get_400() {
        let too_many: Vec<_> = (1..=101).map(|item| line(item, 1)).collect();
        assert_eq!(
            problem_of(json!({"orderLineList": []})).await,
            expected(400, -705, "EMPTY_ORDER")
        );
        assert_eq!(
            problem_of(json!({"orderLineList": too_many})).await,
            expected(400, -705, "TOO_MANY_LINES")
        );
    }

    #[actix::test]
    async fn with_a_quantity_below_one_get_422() {
        for quantity in [0, -1, i64::MIN] {
            let body = json!({"orderLineList": [line(1, 1), line(2, quantity)]});
            assert_eq!(
                problem_of(body).await,
                expected(422, -701, "INVALID_QUANTITY")
            );
        }
    }

    #[actix::test]
    async fn with_an_invalid_payment_key_get_400() {
        for key in ["", &"k".repeat(201), ".", "..", "a\nb", "a\tb", "\u{0}"] {
            let body = json!({"orderLineList": [line(1, 1)], "payment": pays(key, json!(1))});
            assert_eq!(
                problem_of(body).await,
                expected(400, -705, "INVALID_PAYMENT_KEY"),
                "{key:?}"
            );
        }
    }

    #[actix::test]
    async fn with_members_of_the_wrong_form_get_400() {
        let bodies = [
            json!({}),
            json!([]),
            json!({"orderLineList": null}),
            json!({"orderLineList": [{"item": {}, "quantity": 1}]}),
            json!({"orderLineList": [{"item": {"itemId": "one"}, "quantity": 1}]}),
            json!({"orderLineList": [{"item": {"itemId": 1}, "quantity": "2"}]}),
            json!({"orderLineList": [{"item": {"itemId": 1}, "quantity": 1.5}]}),
            json!({"orderLineList": [{"item": {"itemId": 1}}]}),
            json!({"orderLineList": [line(1, 1)], "couponId": "seven"}),
            json!({"orderLineList": [line(1, 1)], "payment": {"paymentKey": "key"}}),
            json!({"orderLineList": [line(1, 1)], "payment": pays("key", json!(-1))}),
            json!({"orderLineList": [line(1, 1)], "payment": pays("key", json!(0.001))}),
            json!({"orderLineList": [line(1, 1)], "payment": pays("key", json!("much"))}),
            json!({"orderLineList": [line(1, 1)], "payment": pays("key", json!(1e17))}),
            json!({"orderLineList": [line(1, 1)], "payment": pays("key", json!(null))}),
        ];
        for body in bodies {
            assert_eq!(
                problem_of(body.clone()).await,
                expected(400, -705, "MALFORMED_REQUEST"),
                "{body}"
            );
        }
    }
}

mod outcomes {
    use super::*;

    #[actix::test]
    async fn a_pending_order_gets_200_and_its_location() {
        let reply = Front::open().buy(Value::Null).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header(CONTENT_TYPE), Some("application/json"));
        assert_eq!(
            reply.header(LOCATION),
            Some(format!("order/{FIRST}").as_str())
        );
        assert_eq!(reply.header(RETRY_AFTER), None);
        let expected = json!({
            "orderNum": FIRST, "orderLineList": null, "status": "CREATED", "finalPrice": {"amount": PRICE},
        });
        assert_eq!(reply.body, expected);
    }

    #[actix::test]
    async fn a_paid_order_is_shown_without_payment_and_request_id() {
        let paid = OrderDto {
            payment: Some(PaymentDto::from(&payment("secret"))),
            request_id: Some("secret".to_owned()),
            ..order(&nth_number(1), OrderStatus::Complete)
        };
        let reply = Front::replying(OrderReply::Complete(paid))
            .buy(Value::Null)
            .await;
        assert_eq!(
            (reply.status, &reply.body["status"]),
            (200, &json!("COMPLETE"))
        );
        assert!(!reply.body.to_string().contains("secret"), "{reply:?}");
    }

    #[actix::test]
    async fn a_rejected_order_gets_its_reasons_status_and_its_number() {
        for reason in Reason::ALL {
            let rejected =
                OrderReply::Rejected(order(&nth_number(1), OrderStatus::Rejected), *reason);
            let reply = Front::replying(rejected).buy(Value::Null).await;
            let status = status_of(*reason);
            let code = if status == 404 { -704 } else { -701 };
            assert_eq!(reply.problem(), (status, code, reason.as_str()));
            // Who reuses a key has made no order.
            let number = (*reason != Reason::IdempotencyKeyReused).then_some(FIRST);
            assert_eq!(reply.body["orderNum"].as_str(), number);
            assert_eq!(reply.body["instance"], "/open-api/order");
            assert_eq!(
                reply.header(RETRY_AFTER),
                (reply.status == 503).then_some("1")
            );
        }
    }

    fn status_of(reason: Reason) -> u16 {
        match reason {
            Reason::PaymentDeclined => 402,
            Reason::UnknownOrder => 404,
            Reason::OutOfStock
            | Reason::Expired
            | Reason::AlreadyPaid
            | Reason::PaymentConflict
            | Reason::AlreadyRejected
            | Reason::OrderPending
            | Reason::Cancelled
            | Reason::RefundUnderWay
            | Reason::RefundRefused
            | Reason::TooManyRefunds
            | Reason::Unspecified
            | Reason::OrderNumberTaken => 409,
            Reason::UnknownItem
            | Reason::InvalidQuantity
            | Reason::CouponUnknown
            | Reason::CouponNotYetValid
            | Reason::CouponExpired
            | Reason::CouponUsed
            | Reason::CouponMinimumNotMet
            | Reason::IdempotencyKeyReused
            | Reason::ExceedsWhatIsLeft
            | Reason::AmountMismatch => 422,
            Reason::TooManyPendingOrders | Reason::TooManyPendingPieces => 429,
            Reason::MalformedCommand | Reason::InternalError => 500,
            Reason::PaymentUnavailable | Reason::RefundUnavailable => 503,
        }
    }

    #[actix::test]
    async fn a_member_with_too_many_pending_orders_hears_when_the_first_ends() {
        let until = clock().now() + TimeDelta::minutes(7);
        let rejected = OrderDto {
            retry_date: Some(until.fixed_offset()),
            ..order(&nth_number(1), OrderStatus::Rejected)
        };
        let reply = OrderReply::Rejected(rejected, Reason::TooManyPendingOrders);
        let reply = Front::replying(reply).buy(Value::Null).await;
        assert_eq!(reply.problem(), (429, -701, "TOO_MANY_PENDING_ORDERS"));
        assert_eq!(reply.header(RETRY_AFTER), Some("420"));
        let told = reply.header(HeaderName::from_static("ratelimit"));
        assert_eq!(told, Some(r#""pending-orders";r=0;t=420"#));
    }

    #[actix::test]
    async fn a_declined_payment_says_why() {
        let charge = ConfirmAnswer::Declined("over the limit");
        let front = Front::with(
            |command| Some(CommandAnswer::Replied(granted(command))),
            charge,
            Shelves::default(),
        );
        let reply = front.buy(pays("key", json!(PRICE))).await;
        assert_eq!(reply.problem(), (402, -701, "PAYMENT_DECLINED"));
        assert_eq!(
            (&reply.body["detail"], &reply.body["orderNum"]),
            (&json!("over the limit"), &json!(FIRST))
        );
    }

    #[actix::test]
    async fn a_payment_is_refused_before_it_begins_while_the_gateway_is_not_asked() {
        let mut front = Front::refusing_to_charge(Duration::from_millis(4_200));
        let reply = front.buy(pays("key", json!(PRICE))).await;
        assert_eq!(reply.problem(), (503, -701, "PAYMENT_UNAVAILABLE"));
        assert_eq!(
            (reply.header(RETRY_AFTER), reply.body.get("orderNum")),
            (Some("5"), None)
        );
        assert!(front.commands_rx.try_recv().is_err());
        // What needs no gateway goes on.
        assert_eq!(front.buy(Value::Null).await.status, 200);
    }

    #[actix::test]
    async fn faults_of_the_shops_account_keep_the_order_and_are_not_shown() {
        tokio::time::pause();
        let account = ConfirmAnswer::NotReached(Origin::Account.because("INVALID_API_KEY"));
        let mut front = Front::with(
            |command| Some(CommandAnswer::Replied(granted(command))),
            account,
            Shelves::default(),
        );
        let reply = front.buy(pays("key", json!(PRICE))).await;
        assert_eq!(reply.problem(), (503, -701, "PAYMENT_UNAVAILABLE"));
        assert_eq!(
            (reply.header(RETRY_AFTER), &reply.body["orderNum"]),
            (Some("1"), &json!(FIRST))
        );
        assert!(!reply.body.to_string().contains("KEY"), "{reply:?}");
        let placed = front.commands_rx.recv().await;
        assert!(matches!(placed, Some(OrderCommand::Create { .. })));
        assert!(front.commands_rx.try_recv().is_err());
    }

    #[actix::test]
    async fn a_wrong_amount_is_not_charged() {
        let front = Front::open();
        let reply = front.buy(pays("key", json!(PRICE - 1))).await;
        assert_eq!(reply.problem(), (422, -701, "AMOUNT_MISMATCH"));
        assert_eq!(front.charged(), []);
    }

    #[actix::test]
    async fn a_late_reply_gets_202_and_the_orders_location() {
        tokio::time::pause();
        let reply = Front::answering(None).buy(Value::Null).await;
        assert_eq!(reply.status, 202);
        assert_eq!(
            reply.header(LOCATION),
            Some(format!("order/{FIRST}").as_str())
        );
        assert_eq!(reply.header(RETRY_AFTER), Some("1"));
        assert_eq!(
            reply.body,
            json!({"orderNum": FIRST, "orderLineList": null, "status": null})
        );
    }

    #[actix::test]
    async fn a_command_that_is_not_sent_gets_503() {
        let reply = Front::answering(Some(CommandAnswer::NotSent))
            .buy(Value::Null)
            .await;
        assert_eq!(reply.problem(), (503, -701, "ORDERING_UNAVAILABLE"));
        assert_eq!(
            (reply.header(RETRY_AFTER), reply.body.get("orderNum")),
            (Some("1"), None)
        );
    }

    #[actix::test]
    async fn a_failure_of_the_order_service_names_the_order_and_no_cause() {
        let reply = Front::replying(OrderReply::Refused(Reason::InternalError))
            .buy(Value::Null)
            .await;
        assert_eq!(reply.problem(), (500, -701, "INTERNAL_ERROR"));
        assert_eq!(
            (&reply.body["orderNum"], &reply.body["detail"]),
            (&json!(FIRST), &json!("the order service failed"))
        );
    }

    #[actix::test]
    async fn too_many_purchases_get_503() {
        tokio::time::pause();
        let front = Front::answering(None);
        let (first, second, third) = tokio::join!(
            front.buy(Value::Null),
            front.buy(Value::Null),
            front.buy(Value::Null)
        );
        assert_eq!((first.status, second.status), (202, 202));
        assert_eq!(third.problem(), (503, -701, "OVERLOADED"));
        assert_eq!(third.header(RETRY_AFTER), Some("1"));
    }

    #[actix::test]
    async fn an_instance_that_is_going_down_says_so() {
        let mut front = Front::open();
        let arbiter = Arbiter::new();
        let (desk, _) = Recorder::start();
        front.shop.purchases = purchases_on(arbiter.handle(), desk, ScriptedGateway::new().0, 1);
        arbiter.stop();
        arbiter.join().unwrap();
        let reply = front.buy(Value::Null).await;
        assert_eq!(reply.problem(), (503, -701, "STOPPING"));
        assert_eq!(reply.header(RETRY_AFTER), Some("1"));
    }
}
