//! The commands as a developer types them: a mall that opens, sells, is disturbed and closes. Needs all binaries of the workspace.

use crate::support::exists;
use serde_json::Value;
use stack::{Service, Spec, answers_ok, free_port, until};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

const MALL: &str = env!("CARGO_BIN_EXE_mall_cli");
const OPENS_WITHIN: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(30);

/// An `up` on free ports in a folder of its own.
struct Mall {
    folder: TempDir,
    ports: Vec<String>,
    flags: Vec<String>,
}

impl Mall {
    fn new(flags: &[&str]) -> Self {
        let named = [
            "--composite-port",
            "--order-port",
            "--payment-port",
            "--member-port",
            "--identity-port",
            "--kafka-port",
            "--db-port",
        ];
        let ports = named
            .iter()
            .map(|flag| format!("{flag}={}", free_port().unwrap()))
            .collect();
        Self {
            folder: tempfile::tempdir().unwrap(),
            ports,
            flags: flags.iter().map(|&flag| flag.into()).collect(),
        }
    }

    fn up(&self) -> Service {
        let args = ["up".to_owned()]
            .into_iter()
            .chain(self.ports.clone())
            .chain(self.flags.clone())
            .chain([self.data_dir()]);
        let spec = Spec {
            name: "up".into(),
            program: MALL.into(),
            args: args.map(Into::into).collect(),
            log: self.folder.path().join("up.out"),
            ..Spec::default()
        };
        fs::remove_file(&spec.log).unwrap_or_default();
        Service::start(spec).unwrap()
    }

    fn open(&self) -> Service {
        let mut up = self.up();
        let log = up.log().to_owned();
        let opened = || {
            Ok(fs::read_to_string(&log)?
                .contains("Ctrl-C stops everything.")
                .then_some(()))
        };
        up.wait_until(OPENS_WITHIN, opened).unwrap();
        up
    }

    fn command(&self, command: &str) -> Output {
        Command::new(MALL)
            .args(command.split_whitespace())
            .arg(self.data_dir())
            .output()
            .unwrap()
    }

