//! Shoppers who buy all the time while a mall is disturbed, and everything that they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::mall::{Answer, Mall, paid_basket, received};

/// A shopper looks around for so long between two purchases.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two looks at what shoppers have bought.
const LOOK: Duration = Duration::from_millis(10);
/// Longer than any answer may take: a shopper who gives up has got no answer, which the books don't allow.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const PRICE: i64 = 12_000;

/// One purchase as its shopper saw it.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    /// Where it was tried.
    pub(crate) shop: String,
    /// Names the purchase: no other has this payment.
    pub(crate) payment_key: String,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// The answer, or why there was none.
    pub(crate) outcome: Result<Answer, String>,
}

impl Sale {
    pub(crate) fn took(&self) -> Duration {
        self.ended - self.begun
    }

    pub(crate) fn status(&self) -> u16 {
        self.outcome.as_ref().map_or(0, |answer| answer.status)
    }
}

/// Shoppers at work.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    seen: Vec<Arc<Seen>>,
    shoppers: Vec<JoinHandle<Vec<Sale>>>,
}

/// What one shopper has seen so far.
#[derive(Default)]
struct Seen {
    bought: AtomicUsize,
    late: AtomicUsize,
}

impl Load {
    /// So many shoppers, each of whom keeps to one of the shops, buy one piece of `item` again and again.
    pub(crate) fn start(mall: &Mall, shops: &[String], item: i64, shoppers: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen: Vec<Arc<Seen>> = (0..shoppers).map(|_| Arc::default()).collect();
        let shoppers = shops.iter().cycle().zip(&seen).map(|(shop, seen)| {
            let shopper = Shopper {
                shop: shop.clone(),
                item,
                is_over: Arc::clone(&is_over),
                seen: Arc::clone(seen),
            };
            mall.runtime.spawn(shopper.go_on())
        });
        Self {
            shoppers: shoppers.collect(),
            is_over,
            seen,
        }
    }

    /// Waits until so many more purchases have succeeded.
    pub(crate) fn wait_for_sales(&self, more: usize, within: Duration) {
        let begin = self.sold();
        wait_until(within, || match self.sold() - begin {
            sold if sold < more => Err(format!("only {sold} of {more} purchases")),
            _ => Ok(()),
        });
    }

    /// Waits until so many more purchases of every single shopper have succeeded. A shopper waits for an answer before the next purchase, and
    /// the purchases are spread over all partitions: while one partition has no owner, every shopper soon waits for it.
    pub(crate) fn wait_for_sales_to_each(&self, more: usize, within: Duration) {
        let bought = |seen: &Arc<Seen>| seen.bought.load(Ordering::SeqCst);
        let begin: Vec<usize> = self.seen.iter().map(bought).collect();
        wait_until(within, || {
            let now = self.seen.iter().map(bought);
            let least = now.zip(&begin).map(|(now, begin)| now - begin).min();
            match least {
                Some(least) if least < more => {
                    Err(format!("somebody bought only {least} of {more}"))
                }
                _ => Ok(()),
            }
        });
    }

    /// Waits until another shopper was told that the answer is late.
    pub(crate) fn wait_for_a_late_answer(&self, within: Duration) {
        let late = || -> usize {
            self.seen
                .iter()
                .map(|seen| seen.late.load(Ordering::SeqCst))
                .sum()
        };
        let begin = late();
        wait_until(within, || match late() {
            now if now == begin => Err("nobody was told that the answer is late".to_owned()),
            _ => Ok(()),
        });
    }

    /// Lets everybody finish; all that happened.
    pub(crate) fn stop(self, mall: &Mall) -> Vec<Sale> {
        self.is_over.store(true, Ordering::SeqCst);
        mall.run(async {
            let mut sales = Vec::new();
            for shopper in self.shoppers {
                sales.extend(shopper.await.expect("a shopper"));
            }
            sales
        })
    }

    fn sold(&self) -> usize {
        let bought = self
            .seen
            .iter()
            .map(|seen| seen.bought.load(Ordering::SeqCst));
        bought.sum()
    }
}

/// Looks until it is so, or panics with what is missing.
fn wait_until(within: Duration, is_so: impl Fn() -> Result<(), String>) {
    let deadline = Instant::now() + within;
    while let Err(missing) = is_so() {
        assert!(Instant::now() < deadline, "{missing} in {within:?}");
        sleep(LOOK);
    }
}

struct Shopper {
    shop: String,
    item: i64,
    is_over: Arc<AtomicBool>,
    seen: Arc<Seen>,
}

impl Shopper {
    async fn go_on(self) -> Vec<Sale> {
        let client = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .build()
            .expect("a client");
        let mut sales = Vec::new();
        while !self.is_over.load(Ordering::SeqCst) {
            let sale = self.buy(&client).await;
            match sale.status() {
                200 => self.seen.bought.fetch_add(1, Ordering::SeqCst),
                202 => self.seen.late.fetch_add(1, Ordering::SeqCst),
                _ => 0,
            };
            sales.push(sale);
            tokio::time::sleep(PAUSE).await;
        }
        sales
    }

    async fn buy(&self, client: &reqwest::Client) -> Sale {
        let basket = paid_basket(&[(self.item, 1)], "pay", PRICE);
        let payment_key = basket["payment"]["paymentKey"].as_str().expect("a key");
        let begun = Instant::now();
        let url = format!("{}/open-api/order", self.shop);
        let outcome = async { received(client.post(url).json(&basket).send().await?).await }.await;
        Sale {
            shop: self.shop.clone(),
            payment_key: payment_key.to_owned(),
            begun,
            ended: Instant::now(),
            outcome: outcome.map_err(|error| format!("{error:?}")),
        }
    }
}
