//! The files and the command line of one Kafka node, broker and controller in one. Must not know how many nodes run, or whether they do.

use crate::kafka_accounts::{self, KafkaAccounts, WantedLogin};
use crate::{KafkaVersion, Part, Place, Service, Spec, provide};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FORMAT_LIMIT: Duration = Duration::from_secs(90);

/// Kafka wants 16 bytes in base64 here: `mall-local-kafka`.
const CLUSTER_ID: &str = "bWFsbC1sb2NhbC1rYWZrYQ";

/// A further listener of a broker, for clients that come through a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// Its name: capital letters.
    pub name: String,
    /// The port on 127.0.0.1 that the broker listens on.
    pub port: u16,
    /// The port on 127.0.0.1 that its clients are sent to.
    pub advertised: u16,
}

/// The settings of one node.
pub(crate) struct NodeSettings {
    /// 1 and up.
    pub(crate) id: u16,
    /// The name of its state folder and log.
    pub(crate) name: String,
    /// Which Kafka it is.
    pub(crate) version: KafkaVersion,
    /// Its clients' port.
    pub(crate) port: u16,
    /// The controllers' ports of all nodes, in the order of their ids.
    pub(crate) controllers: Vec<u16>,
    /// Further doors.
    pub(crate) doors: Vec<Door>,
    /// The listener that wants a login, if there shall be one.
    pub(crate) login: Option<WantedLogin>,
}

/// One node's files, written.
pub(crate) struct KafkaNode {
    name: String,
    libs: PathBuf,
    dir: PathBuf,
    log: PathBuf,
    accounts: Option<KafkaAccounts>,
    /// Whether its storage was made now.
    is_new: bool,
}

impl KafkaNode {
    /// Writes its settings, and formats its storage when that is new.
    pub(crate) fn prepare(place: &Place, settings: &NodeSettings) -> Result<Self> {
        let dir = place.data_of(&settings.name)?;
        let login = settings.login.as_ref();
        let accounts = login
            .map(|wanted| KafkaAccounts::prepare(dir.clone(), wanted))
            .transpose()?;
        let mut node = Self {
            name: settings.name.clone(),
            libs: provide(Part::Kafka(settings.version))?,
            dir,
            log: place.log_of(&settings.name),
            accounts,
            is_new: false,
        };
        let text = settings.text(&node.records(), node.accounts.as_ref());
        write(&node.settings(), &text)?;
        write(
            &node.dir.join("log4j2.xml"),
            include_str!("kafka/log4j2.xml"),
        )?;
        node.format_storage()?;
        Ok(node)
    }

    /// Its process.
    pub(crate) fn spec(&self) -> Spec {
        self.java("kafka.Kafka", "512m", [self.settings().into_os_string()])
    }

    fn settings(&self) -> PathBuf {
        self.dir.join("server.properties")
    }

    fn records(&self) -> PathBuf {
        self.dir.join("records")
    }

    /// The listener that wants a login, if there is one.
    pub(crate) fn accounts(&self) -> Option<&KafkaAccounts> {
        self.accounts.as_ref()
    }

    /// Grants what the accounts may do, once the broker at that address answers. The broker remembers it, so this is done only for new
    /// storage.
    pub(crate) fn grant(&self, bootstrap: &str) -> Result<()> {
        let accounts = self.accounts.as_ref().filter(|_| self.is_new);
        self.run_acl_tool(
            bootstrap,
            accounts.map_or_else(Vec::new, KafkaAccounts::grants),
        )
    }

    /// Runs Kafka's ACL tool with each of these lists of arguments.
    pub(crate) fn run_acl_tool(&self, bootstrap: &str, runs: Vec<Vec<String>>) -> Result<()> {
        let runs = runs
            .into_iter()
            .map(|args| {
                let mut all = vec!["--bootstrap-server".to_owned(), bootstrap.to_owned()];
                all.extend(args);
                let tool = self.java("org.apache.kafka.tools.AclCommand", "64m", all);
                let name = format!("{}'s ACL tool", self.name);
                Service::start(Spec { name, ..tool })
            })
            .collect::<Result<Vec<_>>>()?;
        // All of them run at once: each is a Java of its own, which takes longer to start than to work.
        runs.into_iter().try_for_each(|run| run.end(FORMAT_LIMIT))
    }

    /// Takes all its records, topics and offsets away. Its process must have ended.
    pub(crate) fn wipe(&mut self) -> Result<()> {
        let records = self.records();
        fs::remove_dir_all(&records)
            .with_context(|| format!("cannot remove {}", records.display()))?;
        self.format_storage()
    }

