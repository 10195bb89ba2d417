//! The depth of the mall's mailboxes, from each service's `/metrics`. Must not know the actors.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::processes::Watched;

/// A service that takes longer to tell is left out for that second.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(200);

/// The mailboxes of all actors of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailboxSample {
    /// The process.
    pub process: String,
    /// The type of actor.
    pub actor: String,
    /// Messages that wait.
    pub waiting: u64,
}

/// Asks those of the watched processes that tell.
pub(super) struct MailboxWatch {
    /// (process, URL).
    asked: Vec<(String, String)>,
    agent: ureq::Agent,
}

impl MailboxWatch {
    pub(super) fn new(watched: &[Watched]) -> Self {
        let asked = watched.iter().filter_map(|process| {
            let internal = process.internal.as_ref()?;
            Some((process.name.clone(), format!("{internal}/metrics")))
        });
        Self {
            asked: asked.collect(),
            agent: stack::direct(REQUEST_TIMEOUT).build().into(),
        }
    }

    /// How things stand.
    pub(super) fn look(&self) -> Vec<MailboxSample> {
        let tell = |(process, url): &(String, String)| {
            let text = self.agent.get(url).call().and_then(|mut answer| {
                let body = answer.body_mut();
                body.read_to_string()
            });
            read(process, &text.unwrap_or_default())
        };
        self.asked.iter().flat_map(tell).collect()
    }
}

/// Reads `actor_mailbox_size{actor="…"} 3`, one line for each type of actor.
fn read(process: &str, metrics: &str) -> Vec<MailboxSample> {
    let sample = |line: &str| {
        let rest = line.strip_prefix("actor_mailbox_size{actor=\"")?;
        let (actor, waiting) = rest.split_once("\"} ")?;
        Some(MailboxSample {
            process: process.to_owned(),
            actor: actor.to_owned(),
            waiting: waiting.parse().ok()?,
        })
    };
    metrics.lines().filter_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mailbox_depths_are_read() {
        let metrics = "# TYPE actor_mailbox_size gauge\n\
            actor_mailbox_size{actor=\"Journal\"} 12\n\
            actor_mailbox_size{actor=\"OrderActor\"} 0\n\
            actor_mailbox_time_seconds_count{actor=\"Journal\"} 7\n\
            actor_live{actor=\"Journal\"} 1\n";
        let sample = |actor: &str, waiting| MailboxSample {
            process: "order-service".to_owned(),
            actor: actor.to_owned(),
            waiting,
        };
        assert_eq!(
            read("order-service", metrics),
            [sample("Journal", 12), sample("OrderActor", 0)]
        );
        assert_eq!(read("order-service", ""), []);
    }
}
