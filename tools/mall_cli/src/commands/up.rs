//! `mall up`: starts everything, stays, and stops everything. Must not know how a part is started.

use crate::commands::summary;
use crate::home::{Home, Lock};
use crate::needs::Need;
use crate::run_file::{self, RunFile, since_1970};
use crate::signals;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use stack::{
    self, BrokerKind, Flavour, KafkaVersion, MemberAuth, Part, Place, Service, Stack, StackBuilder,
    Topics,
};
use std::fs;
use std::net::{IpAddr, TcpListener};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::sleep;
use std::time::{Duration, Instant};
use terminal::{self, Progress};

/// Partitions of each topic. Always the same number, because a Kafka on disk keeps its topics; at least one for each service instance.
const PARTITIONS: i32 = 8;

const OLD_PORTS_WAIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How members prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Auth {
    /// Not at all: the header X-Member-Id is believed
    Open,
    /// By tokens of an issuer that is started, too; `mall token MEMBER` prints one
    Jwt,
    /// By a proxy that has logged them in: X-Member-Id is believed beside the secret in X-Proxy-Secret, which is made in a file
    Proxy,
}

/// Start everything, and run until Ctrl-C
///
/// The database keeps its data from one run to the next; MariaDB and MySQL have separate data. The embedded broker loses its topics when
/// `up` ends; with --kafka or --kafka-secure they stay on disk. Ctrl-C or SIGTERM shuts everything down; a second one kills it.
#[derive(Args)]
pub(crate) struct Up {
    /// Use a real Kafka instead of the embedded broker
    #[arg(long)]
    kafka: bool,
    /// The same, and the services log in by SCRAM over TLS, with the rights that they need and no others
    #[arg(long)]
    kafka_secure: bool,
    /// Use a real MySQL instead of MariaDB
    #[arg(long)]
    mysql: bool,
    /// How members prove who they are
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Auth::Open)]
    auth: Auth,
    /// Port of the shoppers' API
    #[arg(long, value_name = "PORT", default_value_t = 7000)]
    composite_port: u16,
    /// Port of the order service
    #[arg(long, value_name = "PORT", default_value_t = 7002)]
    order_port: u16,
    /// Port of the payment simulator
    #[arg(long, value_name = "PORT", default_value_t = 7010)]
    payment_port: u16,
    /// Port of the member service
    #[arg(long, value_name = "PORT", default_value_t = 7011)]
    member_port: u16,
    /// Port of the identity provider, with --auth jwt
    #[arg(long, value_name = "PORT", default_value_t = 7012)]
    identity_port: u16,
    /// Port of Kafka, with --kafka or --kafka-secure
    #[arg(long, value_name = "PORT", default_value_t = 9092)]
    kafka_port: u16,
    /// Port of the database
    #[arg(long, value_name = "PORT", default_value_t = 3307)]
    db_port: u16,
    /// How many order services; further ones take the next free ports
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    order_services: u8,
    /// How many composites; further ones take the next free ports
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    composites: u8,
    /// Address of the shoppers' API; everything else stays on 127.0.0.1
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    #[command(flatten)]
    home: Home,
}

impl Up {
    pub(crate) fn needs(&self) -> Vec<Need> {
        // MariaDB's client looks into MySQL, too.
        let mut needs = vec![Need::Part(Part::MariaDb), Need::Services];
        let kafka = Need::Part(Part::Kafka(KafkaVersion::default()));
        needs.extend((self.broker() != BrokerKind::Embedded).then_some(kafka));
        needs.extend(self.mysql.then_some(Need::Part(Part::MySql)));
        needs
    }

    pub(crate) fn run(self) -> Result<ExitCode> {
        let _lock = self.lock()?;
        self.refuse_taken_ports()?;
        let signals = signals::listen()?;
        let place = fresh_logs(&self.home)?;
        // Written before anything starts, and again with the parts: other commands can then say "still starting" and stop it.
        let mut run_file = self.run_file();
        run_file.write(&self.home.run_file())?;
        let outcome = self.run_stack(&place, &signals, &mut run_file);
        fs::remove_file(self.home.run_file()).context("cannot remove run.json")?;
        outcome
    }

    fn run_stack(
        &self,
        place: &Place,
        signals: &Receiver<&str>,
        run_file: &mut RunFile,
    ) -> Result<ExitCode> {
        let mut progress = Progress::new("ready");
        let mut stack = self
            .wanted(place)?
            .start_telling(&mut |event| progress.show(event))?;
        run_file.parts = parts(&mut stack);
        run_file.issuer = stack.identity.as_ref().map(|it| it.issuer().to_owned());
        let proxy = stack.member_proxy.as_ref();
        run_file.proxy_secret = proxy.map(|proxy| proxy.secret_file().to_owned());
        run_file.write(&self.home.run_file())?;
        summary::tell(&stack, run_file, &self.home.flag())?;
        let ended = watch(&mut stack, signals)?;
        let mut progress = Progress::new("stopped");
        stack.stop(&mut |event| progress.show(event))?;
        Ok(ended)
    }

    fn lock(&self) -> Result<Lock> {
        if let Some(lock) = self.home.lock()? {
            return Ok(lock);
        }
        let running = RunFile::read(&self.home.run_file())?;
        bail!(
            "it runs already (pid {}, {}); stop it with `mall down`",
            running.pid,
            running.address
        )
    }

    /// A killed `up` leaves its run file behind, and its children may not have ended yet: then a port may become free soon.
    fn refuse_taken_ports(&self) -> Result<()> {
        let signals = if self.home.run_file().exists() {
            OLD_PORTS_WAIT
        } else {
            Duration::ZERO
        };
        let begin = Instant::now();
        loop {
            let refusals = self.refusals();
            if refusals.is_empty() {
                return Ok(());
            }
            if begin.elapsed() >= signals {
                bail!("{}", refusals.join("; "));
            }
            sleep(LOOK_EVERY);
        }
    }

