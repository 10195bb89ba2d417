//! One sum divided among several amounts, so that no part of it is lost: a coupon's discount among the lines of an order.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{MAX_SCALE, Money};

/// Hundredths in a whole unit.
const UNIT: u128 = 100;

impl Money {
    /// Divides this sum among `amounts` in proportion to them. The shares add up to the sum exactly, and none is larger than its amount.
    /// `None` when the sum is larger than all amounts together.
    ///
    /// This is the method of the largest remainder (Hamilton's): each share is rounded down, and what is left over goes, one step each, to
    /// the shares that lost the most by that; of equals, to the first. A step is a whole unit, or a hundredth where the sum or an amount has
    /// a fraction.
    #[must_use]
    pub fn shares(self, amounts: &[Self]) -> Option<Vec<Self>> {
        let hundredths: Vec<u128> = amounts.iter().map(|amount| amount.hundredths()).collect();
        let step = step_of(self.hundredths(), &hundredths);
        let weights: Vec<u128> = hundredths.iter().map(|amount| amount / step).collect();
        let shares = divide(self.hundredths() / step, &weights)?;
        shares
            .into_iter()
            .map(|share| Self::of_hundredths(share * step))
            .collect()
    }

    /// Exact, because an amount has at most [`MAX_SCALE`] decimal places.
    fn hundredths(self) -> u128 {
        (self.0 * Decimal::ONE_HUNDRED)
            .to_u128()
            .unwrap_or_default()
    }

    fn of_hundredths(hundredths: u128) -> Option<Self> {
        let hundredths = hundredths.try_into().ok()?;
        let amount = Decimal::try_from_i128_with_scale(hundredths, MAX_SCALE).ok()?;
        Self::try_from(amount).ok()
    }
}

fn step_of(sum: u128, amounts: &[u128]) -> u128 {
    let is_whole = |hundredths: &u128| hundredths.is_multiple_of(UNIT);
    if is_whole(&sum) && amounts.iter().all(is_whole) {
        UNIT
    } else {
        1
    }
}

/// Both factors of a product are below 10^19, so it fits.
fn divide(sum: u128, weights: &[u128]) -> Option<Vec<u128>> {
    let total: u128 = weights.iter().sum();
    if sum > total {
        return None;
    }
    if total == 0 {
        return Some(vec![0; weights.len()]);
    }
    let mut shares: Vec<u128> = weights.iter().map(|weight| sum * weight / total).collect();
    let left_over = sum - shares.iter().sum::<u128>();
    let mut by_loss: Vec<usize> = (0..weights.len()).collect();
    // The sort is stable, so the first of equals stays first.
    by_loss.sort_by_key(|at| std::cmp::Reverse(sum * weights[*at] % total));
    for at in by_loss.into_iter().zip(0..left_over).map(|(at, _)| at) {
        shares[at] += 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(texts: &[&str]) -> Vec<Money> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn shares(sum: &str, amounts: &[&str]) -> Vec<Money> {
        let sum: Money = sum.parse().unwrap();
        sum.shares(&money(amounts)).unwrap()
    }

    #[test]
    fn are_in_proportion_and_what_is_left_over_goes_to_the_largest_remainder() {
        assert_eq!(shares("3000", &["24000", "6000"]), money(&["2400", "600"]));
        // Exactly 142.86, 285.71 and 571.43.
        assert_eq!(
            shares("1000", &["1000", "2000", "4000"]),
            money(&["143", "286", "571"])
        );
    }

    #[test]
    fn of_equal_remainders_the_first_amounts_get_more() {
        assert_eq!(
            shares("1000", &["500", "500", "500"]),
            money(&["334", "333", "333"])
        );
        assert_eq!(shares("1", &["7", "7", "7"]), money(&["1", "0", "0"]));
    }

    #[test]
    fn are_in_whole_units_unless_something_has_a_fraction() {
        assert_eq!(shares("5", &["10", "10"]), money(&["3", "2"]));
        assert_eq!(shares("5", &["10.5", "10.5"]), money(&["2.5", "2.5"]));
        assert_eq!(shares("0.05", &["10", "10"]), money(&["0.03", "0.02"]));
        assert_eq!(shares("1", &["0.5", "0.5"]), money(&["0.5", "0.5"]));
    }

    #[test]
    fn of_what_is_free_are_nothing() {
        assert_eq!(shares("0", &[]), money(&[]));
        assert_eq!(shares("0", &["0", "0"]), money(&["0", "0"]));
        assert_eq!(shares("7", &["0", "9", "0"]), money(&["0", "7", "0"]));
    }

    #[test]
    fn of_more_than_there_is_are_none() {
        let all = money(&["3", "4"]);
        assert_eq!(Money::from_units(8).shares(&all), None);
        assert_eq!(Money::from_units(1).shares(&[]), None);
    }

    #[test]
    fn of_the_largest_amounts_are_exact() {
        let largest = "99999999999999999.99";
        assert_eq!(shares(largest, &[largest]), money(&[largest]));
        assert_eq!(
            shares(largest, &[largest, largest]),
            money(&["50000000000000000", "49999999999999999.99"])
        );
    }

    /// Every sum of every list of up to four amounts below seven.
    fn for_all(check: impl Fn(u128, &[u128], &[u128])) {
        for length in 0..=4_u32 {
            for code in 0..7_u128.pow(length) {
                let weights: Vec<u128> = (0..length).map(|at| code / 7_u128.pow(at) % 7).collect();
                for sum in 0..=weights.iter().sum() {
                    check(sum, &weights, &divide(sum, &weights).unwrap());
                }
            }
        }
    }

    #[test]
    fn always_add_up_and_never_exceed_their_amounts() {
        for_all(|sum, weights, shares| {
            assert_eq!(shares.iter().sum::<u128>(), sum, "{sum} {weights:?}");
            let is_within = |(share, weight): (&u128, &u128)| share <= weight;
            assert!(
                shares.iter().zip(weights).all(is_within),
                "{sum} {weights:?} {shares:?}"
            );
        });
    }

    #[test]
    fn are_always_less_than_a_step_from_the_exact_proportion() {
        for_all(|sum, weights, shares| {
            let total: u128 = weights.iter().sum();
            for (share, weight) in shares.iter().zip(weights) {
                let distance = (share * total).abs_diff(sum * weight);
                assert!(distance < total.max(1), "{sum} {weights:?} {shares:?}");
            }
        });
    }

    #[test]
    fn of_a_larger_or_earlier_amount_are_never_smaller() {
        for_all(|sum, weights, shares| {
            for (at, (share, weight)) in shares.iter().zip(weights).enumerate() {
                for (later, later_weight) in shares.iter().zip(weights).skip(at + 1) {
                    let is_fair = match weight.cmp(later_weight) {
                        std::cmp::Ordering::Less => share <= later,
                        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => share >= later,
                    };
                    assert!(is_fair, "{sum} {weights:?} {shares:?}");
                }
            }
        });
    }
}
