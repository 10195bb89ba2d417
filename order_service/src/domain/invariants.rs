//! What must hold of every order, item and coupon whatever is asked in whatever sequence: named predicates, and a search through all
//! states that a small world can reach, which checks them in each.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use chrono::TimeDelta;
use shared::money::Money;

use super::catalogue::Item;
use super::command::OrderCommand;
use super::order::{Idempotency, ItemId, Order, OrderDraft, OrderState};
use super::refund::{Refund, RefundOutcome, RefundState};
use super::samples::{approve, cancel, coupon, draft, expire, item, now, number, pay};
use super::small_world::{Answer, TimedCommand, World, has_pieces, holds_what_it_took, key_of};

/// One command and what it did.
struct Step<'a> {
    before: &'a World,
    command: &'a TimedCommand,
    after: &'a World,
    answer: &'a Answer,
}

/// Per item: initial = now + the quantities of open and paid orders.
fn stock_is_conserved(initial: &World, now: &World) -> bool {
    let whole = |item: &Item| i64::from(now.items[&item.id].stock) + now.held(item.id);
    initial
        .items
        .values()
        .all(|item| i64::from(item.stock) == whole(item))
}

/// No more of an item is held than there ever was.
fn stock_is_never_negative(initial: &World, now: &World) -> bool {
    initial
        .items
        .values()
        .all(|item| now.held(item.id) <= i64::from(item.stock))
}

/// A coupon is marked with the one open or paid order that uses it, and with none when there is none.
fn coupon_has_at_most_one_holder_and_it_holds_it(now: &World) -> bool {
    now.coupons.values().all(|coupon| {
        let users = now
            .orders
            .values()
            .filter(|order| order.coupon == Some(coupon.id) && holds_what_it_took(order))
            .filter(|order| has_pieces(order));
        users.map(|order| &order.number).eq(&coupon.used_by)
    })
}

/// No two orders have one idempotency key.
fn idempotency_key_makes_one_order(now: &World) -> bool {
    let mut taken = BTreeSet::new();
    now.orders
        .values()
        .filter_map(|order| key_of(&order.idempotency))
        .all(|key| taken.insert(key))
}

/// A paid or rejected order never changes again, but for the refunds of a paid one.
fn terminal_states_absorb(step: &Step<'_>) -> bool {
    let mut finals = step.before.orders.values().filter(|order| order.is_final());
    finals.all(|order| {
        let after = step.after.orders.get(&order.number);
        // Closing a rejected order's books is all that can happen to it.
        let is_settled = |after: &Order| *after == order.settled();
        let is_refunded = |after: &Order| {
            let before_refund = Order {
                refunds: order.refunds.clone(),
                review_at: order.review_at,
                revision: order.revision,
                ..after.clone()
            };
            matches!(order.state, OrderState::Complete(_)) && before_refund == **order
        };
        after == Some(order) || after.is_some_and(|after| is_settled(after) || is_refunded(after))
    })
}

/// All that is given back, or about to be, is at most what was paid; and it is just that when no piece is left.
fn refunds_add_up_to_what_was_paid(now: &World) -> bool {
    now.orders.values().all(|order| {
        let counted = order
            .refunds
            .iter()
            .filter(|refund| refund.state != RefundState::Refused);
        let sum: Money = counted
            .map(|refund| refund.amount)
            .fold(Money::ZERO, |sum, amount| sum.checked_add(amount).unwrap());
        sum <= order.final_price && (has_pieces(order) || sum == order.final_price)
    })
}

/// A refund that has ended stays as it is, and only one is under way.
fn refunds_end_once(step: &Step<'_>) -> bool {
    let is_under_way = |refund: &&Refund| refund.state == RefundState::Requested;
    step.after.orders.values().all(|after| {
        let before = step.before.orders.get(&after.number);
        let mut earlier = before.into_iter().flat_map(|before| &before.refunds);
        let stay = earlier.all(|refund| is_under_way(&refund) || after.refunds.contains(refund));
        stay && after.refunds.iter().filter(is_under_way).count() <= 1
    })
}

/// A command that was obeyed and comes again changes nothing, and gets the same answer.
fn repeat_is_harmless(step: &Step<'_>) -> bool {
    let (again, answer) = step.after.obey(step.command);
    again == *step.after && answer == *step.answer
}

/// Only the order that is spoken of changes, and its revision counts that.
fn revision_grows_by_one(step: &Step<'_>) -> bool {
    step.after
        .orders
        .iter()
        .all(|(number, after)| match step.before.orders.get(number) {
            Some(before) if before == after => true,
            Some(before) => {
                number == step.command.0.number() && after.revision == before.revision + 1
            }
            None => number == step.command.0.number() && after.revision == 0,
        })
}

