//! A child process with a log file: started, watched, disturbed on purpose, and ended for sure when its handle drops.
//! Must not know which program it runs.

use crate::{spawner, wait};
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

/// How long a dropped handle waits for a graceful end before it kills.
const GRACE: Duration = Duration::from_secs(10);

/// What to run. Not `Debug`: the environment holds secrets.
#[derive(Clone, Default)]
pub struct Spec {
    /// The name in messages.
    pub name: String,
    /// The program's path, or its name to be looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables added to this process's own environment.
    pub env: Vec<(String, String)>,
    /// Its working directory; this process's own by default.
    pub dir: Option<PathBuf>,
    /// The file that its standard output and error are appended to.
    pub log: PathBuf,
    /// Its base URL; empty when it serves no HTTP.
    pub url: String,
    /// The base URL of what it serves for operators only; empty when there is none.
    pub internal: String,
    /// The URL that answers 200 once it is ready.
    pub ready: String,
}

/// A running (or ended) child process.
pub struct Service {
    spec: Box<Spec>,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Service {
    /// Starts it, and does not wait until it is ready.
    pub fn start(spec: Spec) -> Result<Self> {
        let child = spawned(&spec)?;
        Ok(Self {
            spec: Box::new(spec),
            child,
            ended: None,
        })
    }

    /// Runs a program that ends by itself, and fails with the end of its log when its exit status is not 0.
    pub fn run_to_end(spec: Spec, limit: Duration) -> Result<()> {
        Self::start(spec)?.end(limit)
    }

    /// Waits until it ends by itself, and fails as [`run_to_end`](Self::run_to_end) does.
    pub fn end(mut self, limit: Duration) -> Result<()> {
        let status = wait::until(&format!("running {}", self.spec.name), limit, || {
            self.exit_status()
        })?;
        if !status.success() {
            bail!(
                "{} failed ({status}); {}",
                self.spec.name,
                self.last_words()
            );
        }
        Ok(())
    }

    /// The name it goes by.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.spec.url
    }

    /// The base URL of what it serves for operators only; empty when there is none.
    pub fn internal_url(&self) -> &str {
        &self.spec.internal
    }

    /// The URL that answers 200 once it is ready.
    pub fn ready_url(&self) -> &str {
        &self.spec.ready
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.spec.log
    }

    /// How it ended; `None` while it runs.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self
                .child
                .try_wait()
                .with_context(|| format!("cannot watch {}", self.spec.name))?;
        }
        Ok(self.ended)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.exit_status(), Ok(None))
    }

    /// Whether its readiness URL answers 200 now.
    pub fn is_ready(&self) -> bool {
        answers_ok(&self.spec.ready)
    }

    /// Polls its readiness URL until it answers 200.
    pub fn wait_ready(&mut self, limit: Duration) -> Result<()> {
        let url = self.spec.ready.clone();
        self.wait_until(limit, || Ok(answers_ok(&url).then_some(())))
    }

    /// Calls `probe` until it gives a value; fails with the end of the log when the process ends meanwhile or `limit` passes.
    pub fn wait_until<T>(
        &mut self,
        limit: Duration,
        mut probe: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let what = format!("waiting until {} is ready", self.spec.name);
        let waited = wait::until(&what, limit, || match self.exit_status()? {
            Some(status) => bail!("{} ended ({status})", self.spec.name),
            None => probe(),
        });
        waited.with_context(|| self.last_words())
    }

    /// Asks it to stop (SIGTERM), and does not wait for its end.
    pub fn ask_to_stop(&mut self) -> Result<()> {
        self.signal(Signal::SIGTERM)?;
        // A paused process gets no other signal than SIGKILL before it goes on.
        self.signal(Signal::SIGCONT)
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.ask_to_stop()?;
        let what = format!("waiting for the end of {}", self.spec.name);
        // Ctrl-C ends all other waits; ending this one would kill a service that is just shutting down.
        wait::uninterrupted(&what, limit, || self.exit_status())
    }

    /// Kills it as a power cut would.
    pub fn kill_9(&mut self) -> Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.ended = Some(
            self.child
                .wait()
                .with_context(|| format!("cannot wait for {}", self.spec.name))?,
        );
        Ok(())
    }

    /// Pauses it (SIGSTOP): it keeps its connections and answers nothing.
    pub fn pause(&mut self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets a paused process go on.
    pub fn resume(&mut self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Starts it again with the same arguments; if it still runs, it is killed first.
    pub fn restart(&mut self) -> Result<()> {
        // A signal to a child that has been waited for is not sent, so this also serves one that has ended.
        self.kill_9()?;
        self.child = spawned(&self.spec)?;
        self.ended = None;
        Ok(())
    }

    /// The same, and waits until it is ready.
    ///
    /// # Errors
    /// When it can't be started, ends, or is not ready in time.
    pub fn restart_until_ready(&mut self, limit: Duration) -> Result<()> {
        self.restart()?;
        self.wait_ready(limit)
    }

    /// The last lines of its log.
    pub fn log_tail(&self, lines: usize) -> String {
        let text = fs::read(&self.spec.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// The end of its log, for a message.
    pub fn last_words(&self) -> String {
        format!(
            "last lines of {}:\n{}",
            self.spec.log.display(),
            self.log_tail(15)
        )
    }

    fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.exit_status()?.is_some() {
            // The kernel may have given its process id to another process by now.
            return Ok(());
        }
        let pid = Pid::from_raw(self.pid().try_into()?);
        kill(pid, signal).with_context(|| format!("cannot send {signal} to {}", self.spec.name))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.terminate(GRACE).is_err() {
            // `drop` can't return an error, and the kernel kills the child with this process at the latest
            let _ = self.kill_9();
        }
    }
}

fn spawned(spec: &Spec) -> Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(&spec.log);
    let log = log.with_context(|| format!("cannot open the log {}", spec.log.display()))?;
    let mut command = spawner::command(&spec.program);
    command.args(&spec.args).envs(spec.env.iter().cloned());
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    if let Some(dir) = &spec.dir {
        command.current_dir(dir);
    }
    spawner::spawn(command).with_context(|| format!("cannot start {}", spec.name))
}

/// Whether that URL answers 200 now.
pub fn answers_ok(url: &str) -> bool {
    let agent: ureq::Agent = crate::direct(Duration::from_secs(2)).build().into();
    agent
        .get(url)
        .call()
        .is_ok_and(|answer| answer.status() == 200)
}
