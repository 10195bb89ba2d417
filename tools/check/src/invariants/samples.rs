//! A small mall in which everything is sound, to be broken by tests in one place each.

use crate::evidence::{
    Command, Evidence, InHand, Letter, Money, Movement, Order, Position, PricedLine, Refund,
    RefundState, Reply,
};
use crate::faults::{FaultKind, Silenced};
use crate::invariants::judge;
use crate::invariants::verdict::Violation;
use crate::plan::{Line, Round, VisitName};
use crate::recovery::Struck;
use crate::told::{Answer, Millis, Request, Said, Status, Told};

/// Paid with a coupon: two of the first item.
pub(crate) const PAID: &str = "1";
/// Pending: one of the first item.
pub(crate) const HELD: &str = "2";
/// Refused when it was placed.
pub(crate) const REFUSED: &str = "3";
/// Charged, rejected, given back, closed.
pub(crate) const REFUNDED: &str = "4";

const VISIT: VisitName = VisitName {
    seed: 1,
    round: 1,
    buyer: 1,
    nth: 1,
};

/// All invariants but that one hold; its violations.
pub(crate) fn only(evidence: &Evidence, name: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for verdict in judge(evidence) {
        if verdict.name == name {
            assert_ne!(verdict.violations, [], "{name} does not notice");
            found = verdict.violations;
        } else {
            assert_eq!(verdict.violations, [], "{} is broken, too", verdict.name);
        }
    }
    assert_ne!(found, [], "there is no invariant {name}");
    found
}

pub(crate) fn sound() -> Evidence {
    let shelf = Round::new(1, 1, &[]).shelf;
    let mut evidence = Evidence::default();
    let first = shelf.items[0];
    let coupon = shelf.coupons[0].id;
    for item in &shelf.items {
        evidence.stored.stock.insert(item.id, item.stock);
    }
    evidence.stored.stock.insert(first.id, first.stock - 3);
    for coupon in &shelf.coupons {
        evidence.stored.coupons.insert(coupon.id, None);
    }
    evidence.stored.coupons.insert(coupon, Some(PAID.into()));

    let paid = Order {
        coupon: Some(coupon),
        total: 24_000,
        price: 22_000,
        intent: Some("pay-1".into()),
        payment: Some("pay-1".into()),
        key: Some("key-1".into()),
        ..order(PAID, Status::Complete, None, 1, line(first.id, 2))
    };
    let held = Order {
        review_at: Some(1_000_000),
        ..order(HELD, Status::Created, None, 0, line(first.id, 1))
    };
    let refused = order(
        REFUSED,
        Status::Rejected,
        Some("OUT_OF_STOCK"),
        0,
        line(first.id, 900),
    );
    let refunded = order(
        REFUNDED,
        Status::Rejected,
        Some("EXPIRED"),
        2,
        line(first.id, 1),
    );
    for (number, order) in [
        (PAID, paid),
        (HELD, held),
        (REFUSED, refused),
        (REFUNDED, refunded),
    ] {
        add(&mut evidence, number, order);
    }
    evidence
        .ledger
        .insert(PAID.into(), vec![movement(Money::Charged, "pay-1", 22_000)]);
    let back = [Money::Charged, Money::Canceled].map(|money| movement(money, "pay-4", 12_000));
    evidence.ledger.insert(REFUNDED.into(), back.into());
    evidence.records.lag.insert(0, 0);
    evidence.in_hand.push(InHand {
        service: "composite-service".into(),
        what: "purchases_under_way".into(),
        count: 0,
    });
    add_poison(&mut evidence);
    evidence.shelves.push(shelf);
    evidence
}

/// One of the two pieces of [`PAID`] is given back.
pub(crate) fn refund_a_piece(evidence: &mut Evidence) {
    let order = evidence.stored.orders.get_mut(PAID).unwrap();
    order.refunds.push(Refund {
        state: RefundState::Done,
        amount: 11_000,
        pieces: vec![(1, 1)],
    });
    order.revision += 2;
    let item = order.lines[0].line.item;
    *evidence.stored.stock.get_mut(&item).unwrap() += 1;
    let back = movement(Money::Canceled, "pay-1", 11_000);
    evidence.ledger.get_mut(PAID).unwrap().push(back);
}

