//! What clients hear who send too many requests: a mall of its own, which allows one a minute.

use api_documents::draft::Draft;

use super::paying::pay;
use super::placing::{UMBRELLA, place};
use super::recorder::Recorder;
use crate::mall::Mall;

pub(super) fn record(recorder: &mut Recorder<'_>) {
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
        pay("1", title, "late-15", "12000"),
    ] {
        // The one request that may be sent, unless it was sent already.
        mall.run(mall.get("/open-api/product"));
        recorder.record(draft.answered(429));
    }
}
