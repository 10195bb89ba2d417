//! How our own programs are started: their arguments, variables and addresses. Must not know what they do.

use crate::{Credentials, LOOPBACK, Place, Service, Spec, Topics};
use anyhow::{Context, Result, bail};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

const READY_LIMIT: Duration = Duration::from_secs(60);
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// The payment gateway's simulator.
#[derive(Clone)]
pub struct PaymentSimulator {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The file that keeps what was charged.
    pub ledger: PathBuf,
    /// The key that its callers must show.
    pub secret_key: String,
    /// Further variables.
    pub env: Vec<(String, String)>,
}

impl PaymentSimulator {
    /// Starts it under that name and waits until it answers.
    pub fn start(&self, place: &Place, name: &str) -> Result<Service> {
        let mut spec = http_program("payment_simulator", place, name, self.port, "/livez")?;
        spec.args = vec![
            "--listen".into(),
            listen(LOOPBACK, self.port).into(),
            "--ledger".into(),
            self.ledger.clone().into(),
        ];
        spec.env
            .push(("PAYMENT_SECRET_KEY".into(), self.secret_key.clone()));
        spec.env.extend(self.env.clone());
        started(spec)
    }
}

/// The member service's API over sample members.
#[derive(Clone)]
pub struct MemberService {
    /// The port on 127.0.0.1.
    pub port: u16,
}

impl MemberService {
    /// Starts it under that name and waits until it answers.
    pub fn start(&self, place: &Place, name: &str) -> Result<Service> {
        let mut spec = http_program("mall_cli", place, name, self.port, "/livez")?;
        spec.args = vec![
            "member-service".into(),
            "--listen".into(),
            listen(LOOPBACK, self.port).into(),
        ];
        started(spec)
    }
}

/// Starts the identity provider under that name, with its key in `folder`, and waits until it answers.
pub(crate) fn identity_provider(
    place: &Place,
    name: &str,
    port: u16,
    folder: &Path,
    audience: &str,
) -> Result<Service> {
    let mut spec = http_program("identity_provider", place, name, port, "/livez")?;
    spec.args = vec![
        "--listen".into(),
        listen(LOOPBACK, port).into(),
        "--data".into(),
        folder.into(),
        "--audience".into(),
        audience.into(),
    ];
    started(spec)
}

/// The order service.
#[derive(Clone)]
pub struct OrderService {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The port for operators, on 127.0.0.1.
    pub internal_port: u16,
    /// The broker.
    pub bootstrap_servers: String,
    /// The topics.
    pub topics: Topics,
    /// The database.
    pub database: Credentials,
    /// Further variables.
    pub env: Vec<(String, String)>,
}

impl OrderService {
    /// Starts it under that name and waits until it is ready.
    pub fn start(&self, place: &Place, name: &str) -> Result<Service> {
        started(self.spec(place, name, &["serve"])?)
    }

    /// Runs the migrations and ends.
    pub fn migrate(&self, place: &Place) -> Result<()> {
        Service::run_to_end(
            self.spec(place, "order-service-migrate", &["migrate"])?,
            RUN_LIMIT,
        )
    }

    /// Imports what is missing of the catalogue in `file`, and ends.
    pub fn import_catalogue(&self, place: &Place, file: &Path) -> Result<()> {
        let mut spec = self.spec(place, "order-service-import", &["import-catalogue"])?;
        spec.args.push(file.into());
        Service::run_to_end(spec, RUN_LIMIT)
    }

    fn spec(&self, place: &Place, name: &str, args: &[&str]) -> Result<Spec> {
        let mut spec = http_program("order_service", place, name, self.port, "/readyz")?;
        spec.args = args.iter().map(Into::into).collect();
        spec.env
            .push(("HTTP_ADDR".into(), listen(LOOPBACK, self.port)));
        serve_operators(&mut spec, self.internal_port);
        spec.env.push((
            "KAFKA_BOOTSTRAP_SERVERS".into(),
            self.bootstrap_servers.clone(),
        ));
        spec.env.extend(self.topics.env());
        spec.env.extend(self.database.env());
        spec.env.extend(self.env.clone());
        Ok(spec)
    }
}

/// The composite service, the shoppers' API.
#[derive(Clone)]
pub struct CompositeService {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port.
    pub port: u16,
    /// The port for operators, on 127.0.0.1.
    pub internal_port: u16,
    /// The broker.
    pub bootstrap_servers: String,
    /// The topics.
    pub topics: Topics,
    /// The order service's base URL.
    pub order_service_url: String,
    /// The payment gateway's base URL.
    pub payment_url: String,
    /// The key to show there.
    pub secret_key: String,
    /// The member service's base URL.
    pub member_service_url: String,
    /// Further variables.
    pub env: Vec<(String, String)>,
}

impl CompositeService {
    /// Starts it under that name and waits until it is ready.
    pub fn start(&self, place: &Place, name: &str) -> Result<Service> {
        let mut spec = http_program("composite_service", place, name, self.port, "/readyz")?;
        spec.env
            .push(("HTTP_ADDR".into(), listen(self.bind, self.port)));
        serve_operators(&mut spec, self.internal_port);
        spec.env.push((
            "KAFKA_BOOTSTRAP_SERVERS".into(),
            self.bootstrap_servers.clone(),
        ));
        spec.env
            .push(("ORDER_SERVICE_URL".into(), self.order_service_url.clone()));
        spec.env
            .push(("PAYMENT_URL".into(), self.payment_url.clone()));
        spec.env
            .push(("PAYMENT_SECRET_KEY".into(), self.secret_key.clone()));
        spec.env
            .push(("MEMBER_SERVICE_URL".into(), self.member_service_url.clone()));
        spec.env.extend(self.topics.env());
        spec.env.extend(self.env.clone());
        started(spec)
    }
}

/// The base URL of a server on that port of this machine.
pub(crate) fn base_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The port of such a base URL.
pub(crate) fn port_in(url: &str) -> Result<u16> {
    let port = url.rsplit_once(':').map(|(_, port)| port);
    port.and_then(|port| port.parse().ok())
        .with_context(|| format!("no port in {url}"))
}

fn listen(address: IpAddr, port: u16) -> String {
    SocketAddr::new(address, port).to_string()
}

fn http_program(binary: &str, place: &Place, name: &str, port: u16, ready: &str) -> Result<Spec> {
    let url = base_url(port);
    let env = vec![("TZ".to_owned(), "Asia/Seoul".to_owned())];
    let ready = format!("{url}{ready}");
    Ok(Spec {
        name: name.into(),
        program: program(binary)?,
        env,
        log: place.log_of(name),
        url,
        ready,
        ..Spec::default()
    })
}

fn serve_operators(spec: &mut Spec, port: u16) {
    spec.internal = base_url(port);
    spec.env
        .push(("INTERNAL_ADDR".into(), listen(LOOPBACK, port)));
}

fn started(spec: Spec) -> Result<Service> {
    let mut service = Service::start(spec)?;
    service.wait_ready(READY_LIMIT)?;
    Ok(service)
}

/// Our binaries stand beside this program; a test's own program is one folder further down, in `deps`.
fn program(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot find this program's own path")?;
    let beside = this.parent().context("this program has no folder")?;
    let folder = if beside.ends_with("deps") {
        beside.parent().unwrap_or(beside)
    } else {
        beside
    };
    let program = folder.join(name);
    if !program.is_file() {
        bail!(
            "{} is missing: run `cargo build --workspace` (with --release for a release build)",
            program.display()
        );
    }
    Ok(program)
}