    fn format_storage(&mut self) -> Result<()> {
        if self.records().join("meta.properties").exists() {
            return Ok(());
        }
        self.is_new = true;
        let settings = self.settings().into_os_string();
        let accounts = match &self.accounts {
            Some(accounts) => accounts.format_args()?,
            None => Vec::new(),
        };
        let args = ["format", "--ignore-formatted", "--cluster-id", CLUSTER_ID]
            .map(OsString::from)
            .into_iter()
            .chain(accounts.into_iter().map(OsString::from))
            .chain(["--config".into(), settings]);
        let format = self.java("kafka.tools.StorageTool", "64m", args);
        Service::run_to_end(
            Spec {
                name: format!("{}'s storage tool", self.name),
                ..format
            },
            FORMAT_LIMIT,
        )
    }

    fn java(
        &self,
        main: &str,
        heap: &str,
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Spec {
        let jars = self.libs.join("*");
        let logging = self.dir.join("log4j2.xml");
        let mut java: Vec<OsString> = vec![
            format!("-Xms{heap}").into(),
            format!("-Xmx{heap}").into(),
            "-XX:+UseSerialGC".into(),
            "-Djava.awt.headless=true".into(),
        ];
        let classes = self.libs.with_file_name("classes.jsa");
        if classes.exists() {
            // Java ignores it where it does not fit, after an upgrade of Java for example.
            java.push(format!("-XX:SharedArchiveFile={}", classes.display()).into());
        }
        let accounts = self.accounts.as_ref();
        java.extend(
            accounts
                .and_then(KafkaAccounts::java_option)
                .map(Into::into),
        );
        java.extend([
            format!("-Dlog4j2.configurationFile={}", logging.display()).into(),
            "-cp".into(),
            jars.into_os_string(),
            main.into(),
        ]);
        java.extend(args.into_iter().map(Into::into));
        Spec {
            name: self.name.clone(),
            program: "java".into(),
            args: java,
            log: self.log.clone(),
            ..Spec::default()
        }
    }
}

impl NodeSettings {
    fn text(&self, records: &Path, accounts: Option<&KafkaAccounts>) -> String {
        let own_controller = self
            .controllers
            .get(usize::from(self.id) - 1)
            .copied()
            .unwrap_or_default();
        let plain = format!("PLAINTEXT://127.0.0.1:{}", self.port);
        let (mut listeners, mut advertised) = (vec![plain.clone()], vec![plain]);
        let mut protocols = vec!["PLAINTEXT:PLAINTEXT".to_owned()];
        for Door {
            name,
            port,
            advertised: sent_to,
        } in &self.doors
        {
            listeners.push(format!("{name}://127.0.0.1:{port}"));
            advertised.push(format!("{name}://127.0.0.1:{sent_to}"));
            protocols.push(format!("{name}:PLAINTEXT"));
        }
        if let Some(accounts) = accounts {
            let name = kafka_accounts::LISTENER;
            let listener = format!("{name}://127.0.0.1:{}", accounts.port);
            listeners.push(listener.clone());
            advertised.push(listener);
            protocols.push(format!("{name}:{name}"));
        }
        listeners.push(format!("CONTROLLER://127.0.0.1:{own_controller}"));
        protocols.push("CONTROLLER:PLAINTEXT".to_owned());
        let voters: Vec<String> = (1..)
            .zip(&self.controllers)
            .map(|(id, port)| format!("{id}@127.0.0.1:{port}"))
            .collect();
        let replicas = self.controllers.len();
        let in_sync = replicas / 2 + 1;
        // In a controlled shutdown a node hands its leaderships over first. When all nodes of a cluster stop, the last ones would wait
        // for others that have stopped already.
        let may_hand_over = replicas == 1;
        format!(
            "{}node.id={}\n\
             listeners={}\n\
             advertised.listeners={}\n\
             listener.security.protocol.map={}\n\
             controller.quorum.voters={}\n\
             log.dirs={}\n\
             default.replication.factor={replicas}\n\
             min.insync.replicas={in_sync}\n\
             offsets.topic.replication.factor={replicas}\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={in_sync}\n\
             share.coordinator.state.topic.replication.factor={replicas}\n\
             share.coordinator.state.topic.min.isr={in_sync}\n\
             controlled.shutdown.enable={may_hand_over}\n\
             {}",
            include_str!("kafka/server.properties"),
            self.id,
            listeners.join(","),
            advertised.join(","),
            protocols.join(","),
            voters.join(","),
            records.display(),
            accounts.map_or_else(String::new, KafkaAccounts::properties),
        )
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
