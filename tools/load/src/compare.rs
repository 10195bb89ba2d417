//! Two runs beside each other. Pure.

use std::fmt::Write;

use super::result::LoadResult;

/// A table of what changed from the first run to the second.
#[must_use]
pub fn compare(first: &LoadResult, second: &LoadResult) -> String {
    let mut table = format!(
        "{:<28} {:>14} {:>14} {:>8}\n",
        "",
        short(&first.label),
        short(&second.label),
        "ratio"
    );
    let rows = [
        ("answers a second", first.rate, second.rate),
        ("p50 ms", first.latency.p50, second.latency.p50),
        ("p90 ms", first.latency.p90, second.latency.p90),
        ("p99 ms", first.latency.p99, second.latency.p99),
        ("p99.9 ms", first.latency.p999, second.latency.p999),
        ("max ms", first.latency.max, second.latency.max),
        ("refused", count(first.refused), count(second.refused)),
        ("errors", count(first.errors), count(second.errors)),
    ];
    for (name, before, after) in rows {
        push_row(&mut table, name, before, after);
    }
    for (name, before) in &first.processor_millis_per_answer {
        if let Some(after) = second.processor_millis_per_answer.get(name) {
            push_row(&mut table, &format!("{name} CPU ms"), *before, *after);
        }
    }
    for (one, other) in [
        (&first.scenario, &second.scenario),
        (&first.pace, &second.pace),
    ] {
        if one != other {
            let _ = writeln!(table, "Not the same load: {one} / {other}");
        }
    }
    table
}

fn push_row(table: &mut String, name: &str, before: f64, after: f64) {
    let ratio = if before == 0.0 {
        "-".to_owned()
    } else {
        format!("{:.2}", after / before)
    };
    // Writing to a String can't fail.
    let _ = writeln!(table, "{name:<28} {before:>14.3} {after:>14.3} {ratio:>8}");
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn count(count: u64) -> f64 {
    count as f64
}

fn short(label: &str) -> String {
    label.chars().take(14).collect()
}
