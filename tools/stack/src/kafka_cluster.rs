//! Three real Apache Kafka nodes as child processes: every partition has three replicas, and a record is taken when two have it.
//! Must not know what the records are.

use crate::kafka_admin::{ADMIN_LIMIT, KafkaAdmin};
use crate::kafka_broker::{KafkaBroker, START_LIMIT};
use crate::kafka_node::NodeSettings;
use crate::{Door, KafkaVersion, Place, Topic, ports, until};
use anyhow::{Context, Result, bail};
use std::thread;

/// How many nodes there are: the smallest number that can lose one.
pub const NODES: usize = 3;

/// The handles of the children; they end with the handle.
pub struct KafkaCluster {
    nodes: Vec<KafkaBroker>,
    bootstrap: String,
}

impl KafkaCluster {
    /// Starts all nodes on free ports and waits until they have found each other; formats their storage when that is new.
    pub fn start(place: &Place) -> Result<Self> {
        Self::start_with_doors(place, KafkaVersion::default(), vec![Vec::new(); NODES])
    }

    /// The same of that version, with further doors of each node.
    pub(crate) fn start_with_doors(
        place: &Place,
        version: KafkaVersion,
        doors: Vec<Vec<Door>>,
    ) -> Result<Self> {
        if doors.len() != NODES {
            bail!("doors are wanted for each of the {NODES} nodes");
        }
        let controllers = (0..NODES)
            .map(|_| ports::free_port())
            .collect::<Result<Vec<u16>>>()?;
        let mut settings = Vec::new();
        for (id, doors) in (1..).zip(doors) {
            settings.push(NodeSettings {
                id,
                name: format!("kafka-{id}"),
                version,
                port: ports::free_port()?,
                controllers: controllers.clone(),
                doors,
                login: None,
            });
        }
        let nodes = launch_all(place, &settings)?;
        let addresses: Vec<&str> = nodes.iter().map(KafkaBroker::bootstrap_servers).collect();
        let mut cluster = Self {
            bootstrap: addresses.join(","),
            nodes,
        };
        for node in &mut cluster.nodes {
            node.wait_ready()?;
        }
        cluster.wait_whole()?;
        Ok(cluster)
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic and waits until all replicas of it are there; one that exists is left as it is.
    pub fn create_topic(&self, topic: &Topic) -> Result<()> {
        let admin = KafkaAdmin::new(&self.bootstrap)?;
        admin.order_topic(topic)?;
        until(
            &format!("waiting for the topic {}", topic.name),
            ADMIN_LIMIT,
            || Ok((admin.has_leaders(topic) && admin.is_whole(NODES)).then_some(())),
        )
    }

    /// The nodes themselves.
    pub fn nodes(&mut self) -> &mut [KafkaBroker] {
        &mut self.nodes
    }

    /// Which node, counted from 0, leads a partition; waits for one while a leader is being elected.
    pub fn leader_of(&self, topic: &str, partition: i32) -> Result<usize> {
        let admin = KafkaAdmin::new(&self.bootstrap)?;
        let what = format!("waiting for a leader of {topic}-{partition}");
        let leader = until(&what, ADMIN_LIMIT, || Ok(admin.leader_of(topic, partition)))?;
        let node = usize::try_from(leader - 1)?;
        Ok(node)
    }

    /// Kills a node as a power cut would.
    pub fn kill_9(&mut self, node: usize) -> Result<()> {
        self.node(node)?.kill_9()
    }

    /// Starts a node again on the same data and port, and waits until every replica is in sync: then another may be killed.
    pub fn restart(&mut self, node: usize) -> Result<()> {
        self.node(node)?.restart()?;
        self.wait_whole()
    }

    /// Starts all nodes again, once they were killed, without any of their records, topics and offsets.
    pub fn restart_empty(&mut self) -> Result<()> {
        self.nodes
            .iter_mut()
            .try_for_each(KafkaBroker::launch_empty)?;
        self.nodes
            .iter_mut()
            .try_for_each(KafkaBroker::wait_ready)?;
        self.wait_whole()
    }

    /// Waits until all nodes are there, and every replica is in sync.
    pub fn wait_whole(&self) -> Result<()> {
        let admin = KafkaAdmin::new(&self.bootstrap)?;
        until(
            "waiting until Kafka's replicas are in sync",
            START_LIMIT,
            || Ok(admin.is_whole(NODES).then_some(())),
        )
    }

    fn node(&mut self, node: usize) -> Result<&mut KafkaBroker> {
        self.nodes
            .get_mut(node)
            .with_context(|| format!("there is no Kafka node {node}"))
    }
}

impl Drop for KafkaCluster {
    /// Kills all at once: in an orderly shutdown the last nodes would wait for others to take over.
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // `drop` can't return an error, and the node's own handle tries again.
            let _ = node.kill_9();
        }
    }
}

/// Starts all at once, because no node is ready before it has found a second one.
fn launch_all(place: &Place, settings: &[NodeSettings]) -> Result<Vec<KafkaBroker>> {
    thread::scope(|scope| {
        let launches: Vec<_> = settings
            .iter()
            .map(|settings| scope.spawn(move || KafkaBroker::launch(place, settings)))
            .collect();
        launches
            .into_iter()
            .map(|launch| {
                launch
                    .join()
                    .unwrap_or_else(|_| bail!("starting Kafka panicked"))
            })
            .collect()
    })
}
