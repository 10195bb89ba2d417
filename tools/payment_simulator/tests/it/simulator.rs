//! Starts the simulator as a child process and speaks to it. It must not know what a test expects.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

pub(crate) const SECRET_KEY: &str = "test_sk_integration";
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A running simulator; it is killed when dropped.
pub(crate) struct Simulator {
    child: Child,
    client: Client,
    base: String,
    /// What it logged until it was ready.
    pub(crate) startup_log: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["code"].as_str().unwrap_or_default(),
        )
    }

    pub(crate) fn state(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["status"].as_str().unwrap_or_default(),
        )
    }
}

impl Simulator {
    /// Without a ledger file.
    pub(crate) fn start() -> Self {
        Self::spawn(&mut command(None))
    }

    /// With this ledger file.
    pub(crate) fn with_ledger(ledger: &Path) -> Self {
        Self::spawn(&mut command(Some(ledger)))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the simulator starts");
        let log = follow(child.stderr.take().expect("its log is piped"));
        let (address, startup_log) = await_address(&log);
        // Without a provider the client cannot be built; a second test installing it is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().build().expect("the client is built");
        Self {
            child,
            client,
            base: format!("http://{address}"),
            startup_log,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .timeout(LONGEST_WAIT)
    }

    pub(crate) fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).basic_auth(SECRET_KEY, Some(""))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.api(Method::GET, path))
            .await
            .expect("there is an answer")
    }

    pub(crate) async fn confirm(&self, payment_key: &str, order_id: &str, key: &str) -> Answer {
        self.try_confirm(payment_key, order_id, key)
            .await
            .expect("there is an answer")
    }

    pub(crate) async fn try_confirm(
        &self,
        payment_key: &str,
        order_id: &str,
        key: &str,
    ) -> Result<Answer, reqwest::Error> {
        answer(self.confirm_request(payment_key, order_id, key)).await
    }

    pub(crate) fn confirm_request(
        &self,
        payment_key: &str,
        order_id: &str,
        key: &str,
    ) -> RequestBuilder {
        let body =
            format!(r#"{{"paymentKey":"{payment_key}","orderId":"{order_id}","amount":24000.50}}"#);
        keyed(self.post("/v1/payments/confirm", body), key)
    }

    pub(crate) async fn cancel(&self, payment_key: &str, key: &str) -> Answer {
        let path = format!("/v1/payments/{payment_key}/cancel");
        let request = self.post(&path, r#"{"cancelReason":"out of stock"}"#.to_owned());
        answer(keyed(request, key))
            .await
            .expect("there is an answer")
    }

    pub(crate) fn post(&self, path: &str, body: String) -> RequestBuilder {
        self.api(Method::POST, path)
            .header("Content-Type", "application/json")
            .body(body)
    }

    pub(crate) async fn set_faults(&self, faults: &str) -> Answer {
        let request = self.request(Method::PUT, "/faults").body(faults.to_owned());
        answer(request).await.expect("there is an answer")
    }

    /// `(charged, canceled, declined)`
    pub(crate) async fn totals(&self) -> (u64, u64, u64) {
        let ledger = self.get("/ledger").await;
        let total = |name: &str| {
            ledger.body["totals"][name]
                .as_u64()
                .expect("the totals are numbers")
        };
        (total("charged"), total("canceled"), total("declined"))
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the simulator is killed");
        self.child.wait().expect("the simulator ends");
    }

    /// SIGTERM.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let id = self
            .child
            .id()
            .try_into()
            .expect("a process id is positive");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("the signal is sent");
        self.child.wait().expect("the simulator ends")
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The request with this idempotency key, or with none.
fn keyed(request: RequestBuilder, key: &str) -> RequestBuilder {
    if key.is_empty() {
        request
    } else {
        request.header("Idempotency-Key", key)
    }
}

/// The simulator's command line, on a free port.
pub(crate) fn command(ledger: Option<&Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payment_simulator"));
    command.args(["--listen", "127.0.0.1:0"]);
    command.args(
        ledger
            .map(|path| ["--ledger".as_ref(), path.as_os_str()])
            .into_iter()
            .flatten(),
    );
    command
        .env("PAYMENT_SECRET_KEY", SECRET_KEY)
        .env("RUST_LOG", "info");
    command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .stdin(Stdio::null());
    command
}

/// Sends the request and reads the answer.
pub(crate) async fn answer(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).expect("every answer is JSON");
    Ok(Answer { status, text, body })
}

/// Reads the log to its end, so that the simulator never waits for a reader.
fn follow(stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, log) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // After the start nobody listens.
            let _ = sender.send(line);
        }
    });
    log
}

/// Returns the address and what was logged until it was told.
fn await_address(log: &mpsc::Receiver<String>) -> (SocketAddr, String) {
    let mut seen = String::new();
    loop {
        let line = log
            .recv_timeout(LONGEST_WAIT)
            .expect("the simulator tells its address in time");
        seen.push_str(&line);
        if let Some((_, rest)) = line.split_once("listening on ") {
            let address = rest.split(',').next().unwrap_or_default();
            return (address.parse().expect("the log tells an address"), seen);
        }
    }
}
