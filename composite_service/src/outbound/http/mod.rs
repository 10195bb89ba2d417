//! Clients of other services over HTTP, behind the ports. The only folder that uses reqwest.

pub mod order_client;
pub mod member_client;
pub mod jwks_client;
pub mod toss_gateway;
mod toss_codes;
mod toss_payment;

use std::time::Duration;

use reqwest::Response;
use serde::de::DeserializeOwned;
use shared::json::{self, Fault};
use url::Url;

/// Shorter than all request timeouts, so that an unreachable service is noticed early.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// A client whose requests, connecting included, take at most `wait`. It asks directly, whatever proxies the environment names: those are
/// meant for other programs, and would get our members and payments.
///
/// # Errors
/// When TLS can't be set up.
pub fn client(wait: Duration) -> reqwest::Result<reqwest::Client> {
    builder(wait).build()
}

/// The same, which asks through this proxy, if there is one.
///
/// # Errors
/// When TLS can't be set up, or the proxy's URL is none.
pub fn client_through(proxy: Option<&Url>, wait: Duration) -> reqwest::Result<reqwest::Client> {
    match proxy {
        Some(proxy) => builder(wait)
            .proxy(reqwest::Proxy::all(proxy.clone())?)
            .build(),
        None => client(wait),
    }
}

fn builder(wait: Duration) -> reqwest::ClientBuilder {
    // The error is dropped: it means that another client has installed the provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(CONNECT_WAIT)
        .timeout(wait)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true)
        // None of these services redirects. Following a redirect could send a payment key or a member id to another address.
        .redirect(reqwest::redirect::Policy::none())
}

/// `path`, percent-encoded, behind the path of `base`: a proxy in front of the service may tell services apart by it.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// Why an answer's body can't be used.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    /// It did not come.
    #[error("{}", error_chain(.0))]
    Lost(reqwest::Error),
    /// It is not what was asked for.
    #[error("its answer: {0}")]
    Wrong(Fault),
}

/// The body of an answer, read like all JSON from outside.
async fn body<T: DeserializeOwned>(response: Response) -> Result<T, BodyError> {
    let bytes = response.bytes().await;
    // The URL may contain a member id.
    let bytes = bytes.map_err(|error| BodyError::Lost(error.without_url()))?;
    json::read(&bytes).map_err(BodyError::Wrong)
}

/// An error with all its causes. The text of a reqwest error alone does not contain them.
fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| {
        format!("{chain}: {cause}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_behind_that_of_the_base() {
        for (base, url) in [
            ("http://host", "http://host/api/order"),
            ("http://host/", "http://host/api/order"),
            ("http://host/orders", "http://host/orders/api/order"),
            ("http://host/orders/", "http://host/orders/api/order"),
            (
                "https://host:8/a/b%20c//",
                "https://host:8/a/b%20c/api/order",
            ),
        ] {
            assert_eq!(below(&base.parse().unwrap(), "/api/order").as_str(), url);
        }
    }
}
