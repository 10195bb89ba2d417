//! Starts children so that they can't outlive this process. Must not know which programs they are.
//!
//! `setpriv --pdeathsig` asks the kernel to kill the child when its parent ends. The kernel's parent is the **thread** that
//! started the child, and a test's thread ends long before its process, so one thread of this process, which never ends, starts
//! them all. A child gets a process group of its own: Ctrl-C on the terminal reaches only us, and we stop the children in order.

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

type Job = (Command, Sender<io::Result<Child>>);

static SPAWNER: LazyLock<Mutex<Sender<Job>>> = LazyLock::new(|| {
    let (jobs, inbox) = channel::<Job>();
    thread::spawn(move || {
        for (mut command, reply) in inbox {
            // The receiver waits in `spawn`, so this can't fail.
            let _ = reply.send(command.spawn());
        }
    });
    Mutex::new(jobs)
});

/// A command for `program` that dies with this process.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "SIGKILL", "--"])
        .arg(program)
        .process_group(0);
    command
}

/// Starts it from the thread that never ends.
pub(crate) fn spawn(command: Command) -> Result<Child> {
    let (reply, answer) = channel();
    let jobs = SPAWNER.lock().clone();
    jobs.send((command, reply))
        .map_err(|_| anyhow!("the thread that starts children is gone"))?;
    answer
        .recv()
        .context("the thread that starts children is gone")?
        .context("cannot start setpriv (package util-linux)")
}
