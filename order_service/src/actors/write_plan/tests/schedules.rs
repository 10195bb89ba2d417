//! In every schedule of a small world, and in many of a larger one, nothing is lost, doubled or left waiting.

use super::desk::*;
use super::*;

/// Something that may happen next.
type Act = Box<dyn FnOnce(&mut Actors)>;

/// What a schedule is made of.
struct Size {
    orders: u32,
    /// How many transitions of each order come one after the other.
    each: usize,
    items: i64,
    steps: usize,
}

/// The orders' actors: none submits a transition before the one before is answered.
struct Actors {
    desk: Desk,
    left: Vec<usize>,
    /// The ticket that each waits for.
    waits_for: Vec<Option<usize>>,
}

impl Actors {
    fn may_submit(&self, order: usize) -> bool {
        let waits = self.waits_for[order];
        let is_answered = |ticket| self.desk.answers.iter().any(|(told, _)| *told == ticket);
        self.left[order] > 0 && waits.is_none_or(is_answered)
    }

    fn submit(&mut self, order: usize, items: i64) {
        self.left[order] -= 1;
        self.waits_for[order] = Some(self.desk.submitted);
        let digits = u32::try_from(order).unwrap() + 1;
        // Every other order needs all items, so that one that gets the first row may want the second.
        let wanted: Vec<ItemId> = if order.is_multiple_of(2) {
            (1..=items).collect()
        } else {
            vec![1 + i64::from(digits) % items]
        };
        self.desk.submit(digits, &wanted);
    }

    fn end(&mut self, items: i64) {
        loop {
            self.desk.come_to_rest();
            let Some(order) = (0..self.left.len()).find(|order| self.may_submit(*order)) else {
                break;
            };
            self.submit(order, items);
        }
        assert!(self.left.iter().all(|left| *left == 0));
        assert!(self.desk.answers.iter().all(|(_, told)| told.is_ok()));
    }
}

/// One schedule: `choose` picks one of so many things that can happen.
fn run(size: &Size, choose: &mut dyn FnMut(usize) -> usize) {
    let orders = size.orders as usize;
    let mut actors = Actors {
        desk: Desk::new(2),
        left: vec![size.each; orders],
        waits_for: vec![None; orders],
    };
    for _ in 0..size.steps {
        let mut can: Vec<Act> = Vec::new();
        for order in (0..orders).filter(|order| actors.may_submit(*order)) {
            let items = size.items;
            can.push(Box::new(move |actors| actors.submit(order, items)));
        }
        for lane in actors.desk.out.keys().copied() {
            can.push(Box::new(move |actors| actors.desk.write(lane)));
        }
        for nth in 0..actors.desk.alarms.len() {
            can.push(Box::new(move |actors| actors.desk.ring_nth(nth)));
        }
        for item in 1..=size.items {
            can.push(Box::new(move |actors| {
                toggle(&mut actors.desk.store.held, StoreRow::Item(item));
            }));
        }
        can.push(Box::new(|actors| {
            toggle(&mut actors.desk.store.held, StoreRow::Order(number(1)));
        }));
        can.push(Box::new(|actors| {
            toggle(&mut actors.desk.store.troubled, 2)
        }));
        can.push(Box::new(|actors| {
            actors.desk.store.is_away = !actors.desk.store.is_away;
        }));
        can.swap_remove(choose(can.len()))(&mut actors);
    }
    actors.end(size.items);
}

fn toggle<T: Ord>(set: &mut BTreeSet<T>, member: T) {
    if !set.remove(&member) {
        set.insert(member);
    }
}

/// Each sequence of choices that a schedule has, one after the other: the last choice that can be another one is.
fn every_schedule(size: &Size) -> usize {
    let mut path: Vec<(usize, usize)> = Vec::new();
    for count in 1.. {
        let mut depth = 0;
        run(size, &mut |of| {
            if depth == path.len() {
                path.push((0, of));
            }
            depth += 1;
            path[depth - 1].0
        });
        while path.last().is_some_and(|(chosen, of)| chosen + 1 == *of) {
            path.pop();
        }
        match path.last_mut() {
            Some((chosen, _)) => *chosen += 1,
            None => return count,
        }
    }
    unreachable!("it counts for ever")
}

/// Chance from a seed, by `splitmix64`.
fn chance(seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap()
}

#[test]
fn of_a_small_world_nothing_is_lost_doubled_or_left_waiting() {
    let size = Size {
        orders: 2,
        each: 1,
        items: 1,
        steps: 5,
    };
    assert!(every_schedule(&size) > 4_000);
}

#[test]
fn of_a_larger_world_nothing_is_lost_doubled_or_left_waiting() {
    let size = Size {
        orders: 5,
        each: 3,
        items: 2,
        steps: 120,
    };
    for seed in 0..1_000 {
        let mut state = seed;
        run(&size, &mut |of| chance(&mut state) % of);
    }
}
