//! Folders, port and options that servers of both flavours have. Must not know which one it is.

use crate::{Place, Spec, certificate, secrets};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The socket's name in the data folder, which is the server's working directory.
pub(crate) const SOCKET: &str = "server.sock";

/// The folders and the port of one server.
pub(crate) struct Home {
    pub(crate) dir: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) port: u16,
    name: &'static str,
}

impl Home {
    /// Makes its folders. `name` is the server's.
    pub(crate) fn new(name: &'static str, place: &Place, port: u16) -> Result<Self> {
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

    /// The certificate of the authority, which clients must know.
    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    fn certificate(&self) -> PathBuf {
        self.dir.join("server.pem")
    }

    fn key(&self) -> PathBuf {
        self.dir.join("server.key")
    }

    /// Makes the server's certificate when there is none yet.
    pub(crate) fn certify(&self) -> Result<()> {
        if self.authority().exists() {
            return Ok(());
        }
        let issued = certificate::issue()?;
        secrets::write_private(&self.key(), &issued.key)?;
        secrets::write_private(&self.certificate(), &issued.certificate)?;
        // Last: with it, all are there.
        fs::write(self.authority(), issued.authority)
            .context("cannot write the authority's certificate")
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

    /// Each server has its own, because a server that starts deletes all temporary tables that it finds, those of other servers too.
    fn temporary(&self) -> PathBuf {
        self.dir.join("tmp")
    }
}

/// Options of both servers: durable at every commit, and small.
pub(crate) fn common_options(home: &Home, files: &Path) -> Vec<String> {
    let mut options = vec![
        format!("--datadir={}", files.display()),
        format!("--port={}", home.port),
        format!("--socket={SOCKET}"),
        format!("--init-file={}", home.init_file().display()),
        format!("--ssl-ca={}", home.authority().display()),
        format!("--ssl-cert={}", home.certificate().display()),
        format!("--ssl-key={}", home.key().display()),
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
