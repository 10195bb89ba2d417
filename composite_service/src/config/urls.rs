//! URLs of other services.

use shared::env::EnvReader;
use url::Url;

/// A base that need not be there.
pub(super) fn optional_http_url(env: &mut EnvReader, name: &str) -> Option<Url> {
    let is_set = !env.text(name, "").is_empty();
    is_set.then(|| http_url(env, name, "http://127.0.0.1"))
}

/// A base: paths are put behind its own.
pub(super) fn http_url(env: &mut EnvReader, name: &str, default: &'static str) -> Url {
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
pub(super) fn flaw(url: &Url) -> Option<&'static str> {
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
