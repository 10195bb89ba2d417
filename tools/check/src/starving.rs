//! Asks services whose topic is away whether they are ready. Must not judge what they say.

use crate::faults::FaultKind;
use crate::recovery::Starved;
use crate::topics::{COMPOSITE, ORDERS};
use serde_json::Value;
use stack::Stack;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

/// The services that read a topic which a fault has deleted.
pub(crate) struct Starving {
    urls: Vec<String>,
    /// What they have said up to now.
    pub(crate) said: Vec<Starved>,
    agent: ureq::Agent,
}

impl Starving {
    /// Nobody, unless the fault keeps a topic away for long.
    pub(crate) fn of(fault: FaultKind, stack: &Stack) -> Self {
        let services = match fault.starved_of() {
            Some(ORDERS) => stack.order_services.as_slice(),
            Some(COMPOSITE) => stack.composites.as_slice(),
            _ => &[],
        };
        let starved = |name: &str| Starved {
            fault,
            service: name.to_owned(),
            reason: None,
        };
        Self {
            urls: services
                .iter()
                .map(|service| service.ready_url().to_owned())
                .collect(),
            said: services
                .iter()
                .map(|service| starved(service.name()))
                .collect(),
            agent: stack::direct(LIMIT)
                .http_status_as_error(false)
                .build()
                .into(),
        }
    }

    /// Asks those again that have not yet named their topic.
    pub(crate) fn ask(&mut self) {
        for (url, starved) in self.urls.iter().zip(&mut self.said) {
            let topic = starved.fault.starved_of().unwrap_or_default();
            let is_told = |reason: &String| reason.contains(topic);
            if !starved.reason.as_ref().is_some_and(is_told) {
                starved.reason = reason(&self.agent, url).or(starved.reason.take());
            }
        }
    }
}

/// Why the service is not ready; none when it is, or does not answer.
fn reason(agent: &ureq::Agent, url: &str) -> Option<String> {
    let mut answer = agent.get(url).call().ok()?;
    if answer.status() != 503 {
        return None;
    }
    let text = answer.body_mut().read_to_string().ok()?;
    let body: Value = serde_json::from_str(&text).ok()?;
    body["reason"].as_str().map(str::to_owned)
}
