//! One order's whole story: requests and answers, records on Kafka, movements of money and the database's row, in the order of time.
//! Must not know what is wrong with it.

use crate::evidence::{Command, Evidence, Money};
use crate::told::{Answer, Millis, Request, Told};
use chrono::{DateTime, SecondsFormat};
use std::collections::BTreeSet;

/// The story's lines.
pub(crate) fn story(evidence: &Evidence, number: &str) -> Vec<String> {
    let mut lines = requests(evidence, number);
    lines.extend(records(evidence, number));
    lines.extend(movements(evidence, number));
    lines.sort();
    let mut story = vec![format!("order {number}")];
    story.extend(
        lines
            .into_iter()
            .map(|(at, line)| format!("  {} {line}", time(at))),
    );
    story.push(format!("  database: {}", row(evidence, number)));
    if let Some(look) = evidence.looks.get(number) {
        story.push(format!(
            "  a composite says: {}",
            answer(&Answer::Said(look.clone()))
        ));
    }
    story
}

/// The orders of an item that were asked for more than once, or rejected after they had taken it: where its stock may have gone wrong.
pub(crate) fn suspects(evidence: &Evidence, item: i64) -> Vec<String> {
    let creates = |number: &str| {
        evidence
            .records
            .commands
            .iter()
            .filter(|command| {
                command.kind.as_deref() == Some("ORDER_CREATE")
                    && command.order.as_deref() == Some(number)
            })
            .count()
    };
    let of_item = evidence
        .stored
        .orders
        .iter()
        .filter(|(_, order)| order.lines.iter().any(|line| line.line.item == item));
    of_item
        .filter(|(number, order)| !order.holds() && order.revision > 0 || creates(number) > 1)
        .map(|(number, _)| number.clone())
        .collect()
}

fn requests(evidence: &Evidence, number: &str) -> Vec<(Millis, String)> {
    let order = evidence.stored.orders.get(number);
    let key = order.and_then(|order| order.key.as_deref());
    let visits: BTreeSet<_> = evidence
        .told
        .iter()
        .filter(|told| told.order() == Some(number) || key.is_some() && told.key.as_deref() == key)
        .map(|told| told.visit)
        .collect();
    evidence
        .told
        .iter()
        .filter(|told| visits.contains(&told.visit))
        .flat_map(|told| {
            let who = format!("visit {}, composite {}", told.visit, told.composite);
            [
                (told.begun, format!("{who}: {}", request(told))),
                (
                    told.ended,
                    format!("{who}: answered {}", answer(&told.answer)),
                ),
            ]
        })
        .collect()
}

fn request(told: &Told) -> String {
    let key = told
        .key
        .as_ref()
        .map_or(String::new(), |key| format!(", key {key}"));
    match &told.request {
        Request::Place {
            lines,
            coupon,
            payment,
        } => {
            let lines: Vec<String> = lines
                .iter()
                .map(|line| format!("{} × {}", line.quantity, line.item))
                .collect();
            let coupon = coupon.map_or(String::new(), |coupon| format!(", coupon {coupon}"));
            let payment = payment.as_ref().map_or(String::new(), |(key, amount)| {
                format!(", {key} pays {amount}")
            });
            format!("POST order of {}{coupon}{payment}{key}", lines.join(" + "))
        }
        Request::Pay {
            order,
            payment,
            amount,
        } => format!("POST payment of {order}: {payment} pays {amount}{key}"),
        Request::Cancel {
            order,
            is_of_one_piece: true,
        } => format!("POST cancellation of a piece of {order}{key}"),
        Request::Cancel { order, .. } => format!("POST cancellation of {order}{key}"),
        Request::Read { order } => format!("GET order {order}"),
        Request::Reject { order } => format!("ORDER_REJECT of {order} from outside"),
    }
}

