//! Time passes, and what happens by itself when it has.

use std::time::Duration;

use composite_service::ports::payment::GATEWAY_WAIT;
use order_service::inbound::kafka::intake::RECOMMIT_INTERVAL;
use shared::budget;

use crate::gateway::LATEST_EFFECT;
use crate::owner::Owner;
use crate::violation::Check;
use crate::world::World;

impl World {
    /// Most of the time little passes; sometimes everything that was waited for is over at once.
    pub(crate) fn pass_time(&mut self) {
        let next = self.next_timer();
        let is_much = self.is_healed || self.chance.below(100) < self.profile.haste;
        let just_before = self.chance.millis(0, 1_500);
        let passed = match self.chance.below(6) {
            _ if self.is_healed => None,
            0 | 1 if is_much => None,
            // Just before an order is due: whoever acts on it now meets its reviewer.
            2 | 3 if is_much => self
                .next_due()
                .map(|due| due.saturating_sub(self.now + just_before)),
            4 if is_much => Some(self.chance.millis(2_000, 20_000)),
            _ if is_much => Some(self.chance.millis(20_000, 90_000)),
            0 => Some(self.chance.millis(100, 1_000)),
            // What is tried again is tried many times before it gets through.
            1 | 2 => match self.next_alarm() {
                Some(at) => Some(at.saturating_sub(self.now)),
                None => Some(self.chance.millis(1, 50)),
            },
            _ => Some(self.chance.millis(1, 50)),
        };
        let then = passed
            .map(|passed| self.now + passed)
            .or(next)
            .unwrap_or(self.now);
        self.now = then.max(self.now + Duration::from_millis(1));
    }

    /// When the next alarm of a write plan is due.
    fn next_alarm(&self) -> Option<Duration> {
        let alarms = self.owners.iter().flat_map(Owner::alarms);
        alarms.filter(|at| *at > self.now).min()
    }

    /// The next time at which something happens by itself.
    fn next_timer(&self) -> Option<Duration> {
        let due = self.next_due();
        let composites = self.composites.iter().flat_map(|composite| {
            let runs = composite.purchases.values();
            let of_runs = runs.flat_map(|run| run.deadline.into_iter().chain(run.wake_at));
            let given_up = composite
                .producer
                .front()
                .map(|out| out.since + budget::DELIVERY);
            of_runs
                .chain(given_up)
                .chain(composite.waits.front().copied())
                .chain(due.map(|due| due.max(composite.next_look)))
        });
        let calls = self.calls.iter().map(|call| match call.caller {
            Some(_) => call.sent_at + GATEWAY_WAIT,
            None => call.sent_at + LATEST_EFFECT,
        });
        let owners = self.owners.iter().flat_map(|owner| {
            let idle = (owner.actors() > 0).then(|| self.now + self.profile.idle_after);
            let leaving = owner.leaving.values().copied();
            leaving.chain(idle).chain(owner.alarms())
        });
        composites
            .chain(calls)
            .chain(owners)
            .chain(self.store.recoveries())
            .filter(|at| *at > self.now)
            .min()
    }

    /// What happens by itself when time has passed.
    pub(crate) fn tick(&mut self) -> Check {
        let now = self.now;
        for composite in 0..self.composites.len() {
            self.expire(composite)?;
            self.keep_house(composite);
        }
        self.store.recover(now);
        self.calls
            .retain(|call| call.caller.is_some() || call.sent_at + LATEST_EFFECT > now);
        while let Some(index) = self
            .calls
            .iter()
            .position(|call| call.caller.is_some() && call.sent_at + GATEWAY_WAIT <= now)
        {
            self.give_call_up(index)?;
        }
        self.calls.retain(|call| call.sent_at + LATEST_EFFECT > now);
        let recommits = self.recommit_at <= now;
        for owner in &mut self.owners {
            owner.sweep(now);
            if recommits {
                owner.settlement.recommit();
                owner.is_dirty = true;
            }
        }
        if recommits {
            self.recommit_at = now + RECOMMIT_INTERVAL;
        }
        Ok(())
    }
}
