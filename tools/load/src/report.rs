//! A run as one self-contained HTML page: figures, and charts as SVG.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use askama::Template;
use plotters::prelude::*;

use super::result::{LoadResult, ResultSecond};

const SIZE: (u32, u32) = (940, 280);

#[derive(Template)]
#[template(path = "load_report.html")]
struct Page<'a> {
    result: &'a LoadResult,
    missed: &'a [String],
    charts: Vec<Chart>,
}

struct Chart {
    title: &'static str,
    svg: String,
}

/// A line of a chart.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// The page of a run and of the objectives that it missed.
///
/// # Errors
/// When a chart can't be drawn.
pub fn html(result: &LoadResult, missed: &[String]) -> Result<String> {
    let series = &result.series;
    let over_time = |name: &str, value: fn(&ResultSecond) -> f64| Line {
        name: name.to_owned(),
        points: series
            .iter()
            .map(|second| (at(second), value(second)))
            .collect(),
    };
    let mut charts = vec![
        chart(
            "Answers a second",
            "s",
            "/s",
            &[
                over_time("answers", |second| count(second.answers)),
                over_time("errors", |second| count(second.errors)),
            ],
        )?,
        chart(
            "Latency over time",
            "s",
            "ms",
            &[
                over_time("p50", |second| second.latency.p50),
                over_time("p95", |second| second.latency.p95),
                over_time("p99", |second| second.latency.p99),
            ],
        )?,
        chart(
            "Latency by percentile",
            "9s (1 = 90 %, 2 = 99 %)",
            "ms",
            &[curve(result)],
        )?,
        chart("Answers by status", "s", "/s", &by_status(series))?,
    ];
    for (title, unit, lines) in [
        (
            "Processors in use",
            "processors",
            by_name(series, &processors),
        ),
        ("Resident memory", "MiB", by_name(series, &memory)),
        ("Mailbox depth", "messages", by_name(series, &depths)),
    ] {
        if !lines.is_empty() {
            charts.push(chart(title, "s", unit, &lines)?);
        }
    }
    Ok(Page {
        result,
        missed,
        charts,
    }
    .render()?)
}

/// What a second says of each that has a name.
type Named<'a> = dyn Fn(&ResultSecond) -> Vec<(String, f64)> + 'a;

fn processors(second: &ResultSecond) -> Vec<(String, f64)> {
    let samples = second.processes.iter();
    samples
        .map(|sample| (sample.name.clone(), sample.processors))
        .collect()
}

fn memory(second: &ResultSecond) -> Vec<(String, f64)> {
    let samples = second.processes.iter();
    samples
        .map(|sample| (sample.name.clone(), sample.resident_mib))
        .collect()
}

fn depths(second: &ResultSecond) -> Vec<(String, f64)> {
    let samples = second.mailboxes.iter();
    samples
        .map(|sample| {
            let name = format!("{} {}", sample.process, sample.actor);
            (name, count(sample.waiting))
        })
        .collect()
}

/// A line for each name. Seconds that say nothing of it are left out.
fn by_name(series: &[ResultSecond], named: &Named<'_>) -> Vec<Line> {
    let mut lines: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for second in series {
        for (name, value) in named(second) {
            lines.entry(name).or_default().push((at(second), value));
        }
    }
    let lines = lines.into_iter();
    lines.map(|(name, points)| Line { name, points }).collect()
}

fn by_status(series: &[ResultSecond]) -> Vec<Line> {
    let mut ends: Vec<&String> = series
        .iter()
        .flat_map(|second| second.ends.keys())
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let line = |end: &String| Line {
        name: end.clone(),
        points: series
            .iter()
            .map(|second| {
                (
                    at(second),
                    count(second.ends.get(end).copied().unwrap_or(0)),
                )
            })
            .collect(),
    };
    ends.into_iter().map(line).collect()
}

/// Percentiles at which the curve has points: each further nine gets the same width, so that the tail is visible.
fn curve(result: &LoadResult) -> Line {
    let nines = |percent: f64| -(1.0 - percent / 100.0).log10();
    Line {
        name: "latency".to_owned(),
        points: result
            .curve
            .iter()
            .filter(|(percent, _)| *percent < 100.0)
            .map(|(percent, millis)| (nines(*percent), *millis))
            .collect(),
    }
}

fn chart(title: &'static str, x_unit: &str, y_unit: &str, lines: &[Line]) -> Result<Chart> {
    let mut svg = String::new();
    draw(&mut svg, x_unit, y_unit, lines).map_err(|error| anyhow!("{title}: {error}"))?;
    Ok(Chart { title, svg })
}

fn draw(
    svg: &mut String,
    x_unit: &str,
    y_unit: &str,
    lines: &[Line],
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let most = |value: fn(&(f64, f64)) -> f64| {
        let points = lines.iter().flat_map(|line| &line.points);
        points.map(value).fold(1e-3, f64::max)
    };
    let (x_end, y_end) = (most(|point| point.0), most(|point| point.1) * 1.1);
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut context = ChartBuilder::on(&area)
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..x_end, 0.0..y_end)?;
    context
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .x_desc(x_unit)
        .y_desc(y_unit)
        .draw()?;
    for (nth, line) in lines.iter().enumerate() {
        let colour = Palette99::pick(nth).to_rgba();
        context
            .draw_series(LineSeries::new(
                line.points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    context
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}

fn at(second: &ResultSecond) -> f64 {
    count(second.second)
}

#[expect(clippy::cast_precision_loss, reason = "for a picture")]
fn count(count: u64) -> f64 {
    count as f64
}
