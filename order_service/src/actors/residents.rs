//! Which order has an actor, and when the actor may end: the handshake that keeps two actors from serving one order. Pure.
//!
//! An actor never ends by itself. It reports each finished command. Only when it has no other is it told to retire, and commands that
//! arrive between that and its end are kept for its successor.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use shared::order_number::OrderNumber;

/// Where a command goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<C> {
    /// To a new actor of its order.
    Start(C),
    /// To the order's actor.
    Forward(C),
    /// Nowhere yet: it is kept until the order's retiring actor has ended.
    Kept,
}

/// All orders that have an actor. `C` is a command; times are given as the time since some fixed start.
#[derive(Debug)]
pub struct Residents<C> {
    residents: HashMap<OrderNumber, Resident<C>>,
    /// How many of them are retiring. They don't count against `max_live`, or others would go in their place.
    retiring: usize,
    /// Idle actors of open orders, the longest idle first. An actor that gets a command stays in here, which would be slow to search;
    /// its entry is recognised by an old visit and skipped.
    idle: VecDeque<IdleVisit>,
    max_live: usize,
    idle_after: Duration,
}

#[derive(Debug)]
enum Resident<C> {
    /// With so many commands that it has not reported as finished. A visit is the time between two idle ones; it is counted.
    Live { outstanding: usize, visit: u64 },
    /// It has been told to end. What came since is kept.
    Retiring { kept: Vec<C> },
}

#[derive(Debug)]
struct IdleVisit {
    number: OrderNumber,
    visit: u64,
    since: Duration,
}

impl<C> Residents<C> {
    /// No actors yet. An actor retires when it has been idle for `idle_after`; when more than `max_live` live, the longest idle retire at once.
    #[must_use]
    pub fn new(max_live: usize, idle_after: Duration) -> Self {
        Self {
            residents: HashMap::new(),
            retiring: 0,
            idle: VecDeque::new(),
            max_live,
            idle_after,
        }
    }

