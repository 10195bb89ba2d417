//! Shoppers: what they ask for, how they repeat themselves, and what they were told. What they were told must be so.

use composite_service::domain::order::{Basket, Idempotency};
use composite_service::domain::purchase::{Outcome, Purchase};
use order_service::domain::order::{Order, OrderState};
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::payment::{Payment, PaymentKey};
use shared::reason::Reason;
use shared::wire::order_dto::{ItemDto, OrderDto, OrderLineDto, PaymentDto};

use crate::chance::Chance;
use crate::invariants::{Check, Invariant, violated};
use crate::profile::{COUPON, ITEMS, PRICE, Profile, REBATE};
use crate::sabotage::Sabotage;
use crate::world::World;

/// Somebody with a wish.
#[derive(Debug)]
pub struct Shopper {
    key: Option<String>,
    lines: Vec<OrderLineDto>,
    coupon: Option<i64>,
    price: Money,
    /// Pays in the request that places the order.
    payment: Option<Payment>,
    /// How often the order may still be asked for.
    pub places_left: usize,
    /// How often he may still pay what he has placed.
    pub pays_left: usize,
}

/// One HTTP request.
#[derive(Debug)]
pub struct Request {
    shopper: usize,
    composite: usize,
    /// The purchase's name towards the order service; none when an order is paid that is there.
    request_id: Option<String>,
    payment: Option<Payment>,
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
        }
    }

    fn basket(&self, shopper: usize, request_id: String, sabotage: Sabotage) -> Basket {
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

fn pays(shopper: usize, nth: usize, units: u32) -> Payment {
    Payment {
        key: PaymentKey::recorded(format!("pay-{shopper}-{nth}")),
        amount: Money::from_units(units),
    }
}

impl World {
    /// A shopper asks for his order, or asks again.
    pub(crate) fn place(&mut self, shopper: usize) -> Check {
        let request_id = self.chance.unique().simple().to_string();
        let somebody = &mut self.shoppers[shopper];
        somebody.places_left -= 1;
        let basket = somebody.basket(shopper, request_id.clone(), self.sabotage);
        let request = Request {
            shopper,
            composite: self.any_ready_composite(),
            request_id: Some(request_id),
            payment: basket.payment.clone(),
            told: None,
            is_abandoned: false,
        };
        let number = self.new_number();
        self.start(request, Purchase::place(number, basket))
    }

    /// An order that a shopper can know of: one that he was told of, or that is being placed, for numbers are no secret of the mall's.
    pub(crate) fn known_order(&self, shopper: usize) -> Option<OrderNumber> {
        let is_own = |request: &Request| request.shopper == shopper;
        let told = self
            .requests
            .iter()
            .filter(|request| is_own(request))
            .filter_map(|request| known_number(request.told.as_ref()?));
        let placing = self
            .composites
            .iter()
            .flat_map(|composite| composite.purchases.values())
            .filter(|run| is_own(&self.requests[run.request]))
            .map(|run| run.purchase.number().clone());
        told.chain(placing).last()
    }

    /// A shopper pays the order that he has placed before: by the same payment again, or by another one.
    pub(crate) fn pay(&mut self, shopper: usize) -> Check {
        let number = self.known_order(shopper);
        let somebody = &mut self.shoppers[shopper];
        somebody.pays_left -= 1;
        let Some(number) = number else { return Ok(()) };
        let nth = self.chance.below(2);
        let payment = Payment {
            amount: if self.chance.one_in(10) {
                Money::from_units(1)
            } else {
                somebody.price
            },
            ..pays(shopper, nth, 0)
        };
        let idempotency = self.chance.one_in(2).then(|| Idempotency {
            key: IdempotencyKey::recorded(format!("paying-{shopper}-{}", self.chance.below(2))),
            fingerprint: Fingerprint::recorded(format!(
                "{}-{:?}",
                payment.key.as_str(),
                payment.amount
            )),
        });
        let request = Request {
            shopper,
            composite: self.any_ready_composite(),
            request_id: None,
            payment: Some(payment.clone()),
            told: None,
            is_abandoned: false,
        };
        self.start(request, Purchase::pay(number, payment, idempotency))
    }

    /// One that has a home, where there is one: shoppers are led to those that are ready.
    fn any_ready_composite(&mut self) -> usize {
        let ready: Vec<usize> = (0..self.composites.len())
            .filter(|index| self.composites[*index].intake.ownership.home().is_some())
            .collect();
        if ready.is_empty() {
            return self.chance.below(self.composites.len());
        }
        ready[self.chance.below(ready.len())]
    }

    /// The idempotency key that its shopper has put to a request.
    #[must_use]
    pub fn key_of(&self, request_id: &str) -> Option<&str> {
        let request = self
            .requests
            .iter()
            .find(|request| request.request_id.as_deref() == Some(request_id))?;
        self.shoppers[request.shopper].key.as_deref()
    }

    fn start(
        &mut self,
        request: Request,
        purchase: (Purchase, Vec<composite_service::domain::purchase::Effect>),
    ) -> Check {
        let composite = request.composite;
        self.requests.push(request);
        self.begin(composite, self.requests.len() - 1, purchase)
    }

    /// The connections of a composite that has died.
    pub(crate) fn abandon_requests(&mut self, composite: usize) {
        self.requests
            .iter_mut()
            .filter(|request| request.composite == composite && request.told.is_none())
            .for_each(|request| request.is_abandoned = true);
    }

    /// A shopper is answered.
    pub(crate) fn told(&mut self, request: usize, outcome: Outcome) -> Check {
        self.note(|| format!("request {request} is told {outcome:?}"));
        self.tally.count(match &outcome {
            Outcome::Pending(_) => "told pending",
            Outcome::Complete(_) => "told complete",
            Outcome::Refused { .. } => "told refused",
            Outcome::Late(_) => "told late",
            Outcome::StillRunning => "told still running",
            Outcome::Unavailable => "told unavailable",
            Outcome::Failed(_) => "told failed",
            Outcome::Replayed(_) => "told again",
        });
        if let Some(before) = &self.requests[request].told {
            return violated(
                Invariant::Truth,
                format!("request {request} was told {before:?} and is told {outcome:?}"),
            );
        }
        self.is_true_now(&outcome)?;
        self.requests[request].told = Some(outcome);
        Ok(())
    }

    /// What is told of an order is how it stands, or how it stood a moment ago.
    fn is_true_now(&self, outcome: &Outcome) -> Check {
        match outcome {
            Outcome::Pending(order) => self.stood(order, |_| true),
            Outcome::Complete(order) => self.stood(order, |stored| {
                matches!(stored.state, OrderState::Complete(_))
            }),
            Outcome::Replayed(outcome) => self.is_true_now(outcome),
            Outcome::Refused { .. }
            | Outcome::Late(_)
            | Outcome::StillRunning
            | Outcome::Unavailable
            | Outcome::Failed(_) => Ok(()),
        }
    }

    fn stood(&self, told: &OrderDto, is_so: impl Fn(&Order) -> bool) -> Check {
        let stored = told
            .order_num
            .as_ref()
            .and_then(|number| self.store.order(number));
        let is_true = stored
            .is_some_and(|stored| is_so(stored) && told.final_price == Some(stored.final_price));
        if is_true {
            Ok(())
        } else {
            violated(
                Invariant::Truth,
                format!("told {told:?}, but stored is {stored:?}"),
            )
        }
    }

    /// What everybody was told is so in the end.
    pub(crate) fn answers_hold(&self) -> Check {
        for request in &self.requests {
            match &request.told {
                Some(outcome) => self.holds(request, outcome)?,
                None if request.is_abandoned => {}
                None => return violated(Invariant::Truth, format!("never answered: {request:?}")),
            }
        }
        Ok(())
    }

    fn holds(&self, request: &Request, outcome: &Outcome) -> Check {
        let is_so = match outcome {
            Outcome::Replayed(outcome) => return self.holds(request, outcome),
            Outcome::Pending(order) => order
                .order_num
                .as_ref()
                .is_some_and(|number| self.store.order(number).is_some()),
            Outcome::Complete(told) => {
                let stored = told
                    .order_num
                    .as_ref()
                    .and_then(|number| self.store.order(number));
                stored.is_some_and(|order| match &order.state {
                    // It may be paid by another request of his.
                    OrderState::Complete(made) => told.payment == Some(PaymentDto::from(made)),
                    OrderState::Created | OrderState::Rejected(_) => false,
                })
            }
            Outcome::Refused {
                reason: Reason::AlreadyPaid,
                number,
                ..
            } => self
                .store
                .order(number)
                .is_some_and(|order| matches!(order.state, OrderState::Complete(_))),
            Outcome::Refused {
                reason: Reason::PaymentConflict,
                number,
                ..
            } => self.gateway.has_decided(number),
            // The order goes on waiting, or was not there yet, and another request may have paid it so.
            Outcome::Refused {
                reason:
                    Reason::PaymentUnavailable | Reason::IdempotencyKeyReused | Reason::UnknownOrder,
                ..
            }
            | Outcome::StillRunning => true,
            Outcome::Refused { number, .. } => self.is_uncharged(request, number),
            Outcome::Late(number) => self.orders_of(request).all(|order| order.number == *number),
            Outcome::Unavailable => self.orders_of(request).next().is_none(),
            // Another of his requests may have paid it.
            Outcome::Failed(_) if self.has_other_requests(request) => true,
            Outcome::Failed(_) => self
                .orders_of(request)
                .all(|order| self.is_uncharged(request, &order.number)),
        };
        if is_so {
            Ok(())
        } else {
            let orders: Vec<_> = self.orders_of(request).collect();
            violated(
                Invariant::Truth,
                format!("in the end it is not so: {request:?}, {orders:?}"),
            )
        }
    }

    /// Of the same shopper, or by the same idempotency key.
    fn has_other_requests(&self, request: &Request) -> bool {
        let key = self.shoppers[request.shopper].key.as_ref();
        let is_related = |other: &&Request| {
            let of_key = key.is_some() && self.shoppers[other.shopper].key.as_ref() == key;
            of_key || other.shopper == request.shopper
        };
        self.requests.iter().filter(is_related).count() > 1
    }

    fn orders_of<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = &'a Order> {
        self.store
            .orders()
            .map(AsRef::as_ref)
            .filter(|order| Some(order.request_id.as_str()) == request.request_id.as_deref())
    }

    fn is_uncharged(&self, request: &Request, number: &OrderNumber) -> bool {
        let charged = self.gateway.charged(number);
        charged.is_none() || charged != request.payment.as_ref()
    }
}

fn known_number(told: &Outcome) -> Option<OrderNumber> {
    match told {
        Outcome::Pending(order) => order.order_num.clone(),
        Outcome::Late(number) => Some(number.clone()),
        Outcome::Replayed(outcome) => known_number(outcome),
        Outcome::Complete(_)
        | Outcome::Refused { .. }
        | Outcome::StillRunning
        | Outcome::Unavailable
        | Outcome::Failed(_) => None,
    }
}
