//! What each line of an order costs, and what it contributes to the coupon's discount. Pure.

use shared::money::Money;
use shared::wire::order_dto::OrderLineDto;

/// What a line costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePrice {
    /// The price of its pieces, before the discount.
    pub price: Money,
    /// Its share of the coupon's discount. What was paid for the line is the rest.
    pub discount: Money,
}

/// The lines' prices: the coupon's discount, which is what lies between the total and what is to be paid, is divided by [`Money::shares`].
/// `None` where the order service does not tell enough, or its prices do not add up.
#[must_use]
pub fn line_prices(lines: &[OrderLineDto], total: Money, to_pay: Money) -> Option<Vec<LinePrice>> {
    let prices = lines.iter().map(price_of).collect::<Option<Vec<Money>>>()?;
    let sum = prices
        .iter()
        .try_fold(Money::ZERO, |sum, price| sum.checked_add(*price))?;
    if sum != total {
        return None;
    }
    let discounts = total.less(to_pay).shares(&prices)?;
    let priced = prices.into_iter().zip(discounts);
    Some(
        priced
            .map(|(price, discount)| LinePrice { price, discount })
            .collect(),
    )
}

fn price_of(line: &OrderLineDto) -> Option<Money> {
    let pieces = u32::try_from(line.quantity).ok()?;
    line.item.price?.checked_times(pieces)
}

#[cfg(test)]
mod tests {
    use shared::wire::order_dto::ItemDto;

    use super::*;

    fn line(price: &str, quantity: i64) -> OrderLineDto {
        OrderLineDto {
            order_line_id: None,
            item: ItemDto {
                price: Some(money(price)),
                ..ItemDto::default()
            },
            quantity,
        }
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn told(lines: &[OrderLineDto], total: &str, to_pay: &str) -> Option<Vec<(Money, Money)>> {
        let prices = line_prices(lines, money(total), money(to_pay))?;
        let pairs = prices.iter().map(|line| (line.price, line.discount));
        Some(pairs.collect())
    }

    #[test]
    fn each_line_has_its_price_and_its_share_of_the_discount() {
        let lines = [line("12000", 2), line("500", 12)];
        let expected = [("24000", "2400"), ("6000", "600")];
        assert_eq!(
            told(&lines, "30000", "27000"),
            Some(
                expected
                    .map(|(price, off)| (money(price), money(off)))
                    .into()
            )
        );
    }

    #[test]
    fn without_a_discount_all_shares_are_zero() {
        let expected = vec![(money("24000"), Money::ZERO)];
        assert_eq!(told(&[line("12000", 2)], "24000", "24000"), Some(expected));
        assert_eq!(told(&[], "0", "0"), Some(Vec::new()));
    }

    #[test]
    fn prices_that_are_not_told_or_do_not_add_up_are_none() {
        let unpriced = OrderLineDto {
            item: ItemDto::default(),
            ..line("1", 1)
        };
        assert_eq!(told(&[unpriced], "0", "0"), None);
        assert_eq!(told(&[line("12000", 2)], "24001", "24001"), None);
        assert_eq!(told(&[line("12000", i64::MAX)], "0", "0"), None);
    }
}