    /// How many actors there are, retiring ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.residents.len()
    }

    /// Whether there is no actor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.residents.is_empty()
    }

    /// Where a command goes.
    pub fn route(&mut self, number: &OrderNumber, command: C) -> Route<C> {
        match self.residents.get_mut(number) {
            None => {
                self.residents.insert(
                    number.clone(),
                    Resident::Live {
                        outstanding: 1,
                        visit: 0,
                    },
                );
                Route::Start(command)
            }
            Some(Resident::Live { outstanding, visit }) => {
                *outstanding += 1;
                *visit += 1;
                Route::Forward(command)
            }
            Some(Resident::Retiring { kept }) => {
                kept.push(command);
                Route::Kept
            }
        }
    }

    /// An actor has finished a command at `now`; `is_done` says that its order needs no actor any more. Returns the orders whose actors
    /// are to be told to retire.
    pub fn finished(
        &mut self,
        number: &OrderNumber,
        is_done: bool,
        now: Duration,
    ) -> Vec<OrderNumber> {
        let Some(Resident::Live { outstanding, visit }) = self.residents.get_mut(number) else {
            // A retiring actor has nothing to finish.
            return Vec::new();
        };
        *outstanding = outstanding.saturating_sub(1);
        if *outstanding > 0 {
            return Vec::new();
        }
        if is_done {
            self.start_retiring(number);
            return vec![number.clone()];
        }
        self.idle.push_back(IdleVisit {
            number: number.clone(),
            visit: *visit,
            since: now,
        });
        let live = self.residents.len() - self.retiring;
        let surplus = live.saturating_sub(self.max_live);
        self.retire_idle(surplus, |_| true)
    }

    /// Returns the orders whose actors are to be told to retire because they have been idle for too long.
    pub fn sweep(&mut self, now: Duration) -> Vec<OrderNumber> {
        let idle_after = self.idle_after;
        self.retire_idle(usize::MAX, |visit| {
            now.saturating_sub(visit.since) >= idle_after
        })
    }

    /// An actor has ended. Returns the commands that came meanwhile, in their order: they go to a new actor.
    pub fn ended(&mut self, number: &OrderNumber) -> Vec<C> {
        match self.residents.remove(number) {
            Some(Resident::Retiring { kept }) => {
                self.retiring -= 1;
                kept
            }
            // An actor ends only when it is told to.
            Some(Resident::Live { .. }) | None => Vec::new(),
        }
    }

    fn retire_idle(
        &mut self,
        at_most: usize,
        is_due: impl Fn(&IdleVisit) -> bool,
    ) -> Vec<OrderNumber> {
        let mut retired = Vec::new();
        while let Some(oldest) = self.idle.front() {
            if !self.is_current(oldest) {
                self.idle.pop_front();
                continue;
            }
            if retired.len() >= at_most || !is_due(oldest) {
                break;
            }
            if let Some(visit) = self.idle.pop_front() {
                self.start_retiring(&visit.number);
                retired.push(visit.number);
            }
        }
        retired
    }

    fn is_current(&self, idle: &IdleVisit) -> bool {
        matches!(self.residents.get(&idle.number), Some(Resident::Live { outstanding: 0, visit }) if *visit == idle.visit)
    }

    /// The actor must be live: another state would lose the commands that are kept in it.
    fn start_retiring(&mut self, number: &OrderNumber) {
        self.retiring += 1;
        self.residents
            .insert(number.clone(), Resident::Retiring { kept: Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    fn number(digits: u32) -> OrderNumber {
        digits.to_string().parse().unwrap()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_actor_of_a_finished_order_retires_after_its_last_command() {
        let mut residents = Residents::new(10, IDLE);
        assert_eq!(
            residents.route(&number(1), "create"),
            Route::Start("create")
        );
        assert_eq!(
            residents.route(&number(1), "approve"),
            Route::Forward("approve")
        );
        assert_eq!(residents.finished(&number(1), true, at(0)), []);
        assert_eq!(residents.finished(&number(1), true, at(0)), [number(1)]);
    }

    #[test]
    fn commands_for_a_retiring_actor_wait_for_its_successor() {
        let mut residents = Residents::new(10, IDLE);
        residents.route(&number(1), "create");
        residents.finished(&number(1), true, at(0));
        assert_eq!(residents.route(&number(1), "approve"), Route::Kept);
        assert_eq!(residents.route(&number(1), "reject"), Route::Kept);
        assert_eq!(residents.ended(&number(1)), ["approve", "reject"]);
        assert_eq!(
            residents.route(&number(1), "approve"),
            Route::Start("approve")
        );
    }

    #[test]
    fn an_idle_actor_retires_unless_a_command_comes_in_time() {
        let mut residents = Residents::new(10, IDLE);
        for order in [number(1), number(2)] {
            residents.route(&order, "create");
            residents.finished(&order, false, at(0));
        }
        residents.route(&number(1), "approve");
        residents.finished(&number(1), false, at(30));
        assert_eq!(residents.sweep(at(59)), []);
        assert_eq!(residents.sweep(at(60)), [number(2)]);
        assert_eq!(residents.sweep(at(90)), [number(1)]);
        assert_eq!(residents.sweep(at(900)), []);
    }

    #[test]
    fn beyond_the_cap_the_longest_idle_retire_and_busy_ones_stay() {
        let mut residents = Residents::new(2, IDLE);
        for digits in 1..=4 {
            residents.route(&number(digits), "create");
        }
        assert_eq!(residents.finished(&number(2), false, at(0)), [number(2)]);
        assert_eq!(residents.finished(&number(3), false, at(1)), [number(3)]);
        residents.ended(&number(2));
        residents.ended(&number(3));
        assert_eq!(residents.finished(&number(4), false, at(2)), []);
        assert_eq!(residents.len(), 2);
    }

    #[test]
    fn retiring_actors_do_not_count_against_the_cap() {
        let mut residents = Residents::new(2, IDLE);
        for digits in 1..=4 {
            residents.route(&number(digits), "create");
        }
        let gone: Vec<_> = (1..=4)
            .flat_map(|digits| residents.finished(&number(digits), false, at(0)))
            .collect();
        assert_eq!(gone, [number(1), number(2)]);
        gone.iter().for_each(|number| drop(residents.ended(number)));
        assert_eq!(residents.len(), 2);
    }
}
