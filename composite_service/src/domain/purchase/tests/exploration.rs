//! All that can happen to purchases in the model world while a few things go wrong, and much of what can happen while many do.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;

use super::peers::{ChargeState, Order, OrderState};
use super::samples::{PRICE, basket, once, payment, pays};
use super::world::{Action, Shopper, World};
use crate::domain::order::{Basket, Payment};
use crate::domain::purchase::Outcome;

/// One shopper in each of his situations.
fn alone(faults: u32) -> [World; 6] {
    let world = || World::new(faults, 0);
    [
        world().placing(basket(Some(payment()))),
        world().placing(basket(None)),
        world().placing(basket(Some(pays("key", PRICE + 1)))),
        World::new(faults, 2).placing(basket(Some(payment()))),
        world().paying(payment()),
        world().paying(pays("key", PRICE + 1)),
    ]
}

/// Two who pay one order, and two who place one with the same idempotency key.
fn in_pairs(faults: u32) -> [World; 7] {
    let world = || World::new(faults, 0);
    let paid = || world().paying(payment());
    let paid_once = || world().paying_with_key(payment(), once("this payment"));
    let keyed = |payment| World::new(faults, 0).placing(with_key("first", payment));
    [
        paid().paying(payment()),
        paid().paying(pays("other", PRICE)),
        keyed(Some(payment())).placing(with_key("second", Some(payment()))),
        keyed(Some(payment())).placing(with_key("second", Some(pays("other", PRICE)))),
        keyed(None).placing(with_key("second", None)),
        paid_once().paying_with_key(payment(), once("this payment")),
        paid_once().paying_with_key(pays("other", PRICE), once("another payment")),
    ]
}

/// Three who pay one order.
fn in_threes(faults: u32) -> World {
    let [_, pair, ..] = in_pairs(faults);
    pair.paying(payment())
}

/// A request by the one idempotency key there is; another payment makes it another request.
fn with_key(request_id: &str, payment: Option<Payment>) -> Basket {
    Basket {
        request_id: request_id.to_owned(),
        idempotency: once(&format!("{payment:?}")),
        ..basket(payment)
    }
}

/// What must hold at any time, and in the end.
fn check(world: &World, is_over: bool) {
    for shopper in &world.shoppers {
        assert!(shopper.answers.len() <= 1, "answered twice: {shopper:?}");
    }
    if is_over {
        check_orders(world);
        check_money(world);
        world
            .shoppers
            .iter()
            .for_each(|shopper| check_answer(world, shopper));
    }
}

/// Every order is final, and one request has one order.
fn check_orders(world: &World) {
    assert!(
        world
            .orders
            .0
            .values()
            .all(|order| order.state != OrderState::Created),
        "{world:#?}"
    );
    for shopper in &world.shoppers {
        let own = own_orders(world, shopper).count();
        assert!(own <= 1, "{own} orders of one request: {world:#?}");
    }
    let keyed = world
        .orders
        .0
        .values()
        .filter(|order| order.idempotency.is_some())
        .count();
    assert!(
        keyed <= 1,
        "{keyed} orders of one idempotency key: {world:#?}"
    );
}

fn own_orders<'a>(world: &'a World, shopper: &'a Shopper) -> impl Iterator<Item = &'a OrderNumber> {
    let own = world
        .orders
        .0
        .iter()
        .filter(|(_, order)| Some(&order.request_id) == shopper.request_id.as_ref());
    own.map(|(number, _)| number)
}

/// Charged and not cancelled ⇔ complete, by the same payment and for the price.
fn check_money(world: &World) {
    let paid = world
        .orders
        .0
        .iter()
        .filter_map(|(number, order)| match &order.state {
            OrderState::Complete(payment) => Some((number, payment)),
            OrderState::Created | OrderState::Rejected(_) => None,
        });
    let charged = world
        .charges
        .0
        .iter()
        .filter(|(_, charge)| charge.state == ChargeState::Charged)
        .map(|(number, charge)| (number, &charge.payment));
    assert_eq!(
        charged.collect::<Vec<_>>(),
        paid.collect::<Vec<_>>(),
        "charged, and paid: {world:#?}"
    );
}

/// What the shopper was told is so in the end.
fn check_answer(world: &World, shopper: &Shopper) {
    match &shopper.answers[..] {
        [Outcome::Replayed(outcome)] => check_outcome(world, shopper, outcome),
        [outcome] => check_outcome(world, shopper, outcome),
        _ => assert!(shopper.has_died, "not answered: {shopper:?}"),
    }
}

