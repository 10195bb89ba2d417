//! Where a group member's parts note how it does, and readiness reads it.

use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::error::KafkaError;
use tokio::time::Instant;

use crate::kafka::member_health::{MemberHealth, Unwell};
use crate::kafka::member_state::is_joined;
use crate::kafka::rights::Lack;
use crate::kafka::topic_state::{TopicId, TopicState};

/// A member's health. Cheap to clone; all clones are of one member.
#[derive(Debug, Clone)]
pub struct HealthBoard {
    health: Arc<Mutex<MemberHealth>>,
    started_at: Instant,
}

impl Default for HealthBoard {
    fn default() -> Self {
        Self {
            health: Arc::default(),
            started_at: Instant::now(),
        }
    }
}

impl HealthBoard {
    /// The brokers say this of the topic.
    pub fn topic(&self, state: TopicState) {
        self.health.lock().topic(state);
    }

    /// The brokers don't grant this right, without which the service sells nothing, or grant all of them.
    pub fn lacks(&self, lack: Option<Lack>) {
        self.health.lock().lacks(lack);
    }

    /// Another member takes the place of the last one; it will read the topic with this id.
    pub fn begin(&self, id: TopicId) {
        self.health.lock().begin(id);
    }

    /// The member's client gives out these statistics, in JSON.
    pub fn statistics(&self, statistics: &[u8]) {
        match is_joined(statistics) {
            Ok(is_joined) => self.seen(is_joined),
            Err(error) => log::error!("the client's statistics can't be read: {error}"),
        }
    }

    /// The member is in the group, or is not.
    pub fn seen(&self, is_in_group: bool) {
        self.health
            .lock()
            .seen(is_in_group, self.started_at.elapsed());
    }

    /// A poll has failed.
    pub fn failed(&self, error: &KafkaError) {
        if let Some(code) = error.rdkafka_error_code() {
            self.health.lock().failed(code, self.started_at.elapsed());
        }
    }

    /// The member has read a record, or was given partitions.
    pub fn works(&self) {
        self.health.lock().works();
    }

    /// What is wrong with the member now, if anything is.
    #[must_use]
    pub fn unwell(&self) -> Option<Unwell> {
        self.health.lock().unwell(self.started_at.elapsed())
    }

    /// Whether the member is to be replaced.
    #[must_use]
    pub fn is_to_be_renewed(&self) -> bool {
        self.health
            .lock()
            .is_to_be_renewed(self.started_at.elapsed())
    }
}
