//! The links between a mall's parts that can be disturbed one by one. Must not know how they are disturbed, or what they carry.

use crate::{Door, Link, Place, Service, Toxiproxy, ports};
use anyhow::Result;

/// Every link goes through one Toxiproxy. Those of a kind of service are common to all its instances.
pub struct Links {
    /// Order services → database.
    pub order_to_database: Link,
    /// Order services → Kafka.
    pub order_to_kafka: Link,
    /// Composites → Kafka.
    pub composite_to_kafka: Link,
    /// Composites → the order service that they read from.
    pub composite_to_order: Link,
    /// Composites → payment gateway.
    pub composite_to_gateway: Link,
    proxy: Toxiproxy,
}

/// The servers' own ports, at the links' far ends.
pub(crate) struct FarEnds {
    pub(crate) database: u16,
    pub(crate) order_service: u16,
    pub(crate) gateway: u16,
    /// For each Kafka node its listener for order services, and the one for composites.
    pub(crate) kafka: Vec<[u16; 2]>,
}

impl FarEnds {
    /// Free ports for so many Kafka nodes.
    pub(crate) fn with_kafka_nodes(
        nodes: usize,
        database: u16,
        order_service: u16,
        gateway: u16,
    ) -> Result<Self> {
        let mut kafka = Vec::new();
        for _ in 0..nodes {
            kafka.push([ports::free_port()?, ports::free_port()?]);
        }
        Ok(Self {
            database,
            order_service,
            gateway,
            kafka,
        })
    }
}

impl Links {
    /// Starts the proxy; the far ends need not run yet.
    pub(crate) fn start(place: &Place, far: &FarEnds) -> Result<Self> {
        let proxy = Toxiproxy::start(place)?;
        let doors = |of: usize| -> Vec<u16> { far.kafka.iter().map(|node| node[of]).collect() };
        Ok(Self {
            order_to_database: proxy.link("order-database", &[far.database])?,
            order_to_kafka: proxy.link("order-kafka", &doors(0))?,
            composite_to_kafka: proxy.link("composite-kafka", &doors(1))?,
            composite_to_order: proxy.link("composite-order", &[far.order_service])?,
            composite_to_gateway: proxy.link("composite-gateway", &[far.gateway])?,
            proxy,
        })
    }

    /// The listeners that each Kafka node needs: each advertises its link, so that clients of a link stay on it.
    pub(crate) fn doors(&self, far: &FarEnds) -> Vec<Vec<Door>> {
        let door = |name: &str, port, advertised| Door {
            name: name.to_owned(),
            port,
            advertised,
        };
        let (order, composite) = (self.order_to_kafka.ports(), self.composite_to_kafka.ports());
        far.kafka
            .iter()
            .zip(order.into_iter().zip(composite))
            .map(|(node, (order, composite))| {
                vec![
                    door("ORDER", node[0], order),
                    door("COMPOSITE", node[1], composite),
                ]
            })
            .collect()
    }

    /// All of them.
    pub fn all(&self) -> [&Link; 5] {
        [
            &self.order_to_database,
            &self.order_to_kafka,
            &self.composite_to_kafka,
            &self.composite_to_order,
            &self.composite_to_gateway,
        ]
    }

    /// The proxy's process.
    pub fn proxy(&mut self) -> &mut Service {
        self.proxy.service()
    }
}

impl Link {
    /// `host:port` of its near ends, comma-separated.
    pub(crate) fn addresses(&self) -> String {
        let addresses: Vec<String> = self
            .ports()
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        addresses.join(",")
    }
}
