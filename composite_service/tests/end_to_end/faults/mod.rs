//! Faults under load, on real brokers and a real database: after each of them the books are right and the mall sells as before.
//!
//! One mall serves most of them, one after the other; a fault that it does not survive costs the next one a new mall. No answer is lost, no
//! piece is sold twice, and no money is taken for nothing: `books.rs` looks, in the database, at the gateway and in Kafka.

mod crashes;
mod replicas;
mod stopped_time;
mod cut_links;
mod brokers;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use parking_lot::Mutex;
use stack::{BrokerKind, Service, StackBuilder};

use crate::books::Audit;
use crate::load::{Load, Sale};
use crate::mall::Mall;

/// More than anybody buys.
const STOCK: u32 = 100_000;
const SHOPPERS: usize = 16;
/// A mall that is well sells this much in a few seconds.
const SOME: usize = 100;
/// With half of the partitions without an owner, 16 shoppers who buy 6 pieces each miss them with a chance of 2⁻⁹⁶.
const SEVERAL: usize = 6;
/// When a test gives up: a mall that has what it needs sells again within seconds, save on a machine that does much else.
const RECOVERY: Duration = Duration::from_secs(60);
const READY: Duration = Duration::from_secs(30);

type Fault = (&'static str, fn(&mut Mall));

pub(crate) fn trials() -> Vec<Trial> {
    let mall: Arc<Mutex<Option<Mall>>> = Arc::default();
    let mut trials: Vec<Trial> = [
        crashes::FAULTS,
        replicas::FAULTS,
        stopped_time::FAULTS,
        cut_links::FAULTS,
    ]
    .concat()
    .into_iter()
    .map(|(name, fault)| {
        let mall = Arc::clone(&mall);
        Trial::test(format!("faults::{name}"), move || {
            on_the_common_mall(&mall, fault);
            Ok(())
        })
    })
    .collect();
    trials.extend(replicas::trials());
    trials.extend(brokers::trials());
    trials
}

fn on_the_common_mall(common: &Mutex<Option<Mall>>, fault: fn(&mut Mall)) {
    let mut common = common.lock();
    let mut mall = common.take().unwrap_or_else(|| {
        Mall::start(|builder| {
            builder.broker = BrokerKind::Kafka;
            builder.links = true;
            builder.balancer = true;
            builder.order_services = 2;
            builder.composites = 2;
        })
    });
    suffer(&mut mall, fault);
    *common = Some(mall);
}

fn on_its_own_mall(configure: fn(&mut StackBuilder), fault: fn(&mut Mall)) {
    suffer(&mut Mall::start(configure), fault);
}

/// When it was too much, the parts' last words are told.
fn suffer(mall: &mut Mall, fault: fn(&mut Mall)) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| fault(mall))) {
        mall.tell_logs();
        resume_unwind(panic);
    }
}

/// Shoppers at every composite, without the balancer.
fn shops(mall: &Mall) -> Vec<String> {
    let urls = mall.stack.composites.iter().map(Service::url);
    urls.map(str::to_owned).collect()
}

/// What a disturbed mall sold, from the first purchase to the audit.
struct Season {
    item: i64,
    load: Load,
}

impl Season {
    /// Opens the shops, and waits until they sell.
    fn open(mall: &Mall, shops: &[String]) -> Self {
        let item = mall.new_item(STOCK);
        let load = Load::start(mall, shops, item, SHOPPERS);
        load.wait_for_sales(SOME, RECOVERY);
        Self { item, load }
    }

    /// Waits until the mall sells as before.
    fn wait_for_sales(&self) {
        self.load.wait_for_sales(SOME, RECOVERY);
    }

    /// Waits until every shopper has bought several pieces again, however slowly: every partition is served.
    fn wait_for_sales_to_each(&self) {
        self.load.wait_for_sales_to_each(SEVERAL, RECOVERY);
    }

    /// Waits until the fault lasts so long that a shopper's answer is late.
    fn wait_for_a_late_answer(&self) {
        self.load.wait_for_a_late_answer(RECOVERY);
    }

    /// Closes the shops and looks into the books.
    fn close(self, mall: &Mall, died: &[String], within: Duration) -> Vec<Sale> {
        let sales = self.load.stop(mall);
        let audit = Audit {
            mall,
            item: self.item,
            stock: i64::from(STOCK),
            sales: &sales,
            died,
            within,
        };
        audit.assert_sound();
        let slowest = sales.iter().map(Sale::took).max();
        eprintln!(
            "answers {:?}, the slowest after {slowest:?}",
            statuses(&sales)
        );
        sales
    }
}

/// The statuses that shoppers got, and how often; 0 is no answer.
fn statuses(sales: &[Sale]) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    for sale in sales {
        *statuses.entry(sale.status()).or_default() += 1;
    }
    statuses
}

/// Every shopper was told 200.
fn assert_all_sold(sales: &[Sale]) {
    let failed: Vec<&Sale> = sales.iter().filter(|sale| sale.status() != 200).collect();
    assert!(
        failed.is_empty(),
        "{:?}; the first: {:?}",
        statuses(sales),
        failed.first()
    );
}
