//! `mall load`, as a user runs it: against the server that does nothing, and against a mall.

use crate::support::place;
use load::{Assortment, Load, Measurement, Pace, Scenario, Watched, html};
use serde_json::Value;
use shared::clock::SystemClock;
use stack::{MemberAuth, Stack, sample_catalogue};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const MALL: &str = env!("CARGO_BIN_EXE_mall_cli");

fn load(flags: &[&str]) -> Output {
    Command::new(MALL).arg("load").args(flags).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn result(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn a_closed_loop_is_reported_as_text_json_and_html() {
    let folder = tempfile::tempdir().unwrap();
    let [json, page] = ["run.json", "run.html"].map(|name| folder.path().join(name));
    let ran = load(&[
        "--ceiling",
        "--connections",
        "4",
        "--warm-up",
        "1s",
        "--duration",
        "2s",
        "--errors",
        "0",
        "--json",
        json.to_str().unwrap(),
        "--report",
        page.to_str().unwrap(),
        "--label",
        "<four>",
    ]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let run = result(&json);
    let (answers, seconds) = (
        run["answers"].as_u64().unwrap(),
        run["seconds"].as_u64().unwrap(),
    );
    assert!(answers > 100 && seconds == 2, "{run}");
    assert_eq!(run["ends"]["200"], answers);
    assert!(run["latency"]["p50"].as_f64() <= run["latency"]["p99"].as_f64());
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.matches("<svg").count() >= 4 && page.contains("&#60;four&#62;"),
        "{page}"
    );
    // The namespace of SVG is no address that anything is fetched from.
    let foreign = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!foreign.contains("http") && !foreign.contains("<script"));

    let same = json.to_str().unwrap();
    let compared = text(&load(&["--compare", same, same]).stdout);
    let rate = compared
        .lines()
        .find(|line| line.starts_with("answers a second"));
    assert!(
        rate.is_some_and(|line| line.ends_with("1.00")),
        "{compared}"
    );
}

#[test]
fn an_open_loop_keeps_its_rate() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("run.json");
    let ran = load(&[
        "--ceiling",
        "--rate",
        "200",
        "--connections",
        "8",
        "--warm-up",
        "0s",
        "--duration",
        "3s",
        "--json",
        json.to_str().unwrap(),
    ]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let run = result(&json);
    assert_eq!(
        (run["answers"].as_u64(), run["errors"].as_u64()),
        (Some(600), Some(0))
    );
}

#[test]
fn a_file_without_tokens_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [empty, absent] = ["empty", "absent"].map(|name| folder.path().join(name));
    fs::write(&empty, "\n").unwrap();
    for file in [empty, absent] {
        let file = file.to_str().unwrap();
        let ran = load(&["--tokens", file]);
        let told = text(&ran.stderr);
        assert!(!ran.status.success() && told.contains(file), "{told}");
    }
}

#[test]
fn missed_objectives_are_named_and_exit_with_1() {
    let ran = load(&[
        "--ceiling",
        "--connections",
        "2",
        "--warm-up",
        "0s",
        "--duration",
        "1s",
        "--p99",
        "1us",
        "--min-rate",
        "1000000000",
    ]);
    assert_eq!(ran.status.code(), Some(1));
    let told = text(&ran.stderr);
    assert!(
        told.contains("missed: p99 is") && told.contains("wanted 1000000000/s"),
        "{told}"
    );
}

#[test]
fn without_a_mall_it_says_so() {
    let empty = tempfile::tempdir().unwrap();
    let ran = load(&["--data-dir", empty.path().to_str().unwrap()]);
    assert!(!ran.status.success());
    assert!(text(&ran.stderr).contains("no mall runs here"));
    for (url, told) in [
        (
            "http://127.0.0.1:1",
            "cannot read http://127.0.0.1:1/open-api/product",
        ),
        ("https://127.0.0.1:1", "only plain http"),
    ] {
        let ran = load(&["--url", url]);
        assert!(
            !ran.status.success() && text(&ran.stderr).contains(told),
            "{}",
            text(&ran.stderr)
        );
    }
}

mod on_a_mall {
    use super::*;

    #[test]
    fn every_kind_of_request_is_answered_as_expected() {
        let (folder, place) = place();
        let mut builder = Stack::builder(place);
        builder.catalogue = Some(sample_catalogue(&builder.place).unwrap());
        let stack = builder.start().unwrap();
        let json = folder.path().join("run.json");
        let ran = load(&[
            "--url",
            stack.composites[0].url(),
            "--scenario",
            "mix",
            "--connections",
            "8",
            "--warm-up",
            "0s",
            "--duration",
            "4s",
            "--errors",
            "0",
            "--json",
            json.to_str().unwrap(),
        ]);
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        let run = result(&json);
        assert!(run["ends"]["200"].as_u64() > Some(20), "{run}");
        assert!(run["ends"]["402"].as_u64() > Some(0), "{run}");
    }

