//! Clients of other services over HTTP, behind the ports. The only folder that uses reqwest.

pub mod order_client;
pub mod member_client;
pub mod toss_gateway;

use std::time::Duration;

/// Shorter than all request timeouts, so that an unreachable service is noticed early.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// A client whose requests, connecting included, take at most `wait`.
///
/// # Errors
/// When TLS can't be set up.
pub fn client(wait: Duration) -> reqwest::Result<reqwest::Client> {
    // The error is dropped: it means that another client has installed the provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_WAIT)
        .timeout(wait)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true)
        // None of these services redirects. Following a redirect could send a payment key or a member id to another address.
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// An error with all its causes. The text of a reqwest error alone does not contain them.
fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| {
        format!("{chain}: {cause}")
    })
}
