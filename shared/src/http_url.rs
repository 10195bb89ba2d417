//! URLs of other services, as settings.

use url::Url;

use crate::env::EnvReader;

/// A base that need not be there.
pub fn optional_http_url(env: &mut EnvReader, name: &str) -> Option<Url> {
    let is_set = !env.text(name, "").is_empty();
    is_set.then(|| http_url(env, name, "http://127.0.0.1"))
}

/// The URL of one thing there, which must be set.
pub fn required_http_url(env: &mut EnvReader, name: &str) -> Option<Url> {
    let url = optional_http_url(env, name);
    if url.is_none() {
        env.problem(format!("{name}: is required, and must not be empty"));
    }
    url
}

/// A base: paths are put behind its own.
pub fn http_url(env: &mut EnvReader, name: &str, default: &'static str) -> Url {
    let fallback = || Url::parse(default).unwrap_or_else(|_| unreachable!("a constant"));
    let url = env.parsed(name, fallback());
    match flaw(&url) {
        // Effective settings are shown to operators, and what is refused here may be a secret. So it is not quoted either.
        Some(flaw) => {
            env.problem(format!("{name}: {flaw}"));
            fallback()
        }
        None => url,
    }
}

/// What is wrong with a URL, if anything is.
#[must_use]
pub fn flaw(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        Some("must not name a user")
    } else if url.query().is_some() {
        Some("must not have a query (?)")
    } else if url.fragment().is_some() {
        Some("must not have a fragment (#)")
    } else if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        Some("must be an http or https URL")
    } else {
        None
    }
}
