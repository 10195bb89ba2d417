//! Finds programs from outside of this workspace, and has the script `mall` install those that are missing. Must not know how.

use crate::KafkaVersion;
use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A part that comes from a package registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Debian's mariadb-server; found as the path of `mariadbd`.
    MariaDb,
    /// Apache Kafka's jars; found as the folder that holds them.
    Kafka(KafkaVersion),
    /// MySQL in a folder of its own; found as that folder.
    MySql,
    /// Toxiproxy; found as its program.
    Toxiproxy,
    /// Debian's haproxy; found as its program.
    Haproxy,
    /// Independent readers of the API's documents; found as the folder that holds them.
    ApiTools,
    /// Debian's Chromium with its driver; found as the driver's program.
    Chromium,
    /// mock-oauth2-server's jars; found as the folder that holds them.
    MockOauth2Server,
    /// Keycloak; found as its folder.
    Keycloak,
}

impl fmt::Display for Part {
    /// What `mall provision` calls it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Kafka(version) => return version.fmt(formatter),
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
            Self::Toxiproxy => "toxiproxy",
            Self::Haproxy => "haproxy",
            Self::ApiTools => "api-tools",
            Self::Chromium => "chromium",
            Self::MockOauth2Server => "mock-oauth2-server",
            Self::Keycloak => "keycloak",
        })
    }
}

static FOUND: Mutex<BTreeMap<Part, PathBuf>> = Mutex::new(BTreeMap::new());

/// Where the part is; installs it first when it is missing, which takes a while.
pub fn provide(part: Part) -> Result<PathBuf> {
    let mut found = FOUND.lock();
    if let Some(path) = found.get(&part) {
        return Ok(path.clone());
    }
    let path = provisioned(part)?;
    found.insert(part, path.clone());
    Ok(path)
}

/// Whether the test script could not install MySQL on this machine; tests of MySQL then end at once. That is printed to standard error
/// directly, since the test harness shows a test's own output only when the test fails.
#[expect(
    clippy::disallowed_methods,
    reason = "one variable, read here only, set by the test script"
)]
pub fn mysql_is_left_out() -> bool {
    let left_out = std::env::var("MALL_MYSQL").is_ok_and(|value| value == "absent");
    if left_out {
        // a closed standard error is no reason to fail
        let _ = stderr().write_all(b"left out: MySQL could not be had on this machine\n");
    }
    left_out
}

/// The repository's root: where the script `mall` is.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

fn provisioned(part: Part) -> Result<PathBuf> {
    let script = root().join("mall");
    let run = Command::new(&script)
        .arg("provision")
        .arg(part.to_string())
        .output();
    let run = run.with_context(|| format!("cannot run {}", script.display()))?;
    if !run.status.success() {
        bail!(
            "cannot install {part}:\n{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
    let output = String::from_utf8_lossy(&run.stdout);
    let last = output
        .lines()
        .last()
        .with_context(|| format!("{} did not say where {part} is", script.display()))?;
    Ok(PathBuf::from(last))
}
