//! A payment as the Toss Payments API tells it (<https://docs.tosspayments.com/reference#payment-객체>), and what it means. Pure.

use serde::Deserialize;
use shared::money::{self, Money};
use shared::order_number::OrderNumber;
use shared::payment::{Payment, PaymentKey};

use crate::ports::payment::{CancelError, ConfirmAnswer, Oddity, Origin, RefundError, Standing};

/// The shop's currency. All prices are in it.
const CURRENCY: &str = "KRW";

/// The members of a payment that are used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TossPayment {
    payment_key: String,
    order_id: String,
    status: String,
    #[serde(with = "money::plain")]
    total_amount: Money,
    /// The amount that is not refunded yet. It tells a whole cancellation from a partial one where `status` is `PARTIAL_CANCELED`.
    #[serde(default)]
    balance_amount: Option<Money>,
    /// An answer without it is in the shop's currency.
    #[serde(default)]
    currency: Option<String>,
}

impl TossPayment {
    fn is_of(&self, number: &OrderNumber) -> bool {
        self.order_id == number.as_str()
    }

    fn other_currency(&self) -> Option<&str> {
        self.currency
            .as_deref()
            .filter(|currency| *currency != CURRENCY)
    }

    /// Whether the whole amount was given back. A payment that was cancelled in one go may be told as cancelled in part
    /// (<https://docs.tosspayments.com/guides/v2/cancel-payment>, the example of a virtual account).
    fn is_cancelled(&self) -> bool {
        match self.status.as_str() {
            "CANCELED" => true,
            "PARTIAL_CANCELED" => self.balance_amount == Some(Money::ZERO),
            _ => false,
        }
    }

    /// The result of a confirmation of `payment` for order `number` to which this is the answer.
    pub(super) fn confirms(&self, number: &OrderNumber, payment: &Payment) -> ConfirmAnswer {
        if !self.is_of(number) {
            return unsure("the answer is about another order".to_owned());
        }
        if let Some(currency) = self.other_currency() {
            return unsure(format!("the answer is in another currency: {currency}"));
        }
        let is_ours =
            self.payment_key == payment.key.as_str() && self.total_amount == payment.amount;
        match self.status.as_str() {
            "DONE" if is_ours => ConfirmAnswer::Confirmed,
            "DONE" | "CANCELED" | "PARTIAL_CANCELED" => ConfirmAnswer::PaidOtherwise,
            "ABORTED" => ConfirmAnswer::Declined("the payment was not completed"),
            "EXPIRED" => ConfirmAnswer::Declined("the time to finish the payment is over"),
            other => unsure(format!("its status is {other}")),
        }
    }

    /// The state of the payment of order `number`.
    pub(super) fn standing(self, number: &OrderNumber) -> Standing {
        if !self.is_of(number) {
            return Standing::Strange(Oddity::OtherOrder, self.order_id);
        }
        let is_cancelled = self.is_cancelled();
        let other_currency = self.other_currency().map(ToOwned::to_owned);
        let payment = Payment {
            key: PaymentKey::recorded(self.payment_key),
            amount: self.total_amount,
        };
        match (self.status.as_str(), other_currency) {
            _ if is_cancelled => Standing::NotCharged,
            ("ABORTED", _) => Standing::Declined,
            ("EXPIRED", _) => Standing::NotCharged,
            ("READY" | "IN_PROGRESS", _) => Standing::Unfinished,
            ("DONE" | "PARTIAL_CANCELED" | "WAITING_FOR_DEPOSIT", Some(currency)) => {
                Standing::Strange(Oddity::OtherCurrency, currency)
            }
            ("DONE", None) => Standing::Charged(payment),
            ("PARTIAL_CANCELED", None) => Standing::PartlyCancelled(payment, self.balance_amount),
            ("WAITING_FOR_DEPOSIT", None) => Standing::AwaitsDeposit(payment),
            _ => Standing::Strange(Oddity::UnknownState, self.status),
        }
    }

    /// The result of a cancellation of the payment with this key to which this is the answer.
    pub(super) fn cancels(&self, key: &PaymentKey) -> Result<(), CancelError> {
        if self.payment_key != key.as_str() {
            let cause = "the answer is about another payment".to_owned();
            return Err(CancelError::NotYet(cause));
        }
        if self.is_cancelled() {
            return Ok(());
        }
        Err(CancelError::NotYet(format!(
            "its status is {}",
            self.status
        )))
    }
}

impl TossPayment {
    /// The result of a refund of the payment with this key to which this is the answer.
    pub(super) fn refunds(&self, key: &PaymentKey) -> Result<(), RefundError> {
        if self.payment_key != key.as_str() {
            let cause = "the answer is about another payment".to_owned();
            return Err(RefundError::Unknown(cause));
        }
        match self.status.as_str() {
            "CANCELED" | "PARTIAL_CANCELED" => Ok(()),
            other => Err(RefundError::Unknown(format!("its status is {other}"))),
        }
    }
}

