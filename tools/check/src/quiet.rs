//! Waits until nothing changes any more. Must not judge the result.

use crate::evidence::{Books, Records, in_hand};
use crate::keeper::{End, keep};
use crate::signals::Signals;
use anyhow::{Context, Result};
use serde_json::Value;
use stack::{Stack, answers_ok};
use std::time::{Duration, Instant};
use terminal::Meter;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// What to wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Nothing changes, and nothing is overdue.
    Now,
    /// Also every order is final, and no service has unfinished work.
    ForGood,
}

/// How waiting ended.
pub(crate) struct Quiet {
    /// How long that took.
    pub(crate) after: Duration,
    /// What was still changing when the time was over; empty when it became quiet.
    pub(crate) unrest: Vec<String>,
    /// Processes that exited by themselves meanwhile.
    pub(crate) ends: Vec<End>,
}

/// It is quiet when two looks in a row find the same, and no work left over.
pub(crate) fn wait(
    stack: &mut Stack,
    records: &Records,
    depth: Depth,
    limit: Duration,
    signals: &Signals<'_>,
    meter: &Meter,
) -> Result<Quiet> {
    let begin = Instant::now();
    let mut ends = Vec::new();
    let mut last = None;
    loop {
        let ended = keep(stack)?;
        let mut unrest: Vec<String> = ended.iter().map(End::to_string).collect();
        ends.extend(ended);
        let look = look(stack, records, depth).unwrap_or_else(|error| Look {
            unrest: vec![format!("{error:#}")],
            pulse: String::new(),
        });
        unrest.extend(look.unrest);
        // One look is not enough: a record may have left one service and not yet arrived at the next.
        let is_quiet = unrest.is_empty() && last.as_ref() == Some(&look.pulse);
        if is_quiet || begin.elapsed() > limit {
            if !is_quiet && unrest.is_empty() {
                unrest.push("records or orders keep arriving".to_owned());
            }
            return Ok(Quiet {
                after: begin.elapsed(),
                unrest,
                ends,
            });
        }
        meter.show(format!("waiting for quiet: {}", unrest.join("; ")));
        last = Some(look.pulse);
        signals.sleep(LOOK_EVERY)?;
    }
}

struct Look {
    /// What is still to be done.
    unrest: Vec<String>,
    /// The same as before when nothing has moved.
    pulse: String,
}

fn look(stack: &Stack, records: &Records, depth: Depth) -> Result<Look> {
    let mut unrest: Vec<String> = stack
        .http_services()
        .iter()
        .filter(|service| !answers_ok(service.ready_url()))
        .map(|service| format!("{} is not ready", service.name()))
        .collect();
    let lag = records.lag()?;
    if lag != 0 {
        unrest.push(format!("{lag} commands are not committed"));
    }
    let due = unresolved(stack)?.len();
    if due > 0 {
        unrest.push(format!("{due} orders are due for review"));
    }
    let (open, _) = Books(stack).open()?;
    if depth == Depth::ForGood {
        if open > 0 {
            unrest.push(format!("{open} orders are not at their end"));
        }
        let busy = in_hand(stack)?.into_iter().filter(|found| found.count != 0);
        unrest.extend(
            busy.map(|found| format!("{}: {} is {}", found.service, found.what, found.count)),
        );
    }
    let pulse = format!("{} {}", Books(stack).pulse()?, records.count()?);
    Ok(Look { unrest, pulse })
}

/// The orders that the order service calls unresolved.
pub(crate) fn unresolved(stack: &Stack) -> Result<Vec<String>> {
    let url = format!(
        "{}/internal/purchases?state=unresolved&limit=1000",
        stack.order_url()
    );
    let agent: ureq::Agent = stack::direct(CALL_LIMIT).build().into();
    let text = agent
        .get(&url)
        .call()
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .context("the order service does not list unresolved orders")?;
    let orders: Vec<Value> =
        serde_json::from_str(&text).context("the unresolved orders are not a list")?;
    let number = |order: &Value| order["orderNum"].as_str().unwrap_or_default().to_owned();
    Ok(orders.iter().map(number).collect())
}
