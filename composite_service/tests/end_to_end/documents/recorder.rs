//! Makes the requests that are documented, by the very commands that are shown, and keeps what came of them.

use std::fs;
use std::process::Command;
use std::thread;

use api_documents::check::{Documented, check};
use api_documents::contract::Contract;
use api_documents::draft::{Body, Draft};
use api_documents::exchange::Exchange;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than the mall lets anybody wait.
const MAX_SECONDS: &str = "20";

/// Records exchanges with a composite.
pub(super) struct Recorder<'a> {
    contract: &'a Contract,
    base: String,
    folder: TempDir,
    documented: Vec<Documented>,
    refused: Vec<String>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(contract: &'a Contract, base: &str) -> Self {
        Self {
            contract,
            base: base.to_owned(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            documented: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// From now on it asks the composite there.
    pub(super) fn ask(&mut self, base: &str) {
        base.clone_into(&mut self.base);
    }

    /// What was recorded, if all of it may be documented.
    pub(super) fn end(self) -> Vec<Documented> {
        assert!(self.refused.is_empty(), "{}", self.refused.join("\n\n"));
        self.documented
    }

    /// Makes the request, and documents it; the answer's body.
    pub(super) fn record(&mut self, draft: Draft) -> Value {
        self.record_at_once(vec![draft], || ()).remove(0)
    }

    /// Makes the requests side by side and does something `meanwhile`; documents them in their order.
    pub(super) fn record_at_once(
        &mut self,
        drafts: Vec<Draft>,
        meanwhile: impl FnOnce(),
    ) -> Vec<Value> {
        let this = &*self;
        let exchanges: Vec<Exchange> = thread::scope(|scope| {
            let asked: Vec<_> = drafts
                .into_iter()
                .map(|draft| scope.spawn(move || this.exchange(draft)))
                .collect();
            meanwhile();
            asked
                .into_iter()
                .map(|asked| asked.join().expect("an exchange"))
                .collect()
        });
        exchanges
            .into_iter()
            .map(|exchange| self.document(exchange))
            .collect()
    }

    /// The query that the last answer's `Link` leads to.
    pub(super) fn next_page(&self) -> String {
        let link = self.last_header("link");
        let (query, _) = link
            .strip_prefix('<')
            .and_then(|link| link.split_once('>'))
            .expect("a link");
        query.to_owned()
    }

    /// A header of the last answer.
    pub(super) fn last_header(&self, name: &str) -> String {
        let last = self.documented.last().map(|last| &last.exchange.response);
        let value = last.and_then(|answer| answer.header(name));
        value.expect("the header").to_owned()
    }

    fn document(&mut self, mut exchange: Exchange) -> Value {
        settle_waits(&mut exchange);
        let body = serde_json::from_str(&exchange.response.body).unwrap_or_default();
        match check(self.contract, exchange) {
            Ok(documented) => self.documented.push(documented),
            Err(refused) => self.refused.push(refused.to_string()),
        }
        body
    }

    fn exchange(&self, draft: Draft) -> Exchange {
        if let Some(Body::InFile { name, content }) = &draft.body {
            fs::write(self.folder.path().join(name), content).expect("a file");
        }
        let shown = draft.command(&self.base);
        let run = Command::new("sh")
            .arg("-c")
            .arg(format!("{shown} -sSv --max-time {MAX_SECONDS}"))
            .current_dir(self.folder.path())
            .output()
            .expect("a shell");
        let [stdout, stderr] =
            [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Exchange::read(draft, &self.base, &stdout, &stderr)
            .unwrap_or_else(|error| panic!("{shown}: {error}"))
    }
}

/// How long a client of a limit has to wait depends on how fast the test is: the longest wait is shown, a minute or that for a payment.
fn settle_waits(exchange: &mut Exchange) {
    let headers = &mut exchange.response.headers;
    let is_limited = |(name, _): &(String, String)| name.eq_ignore_ascii_case("ratelimit");
    let Some((_, limit)) = headers.iter().find(|header| is_limited(header)) else {
        return;
    };
    let longest = if limit.contains("pending") {
        "1800"
    } else {
        "60"
    };
    for (name, value) in headers {
        match name.to_ascii_lowercase().as_str() {
            "retry-after" => longest.clone_into(value),
            "ratelimit" => {
                let (before, _) = value.rsplit_once("t=").expect("a time");
                *value = format!("{before}t={longest}");
            }
            _ => {}
        }
    }
}
