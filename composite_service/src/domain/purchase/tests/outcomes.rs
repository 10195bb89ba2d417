//! What a purchase comes to, path by path.

use shared::money::Money;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::samples::*;
use crate::domain::order::{Basket, OrderCommand, OrderReply, Payment};
use crate::domain::purchase::{Effect, Event, Outcome, Purchase};

mod an_order {
    use super::*;

    #[test]
    fn with_a_payment_is_created_charged_and_approved() {
        let (mut purchase, first) = one_step();
        let created = OrderCommand::Create {
            number: number(1),
            basket: basket(Some(payment())),
            is_repetition: false,
        };
        assert_eq!(first, [Effect::Send(created)]);
        assert_eq!(purchase.handle(pending(), YOUNG), [confirm()]);
        assert_eq!(purchase.handle(CONFIRMED, YOUNG), [approve()]);
        let paid = order(number(1), OrderStatus::Complete);
        assert_eq!(
            purchase.handle(complete(), YOUNG),
            [Effect::Answer(Outcome::Complete(paid))]
        );
        assert!(purchase.is_done());
    }

    #[test]
    fn without_a_payment_is_answered_as_pending() {
        let (purchase, effects) = after(unpaid(), &[pending()]);
        let placed = order(number(1), OrderStatus::Created);
        assert_eq!(effects, [Effect::Answer(Outcome::Pending(placed))]);
        assert!(purchase.is_done());
    }

    #[test]
    fn that_is_pending_is_charged_and_approved() {
        let (mut purchase, first) = second_step();
        let begins = OrderCommand::Pay {
            number: number(1),
            payment: payment(),
            idempotency: None,
        };
        assert_eq!(first, [Effect::Send(begins)]);
        assert_eq!(purchase.handle(pending(), YOUNG), [confirm()]);
        assert_eq!(purchase.handle(CONFIRMED, YOUNG), [approve()]);
        assert_eq!(answers(&purchase.handle(complete(), YOUNG)), 1);
        assert!(purchase.is_done());
    }

