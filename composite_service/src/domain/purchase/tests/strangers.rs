//! A purchase at an order service that may be a Spring one.

use shared::wire::order_dto::{OrderDto, OrderStatus};

use super::samples::*;
use crate::domain::order::{Basket, OrderCommand, OrderReply};
use crate::domain::peer::Unsupported;
use crate::domain::purchase::{Effect, Event, Outcome, Purchase};

mod a_stranger {
    use super::*;

    fn told(order: OrderDto) -> Event {
        by_stranger(replied(OrderReply::Pending(order)))
    }

    /// As a Spring order service tells it: under a number of its own, and without a price.
    fn springs() -> OrderDto {
        OrderDto {
            final_price: None,
            ..order(number(77), OrderStatus::Created)
        }
    }

    fn not_supported(what: Unsupported) -> [Effect; 1] {
        let number = Some(number(77));
        [Effect::Answer(Outcome::NotSupported { number, what })]
    }

    #[test]
    fn gives_its_order_a_number_of_its_own() {
        let (purchase, effects) = after(unpaid(), &[told(springs())]);
        assert_eq!(effects, [Effect::Answer(Outcome::Pending(springs()))]);
        assert!(purchase.is_done());
    }

    #[test]
    fn gets_no_payment_even_for_an_order_with_a_price() {
        let priced = order(number(77), OrderStatus::Created);
        for placed in [springs(), priced] {
            let (purchase, effects) = after(one_step(), &[told(placed)]);
            assert_eq!(effects, not_supported(Unsupported::Payment));
            assert!(purchase.is_done());
        }
    }

    #[test]
    fn has_not_used_a_coupon() {
        let wished = Basket {
            coupon_id: Some(7),
            ..basket(None)
        };
        let (_, effects) = after(Purchase::place(number(1), wished), &[told(springs())]);
        assert_eq!(effects, not_supported(Unsupported::Coupon));
    }

    #[test]
    fn is_no_proof_of_an_earlier_request_with_the_same_key() {
        let keyed = Basket {
            idempotency: once("f"),
            ..basket(None)
        };
        let (_, effects) = after(Purchase::place(number(1), keyed), &[told(springs())]);
        assert_eq!(effects, [Effect::Answer(Outcome::Pending(springs()))]);
    }

    #[test]
    fn that_can_not_place_the_order_is_told_and_nothing_else_is_done() {
        let (purchase, effects) = after(one_step(), &[NOT_SUPPORTED]);
        let what = Unsupported::Payment;
        let outcome = Outcome::NotSupported { number: None, what };
        assert_eq!(effects, [Effect::Answer(outcome)]);
        assert!(purchase.is_done());
    }
}

mod a_repetition {
    use super::*;

    #[test]
    fn of_an_order_that_may_be_placed_is_marked_as_such() {
        let (_, effects) = after(unpaid(), &[OVERDUE, Event::WaitOver]);
        let again = OrderCommand::Create {
            number: number(1),
            basket: basket(None),
            is_repetition: true,
        };
        assert_eq!(effects, [Effect::Send(again)]);
    }

    #[test]
    fn that_is_not_supported_ends_the_purchase_as_late() {
        let (purchase, effects) = after(unpaid(), &[OVERDUE, Event::WaitOver, NOT_SUPPORTED]);
        assert_eq!(effects, [Effect::Answer(Outcome::Late(number(1)))]);
        assert!(purchase.is_done());
    }
}