fn answer(answer: &Answer) -> String {
    let said = match answer {
        Answer::Nothing(why) => return why.clone(),
        Answer::Said(said) => said,
    };
    let parts = [
        Some(said.http.to_string()),
        said.status.map(|status| status.to_string()),
        said.reason.clone(),
        said.final_price.map(|price| format!("price {price}")),
        said.order.as_ref().map(|order| format!("order {order}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn records(evidence: &Evidence, number: &str) -> Vec<(Millis, String)> {
    let of_order = |order: &Option<String>| order.as_deref() == Some(number);
    let log = &evidence.records;
    let replies = log.replies.iter().filter(|reply| of_order(&reply.order));
    // a request that was repeated asks for another order, and is replied to with this one
    let answered: BTreeSet<&str> = replies
        .clone()
        .filter_map(|reply| reply.correlation.as_deref())
        .collect();
    let belongs = |command: &&Command| {
        let correlation = command.correlation.as_deref();
        of_order(&command.order) || correlation.is_some_and(|id| answered.contains(id))
    };
    let commands = log.commands.iter().filter(belongs).map(|command| {
        let (kind, at) = (command.kind.as_deref().unwrap_or("?"), command.position);
        let asks = command.correlation.as_deref().unwrap_or("no reply wanted");
        let text = format!("orders/{}/{}: {kind} ({asks})", at.partition, at.offset);
        (command.at, text)
    });
    let replies = replies.map(|reply| {
        let (kind, at) = (reply.kind.as_deref().unwrap_or("?"), reply.position);
        let status = reply
            .status
            .map_or(String::new(), |status| format!(", it is {status}"));
        let reason = reply.reason.as_deref().unwrap_or_default();
        let to = reply.correlation.as_deref().unwrap_or("nobody");
        let text = format!(
            "composite/{}/{}: {kind}{status} {reason} ({to})",
            at.partition, at.offset
        );
        (reply.at, text)
    });
    commands.chain(replies).collect()
}

fn movements(evidence: &Evidence, number: &str) -> Vec<(Millis, String)> {
    let movements = evidence.ledger.get(number).into_iter().flatten();
    movements
        .map(|movement| {
            let what = match movement.money {
                Money::Charged => "charged",
                Money::Declined => "declined",
                Money::Canceled => "cancelled",
            };
            (
                movement.at,
                format!(
                    "gateway: {what} {} by {}",
                    movement.amount, movement.payment
                ),
            )
        })
        .collect()
}

fn row(evidence: &Evidence, number: &str) -> String {
    let Some(order) = evidence.stored.orders.get(number) else {
        return "no such order".to_owned();
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let lines: Vec<String> = order
        .lines
        .iter()
        .map(|line| format!("{} × {}", line.line.quantity, line.line.item))
        .collect();
    format!(
        "{} {} revision {}, {}, costs {} of {}, coupon {}, intent {}, payment {}, key {}, request {}, {}",
        order.status,
        text(&order.reason),
        order.revision,
        lines.join(" + "),
        order.price,
        order.total,
        order
            .coupon
            .map_or("-".to_owned(), |coupon| coupon.to_string()),
        text(&order.intent),
        text(&order.payment),
        text(&order.key),
        order.request_id,
        order.review_at.map_or("closed".to_owned(), |at| format!(
            "to be looked at {}",
            time(at)
        )),
    )
}

fn time(at: Millis) -> String {
    DateTime::from_timestamp_millis(at).map_or_else(
        || at.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::samples::{HELD, PAID, REFUNDED, REFUSED, said, sound, told};
    use crate::told::Status;

    #[test]
    fn a_story_is_in_the_order_of_time() {
        let mut evidence = sound();
        // the shopper asked before any record was there
        for told in &mut evidence.told {
            (told.begun, told.ended) = (0, 10);
        }
        let story = story(&evidence, PAID);
        assert_eq!(story[0], format!("order {PAID}"));
        let parts = [
            ": POST order of 2 × 1100, coupon 1100, pay-1 pays 22000, key key-1",
            "gateway: charged 22000 by pay-1",
            "orders/0/0: ORDER_CREATE (c-1)",
            "composite/0/0: ORDER_CREATED, it is COMPLETE  (c-1)",
            ": answered 200 COMPLETE price 22000 order 1",
            "database: COMPLETE - revision 1, 2 × 1100, costs 22000 of 24000, coupon 1100, intent pay-1, payment pay-1, key key-1, \
             request request-1, closed",
            "a composite says: 200 COMPLETE price 22000 order 1",
        ];
        let mut lines = story.iter();
        for part in parts {
            assert!(
                lines.any(|line| line.contains(part)),
                "{part} is not in its place: {story:#?}"
            );
        }
    }

    #[test]
    fn a_story_has_the_whole_visit_and_no_other() {
        let mut evidence = sound();
        for (nth, told) in (1..).zip(&mut evidence.told) {
            told.visit.nth = nth;
        }
        let mut read = told(
            Request::Read { order: HELD.into() },
            5_000,
            said(200, HELD, Some(Status::Created), None),
        );
        read.visit.nth = 2;
        evidence.told.push(read);
        let requests = requests(&evidence, HELD);
        assert_eq!(requests.len(), 4, "{requests:?}");
        assert!(
            requests
                .iter()
                .all(|(_, line)| line.starts_with("visit 1-1-1-2,"))
        );
    }

    #[test]
    fn a_story_says_when_there_is_no_such_order() {
        assert_eq!(
            story(&sound(), "404"),
            ["order 404", "  database: no such order"]
        );
    }

    #[test]
    fn orders_rejected_late_or_asked_for_twice_are_suspects() {
        let mut evidence = sound();
        let item = evidence.shelves[0].items[0].id;
        assert_eq!(suspects(&evidence, item), [REFUNDED]);
        let again = evidence.records.commands[0].clone();
        evidence.records.commands.push(again);
        assert_eq!(suspects(&evidence, item), [PAID, REFUNDED]);
        assert!(!suspects(&evidence, item).contains(&REFUSED.to_owned()));
        assert!(suspects(&evidence, item + 1).is_empty());
    }
}
