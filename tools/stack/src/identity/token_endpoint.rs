//! How a token is asked for, at any OpenID issuer. Must not know which one.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::time::Duration;

const CALL_LIMIT: Duration = Duration::from_secs(30);
const DISCOVERY: &str = ".well-known/openid-configuration";

/// A token of a development issuer for that member, with that scope if there is one.
///
/// # Errors
/// When the issuer can't be reached, or refuses.
pub fn token_of(issuer: &str, member: &str, scope: Option<&str>) -> Result<String> {
    let grant = [("grant_type", "client_credentials"), ("client_id", member)];
    ask(issuer, &grant, scope)
}

/// The access token for these parameters, from the endpoint that the issuer's discovery document names.
pub(super) fn ask(
    issuer: &str,
    parameters: &[(&str, &str)],
    scope: Option<&str>,
) -> Result<String> {
    let document = get(&format!("{issuer}/{DISCOVERY}"))?;
    let endpoint = document["token_endpoint"]
        .as_str()
        .with_context(|| format!("{issuer} names no token endpoint"))?;
    let form = parameters.iter().copied();
    let form = form.chain(scope.map(|scope| ("scope", scope)));
    let answer = agent().post(endpoint).send_form(form);
    let body = json(endpoint, answer)?;
    let token = body["access_token"].as_str();
    let token = token.with_context(|| format!("{endpoint} answered without a token"))?;
    Ok(token.to_owned())
}

/// The JSON at that URL.
fn get(url: &str) -> Result<Value> {
    json(url, agent().get(url).call())
}

/// The body of an answer; what a refusal says is told, and a token never is.
pub(super) fn json(
    url: &str,
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Value> {
    let mut answer = answer.with_context(|| format!("cannot reach {url}"))?;
    let text = answer
        .body_mut()
        .read_to_string()
        .with_context(|| format!("cannot read the answer of {url}"))?;
    if !answer.status().is_success() {
        bail!("{url} refused: {} {text}", answer.status());
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).with_context(|| format!("{url} did not answer in JSON"))
}

pub(super) fn agent() -> ureq::Agent {
    crate::direct(CALL_LIMIT)
        .http_status_as_error(false)
        .build()
        .into()
}
