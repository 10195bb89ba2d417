//! What shoppers are told, which must be so: when they are told, and in the end.

use composite_service::domain::purchase::Outcome;
use composite_service::domain::refund::given_back;
use order_service::domain::order::{Order, OrderState};
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, PaymentDto};

use crate::shopper::Request;
use crate::violation::{Check, Invariant, violated};
use crate::world::World;

impl World {
    /// A shopper is answered.
    pub(crate) fn told(&mut self, request: usize, outcome: Outcome) -> Check {
        self.note(|| format!("request {request} is told {outcome:?}"));
        self.tally.count(match &outcome {
            Outcome::Pending(_) => "told pending",
            Outcome::Complete(_) => "told complete",
            Outcome::Cancelled(_) => "told cancelled",
            Outcome::Refused {
                reason: Reason::PaymentUnavailable,
                ..
            } => "told payment unavailable",
            Outcome::Refused { .. } => "told refused",
            Outcome::Late(_) => "told late",
            Outcome::StillRunning => "told still running",
            Outcome::Unavailable => "told unavailable",
            Outcome::NotSupported { .. } => "told not supported",
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
            Outcome::Cancelled(order) => self.stood(order, |stored| stored.is_final()),
            Outcome::Replayed(outcome) => self.is_true_now(outcome),
            Outcome::Refused { .. }
            | Outcome::Late(_)
            | Outcome::StillRunning
            | Outcome::Unavailable
            | Outcome::NotSupported { .. }
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
            // What was given back stays so.
            Outcome::Cancelled(told) => {
                let stored = told
                    .order_num
                    .as_ref()
                    .and_then(|number| self.store.order(number));
                stored.is_some_and(|order| match order.state {
                    OrderState::Created => false,
                    OrderState::Rejected(reason) => told.reject_reason == Some(reason),
                    OrderState::Complete(_) => {
                        order.final_price.less(given_back(told))
                            >= self.gateway.balance(&order.number)
                    }
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
                    Reason::PaymentUnavailable
                    | Reason::IdempotencyKeyReused
                    | Reason::UnknownOrder
                    | Reason::OrderPending
                    | Reason::ExceedsWhatIsLeft
                    | Reason::RefundUnderWay
                    | Reason::RefundRefused
                    | Reason::RefundUnavailable,
                ..
            }
            | Outcome::StillRunning => true,
            Outcome::Refused { number, .. } => self.is_uncharged(request, number),
            Outcome::Late(number) => self.orders_of(request).all(|order| order.number == *number),
            Outcome::Unavailable => self.orders_of(request).next().is_none(),
            // The order service is always one of this mall.
            Outcome::NotSupported { .. } => false,
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

    /// The idempotency key that its shopper has put to a request.
    #[must_use]
    pub fn key_of(&self, request_id: &str) -> Option<&str> {
        let request = self
            .requests
            .iter()
            .find(|request| request.request_id.as_deref() == Some(request_id))?;
        self.shoppers[request.shopper].key.as_deref()
    }
}
