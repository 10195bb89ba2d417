//! The running mall: all handles and base URLs. Must not know what the services say to each other.

use crate::event::{Event, step};
use crate::programs::{base_url, port_in};
use crate::{
    Balancer, Broker, CompositeService, Credentials, Database, IdentityProvider, Link, Links,
    MemberProxy, OrderService, PaymentSimulator, Place, Service, StackBuilder, ports,
};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

const STOP_LIMIT: Duration = Duration::from_secs(40);

/// Everything that runs. Dropped, it ends from the top down: the fields stand in that order.
pub struct Stack {
    /// The balancer in front of the composites, if there is one.
    pub balancer: Option<Balancer>,
    /// The composites.
    pub composites: Vec<Service>,
    /// The order services.
    pub order_services: Vec<Service>,
    /// The payment simulator.
    pub payment: Service,
    /// The member service.
    pub members: Service,
    /// The identity provider, if members come by token.
    pub identity: Option<IdentityProvider>,
    /// What proves a proxy that logs members in, if they come by one.
    pub member_proxy: Option<MemberProxy>,
    /// The database.
    pub database: Database,
    /// The broker.
    pub broker: Broker,
    /// The links between the services, if there are any.
    pub links: Option<Links>,
    wanted: StackBuilder,
    gateway: PaymentSimulator,
    composites_started: usize,
    order_services_started: usize,
}

/// What the services ask or are asked by, beside database and broker.
pub(crate) struct Beside {
    pub(crate) payment: Service,
    pub(crate) members: Service,
    pub(crate) identity: Option<IdentityProvider>,
    pub(crate) proxy: Option<MemberProxy>,
}

impl Stack {
    /// Says what a stack in that place shall be.
    pub fn builder(place: Place) -> StackBuilder {
        StackBuilder::new(place)
    }

    pub(crate) fn new(
        wanted: StackBuilder,
        broker: Broker,
        database: Database,
        beside: Beside,
        gateway: PaymentSimulator,
        links: Option<Links>,
    ) -> Self {
        Self {
            balancer: None,
            composites: Vec::new(),
            order_services: Vec::new(),
            payment: beside.payment,
            members: beside.members,
            identity: beside.identity,
            member_proxy: beside.proxy,
            database,
            broker,
            links,
            wanted,
            gateway,
            composites_started: 0,
            order_services_started: 0,
        }
    }

    /// Where its state and logs are.
    pub fn place(&self) -> &Place {
        &self.wanted.place
    }

    /// The base URL of the first composite.
    pub fn composite_url(&self) -> &str {
        self.composites.first().map_or("", Service::url)
    }

    /// Where shoppers go: the balancer's base URL, or the first composite's.
    pub fn shop_url(&self) -> &str {
        self.balancer
            .as_ref()
            .map_or_else(|| self.composite_url(), Balancer::url)
    }

    /// The base URL of the first order service.
    pub fn order_url(&self) -> &str {
        self.order_services.first().map_or("", Service::url)
    }

    /// The base URL of the payment simulator.
    pub fn payment_url(&self) -> &str {
        self.payment.url()
    }

    /// The key that the payment simulator wants to be shown.
    pub fn payment_secret_key(&self) -> &str {
        &self.gateway.secret_key
    }

    /// The payment simulator's ledger.
    pub fn payment_ledger(&self) -> &Path {
        &self.gateway.ledger
    }

    /// Where Kafka clients find the broker.
    pub fn bootstrap_servers(&self) -> &str {
        self.broker.bootstrap_servers()
    }

    /// How to use the database `orders`.
    pub fn credentials(&self) -> Credentials {
        self.database.credentials()
    }

    /// Starts one more order service and waits until it is ready. One that was terminated may be taken out of the list.
    pub fn add_order_service(&mut self) -> Result<&mut Service> {
        let count = self.order_services_started;
        self.order_services_started += 1;
        let port = port_of(count, self.wanted.order_port)?;
        let service = self
            .order_service(port, ports::following(port)?)?
            .start(&self.wanted.place, &nth("order-service", count))?;
        Ok(pushed(&mut self.order_services, service))
    }

    /// Starts one more composite and waits until it is ready. One that was terminated may be taken out of the list.
    pub fn add_composite(&mut self) -> Result<&mut Service> {
        let count = self.composites_started;
        self.composites_started += 1;
        let port = port_of(count, self.wanted.composite_port)?;
        let service = self
            .composite(port, ports::following(port)?)?
            .start(&self.wanted.place, &nth("composite-service", count))?;
        Ok(pushed(&mut self.composites, service))
    }

    /// Our own programs, from the top down.
    pub fn http_services(&self) -> Vec<&Service> {
        self.composites
            .iter()
            .chain(&self.order_services)
            .chain([&self.payment, &self.members])
            .chain(self.identity.as_ref().map(IdentityProvider::service))
            .collect()
    }