pub(crate) fn movement(money: Money, payment: &str, amount: i64) -> Movement {
    Movement {
        at: 1,
        money,
        payment: payment.into(),
        amount,
    }
}

/// A fault that silences nobody; it was healed and all was ready at the same time.
pub(crate) fn strike(fault: FaultKind, struck: Millis, ready: Millis) -> Struck {
    Struck {
        fault,
        silenced: Silenced::Nobody,
        struck,
        healed: ready,
        ready,
    }
}

pub(crate) fn told(request: Request, begun: Millis, answer: Answer) -> Told {
    Told {
        visit: VISIT,
        composite: 0,
        request,
        key: None,
        misuses_key: false,
        begun,
        ended: begun + 10,
        answer,
    }
}

/// With the price of the sample orders.
pub(crate) fn said(http: u16, order: &str, status: Option<Status>, reason: Option<&str>) -> Answer {
    Answer::Said(Said {
        http,
        order: Some(order.into()),
        status,
        reason: reason.map(str::to_owned),
        final_price: status.map(|_| if order == PAID { 22_000 } else { 12_000 }),
        cancelled: None,
        lines: None,
        retry_after: false,
    })
}

fn line(item: i64, quantity: i64) -> PricedLine {
    PricedLine {
        line: Line { item, quantity },
        price: Some(12_000),
    }
}

fn order(
    number: &str,
    status: Status,
    reason: Option<&str>,
    revision: i64,
    line: PricedLine,
) -> Order {
    let total = line.line.quantity * 12_000;
    Order {
        request_id: format!("request-{number}"),
        status,
        reason: reason.map(str::to_owned),
        coupon: None,
        total,
        price: total,
        intent: None,
        payment: None,
        revision,
        created: 1,
        key: None,
        review_at: None,
        lines: vec![line],
        refunds: Vec::new(),
    }
}

/// The order, the request and the command that asked for it, the reply, and what composites say of it.
fn add(evidence: &mut Evidence, number: &str, order: Order) {
    let lines: Vec<Line> = order.lines.iter().map(|line| line.line).collect();
    let is_refused = order.status == Status::Rejected;
    let told_now = Said {
        http: 200,
        order: Some(number.into()),
        status: Some(order.status),
        reason: None,
        final_price: Some(order.price),
        cancelled: None,
        lines: Some(lines.clone()),
        retry_after: false,
    };
    let answer = if is_refused {
        said(409, number, None, order.reason.as_deref())
    } else {
        Answer::Said(told_now.clone())
    };
    let request = Request::Place {
        lines,
        coupon: order.coupon,
        payment: order.intent.clone().map(|key| (key, order.price)),
    };
    let offset = i64::try_from(evidence.records.commands.len()).unwrap();
    let position = Position {
        partition: 0,
        offset,
    };
    evidence.records.commands.push(Command {
        at: 1,
        position,
        kind: Some("ORDER_CREATE".into()),
        order: Some(number.into()),
        request_id: Some(order.request_id.clone()),
        key: order.key.clone(),
        correlation: Some(format!("c-{number}")),
        poison: None,
        making: 0,
        is_lost: false,
    });
    evidence.records.replies.push(Reply {
        at: 2,
        position,
        kind: Some("ORDER_CREATED".into()),
        order: Some(number.into()),
        correlation: Some(format!("c-{number}")),
        status: Some(order.status),
        reason: order.reason.clone(),
    });
    evidence.told.push(Told {
        key: order.key.clone(),
        ..told(request, 100, answer)
    });
    evidence.looks.insert(number.into(), told_now);
    evidence.stored.orders.insert(number.into(), order);
}

fn add_poison(evidence: &mut Evidence) {
    let position = Position {
        partition: 1,
        offset: 0,
    };
    evidence.records.commands.push(Command {
        at: 1,
        position,
        kind: None,
        order: None,
        request_id: None,
        key: None,
        correlation: None,
        poison: Some("poison-1".into()),
        making: 0,
        is_lost: false,
    });
    evidence.records.letters.push(Letter {
        topic: "orders-dlt".into(),
        position: Position {
            partition: 0,
            offset: 0,
        },
        origin: Some(("orders".into(), position)),
        poison: Some("poison-1".into()),
        cause: "no value".into(),
    });
}
