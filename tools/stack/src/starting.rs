//! Starts a stack bottom-up. Must not know how a single part is started.

use crate::event::{Event, step};
use crate::links::FarEnds;
use crate::running::Beside;
use crate::{
    Broker, BrokerKind, Database, IdentityProvider, Links, MemberAuth, MemberProxy, MemberService,
    PaymentSimulator, Stack, StackBuilder, ports, secrets,
};
use anyhow::{Result, bail};

impl StackBuilder {
    /// Starts all of it; when a part fails, those that were started are stopped again.
    pub fn start(self) -> Result<Stack> {
        self.start_telling(&mut |_| {})
    }

    /// The same, reporting each step.
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
        let mut broker = step(tell, &self.broker_name(), || {
            Broker::start_with_doors(
                self.broker,
                self.kafka_version,
                &self.place,
                self.kafka_port,
                doors,
            )
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
        // charges belong to orders, so the ledger is kept beside the database that holds these orders
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
        let identity = match self.member_auth {
            MemberAuth::Open | MemberAuth::Proxy => None,
            MemberAuth::Jwt => Some(step(tell, "identity-provider", || {
                IdentityProvider::start(&self.place, self.identity_port)
            })?),
        };
        let proxy = match self.member_auth {
            MemberAuth::Proxy => Some(MemberProxy::prepare(&self.place)?),
            MemberAuth::Open | MemberAuth::Jwt => None,
        };
        let links = links.map(|(links, _)| links);
        let beside = Beside {
            payment,
            members,
            identity,
            proxy,
        };
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

    fn broker_name(&self) -> String {
        let kafka = self.kafka_version;
        match self.broker {
            BrokerKind::Embedded => "embedded broker".to_owned(),
            BrokerKind::Kafka => kafka.to_string(),
            BrokerKind::SecureKafka => format!("{kafka} with logins"),
            BrokerKind::KafkaCluster => format!("{kafka} of three nodes"),
        }
    }
}
