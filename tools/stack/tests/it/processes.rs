//! A child process is watched, disturbed and ended as asked, and never outlives its handle.

use crate::support::{exists, place};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stack::{Service, Spec, free_port, is_free, until};
use std::fs;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn shell(script: &str) -> (tempfile::TempDir, Service) {
    let (folder, place) = place();
    let args = vec!["-c".into(), script.into()];
    let spec = Spec {
        name: "shell".into(),
        program: "sh".into(),
        args,
        log: place.log_of("shell"),
        ..Spec::default()
    };
    (folder, Service::start(spec).unwrap())
}

fn await_log(service: &Service, word: &str) {
    until(word, SOON, || {
        Ok(service.log_tail(1).contains(word).then_some(()))
    })
    .unwrap();
}

#[test]
fn it_dies_with_its_handle() {
    let (_folder, service) = shell("exec sleep 600");
    let pid = service.pid();
    assert!(exists(pid));
    drop(service);
    assert!(!exists(pid));
}

#[test]
fn it_outlives_the_thread_that_asked_for_it() {
    let (_folder, mut service, thread) = std::thread::spawn(|| {
        let (folder, service) =
            shell("trap 'echo alive' USR1; echo ready; while :; do sleep 0.05; done");
        (folder, service, nix::unistd::gettid())
    })
    .join()
    .unwrap();
    await_log(&service, "ready");
    // `join` returns a little before the kernel has ended the thread, which is when it would kill a child of the thread.
    let thread = format!("/proc/self/task/{thread}");
    until("the thread's end", SOON, || {
        Ok((!Path::new(&thread).exists()).then_some(()))
    })
    .unwrap();
    kill(
        Pid::from_raw(service.pid().try_into().unwrap()),
        Signal::SIGUSR1,
    )
    .unwrap();
    await_log(&service, "alive");
    assert!(service.is_running());
}

#[test]
fn its_end_is_told_with_its_last_words() {
    let (_folder, mut service) = shell("echo I can not; exit 7");
    let error = service.wait_until::<()>(SOON, || Ok(None)).unwrap_err();
    assert!(format!("{error:#}").contains("I can not"), "{error:#}");
    assert_eq!(service.exit_status().unwrap().unwrap().code(), Some(7));
}

#[test]
fn a_graceful_end_gives_its_exit_status() {
    let (_folder, mut service) =
        shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    await_log(&service, "ready");
    assert_eq!(service.terminate(SOON).unwrap().code(), Some(3));
}

#[test]
fn a_killed_one_is_restarted_with_a_new_pid() {
    let (_folder, mut service) = shell("exec sleep 600");
    let first = service.pid();
    service.kill_9().unwrap();
    assert!(!service.is_running());
    service.restart().unwrap();
    assert!(service.is_running());
    assert_ne!(service.pid(), first);
}

#[test]
fn a_paused_one_does_nothing_until_it_is_resumed() {
    let (_folder, mut service) = shell("while :; do echo tick; sleep 0.02; done");
    let ticks = |service: &Service| service.log_tail(100_000).lines().count();
    until("a tick", SOON, || Ok((ticks(&service) > 0).then_some(()))).unwrap();
    service.pause().unwrap();
    let stat = format!("/proc/{}/stat", service.pid());
    until("the stop", SOON, || {
        Ok(fs::read_to_string(&stat)?.contains(") T ").then_some(()))
    })
    .unwrap();
    let before = ticks(&service);
    service.resume().unwrap();
    until("another tick", SOON, || {
        Ok((ticks(&service) > before).then_some(()))
    })
    .unwrap();
}

#[test]
fn free_ports_are_free_and_different() {
    let ports: Vec<u16> = (0..20).map(|_| free_port().unwrap()).collect();
    let different: std::collections::BTreeSet<u16> = ports.iter().copied().collect();
    assert_eq!(different.len(), ports.len());
    let taken = std::net::TcpListener::bind(("127.0.0.1", ports[0])).unwrap();
    assert!(!is_free(ports[0]));
    drop(taken);
}
