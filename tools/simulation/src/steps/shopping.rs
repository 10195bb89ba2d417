//! Shoppers place orders and pay them.

use composite_service::domain::order::{Cancellation, Idempotency};
use composite_service::domain::purchase::{Effect, Outcome, Purchase};
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::payment::Payment;
use shared::wire::order_dto::RefundLineDto;

use crate::shopper::{Request, pays};
use crate::violation::Check;
use crate::world::World;

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

    /// An order that a shopper can cancel: one that he can pay, or one that he has paid.
    pub(crate) fn own_order(&self, shopper: usize) -> Option<OrderNumber> {
        let is_own = |request: &&Request| request.shopper == shopper;
        let told = self.requests.iter().filter(is_own);
        let mut paid = told.filter_map(|request| paid_number(request.told.as_ref()?));
        let unpaid = || self.known_order(shopper);
        paid.next_back()
            .or_else(|| self.shoppers[shopper].cancels_unpaid.then(unpaid).flatten())
    }

    /// A shopper cancels the order that he has placed before, or a piece of its first line.
    pub(crate) fn cancel(&mut self, shopper: usize) -> Check {
        let number = self.own_order(shopper);
        self.shoppers[shopper].cancels_left -= 1;
        let Some(number) = number else { return Ok(()) };
        let pieces = self.chance.one_in(2).then(|| {
            vec![RefundLineDto {
                order_line_id: 1,
                quantity: 1,
            }]
        });
        let key = format!("cancelling-{shopper}-{}", self.chance.below(3));
        let cancellation = Cancellation {
            idempotency: Idempotency {
                key: IdempotencyKey::recorded(key),
                fingerprint: Fingerprint::recorded(format!("{pieces:?}")),
            },
            pieces,
        };
        let request = Request {
            shopper,
            composite: self.any_ready_composite(),
            request_id: None,
            payment: None,
            told: None,
            is_abandoned: false,
        };
        self.start(request, Purchase::cancel(number, cancellation))
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

    fn start(&mut self, request: Request, purchase: (Purchase, Vec<Effect>)) -> Check {
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
}

fn known_number(told: &Outcome) -> Option<OrderNumber> {
    match told {
        Outcome::Pending(order) => order.order_num.clone(),
        Outcome::Late(number) => Some(number.clone()),
        Outcome::Replayed(outcome) => known_number(outcome),
        Outcome::Complete(_)
        | Outcome::Cancelled(_)
        | Outcome::Refused { .. }
        | Outcome::StillRunning
        | Outcome::Unavailable
        | Outcome::NotSupported { .. }
        | Outcome::Failed(_) => None,
    }
}

fn paid_number(told: &Outcome) -> Option<OrderNumber> {
    match told {
        Outcome::Complete(order) | Outcome::Cancelled(order) => order.order_num.clone(),
        Outcome::Replayed(outcome) => paid_number(outcome),
        Outcome::Pending(_)
        | Outcome::Late(_)
        | Outcome::Refused { .. }
        | Outcome::StillRunning
        | Outcome::Unavailable
        | Outcome::NotSupported { .. }
        | Outcome::Failed(_) => None,
    }
}
