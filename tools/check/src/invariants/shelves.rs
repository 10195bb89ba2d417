//! stock: the stock that is missing is what orders hold. coupons: a coupon is held by the one order that uses it. prices: an order costs
//! the sum of its lines less its coupon.

use crate::evidence::Evidence;
use crate::invariants::verdict::{Findings, Verdict};
use crate::plan::Line;
use std::collections::BTreeMap;

/// initial = now + Σ quantity of COMPLETE and CREATED orders, per item; never below 0.
pub(super) fn stock(evidence: &Evidence) -> Verdict {
    let mut held: BTreeMap<i64, i64> = BTreeMap::new();
    for order in evidence
        .stored
        .orders
        .values()
        .filter(|order| order.holds())
    {
        for (item, quantity) in order.pieces() {
            *held.entry(item).or_default() += quantity;
        }
    }
    let mut findings = Findings::default();
    let items = evidence.shelves.iter().flat_map(|shelf| &shelf.items);
    let (mut count, mut pieces) = (0, 0);
    for item in items {
        count += 1;
        let held = held.get(&item.id).copied().unwrap_or(0);
        pieces += held;
        match evidence.stored.stock.get(&item.id) {
            None => findings.item(item.id, "the item is not in the database"),
            Some(now) if *now < 0 => findings.item(item.id, format!("its stock is {now}")),
            Some(now) if now + held != item.stock => findings.item(
                item.id,
                format!(
                    "of {} at first {now} are left and orders hold {held}: {} too {}",
                    item.stock,
                    (now + held - item.stock).abs(),
                    if now + held > item.stock {
                        "many"
                    } else {
                        "few"
                    }
                ),
            ),
            Some(_) => {}
        }
    }
    findings.verdict(
        "stock",
        "initial = now + what COMPLETE and CREATED orders hold, never below 0",
        format!("{count} items, {pieces} pieces held"),
    )
}

/// Every COMPLETE or CREATED order with a coupon holds it, and no other order does.
pub(super) fn coupons(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let mut held = 0;
    for (coupon, holder) in &evidence.stored.coupons {
        let Some(holder) = holder else { continue };
        held += 1;
        match evidence.stored.orders.get(holder) {
            Some(order) if order.coupon != Some(*coupon) => {
                findings.order(
                    holder,
                    format!("it holds coupon {coupon}, but does not use it"),
                );
            }
            Some(order) if !order.holds() => {
                findings.order(
                    holder,
                    format!("it is rejected or refunded, but still holds coupon {coupon}"),
                );
            }
            Some(_) => {}
            None => findings.mall(format!(
                "coupon {coupon} is held by {holder}, but there is no such order"
            )),
        }
    }
    let using = evidence
        .stored
        .orders
        .iter()
        .filter(|(_, order)| order.holds());
    for (number, order) in using {
        let Some(coupon) = order.coupon else { continue };
        let holder = evidence
            .stored
            .coupons
            .get(&coupon)
            .and_then(Option::as_ref);
        if holder != Some(number) {
            findings.order(
                number,
                format!(
                    "it uses coupon {coupon}, but that is held by {}",
                    holder.map_or("nobody", String::as_str)
                ),
            );
        }
    }
    findings.verdict(
        "coupons",
        "a coupon is held by the one order that uses it",
        format!("{} coupons, {held} held", evidence.stored.coupons.len()),
    )
}

/// An order that took stock costs the sum of its lines less its coupon.
pub(super) fn prices(evidence: &Evidence) -> Verdict {
    let mut findings = Findings::default();
    let mut count = 0;
    let took_something = |order: &crate::evidence::Order| order.holds() || order.revision > 0;
    for (number, order) in &evidence.stored.orders {
        let lines: Vec<Line> = order.lines.iter().map(|line| line.line).collect();
        let Some(shelf) = evidence.shelves.iter().find(|shelf| {
            let has = |line: &Line| shelf.items.iter().any(|item| item.id == line.item);
            lines.first().is_some_and(has)
        }) else {
            continue;
        };
        if !took_something(order) {
            continue;
        }
        count += 1;
        let due = shelf.price(&lines, order.coupon);
        let total = shelf.price(&lines, None);
        if (order.total, order.price) != (total, due) {
            findings.order(
                number,
                format!(
                    "it costs {} (before the coupon {}), but should cost {due} ({total})",
                    order.price, order.total
                ),
            );
        }
    }
    findings.verdict(
        "prices",
        "an order costs the sum of its lines, less its coupon",
        format!("{count} orders"),
    )
}

#[cfg(test)]
mod tests {
    use crate::invariants::samples::{HELD, PAID, REFUSED, only, sound};

    mod stock_violated {
        use super::*;

        #[test]
        fn when_it_was_not_given_back() {
            let mut evidence = sound();
            let item = evidence.shelves[0].items[0].id;
            *evidence.stored.stock.get_mut(&item).unwrap() -= 2;
            let told = only(&evidence, "stock");
            assert!(told[0].what.contains("2 too few"), "{told:?}");
        }

        #[test]
        fn when_it_was_given_back_twice() {
            let mut evidence = sound();
            let item = evidence.shelves[0].items[0].id;
            *evidence.stored.stock.get_mut(&item).unwrap() += 1;
            assert!(only(&evidence, "stock")[0].what.contains("1 too many"));
        }

        #[test]
        fn when_the_item_is_gone() {
            let mut evidence = sound();
            let item = evidence.shelves[0].items[1].id;
            evidence.stored.stock.remove(&item);
            only(&evidence, "stock");
        }
    }

    mod coupons_violated {
        use super::*;

        #[test]
        fn by_a_rejected_order_that_holds_one() {
            let mut evidence = sound();
            let coupon = evidence.shelves[0].coupons[1].id;
            let order = evidence.stored.orders.get_mut(REFUSED).unwrap();
            order.coupon = Some(coupon);
            evidence.stored.coupons.insert(coupon, Some(REFUSED.into()));
            only(&evidence, "coupons");
        }

        #[test]
        fn when_another_order_or_none_holds_it() {
            let mut evidence = sound();
            let coupon = evidence.shelves[0].coupons[0].id;
            evidence.stored.coupons.insert(coupon, None);
            assert_eq!(only(&evidence, "coupons").len(), 1);
            evidence.stored.coupons.insert(coupon, Some(HELD.into()));
            assert_eq!(only(&evidence, "coupons").len(), 2);
            evidence.stored.coupons.insert(coupon, Some("404".into()));
            assert_eq!(only(&evidence, "coupons").len(), 2);
        }
    }

    #[test]
    fn prices_violated_by_another_total() {
        let mut evidence = sound();
        evidence.stored.orders.get_mut(PAID).unwrap().total += 1;
        only(&evidence, "prices");
    }
}
