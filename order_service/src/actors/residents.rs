//! Which order has a live actor, and when an actor may go: the handshake that keeps two actors from serving one order. Pure.
//!
//! An actor never leaves by itself. It reports each finished command; only when none is outstanding may it be told to stop, and
//! commands that arrive between that and its end are kept for its successor.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use shared::order_number::OrderNumber;

/// What to do with a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<C> {
    /// Start an actor for its order, and give it the command.
    Start(C),
    /// Give it to the order's live actor.
    Forward(C),
    /// It is kept until the order's retiring actor has ended.
    Kept,
}

/// The bookkeeping. `C` is a command; times are since some fixed start.
#[derive(Debug)]
pub struct Residents<C> {
    residents: HashMap<OrderNumber, Resident<C>>,
    /// How many of them are retiring.
    retiring: usize,
    /// Idle actors of open orders, the longest idle first. Entries whose visit is over are skipped.
    idle: VecDeque<IdleVisit>,
    max_live: usize,
    idle_after: Duration,
}

#[derive(Debug)]
enum Resident<C> {
    Live { outstanding: usize, visit: u64 },
    Retiring { kept: Vec<C> },
}

#[derive(Debug)]
struct IdleVisit {
    number: OrderNumber,
    visit: u64,
    since: Duration,
}

impl<C> Residents<C> {
    /// No actor yet. Beyond `max_live` the longest idle go, and each goes after `idle_after`.
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

    /// An actor has finished a command at `now`; `is_done` says that its order needs none any more. Returns whom to tell to stop.
    pub fn finished(
        &mut self,
        number: &OrderNumber,
        is_done: bool,
        now: Duration,
    ) -> Vec<OrderNumber> {
        let Some(Resident::Live { outstanding, visit }) = self.residents.get_mut(number) else {
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

    /// Returns whom to tell to stop because they have been idle for too long.
    pub fn sweep(&mut self, now: Duration) -> Vec<OrderNumber> {
        let idle_after = self.idle_after;
        self.retire_idle(usize::MAX, |visit| {
            now.saturating_sub(visit.since) >= idle_after
        })
    }

    /// An actor has ended. Returns the commands that came meanwhile: they go to a new one.
    pub fn ended(&mut self, number: &OrderNumber) -> Vec<C> {
        match self.residents.remove(number) {
            Some(Resident::Retiring { kept }) => {
                self.retiring -= 1;
                kept
            }
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

    /// Of a live one only: both callers have just seen that it is.
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
    fn given_a_finished_order_when_nothing_is_outstanding_then_its_actor_is_told_to_stop_at_once() {
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
    fn given_a_retiring_actor_when_commands_arrive_then_they_wait_for_its_successor() {
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
    fn given_an_open_order_when_idle_for_long_then_it_goes_and_a_command_in_between_keeps_it() {
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
    fn given_more_live_actors_than_the_cap_then_the_longest_idle_go_first_and_busy_ones_stay() {
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
    fn given_actors_that_are_going_already_then_no_others_go_in_their_place() {
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