    /// Runs the line that `up` printed, as a shopper would paste it beside the script `mall`.
    fn buy_as_told(&self, log: &Path) -> Value {
        let script = self.folder.path().join("mall.here");
        fs::create_dir_all(&script).unwrap();
        // it may be there from the purchase before
        let _ = std::os::unix::fs::symlink(MALL, script.join("mall"));
        let told = fs::read_to_string(log).unwrap();
        let line = told.lines().find(|line| line.starts_with("curl ")).unwrap();
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(script)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn token(&self, member: &str) -> String {
        let printed = self.command(&format!("token {member}"));
        assert_eq!(printed.status.code(), Some(0), "{printed:?}");
        let printed = text(&printed.stdout);
        assert_eq!(printed.lines().count(), 1, "{printed}");
        printed.trim_end().to_owned()
    }

    /// The status and the body of the page of the token's member.
    fn page_of(&self, token: &str) -> (u16, Value) {
        let address = self.run_file()["address"].as_str().unwrap().to_owned();
        let output = Command::new("curl")
            .args(["-s", "-w", "\n%{http_code}", "-H"])
            .arg(format!("Authorization: Bearer {token}"))
            .arg(format!("{address}/open-api/my-page"))
            .output()
            .unwrap();
        let answer = text(&output.stdout);
        let (body, status) = answer.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    fn order_token_secret(&self) -> String {
        let file = "mall/data/identity-provider/order-token.key";
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn data_dir(&self) -> String {
        format!("--data-dir={}", self.folder.path().join("mall").display())
    }

    fn run_file(&self) -> Value {
        let text = fs::read(self.folder.path().join("mall/run.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn pids(&self) -> Vec<u32> {
        let run = self.run_file();
        run["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["pid"].as_u64().unwrap().try_into().unwrap())
            .collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn opens_sells_and_closes(flags: &[&str]) {
    let mall = Mall::new(flags);
    let mut up = mall.open();
    assert_eq!(mall.buy_as_told(up.log())["status"], "COMPLETE");
    assert_eq!(
        mall.buy_as_told(up.log())["status"],
        "COMPLETE",
        "the same line buys again"
    );

    let status = mall.command("status");
    assert_eq!(status.status.code(), Some(0));
    assert!(
        !text(&status.stdout).contains("NOT READY"),
        "{}",
        text(&status.stdout)
    );

    assert_operators_have_ports_of_their_own(&mall, &text(&status.stdout));

    let pids = mall.pids();
    assert_eq!(mall.command("down").status.code(), Some(0));
    assert_eq!(up.terminate(SOON).unwrap().code(), Some(0));
    assert!(pids.into_iter().all(|pid| !exists(pid)));
    assert_eq!(mall.command("status").status.code(), Some(3));
}

fn assert_operators_have_ports_of_their_own(mall: &Mall, status: &str) {
    let run = mall.run_file();
    let parts = run["parts"].as_array().unwrap();
    let services = parts.iter().filter(|part| part["internal"].is_string());
    let mut names = Vec::new();
    for part in services {
        let (public, internal) = (
            part["address"].as_str().unwrap(),
            part["internal"].as_str().unwrap(),
        );
        let metrics = format!("{internal}/metrics");
        assert!(status.contains(&metrics), "{metrics} in {status}");
        for path in ["/metrics", "/internal/mailboxes"] {
            assert!(answers_ok(&format!("{internal}{path}")));
            assert!(!answers_ok(&format!("{public}{path}")));
        }
        assert!(!answers_ok(&format!("{internal}/livez")));
        names.push(part["name"].as_str().unwrap());
    }
    for service in ["composite-service", "order-service"] {
        assert!(names.contains(&service), "{names:?}");
    }
}

#[test]
fn a_mall_opens_sells_and_closes() {
    opens_sells_and_closes(&[]);
}

#[test]
fn a_mall_of_several_services_on_kafka_opens_sells_and_closes() {
    opens_sells_and_closes(&["--kafka", "--order-services=2", "--composites=2"]);
}

#[test]
fn a_mall_whose_members_come_by_token_opens_sells_and_closes() {
    opens_sells_and_closes(&["--auth=jwt"]);
}

#[test]
fn a_token_opens_its_members_page_also_after_a_new_start() {
    let mall = Mall::new(&["--auth=jwt"]);
    let first = mall.open();
    let token = mall.token("minji");
    assert_eq!(mall.page_of(&token).0, 200);
    let order_secret = mall.order_token_secret();
    drop(first);

    let _second = mall.open();
    let (status, page) = mall.page_of(&token);
    assert_eq!(status, 200, "{page}");
    assert_eq!(page["memberId"], "minji", "{page}");
    assert_eq!(mall.page_of("not.a.token").0, 401);
    assert_eq!(mall.order_token_secret(), order_secret);
    let told = text(&mall.command("status").stdout);
    assert!(
        told.contains("members come by token of http://127.0.0.1:"),
        "{told}"
    );
}

#[test]
fn a_proxy_names_the_member_and_nobody_else_does() {
    let mall = Mall::new(&["--auth=proxy"]);
    let up = mall.open();
    let bought = mall.buy_as_told(up.log());
    assert_eq!(bought["status"], "COMPLETE", "{bought}");
    let secret_file = mall.run_file()["proxySecret"].as_str().unwrap().to_owned();
    let secret = fs::read_to_string(secret_file).unwrap();
    let page = |headers: &[&str]| {
        let address = mall.run_file()["address"].as_str().unwrap().to_owned();
        let headers = headers.iter().flat_map(|header| ["-H", *header]);
        let output = Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}"])
            .args(headers)
            .arg(format!("{address}/open-api/my-page"))
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let proof = format!("X-Proxy-Secret: {secret}");
    assert_eq!(page(&["X-Member-Id: minji", &proof]), "200");
    assert_eq!(page(&["X-Member-Id: minji"]), "403");
    assert!(!up.log_tail(1_000).contains(secret.trim()));
}

#[test]
fn an_open_mall_has_no_tokens() {
    let mall = Mall::new(&[]);
    let _up = mall.open();
    let refused = mall.command("token minji");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    let said = text(&refused.stderr);
    assert!(said.contains("wants no tokens"), "{said}");
}

#[test]
fn a_mall_opens_a_second_time_on_its_data() {
    let mall = Mall::new(&[]);
    let first = mall.open();
    let order = mall.buy_as_told(first.log())["orderNum"]
        .as_str()
        .unwrap()
        .to_owned();
    drop(first);

    let _second = mall.open();
    let address = mall.run_file()["address"].as_str().unwrap().to_owned();
    let read = Command::new("curl")
        .args(["-s", &format!("{address}/open-api/order/{order}")])
        .output()
        .unwrap();
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["status"], "COMPLETE");
}

#[test]
fn a_second_up_says_that_one_runs_and_a_killed_one_takes_its_children_along() {
    let mall = Mall::new(&[]);
    let mut up = mall.open();
    let second = mall.command("up");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains(&format!("runs already (pid {}", up.pid())),
        "{}",
        text(&second.stderr)
    );
    assert!(text(&mall.command("reset").stderr).contains("it runs"));

    let pids = mall.pids();
    up.kill_9().unwrap();
    until("the children's end", SOON, || {
        Ok(pids.iter().all(|pid| has_ended(*pid)).then_some(()))
    })
    .unwrap();
    assert_eq!(mall.command("status").status.code(), Some(3));
    let _third = mall.open();
}

#[test]
fn a_child_that_ends_by_itself_closes_the_mall() {
    let mall = Mall::new(&[]);
    let mut up = mall.open();
    let parts = mall.run_file()["parts"].clone();
    let victim = parts
        .as_array()
        .unwrap()
        .iter()
        .find(|part| part["name"] == "order-service")
        .unwrap();
    Command::new("kill")
        .args(["-9", &victim["pid"].to_string()])
        .status()
        .unwrap();
    let ended = until("the end of the mall", SOON, || up.exit_status()).unwrap();
    assert_eq!(ended.code(), Some(1));
    assert!(
        up.log_tail(40).contains("order-service exited by itself"),
        "{}",
        up.log_tail(40)
    );
}

#[test]
fn a_taken_port_is_named_with_its_flag_before_anything_starts() {
    let mall = Mall::new(&[]);
    let port: u16 = mall.ports[0].split_once('=').unwrap().1.parse().unwrap();
    let _somebody_else = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut up = mall.up();
    let ended = until("the refusal", SOON, || up.exit_status()).unwrap();
    assert_eq!(ended.code(), Some(1));
    let said = up.log_tail(5);
    assert!(
        said.contains("--composite-port") && said.contains(&port.to_string()),
        "{said}"
    );
    assert!(!mall.folder.path().join("mall/data").exists());
}

/// Whether that process runs no more; one whose new parent has not yet taken note of its end counts, too.
fn has_ended(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}
