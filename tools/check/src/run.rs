//! The whole run: a mall of its own, round after round, a verdict after each, and a last one when every order is final.

use crate::evidence::Evidence;
use crate::faults::FaultKind;
use crate::invariants::{Verdict, judge};
use crate::issuer::{Issuer, IssuerKind};
use crate::plan::{Round, deal};
use crate::quiet::{self, Depth, Quiet};
use crate::recovery::recoveries;
use crate::report::{self, Purchases, Tally};
use crate::round::{self, Buying};
use crate::signals::Signals;
use crate::wallet::Wallet;
use crate::witness::Witness;
use anyhow::Result;
use stack::{BrokerKind, Flavour, KafkaVersion, Place, Stack, StackBuilder, Topics};
use std::time::{Duration, Instant};
use terminal::{Meter, Progress, mention, tell};

/// Of each topic.
const PARTITIONS: i32 = 8;
/// How long repairs after a round's faults may take, and the work that the faults held up.
const QUIET_LIMIT: Duration = Duration::from_secs(120);
/// A pending order expires after a minute, is reviewed a minute later, and again when that review failed.
const END_LIMIT: Duration = Duration::from_secs(360);

/// How long pending orders wait for their payment.
const UNPAID_MINUTES: &str = "1";

/// What is wanted.
pub struct Settings {
    /// The plan comes of it.
    pub seed: u64,
    /// How many rounds of buying and faults.
    pub rounds: u32,
    /// Buyers at once.
    pub buyers: u32,
    /// How long a round's buyers buy at least.
    pub time: Duration,
    /// What may strike; dealt to the rounds.
    pub faults: Vec<FaultKind>,
    /// Instances of the order service.
    pub order_services: usize,
    /// Instances of the composite service.
    pub composites: usize,
    /// What serves Kafka.
    pub broker: BrokerKind,
    /// Which version, where it is a real Kafka.
    pub kafka_version: KafkaVersion,
    /// What keeps the orders.
    pub database: Flavour,
    /// Whose tokens prove who a member is. `None`: nobody has to prove anything.
    pub issuer: Option<IssuerKind>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every invariant holds.
    Sound,
    /// One does not, or activity did not stop.
    Violated,
}

/// Runs it; an error means that the check itself failed, and says nothing about the mall.
pub fn run(settings: &Settings, place: Place, signals: &Signals<'_>) -> Result<Outcome> {
    let begin = Instant::now();
    let mut progress = Progress::new("ready");
    let issuer = match settings.issuer {
        Some(kind) => {
            mention("starting the issuer of tokens");
            Some(Issuer::start(kind, &place)?)
        }
        None => None,
    };
    let env = issuer
        .as_ref()
        .map_or_else(Vec::new, |issuer| issuer.lock().composite_env());
    let mut stack =
        wanted(settings, place, env).start_telling(&mut |event| progress.show(event))?;
    let wallet = issuer.map(Wallet::open).transpose()?;
    let mut inquiry = Inquiry {
        witness: Witness::new(&stack, wallet.clone())?,
        buying: Buying {
            buyers: settings.buyers,
            time: settings.time,
            wallet,
        },
        tally: Tally::default(),
        signals,
    };
    let outcome = inquiry.rounds(settings, &mut stack)?;
    tell(format!(
        "{} in {} s",
        inquiry.tally.summary(),
        begin.elapsed().as_secs()
    ));
    if outcome == Outcome::Sound {
        let mut progress = Progress::new("stopped");
        stack.stop(&mut |event| progress.show(event))?;
    }
    Ok(outcome)
}

fn wanted(settings: &Settings, place: Place, composite_env: Vec<(String, String)>) -> StackBuilder {
    StackBuilder {
        broker: settings.broker,
        kafka_version: settings.kafka_version,
        database: settings.database,
        topics: Topics::with_partitions(PARTITIONS, PARTITIONS),
        order_services: settings.order_services,
        composites: settings.composites,
        links: settings.faults.iter().any(|fault| fault.needs_links()),
        composite_env,
        order_env: vec![("UNPAID_MINUTES".to_owned(), UNPAID_MINUTES.to_owned())],
        ..Stack::builder(place)
    }
}

