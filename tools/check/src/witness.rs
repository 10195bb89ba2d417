//! Gathers evidence of one moment: tries again when something changed meanwhile, and says so when that does not end. Must not judge.

use crate::evidence::{Books, Evidence, Records, in_hand, ledger, panics};
use crate::keeper::End;
use crate::plan::Shelf;
use crate::quiet::unresolved;
use crate::recovery::Recovery;
use crate::round::Course;
use crate::signals::Signals;
use crate::told::Said;
use crate::wallet::Wallet;
use anyhow::{Context, Result, anyhow};
use stack::{Service, Stack};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How often, and for how long, evidence is gathered again when something changed meanwhile.
const ATTEMPTS: usize = 40;
const LIMIT: Duration = Duration::from_secs(120);
/// When activity did not stop before, a few attempts are enough: it may pause by chance.
const RESTLESS_ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(700);
const CALL_LIMIT: Duration = Duration::from_secs(15);
/// How many orders are read concurrently.
const AT_ONCE: usize = 8;

/// Remembers what was seen before.
pub(crate) struct Witness {
    pub(crate) records: Records,
    /// Shows who may see every order, where that must be proven.
    wallet: Option<Arc<Wallet>>,
    evidence: Evidence,
}

impl Witness {
    /// One that has seen nothing yet.
    pub(crate) fn new(stack: &Stack, wallet: Option<Arc<Wallet>>) -> Result<Self> {
        Ok(Self {
            wallet,
            records: Records::new(stack.bootstrap_servers()),
            evidence: Evidence::default(),
        })
    }

    /// Puts a round's items and coupons on the shelves.
    pub(crate) fn stock(&mut self, stack: &Stack, shelf: &Shelf) -> Result<()> {
        Books(stack).stock(shelf)?;
        self.evidence.shelves.push(shelf.clone());
        Ok(())
    }

    /// Takes a round's journal and faults.
    pub(crate) fn hear(&mut self, mut course: Course, mut recoveries: Vec<Recovery>) {
        self.evidence.told.append(&mut course.told);
        self.evidence.attempts.append(&mut course.attempts);
        self.evidence.strikes.append(&mut course.strikes);
        self.evidence.starved.append(&mut course.starved);
        self.evidence.recoveries.append(&mut recoveries);
        self.evidence.ends.append(&mut course.ends);
    }

    /// Takes processes that exited by themselves.
    pub(crate) fn hear_of_ends(&mut self, mut ends: Vec<End>) {
        self.evidence.ends.append(&mut ends);
    }

    /// Everything at one moment. `unrest` is what was already known to change; the evidence names it, or what was found to change.
    pub(crate) fn look(
        &mut self,
        stack: &Stack,
        is_final: bool,
        unrest: &[String],
        signals: &Signals<'_>,
    ) -> Result<&Evidence> {
        self.evidence.is_final = is_final;
        self.evidence.unrest = unrest.to_vec();
        let attempts = if unrest.is_empty() {
            ATTEMPTS
        } else {
            RESTLESS_ATTEMPTS
        };
        let begin = Instant::now();
        for attempt in 1..=attempts {
            let found = self.attempt(stack)?;
            if found.is_empty() {
                break;
            }
            if attempt == attempts || begin.elapsed() > LIMIT {
                if unrest.is_empty() {
                    self.evidence.unrest = found;
                }
                break;
            }
            signals.sleep(PAUSE)?;
        }
        Ok(&self.evidence)
    }

    /// Gathers everything once. Returns what changed meanwhile, or did not answer.
    fn attempt(&mut self, stack: &Stack) -> Result<Vec<String>> {
        let mut unrest = Vec::new();
        // The database, the ledger and Kafka can't be read at one instant. So counters are read before and after: when they are equal,
        // nothing changed in between, and all that was read belongs together.
        let before = self.moment(stack)?;
        self.evidence.stored = Books(stack).look()?;
        self.evidence.ledger = ledger(stack)?;
        self.evidence.records = self.records.look()?;
        match unresolved(stack) {
            Ok(orders) => self.evidence.unresolved = orders,
            Err(error) => unrest.push(format!("{error:#}")),
        }
        if let Err(error) = self.read_orders(stack) {
            unrest.push(format!("{error:#}"));
        }
        if self.evidence.is_final {
            match in_hand(stack) {
                Ok(found) => self.evidence.in_hand = found,
                Err(error) => unrest.push(format!("{error:#}")),
            }
        }
        self.evidence.panics = panics(stack)?;
        let lag = self.evidence.records.lag.values().sum::<i64>();
        if lag != 0 {
            unrest.push(format!("{lag} commands are not committed"));
        }
        let due = self.evidence.unresolved.len();
        if due > 0 {
            unrest.push(format!("{due} orders are due for review"));
        }
        if self.moment(stack)? != before {
            unrest.push("orders changed while evidence was gathered".to_owned());
        }
        Ok(unrest)
    }

    fn moment(&self, stack: &Stack) -> Result<(String, i64)> {
        Ok((Books(stack).pulse()?, self.records.count()?))
    }

    /// What composites answer about the orders. An order without a planned review can't change any more and is read once.
    fn read_orders(&mut self, stack: &Stack) -> Result<()> {
        let stored = &self.evidence.stored.orders;
        let looks = &mut self.evidence.looks;
        let wanted: Vec<&String> = stored
            .iter()
            .filter(|(number, order)| order.is_open() || !looks.contains_key(*number))
            .map(|(number, _)| number)
            .collect();
        let chunks: Vec<&[&String]> = wanted
            .chunks(wanted.len().div_ceil(AT_ONCE).max(1))
            .collect();
        let bearer = self.wallet.as_ref().map(|wallet| wallet.support());
        let bearer = bearer.as_deref();
        let doors: Vec<&str> = stack.composites.iter().map(Service::url).collect();
        let found = thread::scope(|scope| {
            let readers: Vec<_> = chunks
                .iter()
                .zip(doors.iter().cycle())
                .map(|(numbers, door)| scope.spawn(move || read_all(door, numbers, bearer)))
                .collect();
            readers
                .into_iter()
                .map(|reader| {
                    let panicked = |_| Err(anyhow!("reading orders panicked"));
                    reader.join().unwrap_or_else(panicked)
                })
                .collect::<Result<Vec<_>>>()
        })?;
        looks.extend(found.into_iter().flatten());
        // an order that is still to be reviewed may change, so it is read again next time
        looks.retain(|number, _| stored.get(number).is_some_and(|order| !order.is_open()));
        Ok(())
    }
}

fn read_all(door: &str, numbers: &[&String], bearer: Option<&str>) -> Result<Vec<(String, Said)>> {
    let agent: ureq::Agent = stack::direct(CALL_LIMIT)
        .http_status_as_error(false)
        .build()
        .into();
    let read = |number: &&String| {
        let url = format!("{door}/open-api/order/{number}");
        let mut request = agent.get(&url);
        if let Some(token) = bearer {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request
            .call()
            .with_context(|| format!("cannot read {url}"))?;
        let http = answer.status().as_u16();
        let text = answer.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(((*number).clone(), Said::read(http, false, &body)))
    };
    numbers.iter().map(read).collect()
}
