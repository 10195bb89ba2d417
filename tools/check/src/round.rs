//! One round: buyers buy while faults come and go. Must not judge.

use crate::crowd::Crowd;
use crate::faults;
use crate::keeper::{End, keep};
use crate::plan::{Round, Strike};
use crate::recovery::Struck;
use crate::signals::Signals;
use crate::told::{Millis, Told, now};
use anyhow::{Context, Result};
use stack::{Service, Stack};
use std::time::{Duration, Instant};
use terminal::Meter;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long buyers go on at least after the last fault.
const AFTERMATH: Duration = Duration::from_secs(3);

/// How long they go on at most until a purchase has succeeded again.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);

/// What came of a round.
pub(crate) struct Course {
    pub(crate) told: Vec<Told>,
    pub(crate) strikes: Vec<Struck>,
    /// What ended by itself, and was started again.
    pub(crate) ends: Vec<End>,
    /// When nobody began anything new any more.
    pub(crate) closed: Millis,
}

/// The mall, its buyers, and who watches.
struct Scene<'a> {
    stack: &'a mut Stack,
    crowd: &'a Crowd,
    signals: &'a Signals<'a>,
    meter: &'a Meter,
    begin: Instant,
    ends: Vec<End>,
}

/// Buys for so long at least, and until all faults have gone and somebody has bought again, if anybody does.
pub(crate) fn perform(
    stack: &mut Stack,
    round: &Round,
    buyers: u32,
    time: Duration,
    signals: &Signals<'_>,
    meter: &Meter,
) -> Result<Course> {
    let doors = stack.composites.iter().map(Service::url).map(str::to_owned);
    let doors: Vec<String> = doors.collect();
    let crowd = Crowd::enter(round.clone(), buyers, doors, stack.bootstrap_servers())?;
    let mut scene = Scene {
        stack,
        crowd: &crowd,
        signals,
        meter,
        begin: Instant::now(),
        ends: Vec::new(),
    };
    let mut strikes = Vec::new();
    for strike in &round.strikes {
        scene.peace(strike.pause)?;
        strikes.push(scene.strike(strike)?);
    }
    let left = time.saturating_sub(scene.begin.elapsed()).max(AFTERMATH);
    scene.peace(left)?;
    if let Some(last) = strikes.last() {
        scene.await_success_since(last.healed)?;
    }
    let ends = scene.ends;
    let closed = now();
    let told = crowd.leave()?;
    Ok(Course {
        told,
        strikes,
        ends,
        closed,
    })
}

impl Scene<'_> {
    /// Nothing strikes for so long; what ends nonetheless is started again.
    fn peace(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.ends.extend(keep(self.stack)?);
            self.signals.sleep(LOOK_EVERY)?;
            self.show("buying");
        }
        Ok(())
    }

    fn await_success_since(&mut self, healed: Millis) -> Result<()> {
        let end = Instant::now() + RECOVERY_LIMIT;
        let has_bought = |told: &Told| told.is_success() && told.ended >= healed;
        while Instant::now() < end && !self.crowd.look(|told| told.iter().any(has_bought)) {
            self.peace(LOOK_EVERY)?;
        }
        Ok(())
    }

    fn strike(&mut self, strike: &Strike) -> Result<Struck> {
        let silenced = strike
            .fault
            .silences(strike.victim, self.stack.composites.len());
        let name = strike.fault.name();
        let mut fault = faults::make(strike.fault, strike.victim);
        // Before the fault begins: an outage counts from here, and an answer that it may have prevented must not be blamed on the mall.
        let struck = now();
        fault
            .strike(self.stack)
            .with_context(|| format!("cannot make {name} strike"))?;
        let end = Instant::now() + strike.lasts;
        while Instant::now() < end {
            self.signals.sleep(LOOK_EVERY)?;
            self.show(name);
        }
        fault
            .heal(self.stack)
            .with_context(|| format!("{name} does not heal"))?;
        let healed = now();
        fault
            .settle(self.stack)
            .with_context(|| format!("what {name} struck does not become ready again"))?;
        Ok(Struck {
            fault: strike.fault,
            silenced,
            struck,
            healed,
            ready: now(),
        })
    }

    fn show(&self, doing: &str) {
        let (asked, bought) = self.crowd.look(|told| {
            let successes = told.iter().filter(|told| told.is_success());
            (told.len(), successes.count())
        });
        self.meter
            .show(format!("{doing}: {asked} requests, {bought} successes"));
    }
}