    #[test]
    fn that_costs_nothing_is_approved_without_the_gateway() {
        let free = OrderDto {
            final_price: Some(Money::ZERO),
            ..order(number(1), OrderStatus::Created)
        };
        let placed = replied(OrderReply::Pending(free));
        let nothing = pays("key", 0);
        let approve = Effect::Send(OrderCommand::Approve {
            number: number(1),
            payment: nothing.clone(),
        });
        for start in [
            Purchase::place(number(1), basket(Some(nothing.clone()))),
            Purchase::pay(number(1), nothing.clone(), None),
        ] {
            let (mut purchase, effects) = after(start, std::slice::from_ref(&placed));
            assert_eq!(effects, std::slice::from_ref(&approve));
            // And there is nothing to give back.
            let refused = purchase.handle(rejected(Reason::Expired), YOUNG);
            assert_eq!(refused, [answer_refused(Reason::Expired)]);
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn numbered_by_the_order_service_is_charged_under_that_number() {
        let placed = replied(OrderReply::Pending(order(number(77), OrderStatus::Created)));
        let (purchase, effects) = after(one_step(), &[placed]);
        assert_eq!(*purchase.number(), number(77));
        assert_eq!(
            effects,
            [Effect::Confirm {
                number: number(77),
                payment: payment()
            }]
        );
    }
}

mod refusals {
    use super::*;

    #[test]
    fn a_rejected_order_is_answered_and_nothing_else_is_done() {
        for reason in Reason::ALL {
            for start in [unpaid(), one_step()] {
                let (purchase, effects) = after(start, &[rejected(*reason)]);
                assert_eq!(effects, [answer_refused(*reason)]);
                assert!(purchase.is_done());
            }
        }
    }

    #[test]
    fn an_order_that_is_paid_otherwise_is_left_alone() {
        for events in [
            vec![pending(), PAID_OTHERWISE],
            vec![pending(), unknown(), Event::WaitOver, PAID_OTHERWISE],
        ] {
            let (purchase, effects) = after(second_step(), &events);
            assert_eq!(effects, [answer_refused(Reason::PaymentConflict)]);
            assert!(purchase.is_done());
        }
    }
}

mod a_silent_order_service {
    use super::*;

    #[test]
    fn leaves_the_order_to_expire() {
        let (mut purchase, _) = one_step();
        let mut told = 0;
        for _ in 0..30 {
            told += answers(&purchase.handle(OVERDUE, YOUNG));
            assert_eq!(purchase.handle(Event::WaitOver, YOUNG).len(), 1);
        }
        assert!(!purchase.is_done() && told == 0);
        let last = purchase.handle(OVERDUE, YOUNG);
        assert!(purchase.is_done());
        assert_eq!(answers(&last), 1, "{last:?}");
        assert!(matches!(last.last(), Some(Effect::Warn(_))), "{last:?}");
    }
}

mod a_command_that_is_not_sent {
    use super::*;

    #[test]
    fn makes_ordering_unavailable_when_it_is_the_first() {
        let (purchase, effects) = after(one_step(), &[NOT_SENT]);
        assert_eq!(effects, [Effect::Answer(Outcome::Unavailable)]);
        assert!(purchase.is_done());
    }

    #[test]
    fn is_repeated_when_the_order_may_exist() {
        let (purchase, effects) = after(one_step(), &[OVERDUE, Event::WaitOver, NOT_SENT]);
        assert!(matches!(effects[..], [Effect::Wait(_)]));
        assert!(!purchase.is_done());
    }
}

mod a_declined_payment {
    use super::*;

    #[test]
    fn rejects_the_order_with_the_gateways_words() {
        assert_eq!(
            after(one_step(), &[pending(), declined()]).1,
            [reject_declined()]
        );
        let (_, effects) = after(
            one_step(),
            &[pending(), declined(), rejected(Reason::PaymentDeclined)],
        );
        let declined = refusal(1, Reason::PaymentDeclined, Some("over the limit"));
        assert_eq!(effects, [Effect::Answer(declined)]);
    }
}

mod a_wrong_amount {
    use super::*;

    #[test]
    fn rejects_the_order_and_is_never_charged() {
        for units in [0, PRICE - 1, PRICE + 1] {
            let start = || Purchase::place(number(1), basket(Some(pays("key", units))));
            assert_eq!(
                after(start(), &[pending()]).1,
                [reject(Reason::AmountMismatch)]
            );
            let (purchase, effects) = after(
                start(),
                &[
                    pending(),
                    OVERDUE,
                    Event::WaitOver,
                    rejected(Reason::AmountMismatch),
                ],
            );
            assert_eq!(effects, [answer_refused(Reason::AmountMismatch)]);
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn of_an_order_without_a_price_is_refused_and_nothing_is_sent() {
        let priceless = OrderDto {
            final_price: None,
            ..order(number(1), OrderStatus::Created)
        };
        let (purchase, effects) = after(one_step(), &[replied(OrderReply::Pending(priceless))]);
        assert_eq!(effects, [answer_refused(Reason::AmountMismatch)]);
        assert!(purchase.is_done());
    }
}

mod a_taken_number {
    use super::*;

    fn taken() -> Event {
        refused(Reason::OrderNumberTaken)
    }

    #[test]
    fn is_replaced_and_the_same_request_placed_again() {
        let (purchase, effects) = after(one_step(), &[taken(), Event::Renumbered(number(2))]);
        let again = OrderCommand::Create {
            number: number(2),
            basket: basket(Some(payment())),
            is_repetition: false,
        };
        assert_eq!(effects, [Effect::Send(again)]);
        assert_eq!(*purchase.number(), number(2));
    }

    #[test]
    fn is_replaced_five_times_before_the_purchase_fails() {
        let (mut purchase, _) = one_step();
        for tried in 2..=6 {
            assert_eq!(purchase.handle(taken(), YOUNG), [Effect::Renumber]);
            purchase.handle(Event::Renumbered(number(tried)), YOUNG);
        }
        assert_eq!(
            purchase.handle(taken(), YOUNG),
            [Effect::Answer(Outcome::Failed(number(6)))]
        );
        assert!(purchase.is_done());
    }

    #[test]
    fn is_not_replaced_once_the_shopper_was_told_it() {
        let renumbered = Event::Renumbered(number(2));
        for events in [
            [
                OVERDUE,
                Event::DeadlinePassed,
                Event::WaitOver,
                taken(),
                renumbered.clone(),
            ],
            [
                OVERDUE,
                Event::WaitOver,
                taken(),
                Event::DeadlinePassed,
                renumbered,
            ],
        ] {
            let (purchase, effects) = after(one_step(), &events);
            assert_eq!(effects, []);
            assert!(purchase.is_done());
        }
    }
}

mod replays {
    use super::*;

    fn keyed(payment: Option<Payment>) -> (Purchase, Vec<Effect>) {
        Purchase::place(
            number(1),
            Basket {
                idempotency: once("of the request"),
                ..basket(payment)
            },
        )
    }

    /// The order of the earlier request, number 77.
    fn theirs(status: OrderStatus) -> OrderDto {
        order(number(77), status)
    }

    fn answer_replayed(outcome: Outcome) -> [Effect; 1] {
        [Effect::Answer(Outcome::Replayed(Box::new(outcome)))]
    }

    #[test]
    fn answer_with_the_earlier_requests_order() {
        let over = OrderDto {
            reject_detail: Some("over".to_owned()),
            ..theirs(OrderStatus::Rejected)
        };
        for (reply, outcome) in [
            (
                OrderReply::Pending(theirs(OrderStatus::Created)),
                Outcome::Pending(theirs(OrderStatus::Created)),
            ),
            (
                OrderReply::Complete(theirs(OrderStatus::Complete)),
                Outcome::Complete(theirs(OrderStatus::Complete)),
            ),
            (
                OrderReply::Rejected(over, Reason::PaymentDeclined),
                refusal(77, Reason::PaymentDeclined, Some("over")),
            ),
        ] {
            let (purchase, effects) = after(keyed(None), &[replied(reply)]);
            assert_eq!(effects, answer_replayed(outcome));
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn charge_and_approve_an_order_that_was_not_paid() {
        let pending = replied(OrderReply::Pending(theirs(OrderStatus::Created)));
        let (mut purchase, effects) = after(keyed(Some(payment())), &[pending]);
        assert_eq!(
            effects,
            [Effect::Confirm {
                number: number(77),
                payment: payment()
            }]
        );
        purchase.handle(CONFIRMED, YOUNG);
        let complete = replied(OrderReply::Complete(theirs(OrderStatus::Complete)));
        assert_eq!(
            purchase.handle(complete, YOUNG),
            answer_replayed(Outcome::Complete(theirs(OrderStatus::Complete)))
        );
    }

    #[test]
    fn tell_no_number_before_it_is_certain() {
        let (mut purchase, late) = after(keyed(Some(payment())), &[Event::DeadlinePassed]);
        assert_eq!(late, [Effect::Answer(Outcome::StillRunning)]);
        assert_eq!(purchase.handle(pending(), YOUNG), [confirm()]);
        let (_, late) = after(keyed(Some(payment())), &[pending(), Event::DeadlinePassed]);
        assert_eq!(late, [Effect::Answer(Outcome::Late(number(1)))]);
    }

    #[test]
    fn of_an_ended_payment_answer_with_its_end() {
        let paying = || Purchase::pay(number(1), payment(), once("of the payment"));
        let paid = order(number(1), OrderStatus::Complete);
        let (_, effects) = after(paying(), &[complete()]);
        assert_eq!(effects, answer_replayed(Outcome::Complete(paid.clone())));
        let declined = refusal(1, Reason::PaymentDeclined, None);
        let (_, effects) = after(paying(), &[rejected(Reason::PaymentDeclined)]);
        assert_eq!(effects, answer_replayed(declined));
        // One that is under way is joined, and its end is this request's own.
        let (_, effects) = after(paying(), &[pending(), CONFIRMED, complete()]);
        assert_eq!(effects, [Effect::Answer(Outcome::Complete(paid))]);
    }

    #[test]
    fn need_a_key_that_was_used_before() {
        let (_, effects) = after(keyed(None), &[pending()]);
        assert_eq!(
            effects,
            [Effect::Answer(Outcome::Pending(order(
                number(1),
                OrderStatus::Created
            )))]
        );
        let theirs = theirs(OrderStatus::Created);
        let (_, effects) = after(unpaid(), &[replied(OrderReply::Pending(theirs.clone()))]);
        assert_eq!(effects, [Effect::Answer(Outcome::Pending(theirs))]);
    }

    #[test]
    fn with_a_key_of_another_request_are_refused() {
        let (purchase, effects) = after(
            keyed(Some(payment())),
            &[refused(Reason::IdempotencyKeyReused)],
        );
        assert_eq!(effects, [answer_refused(Reason::IdempotencyKeyReused)]);
        assert!(purchase.is_done());
    }
}
