//! The machine-readable reasons of refusals: one vocabulary for the database, Kafka and HTTP. Knows no status code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// Why an order or a command was refused. Written as `SCREAMING_SNAKE_CASE` everywhere.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $text)] $variant,)+ }

        impl Reason {
            /// Every reason, for exhaustive tests.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The reason as it is written on the wire and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

reasons! {
    /// An item's stock does not cover the order's quantity of it.
    OutOfStock = "OUT_OF_STOCK",
    /// A line names an item that is not in the catalogue.
    UnknownItem = "UNKNOWN_ITEM",
    /// A quantity below one, or a total that no amount can hold.
    InvalidQuantity = "INVALID_QUANTITY",
    /// No such coupon.
    CouponUnknown = "COUPON_UNKNOWN",
    /// The coupon's validity has not begun.
    CouponNotYetValid = "COUPON_NOT_YET_VALID",
    /// The coupon's validity has ended.
    CouponExpired = "COUPON_EXPIRED",
    /// Another order holds the coupon.
    CouponUsed = "COUPON_USED",
    /// The order's total is below the coupon's minimum.
    CouponMinimumNotMet = "COUPON_MINIMUM_NOT_MET",
    /// The member has as many pending orders as one may have.
    TooManyPendingOrders = "TOO_MANY_PENDING_ORDERS",
    /// The member's pending orders would hold more pieces than those of one member may.
    TooManyPendingPieces = "TOO_MANY_PENDING_PIECES",
    /// The paid amount is not the order's final price.
    AmountMismatch = "AMOUNT_MISMATCH",
    /// The payment gateway declined.
    PaymentDeclined = "PAYMENT_DECLINED",
    /// The payment gateway could not be reached, and nothing was charged.
    PaymentUnavailable = "PAYMENT_UNAVAILABLE",
    /// The gateway knows the order by another payment, which it has charged, declined or cancelled; nothing is charged by this one.
    PaymentConflict = "PAYMENT_CONFLICT",
    /// The order stayed unpaid for too long.
    Expired = "EXPIRED",
    /// Whoever the pending order belongs to has cancelled it.
    Cancelled = "CANCELLED",
    /// The order is already paid, by another payment or for another amount.
    AlreadyPaid = "ALREADY_PAID",
    /// The order was rejected before, so it can't be paid.
    AlreadyRejected = "ALREADY_REJECTED",
    /// No order has this number.
    UnknownOrder = "UNKNOWN_ORDER",
    /// Another purchase already has this order number; a new number is needed.
    OrderNumberTaken = "ORDER_NUMBER_TAKEN",
    /// The order is pending, and what was asked for needs one that is paid or rejected.
    OrderPending = "ORDER_PENDING",
    /// More pieces of a line are to be cancelled than are left of it.
    ExceedsWhatIsLeft = "EXCEEDS_WHAT_IS_LEFT",
    /// Another refund of the order has not ended yet.
    RefundUnderWay = "REFUND_UNDER_WAY",
    /// The payment gateway refuses to give the money back.
    RefundRefused = "REFUND_REFUSED",
    /// The payment gateway does not give money back at the moment.
    RefundUnavailable = "REFUND_UNAVAILABLE",
    /// The order has had as many refunds as one may have.
    TooManyRefunds = "TOO_MANY_REFUNDS",
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
    /// The order is rejected, and its order service does not say why, or in words that are not known here.
    Unspecified = "UNSPECIFIED",
    /// A command that can't be understood.
    MalformedCommand = "MALFORMED_COMMAND",
    /// The service failed on this command; the cause is in its log.
    InternalError = "INTERNAL_ERROR",
}

/// A text that is none of the reasons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason {0:?}")]
pub struct UnknownReason(String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_survives_text_and_json() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(*reason));
            assert_eq!(
                serde_json::to_string(reason).unwrap(),
                format!("\"{reason}\"")
            );
        }
        assert!("out_of_stock".parse::<Reason>().is_err());
    }
}
