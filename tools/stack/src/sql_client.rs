//! Runs statements as the database's root through the `mariadb` command-line client and the server's socket: a look from outside,
//! with no code in common with the services. Must not know any table.

use crate::secrets;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A statement may take so long before the client is killed: a server that is paused would never answer.
const LIMIT_SECONDS: &str = "300";

/// A client of one server.
#[derive(Clone)]
pub(crate) struct SqlClient {
    /// The server's data folder. The socket is named relative to it, since a socket's path may have 107 bytes at most.
    dir: PathBuf,
    options: PathBuf,
}

impl SqlClient {
    /// Keeps root's password in the option file, since other users can read command lines.
    pub(crate) fn new(dir: &Path, socket: &str, options: PathBuf, password: &str) -> Result<Self> {
        let text = format!(
            "[client]\nuser=root\npassword={password}\nsocket={socket}\ndefault-character-set=utf8mb4\n"
        );
        secrets::write_private(&options, &text)?;
        Ok(Self {
            dir: dir.to_owned(),
            options,
        })
    }

    /// Has `command`, which runs `mariadb`, read statements from its standard input.
    fn client(&self, mut command: Command, database: &str) -> Command {
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
        command
    }

    /// The rows, tab separated, without headers.
    pub(crate) fn run(&self, database: &str, statement: &str) -> Result<String> {
        let mut limited = Command::new("timeout");
        limited.args([LIMIT_SECONDS, "mariadb"]);
        let mut child = self
            .client(limited, database)
            .spawn()
            .context("cannot start the client mariadb")?;
        // The result is looked at after the exit status: when the client refuses to connect, the broken pipe is only a symptom.
        let written = child
            .stdin
            .take()
            .map(|mut input| input.write_all(statement.as_bytes()));
        let output = child
            .wait_with_output()
            .context("cannot wait for the client mariadb")?;
        if !output.status.success() {
            bail!(
                "the database refused ({}): {}",
                output.status,
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

    /// Runs a query in a transaction that stays open as long as the handle lives.
    pub(crate) fn hold(&self, database: &str, query: &str) -> Result<Held> {
        let mut client = self
            .client(Command::new("mariadb"), database)
            // The first row must arrive while the client still runs: it shows that the lock is held.
            .arg("--unbuffered")
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the client mariadb")?;
        let written = client.stdin.as_mut().map(|input| {
            writeln!(input, "START TRANSACTION; {query};").and_then(|()| input.flush())
        });
        let rows = client.stdout.take();
        let held = Held { client };
        written
            .transpose()
            .context("cannot hand the query to the client mariadb")?;
        let mut row = String::new();
        rows.map(|rows| BufReader::new(rows).read_line(&mut row))
            .transpose()
            .context("cannot read what the client mariadb found")?;
        if row.is_empty() {
            bail!("the query found nothing: {query}");
        }
        Ok(held)
    }
}

/// An open transaction with its locks; it is rolled back on drop.
pub struct Held {
    client: Child,
}

impl Drop for Held {
    fn drop(&mut self) {
        // the server rolls back when its client is gone, so how the client ends does not matter
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