    /// Every child process, from the top down.
    pub fn children(&mut self) -> Vec<&mut Service> {
        let mut children: Vec<&mut Service> = Vec::new();
        children.extend(self.balancer.as_mut().map(Balancer::service));
        children.extend(&mut self.composites);
        children.extend(&mut self.order_services);
        children.extend([&mut self.payment, &mut self.members]);
        children.extend(self.identity.as_mut().map(IdentityProvider::service_mut));
        children.push(self.database.service());
        children.extend(self.broker.services());
        children.extend(self.links.as_mut().map(Links::proxy));
        children
    }

    /// Shuts everything down from the top, reporting each step; what doesn't end in time is killed when its handle drops.
    pub fn stop(mut self, tell: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let mut all_well = Ok(());
        for child in self.children() {
            if child.is_running() {
                let name = child.name().to_owned();
                let ended = step(tell, &name, || child.terminate(STOP_LIMIT).map(drop));
                all_well = all_well.and(ended);
            }
        }
        all_well
    }

    /// Starts the services on top of broker, database and gateway.
    pub(crate) fn fill(&mut self, tell: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let tools = self.order_service(0, 0)?;
        step(tell, "migrations", || tools.migrate(&self.wanted.place))?;
        if let Some(file) = &self.wanted.catalogue {
            step(tell, "catalogue", || {
                tools.import_catalogue(&self.wanted.place, file)
            })?;
        }
        for count in 0..self.wanted.order_services {
            step(tell, &nth("order-service", count), || {
                self.add_order_service().map(drop)
            })?;
        }
        for count in 0..self.wanted.composites {
            step(tell, &nth("composite-service", count), || {
                self.add_composite().map(drop)
            })?;
        }
        if self.wanted.balancer {
            let servers = self
                .composites
                .iter()
                .map(|composite| port_in(composite.url()))
                .collect::<Result<Vec<u16>>>()?;
            let balancer = step(tell, "balancer", || {
                Balancer::start(&self.wanted.place, 0, &servers)
            })?;
            self.balancer = Some(balancer);
        }
        Ok(())
    }

    fn order_service(&self, port: u16, internal_port: u16) -> Result<OrderService> {
        let links = self.links.as_ref();
        let mut database = self.credentials();
        if let Some(links) = links {
            database.host = links.order_to_database.addresses();
        }
        Ok(OrderService {
            port,
            internal_port,
            bootstrap_servers: self.kafka_by(links.map(|links| &links.order_to_kafka)),
            topics: self.wanted.topics.clone(),
            database,
            env: self.env_with("order_service", false, &self.wanted.order_env)?,
        })
    }

    fn kafka_by(&self, link: Option<&Link>) -> String {
        link.map_or_else(|| self.bootstrap_servers().to_owned(), Link::addresses)
    }

    /// The broker's variables first, so that the wanted ones win. Without a balancer nothing needs time to notice that a service shuts down.
    fn env_with(
        &self,
        program: &str,
        is_balanced: bool,
        wanted: &[(String, String)],
    ) -> Result<Vec<(String, String)>> {
        let mut env = self.broker.client_env(program)?;
        if !is_balanced {
            env.push(("SHUTDOWN_DELAY_SECONDS".to_owned(), "0".to_owned()));
        }
        env.extend_from_slice(wanted);
        Ok(env)
    }

    fn composite(&self, port: u16, internal_port: u16) -> Result<CompositeService> {
        let links = self.links.as_ref();
        let identity = self.identity.as_ref().map(IdentityProvider::client_env);
        let proxy = self.member_proxy.as_ref().map(MemberProxy::client_env);
        let mut wanted: Vec<_> = identity.into_iter().chain(proxy).flatten().collect();
        // Later ones win.
        wanted.extend_from_slice(&self.wanted.composite_env);
        let url_by = |link: Option<&Link>, own: String| {
            link.map_or(own, |link| format!("http://{}", link.addresses()))
        };
        Ok(CompositeService {
            bind: self.wanted.bind,
            port,
            internal_port,
            bootstrap_servers: self.kafka_by(links.map(|links| &links.composite_to_kafka)),
            topics: self.wanted.topics.clone(),
            order_service_url: url_by(
                links.map(|links| &links.composite_to_order),
                self.order_url().to_owned(),
            ),
            payment_url: url_by(
                links.map(|links| &links.composite_to_gateway),
                base_url(self.gateway.port),
            ),
            secret_key: self.gateway.secret_key.clone(),
            member_service_url: self.members.url().to_owned(),
            env: self.env_with("composite_service", self.wanted.balancer, &wanted)?,
        })
    }
}

/// The first of a kind takes the wanted port (0: a free one), the others the next free ones.
fn port_of(count: usize, wanted: u16) -> Result<u16> {
    if count == 0 {
        ports::given_or_free(wanted)
    } else {
        ports::following(wanted)
    }
}

fn pushed(services: &mut Vec<Service>, service: Service) -> &mut Service {
    services.push(service);
    let last = services.len() - 1;
    &mut services[last]
}

fn nth(name: &str, count: usize) -> String {
    if count == 0 {
        name.to_owned()
    } else {
        format!("{name}-{}", count + 1)
    }
}
