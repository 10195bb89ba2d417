//! A real Apache Kafka, one KRaft node, as a child process. Must not know what the records are.

use crate::stack::{Part, Place, Service, Spec, Topic, ports, provide};
use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(90);
const PROBE: Duration = Duration::from_millis(500);
const ADMIN_LIMIT: Duration = Duration::from_secs(30);

/// Kafka wants 16 bytes in base64 here: `mall-local-kafka`.
const CLUSTER_ID: &str = "bWFsbC1sb2NhbC1rYWZrYQ";

/// The handle of the child; it ends with the handle.
pub struct KafkaBroker {
    service: Service,
    bootstrap: String,
}

impl KafkaBroker {
    /// Starts it on `127.0.0.1:port` (0: a free one) and waits until it answers; formats its storage when that is new.
    pub fn start(place: &Place, port: u16) -> Result<Self> {
        let home = Home {
            libs: provide(Part::Kafka)?,
            dir: place.data_of("kafka")?,
            log: place.log_of("kafka"),
        };
        let port = ports::given_or_free(port)?;
        home.write_settings(port, ports::free_port()?)?;
        home.format_storage()?;
        let service = Service::start(home.broker())?;
        let mut broker = Self {
            service,
            bootstrap: format!("127.0.0.1:{port}"),
        };
        broker.wait_ready()?;
        Ok(broker)
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic and waits until it can be used; one that exists is left as it is.
    pub fn create_topic(&mut self, topic: &Topic) -> Result<()> {
        in_runtime(create(&self.bootstrap, topic))
            .with_context(|| format!("cannot create the topic {}", topic.name))?;
        let client = self.client()?;
        self.service.wait_until(
            ADMIN_LIMIT,
            || Ok(has_leaders(&client, topic).then_some(())),
        )
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

    /// Ends it in order.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.service.terminate(ADMIN_LIMIT)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let client = self.client()?;
        self.service.wait_until(START_LIMIT, || {
            Ok(client.fetch_metadata(None, PROBE).ok().map(drop))
        })
    }

    fn client(&self) -> Result<BaseConsumer> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("reconnect.backoff.max.ms", "100");
        config.create().context("cannot make a Kafka client")
    }
}

/// The files of one broker.
struct Home {
    libs: PathBuf,
    dir: PathBuf,
    log: PathBuf,
}

impl Home {
    fn settings(&self) -> PathBuf {
        self.dir.join("server.properties")
    }

    fn records(&self) -> PathBuf {
        self.dir.join("records")
    }

    fn write_settings(&self, port: u16, controller_port: u16) -> Result<()> {
        let records = self.records();
        let text = format!(
            "{}listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
             controller.quorum.voters=1@127.0.0.1:{controller_port}\n\
             log.dirs={}\n",
            include_str!("kafka/server.properties"),
            records.display()
        );
        write(&self.settings(), &text)?;
        write(
            &self.dir.join("log4j2.xml"),
            include_str!("kafka/log4j2.xml"),
        )
    }

    fn format_storage(&self) -> Result<()> {
        if self.records().join("meta.properties").exists() {
            return Ok(());
        }
        let settings = self.settings().into_os_string();
        let args = [
            "format",
            "--ignore-formatted",
            "--cluster-id",
            CLUSTER_ID,
            "--config",
        ]
        .map(OsString::from);
        let format = self.java(
            "kafka.tools.StorageTool",
            "64m",
            args.into_iter().chain([settings]),
        );
        Service::run_to_end(
            Spec {
                name: "kafka's storage tool".into(),
                ..format
            },
            START_LIMIT,
        )
    }

    fn broker(&self) -> Spec {
        self.java("kafka.Kafka", "512m", [self.settings().into_os_string()])
    }

    fn java(&self, main: &str, heap: &str, args: impl IntoIterator<Item = OsString>) -> Spec {
        let jars = self.libs.join("*");
        let logging = self.dir.join("log4j2.xml");
        let mut java = vec![
            format!("-Xms{heap}").into(),
            format!("-Xmx{heap}").into(),
            "-XX:+UseSerialGC".into(),
            "-Djava.awt.headless=true".into(),
            format!("-Dlog4j2.configurationFile={}", logging.display()).into(),
            "-cp".into(),
            jars.into_os_string(),
            main.into(),
        ];
        java.extend(args);
        Spec {
            name: "kafka".into(),
            program: "java".into(),
            args: java,
            log: self.log.clone(),
            ..Spec::default()
        }
    }
}

async fn create(bootstrap: &str, topic: &Topic) -> Result<()> {
    let mut config = ClientConfig::new();
    let admin: AdminClient<DefaultClientContext> =
        config.set("bootstrap.servers", bootstrap).create()?;
    let wanted = NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(ADMIN_LIMIT));
    for created in admin.create_topics([&wanted], &options).await? {
        match created {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => bail!("{code}"),
        }
    }
    Ok(())
}

/// Runs it on a thread of its own: the caller may be inside of a runtime already, and that must not be blocked twice.
fn in_runtime<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(work)
        });
        run.join()
            .unwrap_or_else(|_| bail!("the admin client panicked"))
    })
}

fn has_leaders(client: &BaseConsumer, topic: &Topic) -> bool {
    let Ok(metadata) = client.fetch_metadata(Some(&topic.name), PROBE) else {
        return false;
    };
    metadata.topics().iter().any(|found| {
        found.name() == topic.name
            && !found.partitions().is_empty()
            && found
                .partitions()
                .iter()
                .all(|partition| partition.leader() >= 0)
    })
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
