//! `mall status`: what runs, where, and whether it is ready. Must not know how it was started.

use crate::home::Home;
use crate::run_file::{Part, RunFile};
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use stack::answers_ok;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::process::ExitCode;
use terminal::tell;

/// `status` when nothing runs.
const NOT_RUNNING: u8 = 3;

/// Show what runs, where, and whether it is ready (exit status 3: nothing runs)
#[derive(Args)]
pub(crate) struct Status {
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    home: Home,
}

/// What `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    running: bool,
    #[serde(flatten)]
    mall: Option<&'a RunFile>,
    /// Whether each part is ready, by its name.
    ready: BTreeMap<&'a str, bool>,
}

impl Status {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let running = self.home.running()?;
        if self.json {
            tell(serde_json::to_string_pretty(&report(running.as_ref()))?);
        } else {
            tell_people(running.as_ref());
        }
        Ok(match running {
            Some(_) => ExitCode::SUCCESS,
            None => ExitCode::from(NOT_RUNNING),
        })
    }
}

fn report(mall: Option<&RunFile>) -> Report<'_> {
    let parts = mall.into_iter().flat_map(|mall| &mall.parts);
    Report {
        running: mall.is_some(),
        mall,
        ready: parts
            .map(|part| (part.name.as_str(), is_ready(part)))
            .collect(),
    }
}

fn tell_people(mall: Option<&RunFile>) {
    let Some(mall) = mall else {
        return tell("nothing runs");
    };
    let (broker, database) = (&mall.broker, &mall.database);
    tell(format!(
        "up for {} s (pid {}, broker {broker}, database {database})",
        mall.age().as_secs(),
        mall.pid
    ));
    if mall.parts.is_empty() {
        tell("still starting");
    } else {
        tell(match (&mall.issuer, &mall.proxy_secret) {
            (Some(issuer), _) => format!("members come by token of {issuer}: `mall token MEMBER`"),
            (None, Some(file)) => format!(
                "members are believed by the header X-Member-Id, beside X-Proxy-Secret of {}",
                file.display()
            ),
            (None, None) => "members are believed by the header X-Member-Id".to_owned(),
        });
    }
    for part in &mall.parts {
        let state = if is_ready(part) { "ready" } else { "NOT READY" };
        tell(format!(
            "  {:<22} {:<28} pid {:<8} {state}",
            part.name, part.address, part.pid
        ));
        if let Some(internal) = &part.internal {
            tell(format!("  {:<22} {internal}/metrics", "  for operators"));
        }
    }
}

fn is_ready(part: &Part) -> bool {
    match &part.ready {
        Some(url) => answers_ok(url),
        None => TcpStream::connect(&part.address).is_ok(),
    }
}
