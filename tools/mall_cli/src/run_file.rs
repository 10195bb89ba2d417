//! What a running `up` tells the other commands about itself. Must not know how it is used.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The part's name when the broker is a real Kafka.
pub(crate) const KAFKA: &str = "kafka";

/// The part's name when the broker is in the process of `up`.
pub(crate) const EMBEDDED_BROKER: &str = "embedded broker";

/// The content of `run.json`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunFile {
    /// The process that runs everything.
    pub(crate) pid: u32,
    /// When it started, in seconds since 1970.
    pub(crate) started_at: u64,
    /// `embedded` or `kafka`.
    pub(crate) broker: String,
    /// `mariadb` or `mysql`.
    pub(crate) database: String,
    /// The URL of the issuer whose tokens members send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    /// The file of the secret beside which a proxy may name a member. Without it and an issuer, everybody is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_secret: Option<PathBuf>,
    /// The shoppers' API.
    pub(crate) address: String,
    /// Every part; empty while they are still being started.
    pub(crate) parts: Vec<Part>,
}

/// One part that runs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// `host:port`, or a base URL.
    pub(crate) address: String,
    /// The URL that answers 200 when it is ready; none: its port answers.
    pub(crate) ready: Option<String>,
    /// The base URL of what is for operators only.
    #[serde(default)]
    pub(crate) internal: Option<String>,
}

impl RunFile {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("cannot understand {}", file.display()))
    }

    /// A reader never sees half of it.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let fresh = file.with_extension("json.new");
        let text = serde_json::to_string_pretty(self)?;
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, file))
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Where Kafka clients find the broker; `None` while it is still being started.
    pub(crate) fn broker_address(&self) -> Option<&str> {
        let is_broker = |part: &&Part| matches!(part.name.as_str(), KAFKA | EMBEDDED_BROKER);
        let broker = self.parts.iter().find(is_broker)?;
        Some(&broker.address)
    }

    pub(crate) fn age(&self) -> Duration {
        since_1970().saturating_sub(Duration::from_secs(self.started_at))
    }
}

pub(crate) fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
