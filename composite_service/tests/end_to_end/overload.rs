//! More than the mall can take, and rows that somebody holds: who is served is served as always, the others are told at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::Value;
use stack::Service;

use crate::mall::{Answer, Mall, basket, paid_basket, payment_key};

const CAPACITY: usize = 20;
/// A shopper who was told that there is no room comes back after so long.
const COMES_BACK: Duration = Duration::from_millis(250);
/// So long the shoppers come until everything has the size that it needs.
const SETTLING: Duration = Duration::from_secs(5);
/// And so long while it is looked at.
const RUSH: Duration = Duration::from_secs(25);

pub(crate) fn trials() -> Vec<Trial> {
    [
        (
            "given_ten_times_the_capacity_then_the_excess_gets_503_at_once_the_others_are_served_soon_and_memory_stays",
            ten_times_the_capacity as fn(),
        ),
        (
            "given_an_order_and_an_item_that_are_held_then_the_others_are_bought_as_fast_as_before",
            held_rows,
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

async fn timed(work: impl Future<Output = Answer>) -> (Answer, Duration) {
    let begin = Instant::now();
    (work.await, begin.elapsed())
}

fn resident_kib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The time that so many in a hundred stay below.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) * percent / 100]
}

/// How long shoppers have waited: those who bought, and those who were refused.
#[derive(Default)]
struct Waits {
    bought: Vec<Duration>,
    refused: Vec<Duration>,
}

impl Waits {
    fn of(shoppers: Vec<Waits>) -> Self {
        shoppers
            .into_iter()
            .fold(Self::default(), |mut sum, waits| {
                sum.bought.extend(waits.bought);
                sum.refused.extend(waits.refused);
                sum
            })
    }
}

/// Asks for what can't be had, as often as a shopper whom there is no room for, until the time is over. Tells how long each waited.
///
/// Costs the machine as much as a shopper who is refused, and never takes a place: what is left to tell the two apart is the mall's doing.
async fn look_on(mall: &Mall, time: Duration) -> Vec<Duration> {
    let (begin, mut waits) = (Instant::now(), Vec::new());
    let nothing = basket(&[]);
    while begin.elapsed() < time {
        let (answer, took) = timed(mall.buy(&nothing)).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        waits.push(took);
        tokio::time::sleep(COMES_BACK).await;
    }
    waits
}

/// Buys one piece after the other until the time is over.
async fn shop(mall: &Mall, item: i64, time: Duration) -> Waits {
    let (begin, mut waits) = (Instant::now(), Waits::default());
    while begin.elapsed() < time {
        let basket = paid_basket(&[(item, 1)], "pay", 12_000);
        let (answer, took) = timed(mall.buy(&basket)).await;
        if answer.status == 503 {
            answer.assert_problem(503, "OVERLOADED");
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            waits.refused.push(took);
            tokio::time::sleep(COMES_BACK).await;
        } else {
            answer.assert_order("COMPLETE");
            waits.bought.push(took);
        }
    }
    waits
}

/// So many shoppers for so long.
fn rush(mall: &Mall, item: i64, shoppers: usize, time: Duration) -> Waits {
    Waits::of(mall.run(join_all((0..shoppers).map(|_| shop(mall, item, time)))))
}

/// As many shoppers as there is room for, and so many who only look on: these are the refused.
fn bustle(mall: &Mall, item: i64, onlookers: usize, time: Duration) -> Waits {
    let buying = join_all((0..CAPACITY).map(|_| shop(mall, item, time)));
    let looking = join_all((0..onlookers).map(|_| look_on(mall, time)));
    let (shoppers, onlookers) = mall.run(futures_util::future::join(buying, looking));
    Waits {
        refused: onlookers.concat(),
        ..Waits::of(shoppers)
    }
}

fn ten_times_the_capacity() {
    let mall = Mall::start(|builder| {
        builder.composite_env = vec![("MAX_PURCHASES".to_owned(), CAPACITY.to_string())];
        builder.order_env = vec![("MAX_IN_FLIGHT".to_owned(), (CAPACITY / 4).to_string())];
    });
    let item = mall.new_item(1_000_000);
    let services = [&mall.stack.composites[0], &mall.stack.order_services[0]];
    bustle(&mall, item, 9 * CAPACITY, SETTLING);
    let earlier = bustle(&mall, item, 9 * CAPACITY, SETTLING);
    let before = services.map(resident_kib);
    rush(&mall, item, 10 * CAPACITY, SETTLING);
    let settled = services.map(resident_kib);
    let beyond = rush(&mall, item, 10 * CAPACITY, RUSH);
    let after = services.map(resident_kib);
    let later = bustle(&mall, item, 9 * CAPACITY, SETTLING);

    let at_capacity = Waits::of(vec![earlier, later]);
    let of_both = |times: fn(&Waits) -> &Vec<Duration>| {
        [&at_capacity, &beyond].map(|waits| percentile(times(waits), 50))
    };
    let (bought, refused) = (
        of_both(|waits| &waits.bought),
        of_both(|waits| &waits.refused),
    );
    let told = format!(
        "at capacity and beyond it: {} and {} bought, median {bought:?}; {} and {} refused, median {refused:?}; \
         resident {before:?} -> {settled:?} -> {after:?} KiB",
        at_capacity.bought.len(),
        beyond.bought.len(),
        at_capacity.refused.len(),
        beyond.refused.len(),
    );
    eprintln!("{told}");
    assert!(beyond.refused.len() > 10 * CAPACITY, "{told}");
    assert!(bought[1] <= bought[0] * 3, "{told}");
    assert!(refused[1] <= refused[0] * 3, "{told}");
    for service in 0..services.len() {
        assert!(after[service] < before[service] + 30_000, "{told}");
        assert!(after[service] < settled[service] + 10_000, "{told}");
    }
    let basket = paid_basket(&[(item, 1)], "pay", 12_000);
    mall.run(mall.buy(&basket)).assert_order("COMPLETE");
}

fn held_rows() {
    let mall = Mall::start(|_| {});
    let (item, stuck_item) = (mall.new_item(1_000_000), mall.new_item(10));
    let pending = mall
        .run(mall.buy(&basket(&[(item, 1)])))
        .assert_order("CREATED")
        .order_num();
    let buy_40 = || -> Vec<Duration> {
        let buy = |_: usize| {
            let basket = paid_basket(&[(item, 1)], "pay", 12_000);
            let (answer, took) = mall.run(timed(mall.buy(&basket)));
            answer.assert_order("COMPLETE");
            took
        };
        (0..40).map(buy).collect()
    };
    buy_40();
    let before = buy_40();

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
    let stuck_basket: Value = paid_basket(&[(stuck_item, 1)], "pay", 12_000);
    let (during, paid, bought) = std::thread::scope(|scope| {
        let stuck =
            scope.spawn(|| mall.run(futures_util::future::join(paying, mall.buy(&stuck_basket))));
        let during = buy_40();
        assert!(!stuck.is_finished(), "nobody gets past a held row");
        drop(holds);
        let (paid, bought) = stuck.join().unwrap();
        (during, paid, bought)
    });

    let (before, worst) = (percentile(&before, 50), percentile(&during, 100));
    let during = percentile(&during, 50);
    let told = format!("median {before:?} before, {during:?} with held rows, {worst:?} at worst");
    assert!(during < before * 3 + Duration::from_millis(20), "{told}");
    assert!(worst < Duration::from_secs(1), "{told}");
    for answer in [paid, bought] {
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    }
}
