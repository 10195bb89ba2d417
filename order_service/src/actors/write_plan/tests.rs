//! What the plan does, by behaviour. The tests are in the place of the journal, and a model in the place of the store.

mod desk;
mod failures;
mod held_rows;
mod schedules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::desk::*;
use super::lane_queue::BATCH_TRIES;
use super::*;
use crate::domain::order::{ItemId, Order};
use crate::domain::samples::{draft, item, number};
use crate::domain::shelf::{Needs, Shelf};

mod batches {
    use super::*;

    #[test]
    fn an_idle_plan_writes_at_once() {
        let mut desk = Desk::new(512);
        for order in 1..=3 {
            desk.submit(order, &[1]);
            assert_eq!(desk.batch(Lane::AtOnce), numbers([order]));
            desk.write(Lane::AtOnce);
        }
        assert_eq!(desk.answered(), [0, 1, 2]);
        assert!(desk.plan.is_idle());
    }

    #[test]
    fn what_comes_while_one_is_out_is_the_next() {
        let mut desk = Desk::new(512);
        (1..=5).for_each(|order| desk.submit(order, &[1]));
        desk.write(Lane::AtOnce);
        assert_eq!(desk.batch(Lane::AtOnce), numbers(2..=5));
    }

    #[test]
    fn the_rest_of_a_full_one_keeps_its_order() {
        let mut desk = Desk::new(2);
        (1..=6).for_each(|order| desk.submit(order, &[1]));
        desk.write(Lane::AtOnce);
        let mut batches = Vec::new();
        while !desk.out.is_empty() {
            batches.push(desk.batch(Lane::AtOnce));
            desk.write(Lane::AtOnce);
        }
        assert_eq!(batches, [numbers(2..=3), numbers(4..=5), numbers([6])]);
    }
}
