//! What there is to buy.

use api_documents::draft::Draft;

use super::recorder::Recorder;

pub(super) fn record(recorder: &mut Recorder<'_>) {
    let list = "/open-api/product";
    recorder.record(
        Draft::new("GET", format!("{list}?limit=2"), "The first page")
            .note("There is more, so `Link` leads to the next page.")
            .with(&["Link"]),
    );
    again(recorder, &format!("{list}?limit=2"), "The first page again");
    recorder.record(
        Draft::new("GET", format!("{list}?after=2&limit=2"), "The next page").with(&["Link"]),
    );
    recorder.record(
        Draft::new("GET", format!("{list}?after=1000"), "Behind the last page")
            .note("The end of the list is no error."),
    );
    recorder.record(
        Draft::new("GET", format!("{list}?limit=many"), "A senseless limit")
            .senseless(400)
            .with(&["parameter"]),
    );
    recorder.record(Draft::new("GET", format!("{list}/1"), "A product"));
    again(recorder, &format!("{list}/1"), "The product again");
    recorder.record(Draft::new("GET", format!("{list}/404404"), "No such product").answered(404));
}

/// What was answered last, to a client that has it.
fn again(recorder: &mut Recorder<'_>, target: &str, title: &str) {
    let tag = recorder.last_header("etag");
    recorder.record(
        Draft::new("GET", target, title)
            .note("Nothing has changed, so nothing is sent again.")
            .header("If-None-Match", &tag)
            .answered(304),
    );
}