fn check_outcome(world: &World, shopper: &Shopper, outcome: &Outcome) {
    let payment = shopper.payment.as_ref();
    match outcome {
        Outcome::Pending(order) => assert!(found(world, order).is_some()),
        Outcome::Complete(order) => {
            let state = &found(world, order).unwrap().state;
            assert!(
                matches!(state, OrderState::Complete(made) if Some(made) == payment),
                "{state:?}"
            );
        }
        Outcome::Cancelled(_) => unreachable!("nobody cancels in this world"),
        Outcome::Refused {
            reason: Reason::AlreadyPaid,
            ..
        } => {}
        // The order goes on waiting, and another of his requests may have paid it by the same payment.
        Outcome::Refused {
            reason: Reason::PaymentUnavailable,
            ..
        } if world.shoppers.len() > 1 => {}
        Outcome::Refused { number, .. } => {
            assert!(!is_charged(world, number, payment), "{world:#?}")
        }
        Outcome::Late(told) => {
            assert!(
                own_orders(world, shopper).all(|number| number == told),
                "told {told}: {world:#?}"
            );
        }
        // He is told nothing but to ask again.
        Outcome::StillRunning => {}
        // Who is told so may ask again, by the same payment.
        Outcome::Unavailable | Outcome::Failed(_) if world.shoppers.len() > 1 => {}
        Outcome::Unavailable | Outcome::Failed(_) => {
            assert!(
                own_orders(world, shopper).all(|number| !is_charged(world, number, payment)),
                "{world:#?}"
            );
        }
        Outcome::NotSupported { .. } => panic!("the order service is no stranger: {shopper:?}"),
        Outcome::Replayed(_) => panic!("a replay of a replay: {shopper:?}"),
    }
}

fn found<'a>(world: &'a World, order: &OrderDto) -> Option<&'a Order> {
    world.orders.0.get(order.order_num.as_ref()?)
}

fn is_charged(world: &World, number: &OrderNumber, payment: Option<&Payment>) -> bool {
    let charge = world
        .charges
        .0
        .get(number)
        .filter(|charge| charge.state == ChargeState::Charged);
    charge.is_some_and(|charge| Some(&charge.payment) == payment)
}

/// Goes through all that can happen, breadth first. Returns how many worlds there are, and how many of them are ends.
fn explore(start: World) -> (usize, usize) {
    let (mut seen, mut ends) = (HashSet::from([fingerprint(&start)]), 0);
    let mut queue = VecDeque::from([start]);
    while let Some(world) = queue.pop_front() {
        let actions = world.actions();
        check(&world, actions.is_empty());
        ends += usize::from(actions.is_empty());
        for action in actions {
            let mut next = world.clone();
            next.apply(action);
            if seen.insert(fingerprint(&next)) {
                queue.push_back(next);
            }
        }
    }
    (seen.len(), ends)
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}

/// A small generator of chance (xorshift), the same in every run of the tests.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    /// Three times out of four a fault, where one is left.
    fn pick(&mut self, mut actions: Vec<Action>) -> Option<Action> {
        if actions.iter().any(Action::is_fault) && self.below(4) > 0 {
            actions.retain(Action::is_fault);
        }
        (!actions.is_empty()).then(|| actions.swap_remove(self.below(actions.len())))
    }
}

/// Explores them all.
fn explore_all(worlds: impl IntoIterator<Item = World>) -> (usize, usize) {
    worlds
        .into_iter()
        .map(explore)
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

mod every_course_of_events {
    use super::*;

    #[test]
    fn of_one_purchase_with_three_faults_keeps_money_and_truth() {
        let (worlds, ends) = explore_all(alone(3));
        assert!(
            worlds > 58_000 && ends > 1_700,
            "only {worlds} worlds with {ends} ends"
        );
    }

    #[test]
    fn of_two_payments_of_one_order_pays_it_once() {
        let [same, other, ..] = in_pairs(1);
        let [.., same_key, reused_key] = in_pairs(0);
        let (worlds, ends) = explore_all([same, other, same_key, reused_key, in_threes(0)]);
        assert!(
            worlds > 35_000 && ends > 1_300,
            "only {worlds} worlds with {ends} ends"
        );
    }

    #[test]
    fn of_two_requests_with_one_key_places_one_order() {
        let [_, _, _, reused, unpaid, ..] = in_pairs(1);
        let [_, _, paid, ..] = in_pairs(0);
        let (worlds, ends) = explore_all([reused, unpaid, paid]);
        assert!(
            worlds > 25_000 && ends > 1_300,
            "only {worlds} worlds with {ends} ends"
        );
    }
}

#[test]
fn random_courses_with_many_faults_keep_money_and_truth() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut steps = 0;
    for _ in 0..200 {
        for mut world in alone(50)
            .into_iter()
            .chain(in_pairs(50))
            .chain([in_threes(50)])
        {
            let mut actions = world.actions();
            while let Some(action) = chance.pick(actions) {
                world.apply(action);
                actions = world.actions();
                check(&world, actions.is_empty());
                steps += 1;
            }
        }
    }
    assert!(steps > 35_000, "only {steps} steps");
}
