//! Says what a stack shall be, and starts it bottom-up. Must not know how a single part is started.

use crate::links::FarEnds;
use crate::{
    Broker, BrokerKind, Database, Event, Flavour, LOOPBACK, Links, MemberService, PaymentSimulator,
    Place, Stack, Topic, Topics, ports, secrets,
};
use anyhow::{Result, bail};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Instant;

/// The wanted stack. Ports are 0, a free one, unless set.
#[derive(Clone)]
pub struct StackBuilder {
    /// Where state and logs are kept.
    pub place: Place,
    /// Which broker.
    pub broker: BrokerKind,
    /// Which database.
    pub database: Flavour,
    /// The topics and their partitions.
    pub topics: Topics,
    /// Further topics that are made.
    pub extra_topics: Vec<Topic>,
    /// How many order services.
    pub order_services: usize,
    /// How many composites.
    pub composites: usize,
    /// The address that the composites listen on; everything else stays on 127.0.0.1.
    pub bind: IpAddr,
    /// The first composite's port; further ones take the following free ports.
    pub composite_port: u16,
    /// The first order service's port; further ones take the following free ports.
    pub order_port: u16,
    /// The payment simulator's port.
    pub payment_port: u16,
    /// The member service's port.
    pub member_port: u16,
    /// Kafka's port; the embedded broker chooses its own.
    pub kafka_port: u16,
    /// The database's port.
    pub database_port: u16,
    /// Whether the services reach database, Kafka, gateway and each other through [`Links`] that can be disturbed. Needs a real Kafka:
    /// the embedded broker sends its clients to its own port.
    pub links: bool,
    /// Whether a [`Balancer`](crate::Balancer) stands in front of the composites that are there from the beginning.
    pub balancer: bool,
    /// The catalogue to import; none leaves the tables empty.
    pub catalogue: Option<PathBuf>,
    /// Further variables of the order services.
    pub order_env: Vec<(String, String)>,
    /// Further variables of the composites.
    pub composite_env: Vec<(String, String)>,
    /// Further variables of the payment simulator.
    pub payment_env: Vec<(String, String)>,
}

impl StackBuilder {
    /// One of everything: embedded broker, MariaDB, four partitions a topic, no catalogue.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            broker: BrokerKind::default(),
            database: Flavour::default(),
            topics: Topics::with_partitions(4, 4),
            extra_topics: Vec::new(),
            order_services: 1,
            composites: 1,
            bind: LOOPBACK,
            composite_port: 0,
            order_port: 0,
            payment_port: 0,
            member_port: 0,
            kafka_port: 0,
            database_port: 0,
            links: false,
            balancer: false,
            catalogue: None,
            order_env: Vec::new(),
            composite_env: Vec::new(),
            payment_env: Vec::new(),
        }
    }

    /// Starts all of it; what was started ends again when a later part fails.
    pub fn start(self) -> Result<Stack> {
        self.start_telling(&mut |_| {})
    }

    /// The same, telling what happens.
    pub fn start_telling(mut self, tell: &mut dyn FnMut(Event<'_>)) -> Result<Stack> {
        let links = if self.links {
            self.choose_ports()?;
            Some(step(tell, "links", || self.start_links())?)
        } else {
            None
        };
        let doors = match &links {
            Some((links, far)) => links.doors(far),
            None => vec![Vec::new(); self.broker.kafka_nodes()],
        };
        let mut broker = step(tell, self.broker_name(), || {
            Broker::start_with_doors(self.broker, &self.place, self.kafka_port, doors)
        })?;
        step(tell, "topics", || {
            let all = self.topics.all();
            all.iter()
                .chain(&self.extra_topics)
                .try_for_each(|topic| broker.create_topic(topic))
        })?;
        let name = self.database.name();
        let database = step(tell, name, || {
            Database::start(self.database, &self.place, self.database_port)
        })?;
        // what was charged belongs to the orders it was charged for, so both are kept together
        let folder = self.place.data_of(name)?;
        let gateway = PaymentSimulator {
            port: ports::given_or_free(self.payment_port)?,
            ledger: folder.join("payments.ledger"),
            secret_key: secrets::kept_in(&folder.join("payment.key"))?,
            env: self.payment_env.clone(),
        };
        let payment = step(tell, "payment-simulator", || {
            gateway.start(&self.place, "payment-simulator")
        })?;
        let members = step(tell, "member-service", || {
            let port = ports::given_or_free(self.member_port)?;
            MemberService { port }.start(&self.place, "member-service")
        })?;
        let links = links.map(|(links, _)| links);
        let beside = (payment, members);
        let mut stack = Stack::new(self, broker, database, beside, gateway, links);
        stack.fill(tell)?;
        Ok(stack)
    }

    /// Links must know their far ends' ports before those run.
    fn choose_ports(&mut self) -> Result<()> {
        for port in [
            &mut self.payment_port,
            &mut self.database_port,
            &mut self.order_port,
        ] {
            *port = ports::given_or_free(*port)?;
        }
        Ok(())
    }

    fn start_links(&self) -> Result<(Links, FarEnds)> {
        if self.broker == BrokerKind::Embedded {
            bail!("links need a real Kafka");
        }
        let far = FarEnds::with_kafka_nodes(
            self.broker.kafka_nodes(),
            self.database_port,
            self.order_port,
            self.payment_port,
        )?;
        Ok((Links::start(&self.place, &far)?, far))
    }

    fn broker_name(&self) -> &'static str {
        match self.broker {
            BrokerKind::Embedded => "embedded broker",
            BrokerKind::Kafka => "kafka",
            BrokerKind::KafkaCluster => "three kafkas",
        }
    }
}

/// Tells the begin and the end of one step.
pub(crate) fn step<T>(
    tell: &mut dyn FnMut(Event<'_>),
    name: &str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let begin = Instant::now();
    tell(Event::Begins(name));
    let result = work();
    tell(Event::Ends(name, begin.elapsed(), result.is_ok()));
    result
}
