//! Runs statements as the database's root through the `mariadb` command-line client and the server's socket: a look from outside,
//! with no code in common with the services. Must not know any table.

use crate::stack::secrets;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A client of one server.
#[derive(Clone)]
pub(super) struct SqlClient {
    /// The server's data folder. The socket is named relative to it, since a socket's path may have 107 bytes at most.
    dir: PathBuf,
    options: PathBuf,
}

impl SqlClient {
    /// Keeps root's password in the option file, so that it is on no command line.
    pub(super) fn new(dir: &Path, socket: &str, options: PathBuf, password: &str) -> Result<Self> {
        let text = format!(
            "[client]\nuser=root\npassword={password}\nsocket={socket}\ndefault-character-set=utf8mb4\n"
        );
        secrets::write_private(&options, &text)?;
        Ok(Self {
            dir: dir.to_owned(),
            options,
        })
    }

    /// The rows, tab separated, without headers.
    pub(super) fn run(&self, database: &str, statement: &str) -> Result<String> {
        let mut command = Command::new("mariadb");
        command.arg(format!("--defaults-file={}", self.options.display()));
        command.args([
            "--batch",
            "--skip-column-names",
            "--connect-timeout=5",
            "--database",
            database,
        ]);
        command
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start the client mariadb")?;
        let written = child
            .stdin
            .take()
            .map(|mut input| input.write_all(statement.as_bytes()));
        let output = child
            .wait_with_output()
            .context("cannot wait for the client mariadb")?;
        if !output.status.success() {
            bail!(
                "the database refused: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        written
            .transpose()
            .context("cannot hand the statement to the client mariadb")?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }
}
