//! Other services over HTTP, behind the ports. The only folder that names reqwest.

pub mod order_client;
pub mod member_client;
pub mod toss_gateway;

use std::time::Duration;

const CONNECT_WAIT: Duration = Duration::from_secs(1);
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// A client whose requests, with their connections, take at most `wait`.
///
/// # Errors
/// When TLS can't be set up.
pub fn client(wait: Duration) -> reqwest::Result<reqwest::Client> {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_WAIT)
        .timeout(wait)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// An error with its causes: reqwest's own text names none.
fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| {
        format!("{chain}: {cause}")
    })
}
