//! What is for sale in one round, and what it costs. Must not know who buys.

use crate::plan::Line;

/// The identities of a round's items and coupons begin here, so far apart.
const FIRST: i64 = 1_000;
const PER_ROUND: i64 = 100;

/// The price of each item in won. The first is the hot one: little of it is there, and many want it.
const PRICES: [i64; 8] = [12_000, 900, 7_500, 31_000, 4_400, 18_900, 2_000, 65_000];
const HOT_STOCK: i64 = 80;
const STOCK: i64 = 5_000;

/// What the coupons of a round take off, and the least total for it. The last one leaves nothing to pay.
const DISCOUNTS: [(i64, i64); 4] = [(2_000, 10_000), (500, 0), (15_000, 60_000), (9_000_000, 0)];
const COUPONS: i64 = 36;

/// Items and coupons of one round. Each round has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelf {
    /// The product that the items belong to.
    pub(crate) product: i64,
    /// The first is the hot one.
    pub(crate) items: Vec<Item>,
    /// Each may be used once.
    pub(crate) coupons: Vec<Coupon>,
}

/// Something to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its identity.
    pub(crate) id: i64,
    /// In won.
    pub(crate) price: i64,
    /// How many there are at first.
    pub(crate) stock: i64,
}

/// A coupon of a fixed amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coupon {
    /// Its identity.
    pub(crate) id: i64,
    /// What it takes off, in won.
    pub(crate) amount: i64,
    /// The least total that it applies to.
    pub(crate) minimum: i64,
}

impl Shelf {
    pub(super) fn of_round(round: u32) -> Self {
        let base = FIRST + PER_ROUND * i64::from(round);
        let items = (base..).zip(PRICES).map(|(id, price)| Item {
            id,
            price,
            stock: if id == base { HOT_STOCK } else { STOCK },
        });
        let coupons = (base..base + COUPONS)
            .zip(DISCOUNTS.into_iter().cycle())
            .map(|(id, (amount, minimum))| Coupon {
                id,
                amount,
                minimum,
            });
        Self {
            product: base,
            items: items.collect(),
            coupons: coupons.collect(),
        }
    }

    /// An item that nobody has ever put here.
    pub(crate) fn unknown_item(&self) -> i64 {
        self.product + PER_ROUND - 1
    }

    /// What these lines cost with the coupon, as far as they can be had at all.
    pub(crate) fn price(&self, lines: &[Line], coupon: Option<i64>) -> i64 {
        let price_of = |line: &Line| {
            let item = self.items.iter().find(|item| item.id == line.item);
            item.map_or(0, |item| item.price * line.quantity)
        };
        let total: i64 = lines.iter().map(price_of).sum();
        let discount = self
            .coupons
            .iter()
            .find(|known| Some(known.id) == coupon && total >= known.minimum)
            .map_or(0, |known| known.amount.min(total));
        total - discount
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_is_the_sum_less_the_coupon_from_its_minimum_on() {
        let shelf = Shelf::of_round(1);
        let line = |index: usize, quantity| Line {
            item: shelf.items[index].id,
            quantity,
        };
        assert_eq!(shelf.price(&[line(0, 2), line(1, 1)], None), 24_900);
        let coupon = Some(shelf.coupons[0].id);
        assert_eq!(shelf.price(&[line(0, 1)], coupon), 10_000);
        assert_eq!(shelf.price(&[line(1, 1)], coupon), 900);
    }

    #[test]
    fn rounds_share_no_item_and_no_coupon() {
        let (one, two) = (Shelf::of_round(1), Shelf::of_round(2));
        let ids = |shelf: &Shelf| -> Vec<i64> {
            let items = shelf.items.iter().map(|item| item.id);
            let coupons = shelf.coupons.iter().map(|coupon| coupon.id);
            items.chain(coupons).chain([shelf.unknown_item()]).collect()
        };
        let (one, two) = (ids(&one), ids(&two));
        assert!(one.iter().all(|id| !two.contains(id)));
    }
}
