//! What clients hear who send too many requests, or have too many orders pending: malls of their own, which allow little.

use api_documents::draft::Draft;
use stack::sample_catalogue;

use super::cancelling::cancel_all;
use super::paying::pay;
use super::placing::{UMBRELLA, place, wish};
use super::quoting::quote;
use super::recorder::Recorder;
use crate::mall::Mall;

pub(super) fn record(recorder: &mut Recorder<'_>) {
    requests(recorder);
    pending(recorder);
}

fn requests(recorder: &mut Recorder<'_>) {
    let mall = Mall::start(|builder| {
        let allowed = ("REQUESTS_PER_ADDRESS_PER_MINUTE".to_owned(), "1".to_owned());
        builder.composite_env.push(allowed);
    });
    recorder.ask(mall.stack.composite_url());
    let title = "Too many requests";
    for draft in [
        Draft::new("GET", "/open-api/product", title),
        Draft::new("GET", "/open-api/product/1", title),
        Draft::new("GET", "/open-api/order", title),
        Draft::new("GET", "/open-api/order/1", title),
        Draft::new("GET", "/open-api/my-page", title),
        place(title, UMBRELLA.to_owned()),
        quote(title, UMBRELLA.to_owned()),
        pay("1", title, "late-15", "12000"),
        cancel_all("1", title),
    ] {
        // The one request that may be sent, unless it was sent already.
        mall.run(mall.get("/open-api/product"));
        recorder.record(draft.answered(429).with(&[
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
        ]));
    }
}

fn pending(recorder: &mut Recorder<'_>) {
    let mall = Mall::start(|builder| {
        builder.catalogue = Some(sample_catalogue(&builder.place).expect("the sample catalogue"));
        let limits = [
            ("PENDING_ORDERS_PER_MEMBER", "1"),
            ("PENDING_PIECES_PER_MEMBER", "9"),
        ];
        let named = limits.map(|(name, value)| (name.to_owned(), value.to_owned()));
        builder.order_env.extend(named);
    });
    recorder.ask(mall.stack.composite_url());
    recorder.record(
        place(
            "The only order that a member may have pending",
            UMBRELLA.to_owned(),
        )
        .header("X-Member-Id", "minji"),
    );
    recorder.record(
        place("Too many pending orders", UMBRELLA.to_owned())
            .note("One may be placed when an order is paid, or ends.")
            .header("X-Member-Id", "minji")
            .answered(429)
            .with(&["orderNum", "Retry-After", "RateLimit"]),
    );
    recorder.record(
        quote("Too many pending orders", UMBRELLA.to_owned())
            .note("An order would be refused, so the price is of no use yet.")
            .header("X-Member-Id", "minji")
            .answered(429)
            .with(&["Retry-After", "RateLimit"]),
    );
    recorder.record(
        place("Too many pieces", wish(1, 10, ""))
            .note("The order alone has more than a member may have pending.")
            .header("X-Member-Id", "junho")
            .answered(429)
            .with(&["orderNum"]),
    );
}
