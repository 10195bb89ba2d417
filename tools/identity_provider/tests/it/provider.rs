//! Starts the identity provider as a child process and speaks to it. It must not know what a test expects.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, TokenData, Validation, decode, decode_header, jwk::JwkSet,
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// A running identity provider; it is killed when dropped.
pub(crate) struct Provider {
    child: Child,
    client: Client,
    pub(crate) issuer: String,
}

impl Provider {
    /// On a free port, with further flags.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::on("127.0.0.1:0", flags)
    }

    /// With its key in this folder.
    pub(crate) fn with_data(folder: &Path) -> Self {
        Self::start(&["--data", folder.to_str().unwrap()])
    }

    fn on(address: &str, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_identity_provider"))
            .args(["--listen", address])
            .args(flags)
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = log.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split(',').next().unwrap_or_default().to_owned())
        });
        // Read to its end, so that the provider never waits for a reader.
        std::thread::spawn(move || log.for_each(drop));
        // Without it the client can't be built; a second test that installs it is no error.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            child,
            client: Client::builder().no_proxy().build().unwrap(),
            issuer: format!("http://{}", told.expect("the log tells an address")),
        }
    }

    /// SIGKILL, and a new start at the same address with these flags.
    pub(crate) fn restart(mut self, flags: &[&str]) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let address = self.issuer.trim_start_matches("http://").to_owned();
        Self::on(&address, flags)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.issuer))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = answer(self.request(Method::GET, path)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) fn ask(&self, form: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, "/token").form(form)
    }

    /// The answer to a member's request for a token.
    pub(crate) async fn grant(&self, member: &str, scope: Option<&str>) -> Value {
        let mut form = vec![("grant_type", "client_credentials"), ("client_id", member)];
        form.extend(scope.map(|scope| ("scope", scope)));
        let (status, body) = answer(self.ask(&form)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    pub(crate) async fn token(&self, member: &str) -> String {
        let grant = self.grant(member, None).await;
        grant["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn rotate(&self) -> String {
        let (status, body) = answer(self.request(Method::POST, "/rotate")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["kid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn keys(&self) -> JwkSet {
        let metadata = self.get("/.well-known/openid-configuration").await;
        let uri = metadata["jwks_uri"].as_str().unwrap();
        let (_, keys) = answer(self.client.get(uri)).await;
        serde_json::from_value(keys).unwrap()
    }

    /// What a resource server does: finds the key by its id in the published set, and requires every claim. `None`: no such key.
    pub(crate) async fn verify(&self, token: &str, audience: &str) -> Option<TokenData<Value>> {
        let header = decode_header(token).unwrap();
        let keys = self.keys().await;
        let key = keys.find(header.kid.as_ref().unwrap())?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.leeway = 0;
        Some(decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap())
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends the request and reads the answer, which is always JSON.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
    )
}
