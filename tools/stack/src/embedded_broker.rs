//! librdkafka's own small broker inside this process. Its records die with it. Must not know what they are.
//!
//! The mock cluster may not move between threads, so one thread keeps it and works off a queue of jobs.

use crate::Topic;
use anyhow::{Context, Result, anyhow};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// The cluster as its thread holds it.
pub type Cluster = MockCluster<'static, DefaultProducerContext>;

type Job = Box<dyn FnOnce(&Cluster) + Send>;

/// A broker without a process: it speaks Kafka on a port of its own choice.
pub struct EmbeddedBroker {
    bootstrap: String,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts it, without topics.
    pub fn start() -> Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let (started, start) = channel();
        let thread = thread::spawn(move || match MockCluster::new(1) {
            Ok(cluster) => {
                // The receiver waits in `start`, so this can't fail.
                let _ = started.send(Ok(cluster.bootstrap_servers()));
                inbox.iter().for_each(|job| job(&cluster));
            }
            Err(error) => drop(started.send(Err(error))),
        });
        let bootstrap = start
            .recv()
            .context("the embedded broker's thread ended")?
            .context("cannot start the embedded broker")?;
        Ok(Self {
            bootstrap,
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic; one that exists is left as it is.
    pub fn create_topic(&self, topic: &Topic) -> Result<()> {
        let wanted = topic.clone();
        let created =
            self.with(move |cluster| cluster.create_topic(&wanted.name, wanted.partitions, 1))?;
        match created {
            Err(KafkaError::MockCluster(RDKafkaErrorCode::TopicAlreadyExists)) => Ok(()),
            other => other.with_context(|| format!("cannot create the topic {}", topic.name)),
        }
    }

    /// Does something to the cluster itself: takes its broker down, slows it, makes it answer errors.
    pub fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Cluster) -> R + Send + 'static,
    ) -> Result<R> {
        let (reply, answer) = channel();
        let job: Job = Box::new(move |cluster| drop(reply.send(work(cluster))));
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        sent.then(|| answer.recv().ok())
            .flatten()
            .ok_or_else(|| anyhow!("the embedded broker's thread ended"))
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        // The thread ends when no sender is left, so the sender goes first; joining before would wait for ever.
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic in a job was an error for its caller already.
            let _ = thread.join();
        }
    }
}
