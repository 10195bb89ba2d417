//! Shoppers who buy all the time while a mall is disturbed, and everything that they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::mall::{Answer, Mall, paid_basket, received};

/// A shopper looks around for so long between two purchases.
const PAUSE: Duration = Duration::from_millis(20);
/// Longer than any answer may take.
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
    sold: Arc<AtomicUsize>,
    shoppers: Vec<JoinHandle<Vec<Sale>>>,
}

impl Load {
    /// So many shoppers, each of whom keeps to one of the shops, buy one piece of `item` again and again.
    pub(crate) fn start(mall: &Mall, shops: &[String], item: i64, shoppers: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let sold = Arc::new(AtomicUsize::new(0));
        let shoppers = shops
            .iter()
            .cycle()
            .take(shoppers)
            .map(|shop| {
                let shopper = Shopper {
                    shop: shop.clone(),
                    item,
                    is_over: Arc::clone(&is_over),
                    sold: Arc::clone(&sold),
                };
                mall.runtime.spawn(shopper.go_on())
            })
            .collect();
        Self {
            is_over,
            sold,
            shoppers,
        }
    }

    /// Waits until so many more purchases have succeeded.
    pub(crate) fn wait_for_sales(&self, more: usize, within: Duration) {
        let (begin, deadline) = (self.sold(), Instant::now() + within);
        while self.sold() < begin + more {
            assert!(
                Instant::now() < deadline,
                "only {} of {more} purchases in {within:?}",
                self.sold() - begin
            );
            std::thread::sleep(Duration::from_millis(10));
        }
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
        self.sold.load(Ordering::SeqCst)
    }
}

struct Shopper {
    shop: String,
    item: i64,
    is_over: Arc<AtomicBool>,
    sold: Arc<AtomicUsize>,
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
            if sale.status() == 200 {
                self.sold.fetch_add(1, Ordering::SeqCst);
            }
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
