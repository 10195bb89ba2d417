//! A real Apache Kafka of one node as a child process. Must not know what the records are.

use crate::kafka_accounts::{Right, TokenIssuer, WantedLogin};
use crate::kafka_admin::{ADMIN_LIMIT, KafkaAdmin};
use crate::kafka_node::{KafkaNode, NodeSettings};
use crate::{Door, KafkaVersion, Place, Service, Topic, ports};
use anyhow::Result;
use std::process::ExitStatus;
use std::time::Duration;

/// How long a broker may take until it answers.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(90);

/// The handle of the child; it ends with the handle.
pub struct KafkaBroker {
    service: Service,
    address: String,
    node: Box<KafkaNode>,
}

impl KafkaBroker {
    /// Starts it on `127.0.0.1:port` (0: a free one) and waits until it answers; formats its storage when that is new.
    pub fn start(place: &Place, port: u16) -> Result<Self> {
        Self::start_with_doors(place, port, Vec::new())
    }

    /// The same, with further doors.
    pub fn start_with_doors(place: &Place, port: u16, doors: Vec<Door>) -> Result<Self> {
        Self::start_alone(place, KafkaVersion::default(), port, doors, None)
    }

    /// The same, where a token of that issuer is a login at the door that wants one.
    pub fn start_with_tokens(place: &Place, issuer: TokenIssuer) -> Result<Self> {
        let login = WantedLogin {
            port: 0,
            issuer: Some(issuer),
        };
        Self::start_alone(place, KafkaVersion::default(), 0, Vec::new(), Some(login))
    }

    /// The same of that version. With a login there is one further door, by which the services come. It wants a login (SCRAM over TLS), and gives
    /// each service the rights of `deploy/kafka/acls`, and no others.
    pub(crate) fn start_alone(
        place: &Place,
        version: KafkaVersion,
        port: u16,
        doors: Vec<Door>,
        login: Option<WantedLogin>,
    ) -> Result<Self> {
        let mut broker = Self::launch(
            place,
            &NodeSettings {
                id: 1,
                // Accounts are made with the storage, so that each kind has a storage of its own.
                name: login
                    .as_ref()
                    .map_or("kafka", |_| "kafka-secure")
                    .to_owned(),
                version,
                port: ports::given_or_free(port)?,
                controllers: vec![ports::free_port()?],
                doors,
                login,
            },
        )?;
        broker.wait_ready()?;
        broker.node.grant(&broker.address)?;
        Ok(broker)
    }

    /// Starts a node without waiting until it answers, since a node of a cluster needs others for that.
    pub(crate) fn launch(place: &Place, settings: &NodeSettings) -> Result<Self> {
        let node = KafkaNode::prepare(place, settings)?;
        Ok(Self {
            service: Service::start(node.spec())?,
            address: format!("127.0.0.1:{}", settings.port),
            node: Box::new(node),
        })
    }

    /// Where tools find it; the services, too, unless it wants a login.
    pub fn bootstrap_servers(&self) -> &str {
        &self.address
    }

    /// The variables by which a service logs in, by its program's name; none where no login is wanted.
    pub fn login(&self, program: &str) -> Result<Vec<(String, String)>> {
        match self.node.accounts() {
            Some(accounts) => accounts.client_env(program),
            None => Ok(Vec::new()),
        }
    }

    /// The variables by which a service logs in with tokens; none where they are no logins.
    pub fn token_login(&self, program: &str) -> Vec<(String, String)> {
        let accounts = self.node.accounts();
        let env = accounts.and_then(|accounts| accounts.token_env(program));
        env.unwrap_or_default()
    }

    /// Grants these rights.
    pub fn grant(&self, rights: &[Right]) -> Result<()> {
        self.change_rights("--add", rights)
    }

    /// Takes these rights away.
    pub fn revoke(&self, rights: &[Right]) -> Result<()> {
        self.change_rights("--remove", rights)
    }

    fn change_rights(&self, change: &str, rights: &[Right]) -> Result<()> {
        let run = |right: &Right| {
            let mut args = vec![change.to_owned(), "--force".to_owned()];
            args.extend(right.args());
            args
        };
        self.node
            .run_acl_tool(&self.address, rights.iter().map(run).collect())
    }

    /// Creates a topic and waits until it can be used; one that exists is left as it is.
    pub fn create_topic(&mut self, topic: &Topic) -> Result<()> {
        let admin = KafkaAdmin::new(&self.address)?;
        admin.order_topic(topic)?;
        self.service
            .wait_until(ADMIN_LIMIT, || Ok(admin.has_leaders(topic).then_some(())))
    }

    /// The child itself.
    pub fn service(&mut self) -> &mut Service {
        &mut self.service
    }

    /// Kills it as a power cut would.
    pub fn kill_9(&mut self) -> Result<()> {
        self.service.kill_9()
    }

    /// Starts it again on the same data and port, and waits until it answers.
    pub fn restart(&mut self) -> Result<()> {
        self.service.restart()?;
        self.wait_ready()
    }

    /// Starts it again, once it was killed, without any of its records, topics and offsets; does not wait until it answers.
    pub(crate) fn launch_empty(&mut self) -> Result<()> {
        self.node.wipe()?;
        self.service.restart()
    }

    /// The same, and waits until it answers.
    pub fn restart_empty(&mut self) -> Result<()> {
        self.launch_empty()?;
        self.wait_ready()?;
        self.node.grant(&self.address)
    }

    /// Ends it in order.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.service.terminate(ADMIN_LIMIT)
    }

    pub(crate) fn wait_ready(&mut self) -> Result<()> {
        let admin = KafkaAdmin::new(&self.address)?;
        self.service
            .wait_until(START_LIMIT, || Ok(admin.answers().then_some(())))
    }
}