/// The gateway has answered, so it is there. But this answer does not tell whether the payment is charged.
fn unsure(cause: String) -> ConfirmAnswer {
    ConfirmAnswer::Unknown(Origin::Payment.because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn number() -> OrderNumber {
        "7".parse().unwrap()
    }

    fn payment() -> Payment {
        Payment {
            key: "key".parse().unwrap(),
            amount: Money::from_units(12_000),
        }
    }

    /// An answer about our payment, with these members changed.
    fn told(status: &str, changes: Value) -> TossPayment {
        let mut object = json!({"paymentKey": "key", "orderId": "7", "status": status, "totalAmount": 12_000, "balanceAmount": 12_000, "currency": "KRW"});
        let changes = changes.as_object().unwrap().clone();
        object.as_object_mut().unwrap().extend(changes);
        serde_json::from_value(object).unwrap()
    }

    fn is_unsure(answer: &ConfirmAnswer) -> bool {
        matches!(answer, ConfirmAnswer::Unknown(trouble) if !trouble.concerns_all())
    }

    mod a_confirmation {
        use super::*;

        #[test]
        fn is_what_the_state_says() {
            let confirms = |status| told(status, json!({})).confirms(&number(), &payment());
            assert_eq!(confirms("DONE"), ConfirmAnswer::Confirmed);
            for status in ["CANCELED", "PARTIAL_CANCELED"] {
                assert_eq!(confirms(status), ConfirmAnswer::PaidOtherwise);
            }
            for status in ["ABORTED", "EXPIRED"] {
                assert!(matches!(confirms(status), ConfirmAnswer::Declined(_)));
            }
            for status in ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT", "OF_TOMORROW"] {
                assert!(is_unsure(&confirms(status)), "{status}");
            }
        }

        #[test]
        fn of_another_payment_or_amount_is_paid_otherwise() {
            for change in [
                json!({"paymentKey": "other"}),
                json!({"totalAmount": 11_999}),
            ] {
                let answer = told("DONE", change).confirms(&number(), &payment());
                assert_eq!(answer, ConfirmAnswer::PaidOtherwise);
            }
        }

        #[test]
        fn of_another_order_or_currency_is_unsure() {
            for change in [json!({"orderId": "8"}), json!({"currency": "USD"})] {
                let answer = told("DONE", change).confirms(&number(), &payment());
                assert!(is_unsure(&answer), "{answer:?}");
            }
        }

        #[test]
        fn without_a_currency_is_in_won() {
            let answer = told("DONE", json!({"currency": null}));
            assert_eq!(
                answer.confirms(&number(), &payment()),
                ConfirmAnswer::Confirmed
            );
        }
    }

    mod a_standing {
        use super::*;

        fn standing(status: &str, changes: Value) -> Standing {
            told(status, changes).standing(&number())
        }

        #[test]
        fn tells_every_state_apart() {
            for (status, expected) in [
                ("READY", Standing::Unfinished),
                ("IN_PROGRESS", Standing::Unfinished),
                ("WAITING_FOR_DEPOSIT", Standing::AwaitsDeposit(payment())),
                ("DONE", Standing::Charged(payment())),
                ("CANCELED", Standing::NotCharged),
                (
                    "PARTIAL_CANCELED",
                    Standing::PartlyCancelled(payment(), Some(payment().amount)),
                ),
                ("ABORTED", Standing::Declined),
                ("EXPIRED", Standing::NotCharged),
                (
                    "OF_TOMORROW",
                    Standing::Strange(Oddity::UnknownState, "OF_TOMORROW".to_owned()),
                ),
            ] {
                assert_eq!(standing(status, json!({})), expected);
            }
        }

        #[test]
        fn of_a_payment_without_a_balance_is_not_charged() {
            let nothing_left = json!({"balanceAmount": 0});
            assert_eq!(
                standing("PARTIAL_CANCELED", nothing_left),
                Standing::NotCharged
            );
        }

        #[test]
        fn of_money_in_another_currency_is_strange_and_without_money_it_is_not() {
            let dollars = || json!({"currency": "USD"});
            for status in ["DONE", "PARTIAL_CANCELED", "WAITING_FOR_DEPOSIT"] {
                assert_eq!(
                    standing(status, dollars()),
                    Standing::Strange(Oddity::OtherCurrency, "USD".to_owned())
                );
            }
            assert_eq!(standing("ABORTED", dollars()), Standing::Declined);
            assert_eq!(standing("CANCELED", dollars()), Standing::NotCharged);
        }

        #[test]
        fn of_another_order_is_strange_whatever_its_state() {
            for status in ["DONE", "ABORTED", "CANCELED", "READY"] {
                assert_eq!(
                    standing(status, json!({"orderId": "8"})),
                    Standing::Strange(Oddity::OtherOrder, "8".to_owned())
                );
            }
        }
    }

    mod a_cancellation {
        use super::*;

        fn cancels(status: &str, changes: Value) -> Result<(), CancelError> {
            told(status, changes).cancels(&payment().key)
        }

        #[test]
        fn succeeds_when_nothing_is_left() {
            assert_eq!(cancels("CANCELED", json!({})), Ok(()));
            assert_eq!(
                cancels("PARTIAL_CANCELED", json!({"balanceAmount": 0})),
                Ok(())
            );
        }

        #[test]
        fn has_not_succeeded_by_any_other_answer() {
            for (status, changes) in [
                ("DONE", json!({})),
                ("PARTIAL_CANCELED", json!({})),
                ("PARTIAL_CANCELED", json!({"balanceAmount": null})),
                ("CANCELED", json!({"paymentKey": "other"})),
            ] {
                let answer = cancels(status, changes);
                assert!(matches!(answer, Err(CancelError::NotYet(_))), "{answer:?}");
            }
        }
    }
}
