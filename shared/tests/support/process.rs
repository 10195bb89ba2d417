//! A service as a process: how it ends when it can't serve, and before it does. The crate that includes this names its program.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::Duration;

use stack::{Service, Spec, answers_ok, free_port};

use crate::{PROGRAM, REQUIRED_SETTINGS};

const SOON: Duration = Duration::from_secs(30);
/// Nothing listens there.
const NO_BROKER: (&str, &str) = ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1");

/// Until the process has ended by itself.
fn run<const N: usize>(settings: [(&str, String); N]) -> Output {
    Command::new(PROGRAM)
        .envs(REQUIRED_SETTINGS.iter().copied())
        .envs([NO_BROKER])
        .envs(settings)
        .output()
        .unwrap()
}

fn assert_refused(output: &Output, address: &str) {
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains(&format!("listening on {address}: ")), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

mod an_address {
    use super::*;

    const FREE: &str = "127.0.0.1:0";

    #[test]
    fn that_is_in_use_is_named() {
        let other = TcpListener::bind(FREE).unwrap();
        let taken = other.local_addr().unwrap().to_string();
        for (taken_by, free) in [
            ("HTTP_ADDR", "INTERNAL_ADDR"),
            ("INTERNAL_ADDR", "HTTP_ADDR"),
        ] {
            let output = run([(taken_by, taken.clone()), (free, FREE.to_owned())]);
            assert_refused(&output, &taken);
        }
    }

    #[test]
    fn of_another_machine_is_named() {
        // RFC 5737: of no machine at all.
        let elsewhere = "192.0.2.1:7000";
        for (name, free) in [
            ("HTTP_ADDR", "INTERNAL_ADDR"),
            ("INTERNAL_ADDR", "HTTP_ADDR"),
        ] {
            // A port that other machines reach is not opened without these.
            let token = || "0123456789abcdef".to_owned();
            let output = run([
                (name, elsewhere.to_owned()),
                (free, FREE.to_owned()),
                ("OPERATOR_TOKEN", token()),
                ("SERVICE_TOKEN", token()),
            ]);
            assert_refused(&output, elsewhere);
        }
    }
}

mod sigterm {
    use super::*;

    /// The probes answer from the start, so a process that answers listens to signals, too.
    #[test]
    fn before_it_is_ready_ends_it_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let mut service = Service::start(Spec {
            name: "service".to_owned(),
            program: PROGRAM.into(),
            log: folder.path().join("log"),
            env: REQUIRED_SETTINGS
                .iter()
                .copied()
                .chain([
                    NO_BROKER,
                    ("HTTP_ADDR", format!("127.0.0.1:{port}").as_str()),
                    ("INTERNAL_ADDR", "127.0.0.1:0"),
                    ("SHUTDOWN_DELAY_SECONDS", "0"),
                ])
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Spec::default()
        })
        .unwrap();
        let live = format!("http://127.0.0.1:{port}/livez");
        service
            .wait_until(SOON, || Ok(answers_ok(&live).then_some(())))
            .unwrap();
        assert!(!answers_ok(&format!("http://127.0.0.1:{port}/readyz")));

        let ended = service.terminate(SOON).unwrap();

        assert_eq!(ended.code(), Some(0), "{}", service.log_tail(20));
    }
}
