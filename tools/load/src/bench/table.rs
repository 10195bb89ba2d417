//! Measurements as a Markdown table, each the median of several rounds. Pure.

use std::fmt::Write;

use super::overload::{Overload, Side};
use super::plan::{Benchmark, Measured};
use super::raw_database::DatabaseSpeed;
use crate::{LoadResult, ProcessSample};

/// The processes that the mall itself is.
const SERVICES: [&str; 2] = ["order-service", "composite"];

/// A row for each benchmark that was measured.
pub(super) fn markdown(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| | shoppers | answers/s | × raw | p50 ms | p99 ms | errors | CPU ms an answer, both services | largest resident MiB | aim |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut seen: Vec<&Benchmark> = Vec::new();
    for one in measured {
        let benchmark = &one.benchmark;
        let is_same = |other: &&Benchmark| {
            other.name == benchmark.name && other.shoppers == benchmark.shoppers
        };
        if seen.iter().any(is_same) {
            continue;
        }
        seen.push(benchmark);
        let runs: Vec<&Measured> = measured
            .iter()
            .filter(|other| is_same(&&other.benchmark))
            .collect();
        push_row(&mut table, benchmark, &runs);
    }
    table
}

/// Memory and processor use of the services when the mall is idle.
pub(super) fn at_rest(when: &str, samples: &[ProcessSample]) -> String {
    let is_ours = |name: &str| SERVICES.iter().any(|service| name.starts_with(service));
    let parts: Vec<String> = samples
        .iter()
        .filter(|sample| is_ours(&sample.name))
        .map(|sample| {
            format!(
                "{} {:.0} MiB resident, {:.1} % of a processor",
                sample.name,
                sample.resident_mib,
                sample.processors * 100.0
            )
        })
        .collect();
    format!("At rest {when}: {}.", parts.join("; "))
}

/// The raw limit of the database, in words.
pub(super) fn raw_database(speeds: &[DatabaseSpeed]) -> String {
    let of = |value: fn(&DatabaseSpeed) -> f64| median(speeds.iter().map(value).collect());
    format!(
        "Raw database, one connection: {:.0} orders/s in transactions of 64, {:.0} in one each.",
        of(|speed| speed.in_batches),
        of(|speed| speed.one_by_one)
    )
}

/// The overload benchmark in words.
pub(super) fn overload_in_words(rounds: &[Overload]) -> String {
    let of = |value: fn(&Side) -> f64| {
        let side = |side: fn(&Overload) -> &Side| {
            median(rounds.iter().map(|round| value(side(round))).collect())
        };
        (
            side(|round| &round.at_capacity),
            side(|round| &round.beyond),
        )
    };
    let rate = of(|side| side.rate);
    let bought = of(|side| side.bought_p50);
    let refused = of(|side| side.refused_p50);
    let sides = rounds
        .iter()
        .flat_map(|round| [round.at_capacity, round.beyond]);
    let errors: u64 = sides.map(|side| side.errors).sum();
    format!(
        "Overload, ten times the shoppers that there is room for, compared with as many requests at capacity: \
         {:.0} purchases/s instead of {:.0}; p50 of a purchase {:.1} ms instead of {:.1} ms ({:.2} ×, aim ≤ 3 ×); \
         p50 of a refusal {:.1} ms instead of {:.1} ms ({:.2} ×, aim ≤ 3 ×); {errors} errors.",
        rate.1,
        rate.0,
        bought.1,
        bought.0,
        bought.1 / bought.0,
        refused.1,
        refused.0,
        refused.1 / refused.0,
    )
}

fn push_row(table: &mut String, benchmark: &Benchmark, runs: &[&Measured]) {
    let of = |value: fn(&Measured) -> f64| median(runs.iter().map(|run| value(run)).collect());
    let errors: u64 = runs.iter().map(|run| run.result.errors).sum();
    // Writing to a String can't fail.
    let _ = writeln!(
        table,
        "| {} | {} | {:.0} | {:.2} | {:.1} | {:.1} | {errors} | {:.3} | {} | {} |",
        benchmark.name,
        benchmark.shoppers,
        of(|run| run.result.rate),
        of(|run| run.result.rate / run.raw_rate),
        of(|run| run.result.latency.p50),
        of(|run| run.result.latency.p99),
        of(|run| processor_millis(&run.result)),
        SERVICES
            .map(|service| format!("{:.0}", largest_resident(runs, service)))
            .join(" + "),
        benchmark.aim,
    );
}

fn processor_millis(result: &LoadResult) -> f64 {
    let all = result.processor_millis_per_answer.iter();
    all.filter(|(name, _)| SERVICES.iter().any(|service| name.starts_with(service)))
        .map(|(_, millis)| millis)
        .sum()
}

fn largest_resident(runs: &[&Measured], service: &str) -> f64 {
    let seconds = runs.iter().flat_map(|run| &run.result.series);
    let samples = seconds.flat_map(|second| &second.processes);
    samples
        .filter(|sample| sample.name.starts_with(service))
        .map(|sample| sample.resident_mib)
        .fold(0.0, f64::max)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_value() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
