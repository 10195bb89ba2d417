//! What `mall check` prints: a line for each round, the invariants with their counts, and the history of orders that violate one. Must
//! not find out anything itself.

use crate::evidence::Evidence;
use crate::faults::FaultKind;
use crate::invariants::{About, Verdict};
use crate::keeper::End;
use crate::recovery::Recovery;
use crate::story::{story, suspects};
use crate::told::{Millis, Request, Status, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many orders' histories are printed in full.
const STORIES: usize = 5;
/// How many violations of one invariant are listed.
const LISTED: usize = 20;

/// Everything that the rounds have brought.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) purchases: Purchases,
    pub(crate) recoveries: Vec<Recovery>,
    pub(crate) ended: usize,
    pub(crate) longest_quiet: Duration,
}

/// Requests that buy, by what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Purchases {
    /// Visits that asked for an order.
    pub(crate) wanted: usize,
    /// Requests that ended well and paid.
    pub(crate) paid: usize,
    /// Requests that ended with a pending order.
    pub(crate) pending: usize,
    /// Requests that the mall refused.
    pub(crate) refused: usize,
    /// Requests whose outcome the shopper was not told.
    pub(crate) unknown: usize,
}

impl Purchases {
    /// Of a journal.
    pub(crate) fn of(told: &[Told]) -> Self {
        let mut found = Self::default();
        let mut visits = BTreeSet::new();
        for told in told {
            match told.request {
                Request::Place { .. } => {
                    visits.insert(told.visit);
                }
                Request::Pay { .. } => {}
                Request::Cancel { .. } | Request::Read { .. } | Request::Reject { .. } => continue,
            }
            let count = match told.certain().map(|said| (said.http, said.status)) {
                None => &mut found.unknown,
                Some((200, Some(Status::Complete))) => &mut found.paid,
                Some((200, _)) => &mut found.pending,
                Some(_) => &mut found.refused,
            };
            *count += 1;
        }
        found.wanted = visits.len();
        found
    }

    fn add(&mut self, other: Self) {
        self.wanted += other.wanted;
        self.paid += other.paid;
        self.pending += other.pending;
        self.refused += other.refused;
        self.unknown += other.unknown;
    }
}

impl std::fmt::Display for Purchases {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} purchases ({} answers paid, {} pending, {} refused, {} unknown)",
            self.wanted, self.paid, self.pending, self.refused, self.unknown
        )
    }
}

impl Tally {
    /// Takes a round in; its line.
    pub(crate) fn round(
        &mut self,
        name: &str,
        purchases: Purchases,
        recoveries: &[Recovery],
        ends: &[End],
        quiet: Duration,
    ) -> String {
        self.purchases.add(purchases);
        self.recoveries.extend_from_slice(recoveries);
        self.ended(ends);
        self.longest_quiet = self.longest_quiet.max(quiet);
        let faults: Vec<String> = recoveries
            .iter()
            .map(|recovery| {
                format!(
                    "{} (outage {:.1} s, next purchase {})",
                    recovery.fault.name(),
                    seconds(recovery.outage),
                    back(recovery.after_heal)
                )
            })
            .collect();
        let mut line = format!("{name}: {purchases}; {}", or_none(&faults));
        for end in ends {
            line += &format!("; {end}");
        }
        line + &format!("; quiet after {:.1} s", quiet.as_secs_f32())
    }

    /// Takes in what ended by itself.
    pub(crate) fn ended(&mut self, ends: &[End]) {
        self.ended += ends.len();
    }

    /// The faults, each with its worst.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut worst: BTreeMap<FaultKind, Vec<&Recovery>> = BTreeMap::new();
        for recovery in &self.recoveries {
            worst.entry(recovery.fault).or_default().push(recovery);
        }
        worst
            .iter()
            .map(|(fault, found)| {
                let most = |of: fn(&Recovery) -> i64| {
                    seconds(found.iter().map(|recovery| of(recovery)).max().unwrap_or(0))
                };
                format!(
                    "  {:<22} {:>3} ×  longest outage {:>5.1} s, next purchase at latest {:>7} later, slowest success {:>5.1} s",
                    fault.name(),
                    found.len(),
                    most(|recovery| recovery.outage),
                    longest(found.iter().map(|recovery| recovery.after_heal)),
                    most(|recovery| recovery.slowest),
                )
            })
            .collect()
    }

    /// One line for all of it.
    pub(crate) fn summary(&self) -> String {
        let outage = self.recoveries.iter().map(|found| found.outage).max();
        let recovery = longest(self.recoveries.iter().map(|found| found.after_heal));
        format!(
            "{}, {} faults, longest outage {:.1} s, longest recovery {recovery} after a fault, longest time to quiet {:.1} s, {} parts exited by themselves",
            self.purchases,
            self.recoveries.len(),
            seconds(outage.unwrap_or(0)),
            self.longest_quiet.as_secs_f32(),
            self.ended
        )
    }
}

/// The invariants, one a line.
pub(crate) fn verdicts(verdicts: &[Verdict]) -> Vec<String> {
    verdicts
        .iter()
        .map(|verdict| {
            let mark = if verdict.violations.is_empty() {
                "✔"
            } else {
                "✘"
            };
            format!(
                "{mark} {:<20} {:<70} {} violations",
                verdict.name,
                verdict.counted,
                verdict.violations.len()
            )
        })
        .collect()
}

