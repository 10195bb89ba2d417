//! Real databases: one server of each flavour for the whole test binary, a fresh database for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::LazyLock;

use mall_cli::stack::{Credentials, Database, Flavour, Place, mysql_is_left_out};
use order_service::config::{DatabaseSettings, SslMode};
use order_service::outbound::mysql::pool::{Pool, SessionManager};

static MARIADB: LazyLock<Database> = LazyLock::new(|| start(Flavour::MariaDb));
static MYSQL: LazyLock<Database> = LazyLock::new(|| start(Flavour::MySql));

/// A database of one test, dropped at its end.
pub(crate) struct TestDatabase {
    server: &'static Database,
    credentials: Credentials,
}

impl TestDatabase {
    /// An empty one; `None` where a MySQL is left out on this machine, which is told.
    pub(crate) fn create(flavour: Flavour) -> Option<Self> {
        let server = match flavour {
            Flavour::MariaDb => &MARIADB,
            Flavour::MySql if mysql_is_left_out() => return None,
            Flavour::MySql => &MYSQL,
        };
        let name = format!("test_{:016x}", rand::random::<u64>());
        Some(Self {
            server,
            credentials: server.create_database(&name).unwrap(),
        })
    }

    /// How the order service gets in.
    pub(crate) fn settings(&self) -> DatabaseSettings {
        settings(&self.credentials)
    }

    /// Connections of their own.
    pub(crate) fn pool(&self) -> Pool {
        SessionManager::pool(&self.settings())
    }

    /// Runs a statement as root, past all code of ours; rows come back tab separated.
    pub(crate) fn sql(&self, statement: &str) -> String {
        self.server
            .sql(&format!("USE `{}`; {statement}", self.credentials.name))
            .unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = self
            .server
            .sql(&format!("DROP DATABASE `{}`", self.credentials.name));
        assert!(dropped.is_ok() || std::thread::panicking(), "{dropped:?}");
    }
}

/// How the order service gets into a database.
pub(crate) fn settings(credentials: &Credentials) -> DatabaseSettings {
    let (host, port) = credentials.host.split_once(':').unwrap();
    DatabaseSettings {
        address: (host.to_owned(), port.parse().unwrap()),
        name: credentials.name.clone(),
        username: credentials.user.clone(),
        password: credentials.password.as_str().into(),
        ssl_mode: SslMode::Preferred,
        pool_size: 8,
    }
}

/// The server dies with this process, and its data is swept by the next one: a static is never dropped.
fn start(flavour: Flavour) -> Database {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order_service");
    sweep(&root);
    let place = Place::under(&root.join(format!("{}-{}", flavour.name(), process::id()))).unwrap();
    Database::start(flavour, &place, 0).unwrap()
}

fn sweep(root: &Path) {
    let entries = fs::read_dir(root)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    for left_over in entries.filter(|path| is_left_over(path)) {
        // Another test process may sweep the same.
        let _ = fs::remove_dir_all(left_over);
    }
}

fn is_left_over(place: &PathBuf) -> bool {
    let owner = place.to_str().unwrap().rsplit('-').next().unwrap();
    !Path::new("/proc").join(owner).exists()
}
