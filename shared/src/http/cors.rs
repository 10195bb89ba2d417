//! Which web pages of other origins may use the API (CORS), as operators set it.

use std::fmt::{self, Display};
use std::str::FromStr;

use actix_cors::Cors;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LINK,
    LOCATION, RETRY_AFTER,
};
use url::Url;

use super::IDEMPOTENT_REPLAYED;
use crate::trace::context::TRACEPARENT;

/// Any page, wherever it is from.
const ANY: &str = "*";
/// How long a browser may go by a preflight's answer, in seconds.
const MAX_AGE: usize = 600;

/// The origins whose pages may use the API; none by default. As text they are separated by commas, or `*` for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// A text that is no origin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin like https://shop.example:8443, without a path, and not *")]
pub struct InvalidOrigin(String);

impl Origins {
    /// Whether there is one.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The middleware that answers preflights, and marks the answers that these pages may read.
    pub(super) fn middleware(&self) -> Cors {
        let cors = Cors::default()
            .allowed_methods(["GET", "HEAD", "POST"])
            .allowed_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH])
            .allowed_headers(["Idempotency-Key", "Order-Token", "X-Member-Id", TRACEPARENT])
            .expose_headers([CACHE_CONTROL, ETAG, LINK, LOCATION, RETRY_AFTER])
            .expose_headers([
                IDEMPOTENT_REPLAYED,
                HeaderName::from_static("order-token"),
                HeaderName::from_static("ratelimit"),
                HeaderName::from_static("ratelimit-policy"),
                HeaderName::from_static("x-my-page-complete"),
            ])
            .max_age(MAX_AGE);
        self.0
            .iter()
            .fold(cors, |cors, origin| match origin.as_str() {
                ANY => cors.allow_any_origin().send_wildcard(),
                origin => cors.allowed_origin(origin),
            })
    }
}

impl FromStr for Origins {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let origins = text.split(',').map(str::trim);
        origins.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

fn origin(text: &str) -> Result<String, InvalidOrigin> {
    // Browsers send an origin exactly so: in lower case, without the scheme's usual port and without a slash.
    let is_origin = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    });
    // There are no patterns, and a host with a star would match nothing.
    (text == ANY || is_origin && !text.contains(ANY))
        .then(|| text.to_owned())
        .ok_or_else(|| InvalidOrigin(text.to_owned()))
}

impl Display for Origins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for text in [
            "*",
            "https://shop.example",
            "http://127.0.0.1:3000,https://a.example",
        ] {
            assert_eq!(text.parse::<Origins>().unwrap().to_string(), text);
        }
        let spaced: Origins = "https://a.example , https://b.example".parse().unwrap();
        assert_eq!(spaced.to_string(), "https://a.example,https://b.example");
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for text in [
            "shop.example",
            "https://shop.example/",
            "https://shop.example/a",
            "https://Shop.example",
            "https://shop.example:443",
            "ftp://shop.example",
            "null",
            "https://*.example",
            "https://a.example,,https://b.example",
        ] {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
    }
}