/// What does not hold, and the whole stories of the first orders that it is about.
pub(crate) fn violations(evidence: &Evidence, verdicts: &[Verdict]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut orders = Vec::new();
    for verdict in verdicts
        .iter()
        .filter(|verdict| !verdict.violations.is_empty())
    {
        lines.push(format!("{}: {}", verdict.name, verdict.meaning));
        for violation in verdict.violations.iter().take(LISTED) {
            let about = match &violation.about {
                About::Order(order) => {
                    orders.push(order.clone());
                    format!("order {order}: ")
                }
                About::Item(item) => {
                    orders.extend(suspects(evidence, *item));
                    format!("item {item}: ")
                }
                About::Mall => String::new(),
            };
            lines.push(format!("  {about}{}", violation.what));
        }
        let more = verdict.violations.len().saturating_sub(LISTED);
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
    }
    let mut seen = BTreeSet::new();
    orders.retain(|order| seen.insert(order.clone()));
    for order in orders.iter().take(STORIES) {
        lines.push(String::new());
        lines.extend(story(evidence, order));
    }
    if orders.len() > STORIES {
        lines.push(format!("\nand {} more orders", orders.len() - STORIES));
    }
    lines
}

/// How long it took until the next purchase succeeded.
fn back(after_heal: Option<Millis>) -> String {
    after_heal.map_or("never".to_owned(), |millis| {
        format!("{:.1} s later", seconds(millis))
    })
}

/// The longest of these times; `None` is never, and longer than any.
fn longest(times: impl Iterator<Item = Option<Millis>>) -> String {
    let times: Option<Vec<Millis>> = times.collect();
    times.map_or("never".to_owned(), |times| {
        format!("{:.1} s", seconds(times.into_iter().max().unwrap_or(0)))
    })
}

fn or_none(faults: &[String]) -> String {
    if faults.is_empty() {
        "no faults".to_owned()
    } else {
        faults.join(", ")
    }
}

#[expect(clippy::cast_precision_loss, reason = "a time to be read by people")]
fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::judge;
    use crate::invariants::samples::{HELD, sound};
    use crate::keeper::Reason;

    fn recovery(fault: FaultKind, outage: Millis, after_heal: Option<Millis>) -> Recovery {
        Recovery {
            fault,
            outage,
            after_heal,
            everywhere: after_heal,
            slowest: 300,
        }
    }

    fn tally(recoveries: &[Recovery]) -> (Tally, String) {
        let mut tally = Tally::default();
        let ends = [End {
            name: "order-service".into(),
            status: "signal: 9".into(),
            at: 1,
            reason: Reason::Unknown,
        }];
        let purchases = Purchases::of(&sound().told);
        let quiet = Duration::from_millis(1_500);
        let line = tally.round("round 1/1", purchases, recoveries, &ends, quiet);
        (tally, line)
    }

    #[test]
    fn a_rounds_line_has_purchases_faults_exits_and_quiet() {
        let (_, line) = tally(&[recovery(FaultKind::MuteDb, 4_500, Some(700))]);
        assert_eq!(
            line,
            "round 1/1: 1 purchases (1 answers paid, 1 pending, 2 refused, 0 unknown); mute-db (outage 4.5 s, next purchase 0.7 s later); \
             order-service exited by itself (signal: 9); quiet after 1.5 s"
        );
    }

    mod the_summary {
        use super::*;

        #[test]
        fn has_the_longest_outage_and_recovery() {
            let (tally, _) = tally(&[
                recovery(FaultKind::MuteDb, 4_500, Some(700)),
                recovery(FaultKind::CutDb, 9_000, Some(200)),
            ]);
            let summary = tally.summary();
            assert!(
                summary.contains("longest outage 9.0 s, longest recovery 0.7 s after a fault"),
                "{summary}"
            );
            assert!(
                summary.contains("1 parts exited by themselves"),
                "{summary}"
            );
        }

        #[test]
        fn takes_never_for_the_longest_recovery() {
            let (tally, line) = tally(&[
                recovery(FaultKind::MuteDb, 4_500, Some(700)),
                recovery(FaultKind::MuteDb, 60_000, None),
            ]);
            assert!(line.contains("next purchase never"), "{line}");
            let summary = tally.summary();
            assert!(
                summary.contains("longest recovery never after"),
                "{summary}"
            );
            let faults = tally.faults();
            assert_eq!(faults.len(), 1);
            assert!(
                faults[0].contains("  2 ×") && faults[0].contains("  never later"),
                "{faults:?}"
            );
        }
    }

    mod verdicts {
        use super::*;

        #[test]
        fn of_a_sound_mall_are_all_marked_as_kept() {
            let evidence = sound();
            let found = judge(&evidence);
            assert!(violations(&evidence, &found).is_empty());
            assert!(verdicts(&found).iter().all(|line| line.starts_with('✔')));
        }

        #[test]
        fn list_violations_with_the_orders_story() {
            let mut evidence = sound();
            evidence.unresolved.push(HELD.into());
            evidence.unrest.push("1 orders are due for review".into());
            let found = judge(&evidence);
            let marks = verdicts(&found);
            assert_eq!(marks.iter().filter(|line| line.starts_with('✘')).count(), 2);
            let lines = violations(&evidence, &found);
            let at = |part: &str| lines.iter().position(|line| line.contains(part));
            assert!(at("  order 2: its review is overdue") < at("database: CREATED"));
            assert!(at("  1 orders are due for review").is_some(), "{lines:?}");
            assert!(lines.contains(&format!("order {HELD}")));
        }
    }
}
