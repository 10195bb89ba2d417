//! The running mall: all handles, base URLs and a look from outside. Must not know what the services say to each other.

use crate::stack::builder::step;
use crate::stack::programs::base_url;
use crate::stack::{
    Broker, CompositeService, Credentials, Database, OrderService, PaymentSimulator, Place,
    Service, StackBuilder, ports,
};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

const STOP_LIMIT: Duration = Duration::from_secs(40);

/// What is told while a stack starts or stops.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step begins.
    Begins(&'a str),
    /// It ended, after that time, well or not.
    Ends(&'a str, Duration, bool),
}

/// Everything that runs. Dropped, it ends from the top down: the fields stand in that order.
pub struct Stack {
    /// The composites.
    pub composites: Vec<Service>,
    /// The order services.
    pub order_services: Vec<Service>,
    /// The payment simulator.
    pub payment: Service,
    /// The database.
    pub database: Database,
    /// The broker.
    pub broker: Broker,
    wanted: StackBuilder,
    gateway: PaymentSimulator,
}

impl Stack {
    /// Says what a stack in that place shall be.
    pub fn builder(place: Place) -> StackBuilder {
        StackBuilder::new(place)
    }

    pub(super) fn new(
        wanted: StackBuilder,
        broker: Broker,
        database: Database,
        payment: Service,
        gateway: PaymentSimulator,
    ) -> Self {
        Self {
            composites: Vec::new(),
            order_services: Vec::new(),
            payment,
            database,
            broker,
            wanted,
            gateway,
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

    /// Starts one more order service and waits until it is ready.
    pub fn add_order_service(&mut self) -> Result<&mut Service> {
        let count = self.order_services.len();
        let port = port_of(count, self.wanted.order_port)?;
        let service = self
            .order_service(port)
            .start(&self.wanted.place, &nth("order-service", count))?;
        self.order_services.push(service);
        Ok(&mut self.order_services[count])
    }

    /// Starts one more composite and waits until it is ready.
    pub fn add_composite(&mut self) -> Result<&mut Service> {
        let count = self.composites.len();
        let port = port_of(count, self.wanted.composite_port)?;
        let service = self
            .composite(port)
            .start(&self.wanted.place, &nth("composite-service", count))?;
        self.composites.push(service);
        Ok(&mut self.composites[count])
    }

    /// Our own programs, from the top down.
    pub fn http_services(&self) -> Vec<&Service> {
        self.composites
            .iter()
            .chain(&self.order_services)
            .chain([&self.payment])
            .collect()
    }

    /// Every child process, from the top down.
    pub fn children(&mut self) -> Vec<&mut Service> {
        let mut children: Vec<&mut Service> = self
            .composites
            .iter_mut()
            .chain(&mut self.order_services)
            .collect();
        children.push(&mut self.payment);
        children.push(self.database.service());
        children.extend(self.broker.kafka().map(|kafka| kafka.service()));
        children
    }

    /// Ends everything in order, telling what happens; what doesn't end in time is killed when its handle drops.
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
    pub(super) fn fill(&mut self, tell: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let tools = self.order_service(0);
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
        Ok(())
    }

    fn order_service(&self, port: u16) -> OrderService {
        OrderService {
            port,
            bootstrap_servers: self.bootstrap_servers().to_owned(),
            topics: self.wanted.topics.clone(),
            database: self.credentials(),
            env: self.env_with(&self.wanted.order_env),
        }
    }

    /// The broker's variables first, so that the wanted ones win.
    fn env_with(&self, wanted: &[(String, String)]) -> Vec<(String, String)> {
        let mut env = self.broker.client_env();
        env.extend_from_slice(wanted);
        env
    }

    fn composite(&self, port: u16) -> CompositeService {
        CompositeService {
            bind: self.wanted.bind,
            port,
            bootstrap_servers: self.bootstrap_servers().to_owned(),
            topics: self.wanted.topics.clone(),
            order_service_url: self.order_url().to_owned(),
            payment_url: base_url(self.gateway.port),
            secret_key: self.gateway.secret_key.clone(),
            env: self.env_with(&self.wanted.composite_env),
        }
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

fn nth(name: &str, count: usize) -> String {
    if count == 0 {
        name.to_owned()
    } else {
        format!("{name}-{}", count + 1)
    }
}
