//! All that can happen to purchases in the model world while a few things go wrong, and much of what can happen while many do.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, PaymentDto};

use super::peers::{ChargeState, Order, OrderState};
use super::samples::{PRICE, basket, payment, pays};
use super::world::{Action, Shopper, World};
use crate::domain::purchase::Outcome;

/// One shopper in each of his situations.
fn alone(faults: u32) -> [World; 5] {
    let world = || World::new(faults, 0);
    [
        world().placing(basket(Some(payment()))),
        world().placing(basket(None)),
        world().placing(basket(Some(pays("key", PRICE + 1)))),
        World::new(faults, 2).placing(basket(Some(payment()))),
        world().paying(payment()),
    ]
}

/// Two who pay one order: the same payment twice, and two payments.
fn in_pairs(faults: u32) -> [World; 2] {
    let first = || World::new(faults, 0).paying(payment());
    [
        first().paying(payment()),
        first().paying(pays("other", PRICE)),
    ]
}

/// Three who pay one order.
fn in_threes(faults: u32) -> World {
    let [_, pair] = in_pairs(faults);
    pair.paying(payment())
}

/// What must hold at any time.
fn check(world: &World) {
    for shopper in &world.shoppers {
        assert!(shopper.answers.len() <= 1, "answered twice: {shopper:?}");
    }
    if world.is_quiet() {
        check_money(world);
        world
            .shoppers
            .iter()
            .for_each(|shopper| check_answer(world, shopper));
    }
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
    let [answer] = &shopper.answers[..] else {
        panic!("not answered: {shopper:?}");
    };
    let own: Vec<_> = world
        .orders
        .0
        .iter()
        .filter(|(_, order)| Some(&order.request_id) == shopper.request_id.as_ref())
        .collect();
    assert!(own.len() <= 1, "two orders of one request: {own:?}");
    match answer {
        Outcome::Pending(order) => assert!(found(world, order).is_some()),
        Outcome::Complete(order) => {
            let state = &found(world, order).unwrap().state;
            assert!(
                matches!(state, OrderState::Complete(made) if Some(made) == shopper.payment.as_ref()),
                "{state:?}"
            );
        }
        Outcome::Refused {
            reason: Reason::AlreadyPaid,
            ..
        } => {}
        Outcome::Refused { number, .. } => assert!(
            !is_charged(world, number, shopper.payment.as_ref()),
            "{world:#?}"
        ),
        Outcome::Late(told) => assert!(
            own.iter().all(|(number, _)| *number == told),
            "told {told}, but it is {own:?}"
        ),
        Outcome::Replayed(_) => panic!("no idempotency key was sent"),
        Outcome::Unavailable | Outcome::Failed(_) => {
            assert!(own.iter().all(|(number, _)| !is_charged(
                world,
                number,
                shopper.payment.as_ref()
            )));
        }
    }
}

fn found<'a>(world: &'a World, order: &OrderDto) -> Option<&'a Order> {
    world.orders.0.get(order.order_num.as_ref()?)
}

fn is_charged(world: &World, number: &OrderNumber, payment: Option<&PaymentDto>) -> bool {
    let charge = world
        .charges
        .0
        .get(number)
        .filter(|charge| charge.state == ChargeState::Charged);
    charge.is_some_and(|charge| Some(&charge.payment) == payment)
}

/// Goes through all that can happen, breadth first. Returns how many worlds there are, and how many of them are quiet.
fn explore(start: World) -> (usize, usize) {
    let (mut seen, mut quiet) = (HashSet::from([fingerprint(&start)]), 0);
    let mut queue = VecDeque::from([start]);
    while let Some(world) = queue.pop_front() {
        check(&world);
        quiet += usize::from(world.is_quiet());
        for action in world.actions() {
            let mut next = world.clone();
            next.apply(action);
            if seen.insert(fingerprint(&next)) {
                queue.push_back(next);
            }
        }
    }
    (seen.len(), quiet)
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{world:?}").hash(&mut hasher);
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

#[test]
fn given_few_faults_when_everything_is_tried_then_no_money_is_lost_and_no_answer_is_false() {
    let worlds = alone(5)
        .into_iter()
        .chain(in_pairs(2))
        .chain([in_threes(1)]);
    let (seen, quiet) = worlds
        .map(explore)
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));

    assert!(
        seen > 140_000 && quiet > 2_000,
        "only {seen} worlds, {quiet} of them quiet"
    );
}

#[test]
fn given_many_faults_when_chance_decides_then_no_money_is_lost_and_no_answer_is_false() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut steps = 0;
    for _ in 0..300 {
        for mut world in alone(50)
            .into_iter()
            .chain(in_pairs(50))
            .chain([in_threes(50)])
        {
            while let Some(action) = chance.pick(world.actions()) {
                world.apply(action);
                check(&world);
                steps += 1;
            }
            assert!(world.is_quiet());
        }
    }

    assert!(steps > 60_000, "only {steps} steps");
}
