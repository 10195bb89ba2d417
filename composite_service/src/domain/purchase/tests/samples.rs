//! Baskets, orders, payments, events and effects, as short as they can be. An order costs 12000.

use std::time::Duration;

use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{ItemDto, OrderDto, OrderLineDto, OrderStatus};

use crate::domain::order::{Basket, Idempotency, OrderCommand, OrderReply, Payment};
use crate::domain::peer::Unsupported;
use crate::domain::purchase::{
    CONFIRM_FENCE, CancelAnswer, CommandAnswer, ConfirmAnswer, Effect, Event, Origin, Outcome,
    Purchase,
};

pub(super) const PRICE: u32 = 12_000;
/// The age of a purchase that may still charge, to the last moment.
pub(super) const YOUNG: Duration = CONFIRM_FENCE;
/// The age of one that is too old for that.
pub(super) const OLD: Duration = CONFIRM_FENCE.saturating_add(Duration::from_nanos(1));

pub(super) fn number(digits: u32) -> OrderNumber {
    digits.to_string().parse().unwrap()
}

pub(super) fn pays(key: &str, units: u32) -> Payment {
    Payment {
        key: key.parse().unwrap(),
        amount: Money::from_units(units),
    }
}

pub(super) fn payment() -> Payment {
    pays("key", PRICE)
}

pub(super) fn basket(payment: Option<Payment>) -> Basket {
    let item = ItemDto {
        item_id: 1,
        ..ItemDto::default()
    };
    let line = OrderLineDto {
        order_line_id: None,
        item,
        quantity: 1,
    };
    Basket {
        request_id: "request".to_owned(),
        member: None,
        idempotency: None,
        lines: vec![line],
        coupon_id: None,
        payment,
    }
}

pub(super) fn order(number: OrderNumber, status: OrderStatus) -> OrderDto {
    OrderDto {
        order_num: Some(number),
        status: Some(status),
        final_price: Some(Money::from_units(PRICE)),
        ..OrderDto::default()
    }
}

pub(super) fn replied(reply: OrderReply) -> Event {
    Event::Command(CommandAnswer::Replied(reply))
}

pub(super) fn pending() -> Event {
    replied(OrderReply::Pending(order(number(1), OrderStatus::Created)))
}

pub(super) fn complete() -> Event {
    replied(OrderReply::Complete(order(
        number(1),
        OrderStatus::Complete,
    )))
}

pub(super) fn rejected(reason: Reason) -> Event {
    replied(OrderReply::Rejected(
        order(number(1), OrderStatus::Rejected),
        reason,
    ))
}

pub(super) fn refused(reason: Reason) -> Event {
    replied(OrderReply::Refused(reason))
}

pub(super) const OVERDUE: Event = Event::Command(CommandAnswer::Overdue);
pub(super) const NOT_SENT: Event = Event::Command(CommandAnswer::NotSent);
pub(super) const NOT_SUPPORTED: Event =
    Event::Command(CommandAnswer::NotSupported(Unsupported::Payment));

/// The same reply, by an order service that may be a Spring one.
pub(super) fn by_stranger(replied: Event) -> Event {
    let Event::Command(CommandAnswer::Replied(reply)) = replied else {
        panic!("no reply: {replied:?}")
    };
    Event::Command(CommandAnswer::RepliedByStranger(reply))
}

pub(super) const CONFIRMED: Event = Event::Confirm(ConfirmAnswer::Confirmed);
pub(super) const PAID_OTHERWISE: Event = Event::Confirm(ConfirmAnswer::PaidOtherwise);
pub(super) const NOT_ASKED: Event = Event::Confirm(ConfirmAnswer::NotAsked);
pub(super) const CANCELLED: Event = Event::Cancel(CancelAnswer::Cancelled);
pub(super) const CANCEL_FAILED: Event = Event::Cancel(CancelAnswer::Failed);
pub(super) const CANCEL_REFUSED: Event = Event::Cancel(CancelAnswer::Refused);

pub(super) fn declined() -> Event {
    Event::Confirm(ConfirmAnswer::Declined("over the limit"))
}

pub(super) fn not_reached() -> Event {
    Event::Confirm(ConfirmAnswer::NotReached(
        Origin::Gateway.because("refused"),
    ))
}

pub(super) fn unknown() -> Event {
    Event::Confirm(ConfirmAnswer::Unknown(Origin::Gateway.because("timed out")))
}

/// A purchase after these events, and the effects of the last of them.
pub(super) fn after(start: (Purchase, Vec<Effect>), events: &[Event]) -> (Purchase, Vec<Effect>) {
    events.iter().fold(start, |(mut purchase, _), event| {
        let effects = purchase.handle(event.clone(), YOUNG);
        (purchase, effects)
    })
}

/// A purchase of order 1, paid in the same request, at its beginning.
pub(super) fn one_step() -> (Purchase, Vec<Effect>) {
    Purchase::place(number(1), basket(Some(payment())))
}

/// A purchase of order 1 that is to be paid later, at its beginning.
pub(super) fn unpaid() -> (Purchase, Vec<Effect>) {
    Purchase::place(number(1), basket(None))
}

/// Pays pending order 1.
pub(super) fn second_step() -> (Purchase, Vec<Effect>) {
    Purchase::pay(number(1), payment(), None)
}

/// An idempotency key, for the request of this fingerprint.
pub(super) fn once(fingerprint: &str) -> Option<Idempotency> {
    Some(Idempotency {
        key: "once".parse().unwrap(),
        fingerprint: fingerprint.parse().unwrap(),
    })
}

pub(super) fn approve() -> Effect {
    Effect::Send(OrderCommand::Approve {
        number: number(1),
        payment: payment(),
    })
}

pub(super) fn reject(reason: Reason) -> Effect {
    Effect::Send(OrderCommand::Reject {
        number: number(1),
        reason,
        detail: None,
    })
}

pub(super) fn reject_declined() -> Effect {
    Effect::Send(OrderCommand::Reject {
        number: number(1),
        reason: Reason::PaymentDeclined,
        detail: Some("over the limit".to_owned()),
    })
}

pub(super) fn confirm() -> Effect {
    Effect::Confirm {
        number: number(1),
        payment: payment(),
    }
}

pub(super) fn cancel(reason: Reason) -> Effect {
    Effect::Cancel {
        number: number(1),
        payment: payment(),
        reason,
    }
}

pub(super) fn answer_refused(reason: Reason) -> Effect {
    Effect::Answer(refusal(1, reason, None))
}

/// Of the order of these digits.
pub(super) fn refusal(digits: u32, reason: Reason, detail: Option<&str>) -> Outcome {
    Outcome::Refused {
        number: number(digits),
        reason,
        detail: detail.map(str::to_owned),
        retry_at: None,
    }
}

pub(super) fn answers(effects: &[Effect]) -> usize {
    effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Answer(_)))
        .count()
}
