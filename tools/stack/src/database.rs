//! A private database server as a child process, of either flavour. Must not know any table: the order service makes its own.

use crate::database_home::{Home, SOCKET};
use crate::sql_client::{Held, SqlClient};
use crate::{Credentials, Place, Service, mariadb, mysql, ports, secrets};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(90);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const NAME: &str = "orders";
/// Who migrates; tests prepare their tables as this user.
const USER: &str = "order_admin";
/// Who runs.
const SERVICE_USER: &str = "order_service";
/// What operators are told to grant is what is granted here.
const GRANTS: &str = include_str!("../../../deploy/mysql/grants.sql");

/// Which server to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Debian's MariaDB.
    #[default]
    MariaDb,
    /// A real MySQL.
    MySql,
}

impl Flavour {
    /// The name of its state folder and log.
    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        }
    }
}

/// A running server with the database `orders` and its users: `order_admin` migrates, `order_service` runs, each with the rights of
/// `deploy/mysql/grants.sql`. It ends with the handle.
pub struct Database {
    flavour: Flavour,
    service: Service,
    client: SqlClient,
    credentials: Credentials,
    authority: PathBuf,
}

impl Database {
    /// Starts it on `127.0.0.1:port` (0: a free one) and waits until it answers; makes its data folder when that is new.
    pub fn start(flavour: Flavour, place: &Place, port: u16) -> Result<Self> {
        let home = Home::new(flavour.name(), place, ports::given_or_free(port)?)?;
        home.certify()?;
        initialise(&home, flavour)?;
        let password = secrets::kept_in(&home.dir.join("order_admin.password"))?;
        let service_password = secrets::kept_in(&home.dir.join("order_service.password"))?;
        let root_password = secrets::kept_in(&home.dir.join("root.password"))?;
        secrets::write_private(
            &home.init_file(),
            &init_statements(flavour, &password, &service_password, &root_password),
        )?;
        let client = SqlClient::new(
            &home.files(),
            SOCKET,
            home.dir.join("client.cnf"),
            &root_password,
        )?;
        let credentials = Credentials {
            host: format!("127.0.0.1:{}", home.port),
            name: NAME.into(),
            user: USER.into(),
            password,
            service_user: SERVICE_USER.into(),
            service_password,
        };
        let spec = match flavour {
            Flavour::MariaDb => mariadb::server(&home)?,
            Flavour::MySql => mysql::server(&home)?,
        };
        let mut database = Self {
            flavour,
            service: Service::start(spec)?,
            client,
            credentials,
            authority: home.authority(),
        };
        database.wait_ready()?;
        Ok(database)
    }

    /// Its flavour.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// How to use the database `orders`.
    pub fn credentials(&self) -> Credentials {
        self.credentials.clone()
    }

    /// PEM file of the authority that its certificate is from. Clients need not encrypt.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// Makes another database that the same users may use; one that exists is left as it is.
    pub fn create_database(&self, name: &str) -> Result<Credentials> {
        self.sql(&creation(name))?;
        Ok(Credentials {
            name: name.to_owned(),
            ..self.credentials()
        })
    }

    /// Runs a statement as root on `orders`; rows come back tab separated, without headers.
    pub fn sql(&self, statement: &str) -> Result<String> {
        self.client.run(NAME, statement)
    }

    /// Runs a query as root in a transaction that stays open, with its locks, as long as the handle lives.
    pub fn hold(&self, query: &str) -> Result<Held> {
        self.client.hold(NAME, query)
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
        self.service.terminate(STOP_LIMIT)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let client = self.client.clone();
        self.service.wait_until(START_LIMIT, || {
            Ok(client.run(NAME, "SELECT 1").ok().map(drop))
        })
    }
}

/// Makes the server's data folder. The folder gets its name only when it is complete, so that a start that was killed half-way through
/// leaves nothing that looks like a database.
fn initialise(home: &Home, flavour: Flavour) -> Result<()> {
    let files = home.files();
    if files.exists() {
        return Ok(());
    }
    let fresh = home.dir.join("files.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
    }
    match flavour {
        Flavour::MariaDb => mariadb::initialise(home, &fresh)?,
        Flavour::MySql => mysql::initialise(home, &fresh)?,
    }
    fs::rename(&fresh, &files).with_context(|| format!("cannot rename {}", fresh.display()))
}

fn init_statements(
    flavour: Flavour,
    password: &str,
    service_password: &str,
    root_password: &str,
) -> String {
    let only_local_root = match flavour {
        // `mariadb-install-db` makes a root without password for the host's name, too; `ALTER USER` below would not change that one.
        Flavour::MariaDb => {
            "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';\nFLUSH PRIVILEGES;\n"
        }
        Flavour::MySql => "",
    };
    format!(
        "{only_local_root}ALTER USER 'root'@'localhost' IDENTIFIED BY '{root_password}';\n\
         CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{password}';\n\
         CREATE USER IF NOT EXISTS '{SERVICE_USER}'@'%' IDENTIFIED BY '{service_password}';\n{}",
        creation(NAME)
    )
}

/// Makes a database, and grants what is written for `orders`.
fn creation(name: &str) -> String {
    let grants = GRANTS
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(|line| {
            line.replace("`orders`", &format!("`{name}`"))
                .replace("'order_migrator'", &format!("'{USER}'"))
        });
    let grants: Vec<String> = grants.collect();
    format!(
        "CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4;\n{}\n",
        grants.join("\n")
    )
}
