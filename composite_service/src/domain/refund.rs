//! The refund that an order waits for, as the order service tells it. Pure.

use shared::money::Money;
use shared::wire::order_dto::{OrderDto, RefundDto, RefundStatus};

use super::order::{Payment, Refund};

/// The refund of this order that has not ended, and the payment that it is of.
#[must_use]
pub fn requested_of(order: &OrderDto) -> Option<(Payment, Refund)> {
    let payment = order.payment.as_ref()?;
    let refunds = order.refund_list.as_deref()?;
    let requested = refunds
        .iter()
        .find(|refund| refund.status == Some(RefundStatus::Requested))?;
    let payment = Payment {
        key: shared::payment::PaymentKey::recorded(payment.payment_key.as_str()),
        amount: payment.amount,
    };
    let refund = Refund {
        number: requested.refund_num?,
        amount: requested.amount?,
    };
    Some((payment, refund))
}

/// What all refunds of the order have given back that are done.
#[must_use]
pub fn given_back(order: &OrderDto) -> Money {
    let refunds = order.refund_list.iter().flatten();
    let done = refunds.filter(|refund| refund.status == Some(RefundStatus::Done));
    done.filter_map(|refund: &RefundDto| refund.amount)
        // The sum is at most what was paid.
        .fold(Money::ZERO, |sum, amount| {
            sum.checked_add(amount).unwrap_or(sum)
        })
}
