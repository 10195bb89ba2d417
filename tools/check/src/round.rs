//! One round: buyers buy while faults come and go. Must not judge.

use crate::crowd::Crowd;
use crate::evidence::Records;
use crate::faults;
use crate::keeper::{End, keep};
use crate::plan::{Round, Strike};
use crate::recovery::{Starved, Struck, first_sale};
use crate::signals::Signals;
use crate::starving::Starving;
use crate::told::{Attempt, Millis, Told, now};
use crate::wallet::Wallet;
use anyhow::{Context, Result};
use stack::{Service, Stack};
use std::sync::Arc;
use std::time::{Duration, Instant};
use terminal::Meter;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long buyers go on at least after the last fault.
const AFTERMATH: Duration = Duration::from_secs(3);

/// How long the brokers may take until everything can be read.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// How long they go on at most until a purchase has succeeded again.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);

/// Who buys, and how long.
pub(crate) struct Buying {
    /// So many at once.
    pub(crate) buyers: u32,
    /// At least.
    pub(crate) time: Duration,
    /// The members' tokens, where they must prove who they are.
    pub(crate) wallet: Option<Arc<Wallet>>,
}

/// What came of a round.
pub(crate) struct Course {
    pub(crate) told: Vec<Told>,
    /// What dishonest buyers tried.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) strikes: Vec<Struck>,
    /// What services said while their topic was away.
    pub(crate) starved: Vec<Starved>,
    /// What ended by itself, and was started again.
    pub(crate) ends: Vec<End>,
    /// When nobody began anything new any more.
    pub(crate) closed: Millis,
}

/// The mall, its buyers, and who watches.
struct Scene<'a> {
    stack: &'a mut Stack,
    crowd: &'a Crowd,
    wallet: Option<&'a Arc<Wallet>>,
    signals: &'a Signals<'a>,
    meter: &'a Meter,
    begin: Instant,
    ends: Vec<End>,
    records: &'a mut Records,
    starved: Vec<Starved>,
}

/// Buys for so long at least, and until all faults have gone and somebody has bought again, if anybody does.
pub(crate) fn perform(
    stack: &mut Stack,
    round: &Round,
    buying: &Buying,
    records: &mut Records,
    signals: &Signals<'_>,
    meter: &Meter,
) -> Result<Course> {
    let crowd = Crowd::enter(
        round.clone(),
        buying.buyers,
        doors(stack),
        stack.bootstrap_servers(),
        buying.wallet.clone(),
    )?;
    let mut scene = Scene {
        stack,
        crowd: &crowd,
        wallet: buying.wallet.as_ref(),
        signals,
        meter,
        begin: Instant::now(),
        ends: Vec::new(),
        records,
        starved: Vec::new(),
    };
    let mut strikes = Vec::new();
    for strike in &round.strikes {
        scene.peace(strike.pause)?;
        strikes.push(scene.strike(strike)?);
    }
    let left = buying
        .time
        .saturating_sub(scene.begin.elapsed())
        .max(AFTERMATH);
    scene.peace(left)?;
    if let Some(last) = strikes.last() {
        scene.await_success_since(last.healed)?;
    }
    let Scene { ends, starved, .. } = scene;
    let closed = now();
    let (told, attempts) = crowd.leave()?;
    Ok(Course {
        told,
        attempts,
        strikes,
        starved,
        ends,
        closed,
    })
}

/// Where the shoppers go now.
fn doors(stack: &Stack) -> Vec<String> {
    let urls = stack.composites.iter().map(Service::url);
    urls.map(str::to_owned).collect()
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

    /// Until every composite has sold something since then, for so long at most.
    fn await_sales_everywhere(&mut self, since: Millis, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        let composites = self.stack.composites.len();
        let all_sell = |told: &[Told]| {
            (0..composites).all(|composite| first_sale(told, composite, since).is_some())
        };
        while Instant::now() < end && !self.crowd.look(all_sell) {
            self.peace(LOOK_EVERY)?;
        }
        Ok(())
    }

    fn strike(&mut self, strike: &Strike) -> Result<Struck> {
        let silenced = strike
            .fault
            .silences(strike.victim, self.stack.composites.len());
        let name = strike.fault.name();
        let mut fault = faults::make(strike.fault, strike.victim, self.wallet);
        // Before the fault begins: an outage counts from here, and an answer that it may have prevented must not be blamed on the mall.
        let struck = now();
        let deleted = strike.fault.deletes();
        if !deleted.is_empty() {
            self.read_before_deletion()?;
        }
        fault
            .strike(self.stack)
            .with_context(|| format!("cannot make {name} strike"))?;
        deleted.iter().for_each(|topic| self.records.deleted(topic));
        self.endure(strike)?;
        fault
            .heal(self.stack)
            .with_context(|| format!("{name} does not heal"))?;
        let healed = now();
        self.crowd.find_doors(doors(self.stack));
        fault
            .settle(self.stack)
            .with_context(|| format!("what {name} struck does not become ready again"))?;
        let ready = now();
        if let Some(limit) = strike.fault.recovers_within() {
            self.await_sales_everywhere(healed, limit)?;
        }
        Ok(Struck {
            fault: strike.fault,
            silenced,
            struck,
            healed,
            ready,
        })
    }

    /// The brokers may still be busy with the fault before.
    fn read_before_deletion(&mut self) -> Result<()> {
        let end = Instant::now() + READ_LIMIT;
        loop {
            match self.records.before_deletion() {
                Err(_) if Instant::now() < end => self.signals.sleep(LOOK_EVERY)?,
                read => return read,
            }
        }
    }

    /// While the fault lasts. Services whose topic is away are asked whether they say so.
    fn endure(&mut self, strike: &Strike) -> Result<()> {
        let mut starving = Starving::of(strike.fault, self.stack);
        let end = Instant::now() + strike.lasts;
        while Instant::now() < end {
            self.signals.sleep(LOOK_EVERY)?;
            starving.ask();
            self.show(strike.fault.name());
        }
        self.starved.extend(starving.said);
        Ok(())
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
