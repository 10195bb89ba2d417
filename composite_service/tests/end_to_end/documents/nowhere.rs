//! Requests that no operation takes, and the probes.

use api_documents::draft::Draft;

use super::recorder::Recorder;

pub(super) fn record(recorder: &mut Recorder<'_>) {
    recorder.record(Draft::new("GET", "/livez", "It lives"));
    recorder.record(Draft::new("GET", "/readyz", "It is ready"));
    recorder.record(Draft::new("GET", "/open-api/orders", "No such path").senseless(404));
    recorder.record(
        Draft::new("DELETE", "/open-api/order", "No such method")
            .note("`Allow` names the method that the path has.")
            .senseless(405),
    );
    recorder.record(
        Draft::new("GET", "/open-api/orders", "Problem details")
            .note("Who asks for `application/problem+json` (RFC 9457) gets the same body as that; others get `application/json`.")
            .header("Accept", "application/problem+json")
            .senseless(404),
    );
}
