//! Whether a client is in its group, by the statistics that librdkafka gives out: nothing else of it tells. Pure.

use serde::Deserialize;

/// Only what is needed of them: all of it would be a hundred numbers for each partition.
#[derive(Deserialize)]
struct Statistics {
    cgrp: Option<GroupState>,
}

/// The words are those of librdkafka's `STATISTICS.md`.
#[derive(Deserialize)]
struct GroupState {
    state: String,
    join_state: String,
}

/// Whether the client with these statistics, in JSON, knows its coordinator and has joined: no join or assignment is under way.
///
/// # Errors
/// When they are not what librdkafka writes.
pub fn is_joined(statistics: &[u8]) -> serde_json::Result<bool> {
    let Statistics { cgrp } = serde_json::from_slice(statistics)?;
    Ok(cgrp.is_some_and(|group| group.state == "up" && group.join_state == "steady"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_steady_member_whose_coordinator_is_known_has_joined() {
        for (statistics, expected) in [
            (
                r#"{"name":"x","cgrp":{"state":"up","join_state":"steady","stateage":3}}"#,
                true,
            ),
            (r#"{"cgrp":{"state":"up","join_state":"wait-join"}}"#, false),
            (
                r#"{"cgrp":{"state":"query-coord","join_state":"steady"}}"#,
                false,
            ),
            (r#"{"brokers":{}}"#, false),
        ] {
            assert_eq!(
                is_joined(statistics.as_bytes()).unwrap(),
                expected,
                "{statistics}"
            );
        }
        assert!(is_joined(b"{").is_err());
    }
}