/// What is being found out.
struct Inquiry<'a> {
    witness: Witness,
    buying: Buying,
    tally: Tally,
    signals: &'a Signals<'a>,
}

impl Inquiry<'_> {
    fn rounds(&mut self, settings: &Settings, stack: &mut Stack) -> Result<Outcome> {
        let hands = deal(settings.seed, &settings.faults, settings.rounds);
        for (number, faults) in (1..).zip(&hands) {
            let round = Round::new(settings.seed, number, faults);
            if let Some(outcome) = self.round(settings, stack, &round)? {
                return Ok(outcome);
            }
        }
        mention("waiting until every order is final");
        self.end(stack)
    }

    /// `None`: go on.
    fn round(
        &mut self,
        settings: &Settings,
        stack: &mut Stack,
        round: &Round,
    ) -> Result<Option<Outcome>> {
        let name = format!("round {}/{}", round.number, settings.rounds);
        self.witness.stock(stack, &round.shelf)?;
        let meter = Meter::new(&name);
        let course = round::perform(
            stack,
            round,
            &self.buying,
            &mut self.witness.records,
            self.signals,
            &meter,
        )?;
        let purchases = Purchases::of(&course.told);
        let recoveries = recoveries(
            &course.told,
            &course.strikes,
            settings.composites,
            course.closed,
        );
        let mut ends = course.ends.clone();
        self.witness.hear(course, recoveries.clone());
        let quiet = self.quiet(stack, Depth::Now, QUIET_LIMIT, &meter)?;
        drop(meter);
        ends.extend_from_slice(&quiet.ends);
        tell(
            self.tally
                .round(&name, purchases, &recoveries, &ends, quiet.after),
        );
        let verdicts = self.verdicts(stack, false, quiet)?;
        if is_sound(&verdicts) {
            return Ok(None);
        }
        report::verdicts(&verdicts).iter().for_each(tell);
        Ok(Some(Outcome::Violated))
    }

    fn end(&mut self, stack: &mut Stack) -> Result<Outcome> {
        let meter = Meter::new("the end");
        let quiet = self.quiet(stack, Depth::ForGood, END_LIMIT, &meter)?;
        drop(meter);
        self.tally.ended(&quiet.ends);
        let after = quiet.after;
        let verdicts = self.verdicts(stack, true, quiet)?;
        self.tally.faults().iter().for_each(tell);
        report::verdicts(&verdicts).iter().for_each(tell);
        if !is_sound(&verdicts) {
            return Ok(Outcome::Violated);
        }
        tell(format!(
            "every order was final within {:.0} s of the last round",
            after.as_secs_f32()
        ));
        Ok(Outcome::Sound)
    }

    fn quiet(
        &self,
        stack: &mut Stack,
        depth: Depth,
        limit: Duration,
        meter: &Meter,
    ) -> Result<Quiet> {
        quiet::wait(
            stack,
            &self.witness.records,
            depth,
            limit,
            self.signals,
            meter,
        )
    }

    /// Gathers evidence and judges it; violations are printed at once, with the histories of their orders. When activity did not stop, there
    /// is a verdict even without evidence.
    fn verdicts(&mut self, stack: &Stack, is_final: bool, quiet: Quiet) -> Result<Vec<Verdict>> {
        let Quiet {
            after,
            unrest,
            ends,
        } = quiet;
        if !unrest.is_empty() {
            tell(format!(
                "activity did not stop within {} s: {}",
                after.as_secs(),
                unrest.join("; ")
            ));
        }
        self.witness.hear_of_ends(ends);
        match self.witness.look(stack, is_final, &unrest, self.signals) {
            Ok(evidence) => {
                let verdicts = judge(evidence);
                report::violations(evidence, &verdicts)
                    .iter()
                    .for_each(tell);
                Ok(verdicts)
            }
            Err(error) if !unrest.is_empty() => {
                tell(format!("the evidence can't be gathered: {error:#}"));
                Ok(judge(&Evidence {
                    unrest,
                    ..Evidence::default()
                }))
            }
            Err(error) => Err(error),
        }
    }
}

fn is_sound(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|verdict| verdict.violations.is_empty())
}
