//! More than the mall can take, and rows that somebody holds: whoever is served is served as always, the others are refused at once.
//! How long both take is a figure of `mall bench`.

use std::time::Duration;

use futures_util::future::{join, join_all};
use libtest_mimic::Trial;
use stack::{Service, until};

use crate::mall::{Answer, Mall, basket, paid_basket, payment_key};

const CAPACITY: usize = 20;
const RUSH: usize = 10 * CAPACITY;
/// How often each shopper of a rush buys.
const EACH: usize = 5;
/// A shopper who was refused comes back after this time; without it the test would only measure its own requests.
const COME_BACK: Duration = Duration::from_millis(250);
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    [
        (
            "beyond_the_capacity::further_shoppers_are_refused_and_told_when_to_come_back",
            further_shoppers_are_refused as fn(),
        ),
        (
            "beyond_the_capacity::a_rush_is_served_once_each_in_bounded_memory",
            a_rush_is_served,
        ),
        (
            "held_rows::purchases_of_other_items_go_on",
            purchases_of_other_items_go_on,
        ),
    ]
    .into_iter()
    .map(|(name, test)| {
        Trial::test(format!("overload::{name}"), move || {
            test();
            Ok(())
        })
    })
    .collect()
}

fn small_mall() -> Mall {
    Mall::start(|builder| {
        builder.composite_env = vec![("MAX_PURCHASES".to_owned(), CAPACITY.to_string())];
        builder.order_env = vec![("MAX_IN_FLIGHT".to_owned(), (CAPACITY / 4).to_string())];
    })
}

/// A purchase gives its permit back a moment after its answer.
fn await_permits(mall: &Mall, wanted: usize) {
    let metrics = format!("{}/metrics", mall.stack.composites[0].internal_url());
    until("the permits", LIMIT, || {
        let text = mall.run(mall.get_from(&metrics)).body;
        let permits = text.as_str().and_then(|text| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix("purchase_permits_left "))
        });
        let permits: usize = permits.expect("a gauge").parse()?;
        Ok((permits == wanted).then_some(()))
    })
    .unwrap();
}

fn further_shoppers_are_refused() {
    let mall = small_mall();
    let item = mall.new_item(1_000_000);
    let buy_at_once = |shoppers: usize| -> Vec<Answer> {
        let buy = async || mall.buy(&paid_basket(&[(item, 1)], "pay", 12_000)).await;
        mall.run(join_all((0..shoppers).map(|_| buy())))
    };
    let hold = mall
        .stack
        .database
        .hold(&format!(
            "SELECT item_id FROM items WHERE item_id = {item} FOR UPDATE"
        ))
        .unwrap();
    let (served, refused) = std::thread::scope(|scope| {
        let served = scope.spawn(|| buy_at_once(CAPACITY));
        await_permits(&mall, 0);
        let refused = buy_at_once(RUSH - CAPACITY);
        drop(hold);
        (served.join().unwrap(), refused)
    });
    for answer in refused {
        answer.assert_problem(503, "OVERLOADED");
        assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    }
    // Who waited for the row for very long would be told that the purchase goes on.
    for answer in served {
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    }
    await_permits(&mall, CAPACITY);
    for answer in buy_at_once(CAPACITY) {
        answer.assert_order("COMPLETE");
    }
}

/// Buys so many pieces one after the other. Returns the order numbers.
async fn shop(mall: &Mall, item: i64, times: usize) -> Vec<String> {
    let mut bought = Vec::new();
    while bought.len() < times {
        let answer = mall.buy(&paid_basket(&[(item, 1)], "pay", 12_000)).await;
        if answer.status == 503 {
            answer.assert_problem(503, "OVERLOADED");
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            tokio::time::sleep(COME_BACK).await;
        } else {
            bought.push(answer.assert_order("COMPLETE").order_num());
        }
    }
    bought
}

fn resident_kib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn a_rush_is_served() {
    let mall = small_mall();
    let stock = 1_000_000;
    let item = mall.new_item(stock);
    let services = [&mall.stack.composites[0], &mall.stack.order_services[0]];
    let rush = |shoppers: usize| -> Vec<String> {
        let shopping = (0..shoppers).map(|_| shop(&mall, item, EACH));
        mall.run(join_all(shopping)).concat()
    };
    let mut bought = rush(CAPACITY);
    let before = services.map(resident_kib);
    bought.extend(rush(RUSH));
    let settled = services.map(resident_kib);
    bought.extend(rush(RUSH));
    let after = services.map(resident_kib);

    let told = format!("resident {before:?} -> {settled:?} -> {after:?} KiB");
    eprintln!("{told}");
    for service in 0..services.len() {
        assert!(after[service] < before[service] + 30_000, "{told}");
        assert!(after[service] < settled[service] + 10_000, "{told}");
    }
    let sold = i64::try_from(bought.len()).unwrap();
    bought.sort();
    bought.dedup();
    assert_eq!(
        i64::try_from(bought.len()).unwrap(),
        sold,
        "each has an order of its own"
    );
    assert_eq!(
        mall.number("SELECT COUNT(*) FROM orders WHERE status = 'COMPLETE'"),
        sold
    );
    assert_eq!(mall.stock(item), i64::from(stock) - sold);
    await_permits(&mall, CAPACITY);
}

fn purchases_of_other_items_go_on() {
    let mall = Mall::start(|_| {});
    let (item, stuck_item) = (mall.new_item(1_000_000), mall.new_item(10));
    let pending = mall
        .run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED")
        .order_num();
    let holds = [
        format!("SELECT order_num FROM orders WHERE order_num = '{pending}' FOR UPDATE"),
        format!("SELECT item_id FROM items WHERE item_id = {stuck_item} FOR UPDATE"),
    ]
    .map(|query| mall.stack.database.hold(&query).unwrap());
    let paying = async {
        let path = format!("/open-api/order/{pending}/payment");
        let payment = serde_json::json!({
            "paymentKey": payment_key("pay"), "amount": {"amount": 12_000}
        });
        mall.post(&path, &payment).await
    };
    let stuck_basket = paid_basket(&[(stuck_item, 1)], "pay", 12_000);
    let (paid, bought) = std::thread::scope(|scope| {
        let stuck = scope.spawn(|| mall.run(join(paying, mall.buy(&stuck_basket))));
        mall.run(shop(&mall, item, 40));
        let status = format!("SELECT status FROM orders WHERE order_num = '{pending}'");
        assert_eq!(mall.sql(&status).trim(), "CREATED", "its row is held");
        assert_eq!(mall.stock(stuck_item), 10, "its row is held");
        drop(holds);
        stuck.join().unwrap()
    });
    for answer in [paid, bought] {
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    }
}
