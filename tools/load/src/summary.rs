//! A run in a few lines of text.

use crate::LoadResult;

/// Rate, latencies, and how requests ended; then the processor time of each watched process.
#[must_use]
pub fn summary(result: &LoadResult) -> String {
    let latency = &result.latency;
    let ends: Vec<String> = result
        .ends
        .iter()
        .map(|(end, count)| format!("{end}: {count}"))
        .collect();
    let mut lines = vec![
        format!(
            "{:.0}/s over {} s, {} refused, {} errors",
            result.rate, result.seconds, result.refused, result.errors
        ),
        format!(
            "p50 {:.1} ms, p90 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, longest {:.1} ms",
            latency.p50, latency.p90, latency.p95, latency.p99, latency.p999, latency.max
        ),
        ends.join(", "),
    ];
    for (name, millis) in &result.processor_millis_per_answer {
        lines.push(format!(
            "{name}: {millis:.3} ms of processor time an answer"
        ));
    }
    lines.join("\n")
}