    fn refusals(&self) -> Vec<String> {
        let mut wanted = vec![
            ("--composite-port", self.bind, self.composite_port),
            ("--order-port", stack::LOOPBACK, self.order_port),
            ("--payment-port", stack::LOOPBACK, self.payment_port),
            ("--member-port", stack::LOOPBACK, self.member_port),
            ("--db-port", stack::LOOPBACK, self.db_port),
        ];
        if self.broker() != BrokerKind::Embedded {
            wanted.push(("--kafka-port", stack::LOOPBACK, self.kafka_port));
        }
        if self.auth == Auth::Jwt {
            wanted.push(("--identity-port", stack::LOOPBACK, self.identity_port));
        }
        wanted
            .into_iter()
            .filter_map(|(flag, at, port)| refusal(flag, at, port))
            .collect()
    }

    fn wanted(&self, place: &Place) -> Result<StackBuilder> {
        Ok(StackBuilder {
            broker: self.broker(),
            database: self.flavour(),
            topics: Topics::with_partitions(PARTITIONS, PARTITIONS),
            order_services: self.order_services.into(),
            composites: self.composites.into(),
            bind: self.bind,
            composite_port: self.composite_port,
            order_port: self.order_port,
            payment_port: self.payment_port,
            member_port: self.member_port,
            member_auth: match self.auth {
                Auth::Open => MemberAuth::Open,
                Auth::Jwt => MemberAuth::Jwt,
                Auth::Proxy => MemberAuth::Proxy,
            },
            identity_port: self.identity_port,
            kafka_port: self.kafka_port,
            database_port: self.db_port,
            catalogue: Some(stack::sample_catalogue(place)?),
            ..Stack::builder(place.clone())
        })
    }

    fn broker(&self) -> BrokerKind {
        match (self.kafka, self.kafka_secure) {
            (_, true) => BrokerKind::SecureKafka,
            (true, false) => BrokerKind::Kafka,
            (false, false) => BrokerKind::Embedded,
        }
    }

    fn flavour(&self) -> Flavour {
        if self.mysql {
            Flavour::MySql
        } else {
            Flavour::MariaDb
        }
    }

    fn run_file(&self) -> RunFile {
        RunFile {
            pid: std::process::id(),
            started_at: since_1970().as_secs(),
            broker: match self.broker() {
                BrokerKind::Embedded => "embedded",
                BrokerKind::SecureKafka => "kafka with logins",
                BrokerKind::Kafka | BrokerKind::KafkaCluster => "kafka",
            }
            .to_owned(),
            database: self.flavour().name().to_owned(),
            issuer: None,
            proxy_secret: None,
            address: format!("http://127.0.0.1:{}", self.composite_port),
            parts: Vec::new(),
        }
    }
}

/// A port of 0 asks for a free one, so it can't be taken.
fn refusal(flag: &str, address: IpAddr, port: u16) -> Option<String> {
    let error = TcpListener::bind((address, port)).err()?;
    Some(format!(
        "cannot listen on {address}, port {port} ({error}): choose another port with {flag}"
    ))
}

/// The logs of this run start empty; those of the last one are kept beside them.
fn fresh_logs(home: &Home) -> Result<Place> {
    let (logs, last) = (home.folder().join("logs"), home.folder().join("logs.last"));
    if logs.exists() {
        if last.exists() {
            fs::remove_dir_all(&last)
                .with_context(|| format!("cannot remove {}", last.display()))?;
        }
        fs::rename(&logs, &last).with_context(|| format!("cannot rename {}", logs.display()))?;
    }
    home.place()
}

fn parts(stack: &mut Stack) -> Vec<run_file::Part> {
    let own = std::process::id();
    let broker = stack.bootstrap_servers().to_owned();
    let database = stack.credentials().host;
    let of_child = |child: &Service| run_file::Part {
        name: child.name().to_owned(),
        pid: child.pid(),
        address: child.url().to_owned(),
        ready: Some(child.ready_url().to_owned()),
        internal: Some(child.internal_url().to_owned()).filter(|url| !url.is_empty()),
    };
    let mut parts: Vec<run_file::Part> = stack.http_services().into_iter().map(of_child).collect();
    let database_pid = stack.database.service().pid();
    let name = stack.database.flavour().name().to_owned();
    parts.push(run_file::Part {
        name,
        pid: database_pid,
        address: database,
        ready: None,
        internal: None,
    });
    let (name, pid) = match stack.broker.kafka() {
        Some(kafka) => (run_file::KAFKA, kafka.service().pid()),
        None => (run_file::EMBEDDED_BROKER, own),
    };
    parts.push(run_file::Part {
        name: name.to_owned(),
        pid,
        address: broker,
        ready: None,
        internal: None,
    });
    parts
}

/// Returns when a signal arrives, or when a child has exited by itself.
fn watch(stack: &mut Stack, signals: &Receiver<&str>) -> Result<ExitCode> {
    loop {
        match signals.recv_timeout(LOOK_EVERY) {
            Ok(signal) => {
                terminal::mention(format!("{signal}: stopping"));
                return Ok(ExitCode::SUCCESS);
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the thread that listens to signals is gone")
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        for child in stack.children() {
            if let Some(status) = child.exit_status()? {
                terminal::mention(format!(
                    "{} exited by itself ({status}); {}",
                    child.name(),
                    child.last_words()
                ));
                return Ok(ExitCode::FAILURE);
            }
        }
    }
}
