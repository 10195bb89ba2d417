//! Processor time and memory of processes, from `/proc`. Must not know what they do.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A process that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// What it is called.
    pub name: String,
    /// Its identity.
    pub pid: u32,
    /// The base URL of what it tells operators, if it tells anything.
    pub internal: Option<String>,
}

/// How a process did in a second.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessSample {
    /// What it is called.
    pub name: String,
    /// Processors in use, 1.0 being one of them all the time.
    pub processors: f64,
    /// Resident memory in MiB.
    pub resident_mib: f64,
}

/// How they do over so long, for somebody who does nothing meanwhile.
///
/// # Errors
/// When the system does not say how long its clock ticks are.
pub fn observe(watched: &[Watched], time: Duration) -> Result<Vec<ProcessSample>> {
    let mut processes = Processes::watch(watched.to_vec())?;
    thread::sleep(time);
    Ok(processes.look())
}

/// Watches processes.
pub(super) struct Processes {
    watched: Vec<(Watched, f64)>,
    looked_at: Instant,
    ticks_a_second: f64,
}

impl Processes {
    /// Watches these from now on. One that ends is left out then.
    ///
    /// # Errors
    /// When the system does not say how long its clock ticks are.
    pub(super) fn watch(watched: Vec<Watched>) -> Result<Self> {
        let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)?;
        #[expect(clippy::cast_precision_loss, reason = "it is 100")]
        let ticks_a_second = ticks.context("no clock ticks")? as f64;
        let mut processes = Self {
            watched: watched.into_iter().map(|process| (process, 0.0)).collect(),
            looked_at: Instant::now(),
            ticks_a_second,
        };
        processes.look();
        Ok(processes)
    }

    /// How they did since the last look.
    pub(super) fn look(&mut self) -> Vec<ProcessSample> {
        let passed = self.looked_at.elapsed().as_secs_f64();
        self.looked_at = Instant::now();
        let ticks_a_second = self.ticks_a_second;
        self.watched
            .iter_mut()
            .filter_map(|(process, before)| {
                let used = processor_ticks(process.pid)? / ticks_a_second;
                let spent = used - *before;
                *before = used;
                Some(ProcessSample {
                    name: process.name.clone(),
                    processors: spent / passed.max(1e-3),
                    resident_mib: resident_mib(process.pid)?,
                })
            })
            .collect()
    }

    /// Processor time of all of them since they began, in seconds, by name.
    pub(super) fn processor_seconds(&self) -> Vec<(String, f64)> {
        self.watched
            .iter()
            .filter_map(|(process, _)| {
                let ticks = processor_ticks(process.pid)?;
                Some((process.name.clone(), ticks / self.ticks_a_second))
            })
            .collect()
    }
}

/// User and system time (proc_pid_stat(5), fields 14 and 15). The name in brackets before may hold anything.
fn processor_ticks(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn resident_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_process_has_time_and_memory_and_an_ended_one_is_left_out() {
        let watched = |name: &str, pid| Watched {
            name: name.to_owned(),
            pid,
            internal: None,
        };
        let processes = vec![watched("me", std::process::id()), watched("gone", u32::MAX)];
        let mut processes = Processes::watch(processes).unwrap();
        let before = processor_ticks(std::process::id()).unwrap();
        while processor_ticks(std::process::id()).unwrap() < before + 3.0 {
            std::hint::black_box(before);
        }
        let samples = processes.look();
        let [me] = &samples[..] else {
            panic!("{samples:?}")
        };
        assert!(me.processors > 0.0 && me.resident_mib > 0.5, "{me:?}");
    }
}
