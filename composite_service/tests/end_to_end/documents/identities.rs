//! What members and guests hear where tokens prove who asks: a mall of its own, with its issuer.

use std::net::TcpStream;
use std::time::Duration;

use api_documents::draft::Draft;
use stack::{MemberAuth, SUPPORT_SCOPE, sample_catalogue};

use super::cancelling::cancel_all;
use super::paying::pay;
use super::placing::{UMBRELLA, place};
use super::quoting::quote;
use super::reading::get;
use super::recorder::Recorder;
use crate::mall::Mall;

const LIST: &str = "/open-api/order";
const PAGE: &str = "/open-api/my-page";
const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(super) fn record(recorder: &mut Recorder<'_>) {
    let mut mall = Mall::start(|builder| {
        builder.catalogue = Some(sample_catalogue(&builder.place).expect("the sample catalogue"));
        builder.member_auth = MemberAuth::Jwt;
    });
    recorder.ask(mall.stack.composite_url());
    recorder.record(
        Draft::new("GET", "/readyz", "It is ready, and has the issuer's keys")
            .with(&["parts.issuerKeys"]),
    );
    let number = guest(recorder);
    members(recorder, &mall);
    refused(recorder, &number);
    without_keys(recorder, &mut mall);
}

fn token(mall: &Mall, member: &str, scope: Option<&str>) -> String {
    let issuer = mall.stack.identity.as_ref().expect("an issuer");
    issuer.token(member, scope).expect("a token")
}

fn bearing(draft: Draft, token: &str) -> Draft {
    draft.header("Authorization", &format!("Bearer {token}"))
}

fn guest(recorder: &mut Recorder<'_>) -> String {
    let placed = recorder.record(
        place(
            "By a guest, where members come by token",
            UMBRELLA.to_owned(),
        )
        .note("`Order-Token` opens the order from now on. Nobody else is told it.")
        .with(&["Order-Token"]),
    );
    let number = placed["orderNum"].as_str().expect("a number").to_owned();
    let order_token = recorder.last_header("order-token");
    let path = format!("{LIST}/{number}");
    recorder.record(
        Draft::new("GET", &path, "A guest's order")
            .header("Order-Token", &order_token)
            .with(&["payBy"]),
    );
    recorder.record(
        Draft::new("GET", &path, "A guest's order without its token")
            .note("It is as if there were no such order.")
            .answered(202),
    );
    number
}

fn members(recorder: &mut Recorder<'_>, mall: &Mall) {
    let minji = token(mall, "minji", None);
    let placed = recorder.record(bearing(
        place("By a member with a token", UMBRELLA.to_owned()),
        &minji,
    ));
    recorder.record(
        bearing(get(&placed, "A member's own order"), &minji)
            .note("Whose it is hear the member and the support.")
            .with(&["memberId", "payBy"]),
    );
    recorder.record(bearing(Draft::new("GET", LIST, "With a token"), &minji).with(&["[].payBy"]));
    recorder.record(
        bearing(
            Draft::new(
                "GET",
                format!("{LIST}?memberId=junho"),
                "Another member's orders",
            ),
            &minji,
        )
        .answered(403),
    );
    let support = token(mall, "grace", Some(SUPPORT_SCOPE));
    recorder.record(
        bearing(
            Draft::new(
                "GET",
                format!("{LIST}?memberId=minji"),
                "A member's orders for the support",
            ),
            &support,
        )
        .with(&["[].payBy"]),
    );
    recorder.record(
        Draft::new("GET", PAGE, "Without a token")
            .note("Where tokens prove who asks.")
            .answered(401),
    );
}

/// Every operation that asks who asks, with a token that is wrong, and with a member who is only named.
fn refused(recorder: &mut Recorder<'_>, number: &str) {
    let all: [fn(&str, &str) -> Draft; 7] = [
        |title, _| place(title, UMBRELLA.to_owned()),
        |title, _| quote(title, UMBRELLA.to_owned()),
        |title, number| Draft::new("GET", format!("{LIST}/{number}"), title),
        |title, number| pay(number, title, "late-14", "12000"),
        |title, number| cancel_all(number, title),
        |title, _| Draft::new("GET", LIST, title),
        |title, _| Draft::new("GET", PAGE, title),
    ];
    for ask in all {
        recorder.record(
            ask("With a token that is wrong", number)
                .header("Authorization", "Bearer nonsense")
                .answered(401),
        );
        recorder.record(
            ask("A member who is only named", number)
                .note("Where tokens prove who asks, `X-Member-Id` does not.")
                .header("X-Member-Id", "minji")
                .answered(403),
        );
    }
}

/// An instance that starts while the issuer is away can't tell who asks.
fn without_keys(recorder: &mut Recorder<'_>, mall: &mut Mall) {
    let minji = token(mall, "minji", None);
    let issuer = mall.stack.identity.as_mut().expect("an issuer");
    issuer.service_mut().kill_9().expect("a kill");
    let composite = &mut mall.stack.composites[0];
    composite.restart().expect("a restart");
    let address = composite.url().trim_start_matches("http://").to_owned();
    let listens = || Ok(TcpStream::connect(&address).ok());
    composite
        .wait_until(LONGEST_WAIT, listens)
        .expect("a listener");
    for draft in [
        place(
            "While the issuer's keys are not there yet",
            UMBRELLA.to_owned(),
        ),
        Draft::new("GET", LIST, "While the issuer's keys are not there yet"),
        Draft::new("GET", PAGE, "While the issuer's keys are not there yet"),
    ] {
        recorder.record(bearing(draft, &minji).answered(503));
    }
}