/// Walks breadth-first from `initial` through all worlds that `commands` lead to, and checks every invariant at every step.
/// Returns how many worlds there are.
fn explore(initial: &World, commands: &[TimedCommand]) -> usize {
    let mut seen = HashSet::from([initial.key()]);
    let mut frontier = VecDeque::from([initial.clone()]);
    while let Some(before) = frontier.pop_front() {
        for command in commands {
            let (after, answer) = before.obey(command);
            if after == before {
                continue;
            }
            let step = Step {
                before: &before,
                command,
                after: &after,
                answer: &answer,
            };
            for (invariant, holds) in [
                ("stock_is_conserved", stock_is_conserved(initial, &after)),
                (
                    "stock_is_never_negative",
                    stock_is_never_negative(initial, &after),
                ),
                (
                    "coupon_has_at_most_one_holder_and_it_holds_it",
                    coupon_has_at_most_one_holder_and_it_holds_it(&after),
                ),
                (
                    "idempotency_key_makes_one_order",
                    idempotency_key_makes_one_order(&after),
                ),
                ("terminal_states_absorb", terminal_states_absorb(&step)),
                (
                    "refunds_add_up_to_what_was_paid",
                    refunds_add_up_to_what_was_paid(&after),
                ),
                ("refunds_end_once", refunds_end_once(&step)),
                ("repeat_is_harmless", repeat_is_harmless(&step)),
                ("revision_grows_by_one", revision_grows_by_one(&step)),
            ] {
                assert!(
                    holds,
                    "{invariant} is broken by {command:?}\nin {before:#?}\nwhich becomes {after:#?}"
                );
            }
            if seen.insert(after.key()) {
                frontier.push_back(after);
            }
        }
    }
    seen.len()
}

/// Two items and a coupon that not all of three orders can have.
fn small_world() -> World {
    World::new([item(1, "100", 2), item(2, "30", 1)], [coupon(7, "10")])
}

/// For each order: three purchases that differ in lines, coupon and idempotency key, approvals for each one's price (wrong for the
/// others), a rejection and the closing of its books.
/// The payment of an order may begin, be reviewed when it should have ended, and when the order has no time left.
fn all_commands(orders: u32) -> Vec<TimedCommand> {
    let commands_of = |digits: u32| {
        let purchase = |nth: u32, lines: &[(ItemId, i64)], coupon, fingerprint: Option<&str>| {
            let request_id = draft(digits * 10 + nth, &[]).request_id;
            let idempotency = fingerprint.map(|fingerprint| Idempotency {
                key: "key".parse().unwrap(),
                fingerprint: fingerprint.parse().unwrap(),
            });
            OrderCommand::Create(OrderDraft {
                request_id,
                coupon,
                idempotency,
                ..draft(digits, lines)
            })
        };
        [
            purchase(1, &[(1, 1)], None, Some("one")),
            purchase(2, &[(1, 1), (2, 1), (1, 1)], None, Some("two")),
            purchase(3, &[(1, 1)], Some(7), None),
            approve(digits, "p", "100"),
            approve(digits, "p", "230"),
            approve(digits, "q", "90"),
            pay(digits, "p", "100"),
            expire(digits),
            OrderCommand::Settle {
                number: number(digits),
            },
        ]
        .map(|command| (command, now()))
        .into_iter()
        .chain([61, 1_801].map(|seconds| (expire(digits), now() + TimeDelta::seconds(seconds))))
    };
    (1..=orders).flat_map(commands_of).collect()
}

#[test]
fn every_sequence_of_commands_keeps_the_invariants() {
    let worlds = explore(&small_world(), &all_commands(3));
    assert!(
        worlds >= 2_500,
        "only {worlds} worlds were reached: the search has become vacuous"
    );
}

/// What may happen to an order that was paid: all of it, or some of its pieces, is cancelled, and the gateway gives the money back or not.
fn refund_commands(digits: u32) -> Vec<TimedCommand> {
    let cancel = |key: &str, pieces: Option<&[(u16, u32)]>| cancel(digits, key, pieces);
    let ended = |refund, outcome| OrderCommand::EndRefund {
        number: number(digits),
        refund,
        outcome,
    };
    let mut commands = vec![
        cancel("all", None),
        cancel("one", Some(&[(1, 1)])),
        cancel("another", Some(&[(1, 1)])),
        cancel("two", Some(&[(1, 1), (2, 1)])),
        cancel("no such line", Some(&[(4, 1)])),
    ];
    for refund in 1..=3 {
        commands.push(ended(refund, RefundOutcome::Done));
        commands.push(ended(refund, RefundOutcome::Refused));
    }
    commands
        .into_iter()
        .map(|command| (command, now()))
        .collect()
}

#[test]
fn every_sequence_of_refunds_keeps_the_invariants() {
    let mut commands = all_commands(2);
    commands.extend(refund_commands(1));
    let worlds = explore(&small_world(), &commands);
    assert!(
        worlds >= 1_000,
        "only {worlds} worlds were reached: the search has become vacuous"
    );
}

#[test]
fn the_search_reaches_every_kind_of_end() {
    let mut ends = BTreeSet::new();
    let mut frontier = vec![small_world()];
    let commands = all_commands(2);
    for _ in 0..4 {
        let obeyed = |world: &World| {
            commands
                .iter()
                .map(|command| world.obey(command).0)
                .collect::<Vec<_>>()
        };
        let next: BTreeMap<String, World> = frontier
            .iter()
            .flat_map(obeyed)
            .map(|world| (world.key(), world))
            .collect();
        frontier = next.into_values().collect();
        ends.extend(
            frontier
                .iter()
                .flat_map(|world| world.orders.values())
                .map(|order| format!("{:?}", order.state)),
        );
    }
    let expected = [
        "Complete",
        "Created",
        "AmountMismatch",
        "CouponUsed",
        "Expired",
        "OutOfStock",
    ];
    for end in expected {
        assert!(
            ends.iter().any(|state| state.contains(end)),
            "{end} is not among {ends:?}"
        );
    }
}
