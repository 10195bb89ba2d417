//! What there is to buy, and which requests a shopper makes: one after another, from a seed. Sends nothing.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_json::json;

use super::recorder::Verdict;

/// The most products that are looked at.
const PRODUCTS: u32 = 100;

const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What all shoppers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Orders one piece of one item, and does not pay.
    Pending,
    /// Orders one piece of one item and pays in the same request.
    Purchase,
    /// As `pending`, but everyone buys the same item.
    Hot,
    /// Orders two to five items at once, and does not pay.
    MultiLine,
    /// Reads the order that was placed last; places one first.
    Read,
    /// Half reads; the other half orders, purchases, repeated requests with their idempotency key, and declined payments.
    Mix,
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pending => "pending",
            Self::Purchase => "purchase",
            Self::Hot => "hot",
            Self::MultiLine => "multi-line",
            Self::Read => "read",
            Self::Mix => "mix",
        })
    }
}

/// Something that is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ware {
    /// The item.
    pub item: i64,
    /// What a piece costs, in hundredths.
    pub price: i64,
}

/// All that is sold, not empty.
#[derive(Clone, Debug)]
pub struct Assortment(Vec<Ware>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    item_list: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    item_id: i64,
    price: Amount,
}

#[derive(Deserialize)]
struct Amount {
    amount: f64,
}

impl Assortment {
    /// Asks the mall at `host:port` what it sells.
    ///
    /// # Errors
    /// When it does not answer, or sells nothing.
    pub fn of_mall(host: &str) -> anyhow::Result<Self> {
        let url = format!("http://{host}/open-api/product?limit={PRODUCTS}");
        let agent: ureq::Agent = stack::direct(ANSWER_LIMIT).build().into();
        let page = agent
            .get(&url)
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_vec())
            .with_context(|| format!("cannot read {url}"))?;
        Self::read(&page).with_context(|| format!("cannot understand {url}"))
    }

    /// Reads a page of `GET /open-api/product`.
    ///
    /// # Errors
    /// When it is none, or has no items.
    pub fn read(page: &[u8]) -> anyhow::Result<Self> {
        let products: Vec<Product> = serde_json::from_slice(page)?;
        let wares: Vec<Ware> = products
            .into_iter()
            .flat_map(|product| product.item_list)
            .map(|item| Ware {
                item: item.item_id,
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a price has two digits after the point"
                )]
                price: (item.price.amount * 100.0).round() as i64,
            })
            .collect();
        anyhow::ensure!(!wares.is_empty(), "the mall sells nothing");
        Ok(Self(wares))
    }
}

/// What a request is for; answers are counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An order, paid or not.
    Buy,
    /// A payment that will be declined.
    Decline,
    /// The same request as before, with its key.
    Again,
    /// An order is looked at.
    Read,
}

impl Kind {
    /// What this status is. 409 is no error of an order: an item may be sold out.
    pub(super) fn verdict(self, status: u16) -> Verdict {
        match (self, status) {
            (Self::Buy | Self::Again | Self::Read, 200) | (Self::Decline, 402) => Verdict::Expected,
            (Self::Buy | Self::Again | Self::Decline, 409) => Verdict::Refused,
            _ => Verdict::Unexpected,
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) kind: Kind,
    /// The body of a `POST /open-api/order`; without one, `order` is read.
    pub(super) body: Option<String>,
    pub(super) idempotency_key: Option<String>,
    pub(super) order: Option<String>,
}

/// One shopper's chance and memory.
#[derive(Debug)]
pub(super) struct Wishes {
    scenario: Scenario,
    assortment: Assortment,
    chance: SmallRng,
    /// Makes payment keys and idempotency keys different from all others.
    name: String,
    made: u64,
    last_keyed: Option<Wish>,
    last_order: Option<String>,
}

impl Wishes {
    /// A shopper's wishes. Its name is unique among all runs against one mall.
    pub(super) fn new(scenario: Scenario, assortment: Assortment, seed: u64, name: String) -> Self {
        Self {
            scenario,
            assortment,
            chance: SmallRng::seed_from_u64(seed),
            name,
            made: 0,
            last_keyed: None,
            last_order: None,
        }
    }

    /// The order that was placed last.
    pub(super) fn remember(&mut self, order: String) {
        self.last_order = Some(order);
    }

    /// Whether this scenario reads orders.
    pub(super) fn reads(&self) -> bool {
        matches!(self.scenario, Scenario::Read | Scenario::Mix)
    }

    /// The next wish.
    pub(super) fn next(&mut self) -> Wish {
        self.made += 1;
        match self.scenario {
            Scenario::Pending => self.order(1, None),
            Scenario::Purchase => self.order(1, Some("pay")),
            Scenario::Hot => self.hot(),
            Scenario::MultiLine => {
                let lines = self.chance.random_range(2..=5);
                self.order(lines, None)
            }
            Scenario::Read => self.read(),
            Scenario::Mix => self.mixed(),
        }
    }

