//! Real databases: one server of each flavour for the whole test binary, a fresh database for each test.

use std::fs;
use std::path::Path;
use std::process;
use std::sync::{Arc, LazyLock};

use order_service::config::{DatabaseSettings, SslMode};
use order_service::outbound::mysql::pool::{Pool, SessionManager};
use order_service::outbound::mysql::watchdog::Watchdog;
use parking_lot::{Mutex, MutexGuard};
use stack::{Credentials, Database, Flavour, Place};
use tempfile::TempDir;

/// Makes each test for both servers. MySQL can be left out, which is logged; MariaDB can't.
macro_rules! on_each_server {
    ($($behaviour:ident { $($test:ident,)+ })+) => {
        mod mariadb {
            $(mod $behaviour {
                $(#[test]
                fn $test() {
                    super::super::$behaviour::$test(stack::Flavour::MariaDb);
                })+
            })+
        }
        mod mysql {
            $(mod $behaviour {
                $(#[test]
                fn $test() {
                    if !stack::mysql_is_left_out() {
                        super::super::$behaviour::$test(stack::Flavour::MySql);
                    }
                })+
            })+
        }
    };
}

static MARIADB: LazyLock<Database> = LazyLock::new(|| start_for_all(Flavour::MariaDb));
static MYSQL: LazyLock<Database> = LazyLock::new(|| start_for_all(Flavour::MySql));

/// A database of one test, dropped at its end.
pub(crate) struct TestDatabase {
    server: &'static Database,
    credentials: Credentials,
}

impl TestDatabase {
    /// An empty one.
    pub(crate) fn create(flavour: Flavour) -> Self {
        let server = match flavour {
            Flavour::MariaDb => &MARIADB,
            Flavour::MySql => &MYSQL,
        };
        let name = format!("test_{:016x}", rand::random::<u64>());
        Self {
            server,
            credentials: server.create_database(&name).unwrap(),
        }
    }

    /// How the order service gets in.
    pub(crate) fn settings(&self) -> DatabaseSettings {
        settings(&self.credentials)
    }

    /// How the order service gets in that only works with the tables.
    pub(crate) fn service_settings(&self) -> DatabaseSettings {
        DatabaseSettings {
            username: self.credentials.service_user.clone(),
            password: self.credentials.service_password.as_str().into(),
            ..self.settings()
        }
    }

    /// Connections of their own.
    pub(crate) fn pool(&self) -> Pool {
        SessionManager::pool(&self.settings())
    }

    /// The authority that has signed the server's certificate.
    pub(crate) fn authority(&self) -> String {
        authority(self.server)
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

/// A server that its test may kill, with an empty database; it and its data end with the handle.
pub(crate) struct PrivateServer {
    database: Database,
    _folder: TempDir,
}

impl PrivateServer {
    pub(crate) fn start(flavour: Flavour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            database: start(flavour, folder.path()),
            _folder: folder,
        }
    }

    /// How the order service gets into its database.
    pub(crate) fn settings(&self) -> DatabaseSettings {
        settings(&self.database.credentials())
    }

    /// Connections to its database.
    pub(crate) fn pool(&self) -> Pool {
        SessionManager::pool(&self.settings())
    }

    /// The same, watched.
    pub(crate) fn watched_pool(&self, watchdog: Arc<Watchdog>) -> Pool {
        SessionManager::watched_pool(&self.settings(), watchdog)
    }

    /// The authority that has signed the server's certificate.
    pub(crate) fn authority(&self) -> String {
        authority(&self.database)
    }

    /// Stops the server in the middle of whatever it does; it keeps its connections.
    pub(crate) fn pause(&mut self) {
        self.database.service().pause().unwrap();
    }

    pub(crate) fn resume(&mut self) {
        self.database.service().resume().unwrap();
    }

    /// Runs a statement as root, past all code of ours.
    pub(crate) fn sql(&self, statement: &str) -> String {
        self.database.sql(statement).unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.database.kill_9().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        let _alone = alone();
        self.database.restart().unwrap();
    }
}

fn authority(server: &Database) -> String {
    server.authority().to_str().unwrap().to_owned()
}

/// How the order service gets into a database.
fn settings(credentials: &Credentials) -> DatabaseSettings {
    let (host, port) = credentials.host.split_once(':').unwrap();
    DatabaseSettings {
        address: (host.to_owned(), port.parse().unwrap()),
        name: credentials.name.clone(),
        username: credentials.user.clone(),
        password: credentials.password.as_str().into(),
        migrator: None,
        migrates_on_start: true,
        ssl_mode: SslMode::Preferred,
        ssl_ca: None,
        pool_size: 8,
    }
}

/// The server dies with this process, and its data is swept by the next one: a static is never dropped.
fn start_for_all(flavour: Flavour) -> Database {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order_service");
    sweep(&root);
    start(
        flavour,
        &root.join(format!("{}-{}", flavour.name(), process::id())),
    )
}

fn start(flavour: Flavour, root: &Path) -> Database {
    let _alone = alone();
    Database::start(flavour, &Place::under(root).unwrap(), 0).unwrap()
}

/// A MariaDB that starts removes the temporary tables of all that share its folder for them: no other may be in the middle of its
/// own start.
fn alone() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock()
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

fn is_left_over(place: &Path) -> bool {
    let owner = place.to_str().unwrap().rsplit('-').next().unwrap();
    !Path::new("/proc").join(owner).exists()
}
