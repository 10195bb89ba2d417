//! The audit after a disturbance: what shoppers were told, what the database says, what the gateway charged and what Kafka still
//! holds must agree. Looks from outside, with nothing in common with the services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::load::Sale;
use crate::mall::{Answer, Mall, Totals};

const LOOK: Duration = Duration::from_secs(10);

/// What was disturbed, and what it may have cost.
pub(crate) struct Audit<'a> {
    pub(crate) mall: &'a Mall,
    /// The item that was bought, one piece at a time.
    pub(crate) item: i64,
    /// Its pieces before.
    pub(crate) stock: i64,
    pub(crate) sales: &'a [Sale],
    /// Shops that died: their shoppers may have got no answer, and purchases that had not begun yet are forgotten.
    pub(crate) died: &'a [String],
    /// How long everything may take to be settled.
    pub(crate) within: Duration,
}

/// An order as the database has it.
#[derive(Debug, Clone)]
struct Row {
    number: String,
    status: String,
    intent_key: String,
    payment_key: String,
    final_price: String,
}

impl Audit<'_> {
    /// Waits until nothing is under way any more, and asserts that everything agrees.
    pub(crate) fn assert_sound(&self) {
        let deadline = Instant::now() + self.within;
        while let Err(pending) = self.is_settled() {
            assert!(
                Instant::now() < deadline,
                "not settled after {:?}: {pending}",
                self.within
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        let rows = self.rows();
        self.check_answers(&rows);
        self.check_requests(&rows);
        self.check_money(&rows);
        self.check_stock(&rows);
        assert_eq!(self.dead_letters(), 0, "nothing was poison");
    }

    /// Says what is still under way, if anything is.
    fn is_settled(&self) -> Result<(), String> {
        let lag = self.lag().map_err(|error| error.to_string())?;
        if lag > 0 {
            return Err(format!("{lag} commands are not handled"));
        }
        let (rows, ledger) = (self.rows(), self.ledger());
        if let Some(row) = rows.values().find(|row| row.status == "CREATED") {
            return Err(format!("{row:?} is pending"));
        }
        if let Some(row) = rows.values().find(|row| row.is_out_of_balance(&ledger)) {
            return Err(format!("{row:?} and {:?}", ledger.get(&row.number)));
        }
        for sale in self.sales.iter().filter(|sale| sale.status() == 202) {
            let number = sale.outcome.as_ref().map(Answer::order_num);
            if number.is_ok_and(|number| !rows.contains_key(&number)) && !self.has_died(sale) {
                return Err(format!("{sale:?} has no order yet"));
            }
        }
        Ok(())
    }

    /// What a shopper was told is what the database says, or what had to become of it.
    fn check_answers(&self, rows: &BTreeMap<String, Row>) {
        for sale in self.sales {
            match &sale.outcome {
                Ok(answer) if answer.status == 200 => {
                    answer.assert_order("COMPLETE");
                    assert_eq!(answer.body["finalPrice"]["amount"], 12_000, "{sale:?}");
                    let row = &rows[&answer.order_num()];
                    assert_eq!(row.status, "COMPLETE", "{sale:?}");
                    assert_eq!(row.intent_key, sale.payment_key, "{sale:?}");
                }
                // What became of it is as good as anything; that something did is known by now.
                Ok(answer) if answer.status == 202 => {
                    assert!(answer.headers.contains_key("retry-after"), "{sale:?}");
                }
                Ok(answer) if answer.status == 503 => {
                    assert!(answer.headers.contains_key("retry-after"), "{sale:?}");
                    let row = answer.body["orderNum"]
                        .as_str()
                        .and_then(|number| rows.get(number));
                    if let Some(row) = row {
                        assert_eq!(row.status, "REJECTED", "{sale:?}");
                    }
                }
                Ok(_) => panic!("unlawful: {sale:?}"),
                Err(_) => assert!(self.has_died(sale), "no answer: {sale:?}"),
            }
        }
    }

    /// No request has made two orders, and nobody but the shoppers has made one.
    fn check_requests(&self, rows: &BTreeMap<String, Row>) {
        let asked: BTreeSet<&str> = self
            .sales
            .iter()
            .map(|sale| sale.payment_key.as_str())
            .collect();
        let mut ordered = BTreeSet::new();
        for row in rows.values() {
            assert!(asked.contains(row.intent_key.as_str()), "{row:?}");
            assert!(ordered.insert(&row.intent_key), "ordered twice: {row:?}");
        }
    }

    /// Charged and not cancelled ⇔ complete, for the whole database; and the amount is the price.
    fn check_money(&self, rows: &BTreeMap<String, Row>) {
        let ledger = self.ledger();
        for row in rows.values() {
            let totals = ledger.get(&row.number);
            if row.status == "COMPLETE" {
                let once = Totals {
                    charged: 1,
                    canceled: 0,
                };
                assert_eq!(totals, Some(&once), "{row:?}");
                assert_eq!(row.payment_key, row.intent_key);
                assert_eq!(row.final_price, "12000.00");
            } else {
                assert!(!row.is_out_of_balance(&ledger), "{row:?} {totals:?}");
            }
        }
        let all = self.mall.sql("SELECT order_num FROM orders");
        let all: BTreeSet<&str> = all.lines().collect();
        for (number, totals) in &ledger {
            assert!(
                all.contains(number.as_str()) || totals.charged == totals.canceled,
                "{number} is charged and not there"
            );
        }
    }

    fn check_stock(&self, rows: &BTreeMap<String, Row>) {
        let complete = rows.values().filter(|row| row.status == "COMPLETE").count();
        let complete = i64::try_from(complete).expect("a count");
        assert_eq!(
            (self.mall.stock(self.item), self.mall.held(self.item)),
            (self.stock - complete, complete)
        );
    }

    fn has_died(&self, sale: &Sale) -> bool {
        self.died.contains(&sale.shop)
    }

    fn rows(&self) -> BTreeMap<String, Row> {
        let text = self.mall.sql(&format!(
            "SELECT order_num, status, intent_key, COALESCE(payment_key, ''), final_price FROM orders \
             JOIN order_lines USING (order_num) WHERE item_id = {} AND quantity = 1",
            self.item
        ));
        text.lines().map(Row::read).collect()
    }

    fn ledger(&self) -> BTreeMap<String, Totals> {
        let url = format!("{}/ledger", self.mall.stack.payment_url());
        let answer = self.mall.run(self.mall.get_from(&url));
        let mut orders: BTreeMap<String, Totals> = BTreeMap::new();
        for entry in answer.body["entries"].as_array().expect("entries") {
            let number = entry["orderId"].as_str().expect("a number").to_owned();
            let totals = orders.entry(number).or_default();
            match entry["kind"].as_str() {
                Some("CHARGED") => totals.charged += 1,
                Some("CANCELED") => totals.canceled += 1,
                _ => {}
            }
        }
        orders
    }

    /// Commands that the order services have not finished.
    fn lag(&self) -> KafkaResult<i64> {
        let client = self.client();
        let metadata = client.fetch_metadata(Some("orders"), LOOK)?;
        let mut partitions = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            partitions.add_partition("orders", partition.id());
        }
        let mut lag = 0;
        for element in client.committed_offsets(partitions, LOOK)?.elements() {
            let (low, high) = client.fetch_watermarks("orders", element.partition(), LOOK)?;
            lag += match element.offset() {
                Offset::Offset(next) => high - next,
                _ => high - low,
            };
        }
        Ok(lag)
    }

    fn dead_letters(&self) -> i64 {
        let (low, high) = self
            .client()
            .fetch_watermarks("orders-dlt", 0, LOOK)
            .expect("watermarks");
        high - low
    }

    fn client(&self) -> BaseConsumer {
        ClientConfig::new()
            .set("bootstrap.servers", self.mall.stack.bootstrap_servers())
            .set("group.id", "orderGroup")
            .create()
            .expect("a client")
    }
}

impl Row {
    fn read(line: &str) -> (String, Self) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [number, status, intent_key, payment_key, final_price] = columns[..] else {
            panic!("five columns: {line}");
        };
        let row = Self {
            number: number.to_owned(),
            status: status.to_owned(),
            intent_key: intent_key.to_owned(),
            payment_key: payment_key.to_owned(),
            final_price: final_price.to_owned(),
        };
        (number.to_owned(), row)
    }

    fn is_out_of_balance(&self, ledger: &BTreeMap<String, Totals>) -> bool {
        let kept = ledger
            .get(&self.number)
            .map_or(0, |totals| totals.charged - totals.canceled);
        kept != i64::from(self.status == "COMPLETE")
    }
}