    fn mixed(&mut self) -> Wish {
        match self.chance.random_range(0..100) {
            0..50 => self.read(),
            50..70 => self.order(1, None),
            70..80 => {
                let mut wish = self.order(1, Some("pay"));
                wish.idempotency_key = Some(format!("{}-{}", self.name, self.made));
                self.last_keyed = Some(wish.clone());
                wish
            }
            80..90 => self.order(3, Some("pay")),
            90..95 => match &self.last_keyed {
                Some(wish) => Wish {
                    kind: Kind::Again,
                    ..wish.clone()
                },
                None => self.order(1, None),
            },
            _ => self.order(1, Some("decline")),
        }
    }

    fn read(&mut self) -> Wish {
        let Some(order) = self.last_order.clone() else {
            return self.order(1, None);
        };
        Wish {
            kind: Kind::Read,
            body: None,
            idempotency_key: None,
            order: Some(order),
        }
    }

    fn hot(&mut self) -> Wish {
        let ware = self.assortment.0[0];
        self.wish(&[ware], None)
    }

    fn order(&mut self, lines: usize, payment: Option<&str>) -> Wish {
        let wares: Vec<Ware> = self
            .assortment
            .0
            .sample(&mut self.chance, lines)
            .copied()
            .collect();
        self.wish(&wares, payment)
    }

    /// One piece of each, paid by a key with this prefix.
    fn wish(&self, wares: &[Ware], payment: Option<&str>) -> Wish {
        let lines: Vec<_> = wares
            .iter()
            .map(|ware| json!({"item": {"itemId": ware.item}, "quantity": 1}))
            .collect();
        let hundredths: i64 = wares.iter().map(|ware| ware.price).sum();
        let mut body = json!({"orderLineList": lines});
        if let Some(prefix) = payment {
            let amount = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            body["payment"] = json!({
                "paymentKey": format!("{prefix}-{}-{}", self.name, self.made),
                "amount": amount,
            });
        }
        let kind = match payment {
            Some("decline") => Kind::Decline,
            _ => Kind::Buy,
        };
        Wish {
            kind,
            body: Some(body.to_string()),
            idempotency_key: None,
            order: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"[{"productId":1,"name":"p","itemList":[
        {"itemId":1,"name":"a","price":{"amount":12000},"stock":9},{"itemId":2,"name":"b","price":{"amount":0.5},"stock":9}]}]"#;

    fn wishes(scenario: Scenario, seed: u64) -> Wishes {
        let assortment = Assortment::read(PAGE.as_bytes()).unwrap();
        Wishes::new(scenario, assortment, seed, "shopper".to_owned())
    }

    #[test]
    fn a_page_of_products_gives_items_and_prices() {
        let Assortment(wares) = Assortment::read(PAGE.as_bytes()).unwrap();
        let ware = |item, price| Ware { item, price };
        assert_eq!(wares, [ware(1, 1_200_000), ware(2, 50)]);
        assert!(Assortment::read(b"[]").is_err() && Assortment::read(b"{}").is_err());
    }

    #[test]
    fn wishes_come_of_the_seed() {
        let first_ten = |seed| -> Vec<Wish> {
            let mut wishes = wishes(Scenario::Mix, seed);
            (0..10).map(|_| wishes.next()).collect()
        };
        assert_eq!(first_ten(7), first_ten(7));
        assert_ne!(first_ten(7), first_ten(8));
    }

    #[test]
    fn a_purchase_pays_its_price_with_a_new_key() {
        let mut wishes = wishes(Scenario::Purchase, 1);
        let (first, second) = (wishes.wish(&wishes.assortment.0, Some("pay")), {
            wishes.made += 1;
            wishes.wish(&wishes.assortment.0, Some("pay"))
        });
        let first: serde_json::Value = serde_json::from_str(&first.body.unwrap()).unwrap();
        assert_eq!(first["payment"]["amount"], "12000.50");
        let second: serde_json::Value = serde_json::from_str(&second.body.unwrap()).unwrap();
        assert_ne!(
            first["payment"]["paymentKey"],
            second["payment"]["paymentKey"]
        );
    }

    #[test]
    fn the_mix_has_every_kind_and_repeats_the_last_keyed_request() {
        let mut wishes = wishes(Scenario::Mix, 3);
        let mut keyed = None;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..500 {
            let wish = wishes.next();
            seen.insert(format!("{:?}", wish.kind));
            match wish.kind {
                Kind::Buy if wish.idempotency_key.is_some() => keyed = wish.body.clone(),
                Kind::Again => assert_eq!(wish.body, keyed),
                Kind::Buy | Kind::Decline => wishes.remember("1".to_owned()),
                Kind::Read => assert_eq!(wish.order.as_deref(), Some("1")),
            }
        }
        assert_eq!(seen.len(), 4, "{seen:?}");
    }
}
