//! A private database server as a child process, of either flavour. Must not know any table: the order service makes its own.

use crate::sql_client::{Held, SqlClient};
use crate::{Credentials, Place, Service, Spec, mariadb, mysql, ports, secrets};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(90);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const NAME: &str = "orders";
const USER: &str = "order_admin";

/// The socket's name in the data folder, which is the server's working directory.
pub(crate) const SOCKET: &str = "server.sock";

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

/// A running server with the database `orders` and its user `order_admin`; it ends with the handle.
pub struct Database {
    flavour: Flavour,
    service: Service,
    client: SqlClient,
    credentials: Credentials,
}

impl Database {
    /// Starts it on `127.0.0.1:port` (0: a free one) and waits until it answers; makes its data folder when that is new.
    pub fn start(flavour: Flavour, place: &Place, port: u16) -> Result<Self> {
        let home = Home::new(flavour, place, ports::given_or_free(port)?)?;
        home.initialise(flavour)?;
        let password = secrets::kept_in(&home.dir.join("order_admin.password"))?;
        let root_password = secrets::kept_in(&home.dir.join("root.password"))?;
        secrets::write_private(
            &home.init_file(),
            &init_statements(flavour, &password, &root_password),
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

    /// Makes another database that the same user may use; one that exists is left as it is.
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

/// The folders and the port of one server.
pub(crate) struct Home {
    pub(crate) dir: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) port: u16,
    name: &'static str,
}

impl Home {
    fn new(flavour: Flavour, place: &Place, port: u16) -> Result<Self> {
        let name = flavour.name();
        let home = Self {
            dir: place.data_of(name)?,
            log: place.log_of(name),
            port,
            name,
        };
        fs::create_dir_all(home.temporary())
            .with_context(|| format!("cannot make {}", home.temporary().display()))?;
        Ok(home)
    }

    /// The server's own data folder.
    pub(crate) fn files(&self) -> PathBuf {
        self.dir.join("files")
    }

    /// The statements that the server runs before it lets anybody in.
    pub(crate) fn init_file(&self) -> PathBuf {
        self.dir.join("init.sql")
    }

    /// The child process of that server.
    pub(crate) fn spec(&self, program: PathBuf, args: Vec<String>) -> Spec {
        let args = args.into_iter().map(Into::into).collect();
        Spec {
            name: self.name.into(),
            program,
            args,
            log: self.log.clone(),
            env: vec![("TMPDIR".to_owned(), self.temporary().display().to_string())],
            ..Spec::default()
        }
    }

    /// A server that starts clears away the temporary tables it finds, those of others too, so each has a folder of its own.
    fn temporary(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// The data folder gets its name only when it is complete.
    fn initialise(&self, flavour: Flavour) -> Result<()> {
        if self.files().exists() {
            return Ok(());
        }
        let fresh = self.dir.join("files.new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh)
                .with_context(|| format!("cannot remove {}", fresh.display()))?;
        }
        match flavour {
            Flavour::MariaDb => mariadb::initialise(self, &fresh)?,
            Flavour::MySql => mysql::initialise(self, &fresh)?,
        }
        fs::rename(&fresh, self.files())
            .with_context(|| format!("cannot rename {}", fresh.display()))
    }
}

/// What both servers are told: durable at every commit, and small.
pub(crate) fn common_options(home: &Home, files: &Path) -> Vec<String> {
    let mut options = vec![
        format!("--datadir={}", files.display()),
        format!("--port={}", home.port),
        format!("--socket={SOCKET}"),
        format!("--init-file={}", home.init_file().display()),
    ];
    options.extend(
        [
            "--bind-address=127.0.0.1",
            "--pid-file=server.pid",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=1",
            "--innodb-buffer-pool-size=256M",
            "--max-connections=200",
            "--character-set-server=utf8mb4",
        ]
        .map(str::to_owned),
    );
    options.extend(as_root());
    options
}

/// Both servers refuse to run as root unless told so.
pub(crate) fn as_root() -> Option<String> {
    nix::unistd::geteuid()
        .is_root()
        .then(|| "--user=root".to_owned())
}

fn init_statements(flavour: Flavour, password: &str, root_password: &str) -> String {
    let only_local_root = match flavour {
        Flavour::MariaDb => {
            "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';\nFLUSH PRIVILEGES;\n"
        }
        Flavour::MySql => "",
    };
    format!(
        "{only_local_root}ALTER USER 'root'@'localhost' IDENTIFIED BY '{root_password}';\n\
         CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{password}';\n{}",
        creation(NAME)
    )
}

fn creation(name: &str) -> String {
    format!(
        "CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4;\nGRANT ALL PRIVILEGES ON `{name}`.* TO '{USER}'@'%';\n"
    )
}
