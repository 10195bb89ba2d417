//! The rules of refunds: which pieces of a paid order are cancelled, and what they cost. Pure.
//!
//! A refund is recorded before the gateway is asked, so that any instance can go on with it. One is under way at a time. Its pieces and its
//! amount are fixed when it begins.

use chrono::{DateTime, Utc};
use shared::limits::MAX_REFUNDS;
use shared::money::Money;
use shared::reason::Reason;

use super::order::{Idempotency, Order, OrderLine};
use super::refund::{Pieces, Refund, RefundState};

/// The refund of these pieces, or of all that are left. `None` when nothing is left.
///
/// # Errors
/// When more pieces are asked for than are left, a refund is under way, or there were too many.
pub fn begin(
    order: &Order,
    asked: Option<&[Pieces]>,
    idempotency: &Idempotency,
    now: DateTime<Utc>,
) -> Result<Option<Refund>, Reason> {
    if under_way(order).is_some() {
        return Err(Reason::RefundUnderWay);
    }
    let pieces = match asked {
        Some(asked) => checked(order, asked)?,
        None => all_left(order),
    };
    if pieces.is_empty() {
        return Ok(None);
    }
    let number = u16::try_from(order.refunds.len() + 1).unwrap_or(u16::MAX);
    if usize::from(number) > MAX_REFUNDS {
        return Err(Reason::TooManyRefunds);
    }
    Ok(Some(Refund {
        number,
        amount: price_of(order, &pieces),
        pieces,
        state: RefundState::Requested,
        idempotency: Some(idempotency.clone()),
        requested_at: now,
    }))
}

/// The refund that has not ended.
#[must_use]
pub fn under_way(order: &Order) -> Option<&Refund> {
    let mut refunds = order.refunds.iter();
    refunds.find(|refund| refund.state == RefundState::Requested)
}

/// Whether every piece of the order was given back.
#[must_use]
pub fn is_whole(order: &Order) -> bool {
    under_way(order).is_none() && !order.refunds.is_empty() && all_left(order).is_empty()
}

/// The lines of an order, with their numbers.
fn numbered(order: &Order) -> impl Iterator<Item = (u16, &OrderLine)> {
    (1_u16..).zip(&order.lines)
}

/// How many pieces of a line are not refunded, and not about to be.
fn left(order: &Order, number: u16, line: &OrderLine) -> u32 {
    let taken: u32 = order
        .refunds
        .iter()
        .map(|refund| refund.taken(number))
        .sum();
    ordered(line).saturating_sub(taken)
}

/// A paid order's quantities were taken from the stock, which counts no more pieces than fit.
fn ordered(line: &OrderLine) -> u32 {
    u32::try_from(line.quantity).unwrap_or_default()
}

fn all_left(order: &Order) -> Vec<Pieces> {
    numbered(order)
        .map(|(number, line)| Pieces {
            line: number,
            quantity: left(order, number, line),
        })
        .filter(|pieces| pieces.quantity > 0)
        .collect()
}

/// What was asked for, summed up by line.
fn checked(order: &Order, asked: &[Pieces]) -> Result<Vec<Pieces>, Reason> {
    let wanted = |number| -> u64 {
        let of_line = asked.iter().filter(|pieces| pieces.line == number);
        of_line.map(|pieces| u64::from(pieces.quantity)).sum()
    };
    let has_line = |pieces: &Pieces| (1..=order.lines.len()).contains(&usize::from(pieces.line));
    if !asked.iter().all(has_line) {
        return Err(Reason::ExceedsWhatIsLeft);
    }
    let mut sums = Vec::with_capacity(asked.len());
    for (number, line) in numbered(order) {
        let wanted = wanted(number);
        match u32::try_from(wanted) {
            Ok(0) => {}
            Ok(quantity) if quantity <= left(order, number, line) => sums.push(Pieces {
                line: number,
                quantity,
            }),
            _ => return Err(Reason::ExceedsWhatIsLeft),
        }
    }
    Ok(sums)
}

/// What the pieces cost: the line's price less its share of the discount, in proportion to the pieces. Of the pieces of one line each
/// refund gets what they cost together with those that were refunded before, less what was given back for these. So the amounts are whole
/// units but for the last piece's, and all refunds of an order add up to what was paid.
fn price_of(order: &Order, pieces: &[Pieces]) -> Money {
    let net = net_prices(order);
    let mut price = Money::ZERO;
    for ((number, line), net) in numbered(order).zip(net) {
        let of_line = pieces.iter().filter(|pieces| pieces.line == number);
        let now: u32 = of_line.map(|pieces| pieces.quantity).sum();
        let all = ordered(line);
        let before = all - left(order, number, line);
        let cost = net.part(before + now, all).less(net.part(before, all));
        // The sum is at most what was paid.
        price = price.checked_add(cost).unwrap_or(price);
    }
    price
}

/// What was paid for each line.
fn net_prices(order: &Order) -> Vec<Money> {
    let prices: Vec<Money> = order.lines.iter().map(line_price).collect();
    let discount = order.total_price.less(order.final_price);
    // No order has a discount larger than its total.
    let shares = discount.shares(&prices).unwrap_or_default();
    let pairs = prices.iter().zip(shares);
    pairs.map(|(price, share)| price.less(share)).collect()
}

/// A line of a paid order has a price, and it was summed up when the order was placed.
fn line_price(line: &OrderLine) -> Money {
    let price = line.offer.as_ref().map(|offer| offer.price);
    price
        .and_then(|price| price.checked_times(ordered(line)))
        .unwrap_or(Money::ZERO)
}

#[cfg(test)]
#[path = "refunding_tests.rs"]
mod tests;
