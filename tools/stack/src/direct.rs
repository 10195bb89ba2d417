//! HTTP requests to parts on this machine. Must not know what is asked.

use std::time::Duration;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// An agent whose calls take at most `limit`, to be built. It asks directly, whatever proxies the environment names: they can't reach this
/// machine's loopback.
pub fn direct(limit: Duration) -> ConfigBuilder<AgentScope> {
    ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(limit))
}
