//! What a purchase does while it has no answer, and when the shopper has gone.

use std::time::Duration;

use shared::reason::Reason;

use super::samples::*;
use crate::domain::purchase::{Effect, Event, MOST_CONFIRMS, Outcome, Purchase, Warning};

/// The waits between so many repetitions of a step that gets only this event.
fn waits(start: (Purchase, Vec<Effect>), event: &Event, times: usize) -> Vec<Duration> {
    let (mut purchase, _) = start;
    let mut waits = Vec::new();
    for _ in 0..times {
        for effect in purchase.handle(event.clone(), YOUNG) {
            if let Effect::Wait(delay) = effect {
                waits.push(delay);
            } else {
                assert!(matches!(effect, Effect::Warn(_)), "{effect:?}");
            }
        }
        purchase.handle(Event::WaitOver, YOUNG);
    }
    waits
}

mod a_charged_order {
    use super::*;

    #[test]
    fn that_is_not_approved_is_answered_and_cancelled_until_that_succeeds() {
        for (reply, reason) in [
            (rejected(Reason::Expired), Reason::Expired),
            (refused(Reason::AlreadyRejected), Reason::AlreadyRejected),
            (refused(Reason::AlreadyPaid), Reason::AlreadyPaid),
            (refused(Reason::UnknownOrder), Reason::UnknownOrder),
        ] {
            let (mut purchase, effects) = after(one_step(), &[pending(), CONFIRMED, reply]);
            assert_eq!(effects, [answer_refused(reason), cancel(reason)]);
            for _ in 0..100 {
                assert_eq!(answers(&purchase.handle(CANCEL_FAILED, YOUNG)), 0);
                assert_eq!(purchase.handle(Event::WaitOver, YOUNG), [cancel(reason)]);
            }
            assert!(!purchase.is_done());
            assert_eq!(purchase.handle(CANCELLED, YOUNG), []);
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn is_approved_until_that_is_answered() {
        let (mut purchase, _) = after(one_step(), &[pending(), CONFIRMED]);
        for _ in 0..100 {
            for event in [OVERDUE, NOT_SENT, refused(Reason::InternalError)] {
                assert_eq!(answers(&purchase.handle(event, YOUNG)), 0);
                assert_eq!(purchase.handle(Event::WaitOver, YOUNG), [approve()]);
            }
        }
        assert_eq!(answers(&purchase.handle(complete(), YOUNG)), 1);
    }
}

mod an_unreached_gateway {
    use super::*;

    #[test]
    fn leaves_the_order_pending_the_sixth_time() {
        let mut sixth = vec![pending()];
        for _ in 0..5 {
            sixth.extend([not_reached(), Event::WaitOver]);
        }
        sixth.push(not_reached());
        for start in [one_step(), second_step()] {
            let (purchase, effects) = after(start, &sixth);
            assert_eq!(effects, [answer_refused(Reason::PaymentUnavailable)]);
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn outlasts_an_outage_of_three_seconds() {
        for start in [one_step(), second_step()] {
            let tried_for: Duration = waits(after(start, &[pending()]), &not_reached(), 5)
                .iter()
                .sum();
            assert!(tried_for > Duration::from_secs(3), "{tried_for:?}");
        }
    }

    #[test]
    fn that_is_not_even_asked_leaves_the_order_pending_at_once() {
        for start in [one_step(), second_step()] {
            let (purchase, effects) = after(start, &[pending(), NOT_ASKED]);
            assert_eq!(effects, [answer_refused(Reason::PaymentUnavailable)]);
            assert!(purchase.is_done());
        }
    }
}

#[test]
fn no_purchase_asks_the_gateway_more_often_than_told() {
    let (mut purchase, _) = after(one_step(), &[pending()]);
    let (mut age, mut confirms) = (Duration::ZERO, 1);
    while !purchase.is_done() {
        for effect in purchase.handle(unknown(), age) {
            if let Effect::Wait(delay) = effect {
                // Jitter makes no delay shorter than that.
                age += delay / 2;
            }
        }
        confirms += usize::from(purchase.handle(Event::WaitOver, age) == [confirm()]);
    }
    assert_eq!(confirms, MOST_CONFIRMS);
}

mod an_unknown_charge {
    use super::*;

    #[test]
    fn never_rejects_the_order() {
        let (mut purchase, _) = after(one_step(), &[pending(), unknown(), Event::WaitOver]);
        for _ in 0..1_000 {
            for event in [not_reached(), unknown(), NOT_ASKED] {
                let effects = purchase.handle(event, YOUNG);
                assert!(matches!(effects[0], Effect::Wait(_)), "{effects:?}");
                assert_eq!(purchase.handle(Event::WaitOver, YOUNG), [confirm()]);
            }
        }
        assert_eq!(purchase.clone().handle(CONFIRMED, YOUNG), [approve()]);
        assert_eq!(purchase.handle(declined(), YOUNG), [reject_declined()]);
    }
}

mod fence {
    use super::*;

    /// Each way to the gateway: the purchase just before, and the event that leads there.
    fn ways() -> [(Purchase, Event); 4] {
        let asked_once = after(one_step(), &[pending(), unknown()]).0;
        let unreached_once = after(second_step(), &[pending(), not_reached()]).0;
        [
            (one_step().0, pending()),
            (second_step().0, pending()),
            (asked_once, Event::WaitOver),
            (unreached_once, Event::WaitOver),
        ]
    }

    #[test]
    fn to_the_last_moment_the_gateway_is_asked() {
        for (mut purchase, event) in ways() {
            assert_eq!(purchase.handle(event, YOUNG), [confirm()]);
        }
    }

    #[test]
    fn an_older_purchase_is_left_to_its_review() {
        for (mut purchase, event) in ways() {
            let late = Effect::Answer(Outcome::Late(number(1)));
            let warning = Effect::Warn(Warning::TooOldToCharge);
            assert_eq!(purchase.handle(event, OLD), [late, warning]);
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn an_older_purchase_still_does_everything_else() {
        for (events, last, expected) in [
            (vec![], Event::WaitOver, second_step().1),
            (vec![pending()], CONFIRMED, vec![approve()]),
            (vec![pending()], declined(), vec![reject_declined()]),
            (
                vec![pending(), CONFIRMED, rejected(Reason::Expired)],
                Event::WaitOver,
                vec![cancel(Reason::Expired)],
            ),
        ] {
            let (mut purchase, _) = after(second_step(), &events);
            assert_eq!(purchase.handle(last, OLD), expected);
        }
    }
}

mod a_passed_deadline {
    use super::*;

    #[test]
    fn is_answered_once_and_the_purchase_goes_on() {
        let (mut purchase, late) = after(one_step(), &[Event::DeadlinePassed]);
        assert_eq!(late, [Effect::Answer(Outcome::Late(number(1)))]);
        assert_eq!(purchase.handle(pending(), YOUNG), [confirm()]);
        assert_eq!(purchase.handle(CONFIRMED, YOUNG), [approve()]);
        assert_eq!(purchase.handle(complete(), YOUNG), []);
        assert!(purchase.is_done());
    }

    #[test]
    fn silences_every_later_end() {
        let confirming = [Event::DeadlinePassed, pending()];
        let ends: [&[Event]; 9] = [
            &[Event::DeadlinePassed, NOT_SENT],
            &[Event::DeadlinePassed, complete()],
            &[Event::DeadlinePassed, rejected(Reason::OutOfStock)],
            &[Event::DeadlinePassed, refused(Reason::InternalError)],
            &[&confirming[..], &[PAID_OTHERWISE]].concat(),
            &[
                &confirming[..],
                &[declined(), rejected(Reason::PaymentDeclined)],
            ]
            .concat(),
            &[&confirming[..], &[declined(), refused(Reason::AlreadyPaid)]].concat(),
            &[
                &confirming[..],
                &[CONFIRMED, rejected(Reason::Expired), CANCELLED],
            ]
            .concat(),
            &[&confirming[..], &[CONFIRMED, complete()]].concat(),
        ];
        for events in ends {
            let (purchase, effects) = after(one_step(), events);
            assert!(purchase.is_done(), "{events:?}");
            assert_eq!(answers(&effects), 0, "{events:?}");
        }
    }

    #[test]
    fn is_ignored_after_an_answer() {
        let refunding = [pending(), CONFIRMED, rejected(Reason::Expired)];
        for events in [&[complete()][..], &refunding] {
            let (mut purchase, effects) = after(one_step(), events);
            assert_eq!(answers(&effects), 1);
            assert_eq!(purchase.handle(Event::DeadlinePassed, YOUNG), []);
        }
    }
}

mod repetition {
    use super::*;

    #[test]
    fn delays_double_from_a_tenth_of_a_second_to_half_a_minute() {
        let expected: Vec<_> = [
            100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000,
        ]
        .map(Duration::from_millis)
        .into();
        let approving = || after(one_step(), &[pending(), CONFIRMED]);
        let rejecting = || after(one_step(), &[pending(), declined()]);
        let refunding = || {
            after(
                one_step(),
                &[pending(), CONFIRMED, rejected(Reason::Expired)],
            )
        };
        for (start, event) in [
            (unpaid(), OVERDUE),
            (second_step(), OVERDUE),
            (after(second_step(), &[pending()]), unknown()),
            (approving(), OVERDUE),
            (approving(), NOT_SENT),
            (approving(), refused(Reason::InternalError)),
            (approving(), pending()),
            (rejecting(), OVERDUE),
            (rejecting(), refused(Reason::InternalError)),
            (refunding(), CANCEL_FAILED),
        ] {
            assert_eq!(waits(start, &event, expected.len()), expected, "{event:?}");
        }
    }

    #[test]
    fn delays_stay_at_their_cap_and_every_tenth_warns() {
        let (mut purchase, _) = after(one_step(), &[pending(), CONFIRMED]);
        let unresolved = Effect::Warn(Warning::Unresolved("completing the paid order"));
        let mut warned = Vec::new();
        for attempt in 1..=100 {
            let effects = purchase.handle(OVERDUE, YOUNG);
            if effects.contains(&unresolved) {
                warned.push(attempt);
            }
            assert!(attempt < 10 || effects[0] == Effect::Wait(Duration::from_secs(30)));
        }
        assert_eq!(warned, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    }

    #[test]
    fn delays_start_over_with_each_step() {
        let (mut purchase, _) = after(
            one_step(),
            &[OVERDUE, OVERDUE, OVERDUE, pending(), CONFIRMED],
        );
        assert_eq!(
            purchase.handle(OVERDUE, YOUNG),
            [Effect::Wait(Duration::from_millis(100))]
        );
    }
}