    #[test]
    fn a_sold_out_item_is_told_as_refused() {
        let (folder, place) = place();
        let catalogue = folder.path().join("sold-out.json");
        let product = r#"{"productId": 1, "name": "p", "items": [{"itemId": 1, "name": "i", "price": 12000, "stock": 0}]}"#;
        fs::write(&catalogue, format!(r#"{{"products": [{product}]}}"#)).unwrap();
        let mut builder = Stack::builder(place);
        builder.catalogue = Some(catalogue);
        let stack = builder.start().unwrap();
        let hot = |objectives: &[&str]| {
            let flags = ["--url", stack.composites[0].url(), "--scenario", "hot"];
            let times = ["--connections=2", "--warm-up=0s", "--duration=1s"];
            load(&[&flags[..], &times, objectives].concat())
        };

        let ran = hot(&["--errors=0"]);
        assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
        let told = text(&ran.stdout);
        assert!(
            told.contains(" refused, 0 errors") && !told.contains(" 0 refused"),
            "{told}"
        );

        let ran = hot(&["--refused=0"]);
        assert_eq!(ran.status.code(), Some(1), "{}", text(&ran.stderr));
        let told = text(&ran.stderr);
        assert!(told.contains(" refused, wanted 0 at most"), "{told}");
    }

    #[test]
    fn members_come_with_tokens_and_read_their_own_orders() {
        let (folder, place) = place();
        let mut builder = Stack::builder(place);
        builder.catalogue = Some(sample_catalogue(&builder.place).unwrap());
        builder.member_auth = MemberAuth::Jwt;
        let stack = builder.start().unwrap();
        let issuer = stack.identity.as_ref().unwrap();
        let tokens = ["minji", "junho"].map(|member| issuer.token(member, None).unwrap());
        let file = folder.path().join("tokens");
        fs::write(&file, tokens.join("\n")).unwrap();
        let ran = load(&[
            "--url",
            stack.composite_url(),
            "--scenario",
            "read",
            "--tokens",
            file.to_str().unwrap(),
            "--connections",
            "4",
            "--warm-up",
            "0s",
            "--duration",
            "2s",
            "--errors",
            "0",
        ]);
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        let of_members =
            "SELECT COUNT(DISTINCT member_id), COUNT(*) - COUNT(member_id) FROM orders";
        let told = stack.database.sql(of_members).unwrap();
        assert_eq!(told.split_whitespace().collect::<Vec<_>>(), ["2", "0"]);
        for token in tokens {
            assert!(!text(&ran.stdout).contains(&token) && !text(&ran.stderr).contains(&token));
        }
    }

    #[test]
    fn mailbox_depth_is_in_every_second_and_charted() {
        let (_folder, place) = place();
        let mut builder = Stack::builder(place);
        builder.catalogue = Some(sample_catalogue(&builder.place).unwrap());
        let stack = builder.start().unwrap();
        let host = stack.composite_url().strip_prefix("http://").unwrap();
        let services = stack.http_services();
        let watched = services.iter().map(|service| Watched {
            name: service.name().to_owned(),
            pid: service.pid(),
            internal: Some(service.internal_url().to_owned()).filter(|url| !url.is_empty()),
        });
        let measurement = Measurement {
            label: "depth".to_owned(),
            plan: Load {
                hosts: vec![host.to_owned()],
                scenario: Scenario::Pending,
                assortment: Assortment::of_mall(host).unwrap(),
                shoppers: 8,
                pace: Pace::Answered,
                duration: Duration::from_secs(2),
                threads: 1,
                seed: 1,
                tokens: Vec::new(),
            },
            warm_up: Duration::ZERO,
            watched: watched.collect(),
        };
        let result = measurement.run(&SystemClock, |_, _| ()).unwrap();
        assert_eq!(result.series.len(), 2);
        for second in &result.series {
            for (service, actor) in [
                (&stack.composites[0], "PurchaseActor"),
                (&stack.order_services[0], "OrderActor"),
            ] {
                let mut samples = second.mailboxes.iter();
                let told =
                    samples.any(|sample| sample.process == service.name() && sample.actor == actor);
                assert!(told, "{actor}: {second:?}");
            }
        }
        let page = html(&result, &[]).unwrap();
        assert!(
            page.contains("Mailbox depth") && page.contains(" OrderActor"),
            "{page}"
        );
    }
}
