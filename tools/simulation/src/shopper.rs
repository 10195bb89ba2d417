//! Shoppers: what they ask for, how they repeat themselves, and what they were told.

use composite_service::domain::order::{Basket, Idempotency};
use composite_service::domain::purchase::Outcome;
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::money::Money;
use shared::payment::{Payment, PaymentKey};
use shared::wire::order_dto::{ItemDto, OrderLineDto};

use crate::chance::Chance;
use crate::profile::{COUPON, ITEMS, PRICE, Profile, REBATE};
use crate::sabotage::Sabotage;

/// Somebody with a wish.
#[derive(Debug)]
pub struct Shopper {
    pub(crate) key: Option<String>,
    lines: Vec<OrderLineDto>,
    coupon: Option<i64>,
    pub(crate) price: Money,
    /// Pays in the request that places the order.
    payment: Option<Payment>,
    /// How often the order may still be asked for.
    pub places_left: usize,
    /// How often he may still pay what he has placed.
    pub pays_left: usize,
    /// How often he may still cancel what he has placed.
    pub cancels_left: usize,
    /// Cancels an order that is not paid; the others wait until it is.
    pub(crate) cancels_unpaid: bool,
}

/// One HTTP request.
#[derive(Debug)]
pub struct Request {
    pub(crate) shopper: usize,
    pub(crate) composite: usize,
    /// The purchase's name towards the order service; none when an order is paid or cancelled that is there.
    pub(crate) request_id: Option<String>,
    pub(crate) payment: Option<Payment>,
    /// What it was told.
    pub told: Option<Outcome>,
    /// Its composite has died, so it gets no answer.
    pub is_abandoned: bool,
}

impl Shopper {
    /// Somebody by chance.
    #[must_use]
    pub fn by_chance(index: usize, profile: &Profile, chance: &mut Chance) -> Self {
        let lines: Vec<(i64, i64)> = (0..chance.between(1, 2))
            .map(|_| {
                (
                    ITEMS[chance.below(ITEMS.len())],
                    [1, 1, 1, 1, 1, 1, 1, 2, 2, 30][chance.between(0, 9).min(chance.between(0, 9))],
                )
            })
            .collect();
        let coupon = chance.one_in(profile.uses_coupon).then_some(COUPON);
        let pieces: i64 = lines.iter().map(|(_, quantity)| quantity).sum();
        let rebate = if coupon.is_some() { REBATE } else { 0 };
        let price = u32::try_from((pieces * PRICE - rebate).max(0)).unwrap_or_default();
        let wrong = u32::from(chance.one_in(profile.pays_wrongly));
        let payment = (!chance.one_in(profile.pays_later)).then(|| pays(index, 0, price + wrong));
        Self {
            // Two shoppers may happen upon one key.
            key: (!chance.one_in(4)).then(|| format!("key-{}", index / (1 + chance.below(2)))),
            lines: lines.into_iter().map(line).collect(),
            coupon,
            price: Money::from_units(price),
            payment,
            places_left: chance.between(1, profile.most_requests),
            pays_left: chance.between(1, 2 * profile.most_requests),
            cancels_left: chance.between(0, profile.most_cancels),
            cancels_unpaid: chance.one_in(4),
        }
    }

    pub(crate) fn basket(&self, shopper: usize, request_id: String, sabotage: Sabotage) -> Basket {
        let idempotency = self.key.clone().map(|key| Idempotency {
            key: IdempotencyKey::recorded(match sabotage {
                Sabotage::KeysForgotten => format!("{key}-{request_id}"),
                _ => key,
            }),
            fingerprint: Fingerprint::recorded(format!("wish-{shopper}")),
        });
        Basket {
            request_id,
            member: None,
            idempotency,
            lines: self.lines.clone(),
            coupon_id: self.coupon,
            payment: self.payment.clone(),
        }
    }
}

fn line((item_id, quantity): (i64, i64)) -> OrderLineDto {
    OrderLineDto {
        order_line_id: None,
        item: ItemDto {
            item_id,
            ..ItemDto::default()
        },
        quantity,
    }
}

pub(crate) fn pays(shopper: usize, nth: usize, units: u32) -> Payment {
    Payment {
        key: PaymentKey::recorded(format!("pay-{shopper}-{nth}")),
        amount: Money::from_units(units),
    }
}
