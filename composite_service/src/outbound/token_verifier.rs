//! Verifies tokens by the issuer's keys, which one task fetches for all requests.
//!
//! Written by hand: the caches of keys that were found are parts of frameworks (`jwt-authorizer` of axum), or look for a new key every 10 or
//! 30 s only (`rmcp-server-kit`, `id_effect_auth`), and refuse its tokens for so long.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use shared::clock::Clock;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::claims::claims_of;
use super::http::jwks_client::JwksClient;
use super::key_set::{Head, KeySet};
use crate::domain::access::Identity;
use crate::domain::key_fetches::KeyFetches;
use crate::domain::token::{Flaw, TokenRules};
use crate::metrics::TokenMetrics;
use crate::ports::identities::{Identities, TokenRefusal};

/// How long a token whose key is not known waits for the next fetch.
const KEY_WAIT: Duration = Duration::from_secs(2);
/// How many such tokens may wait. More are refused at once: anybody can make tokens with unknown keys.
const MOST_WAITERS: usize = 256;

/// The keys of the last fetch that succeeded; `None` before the first one. Every fetch that ends is told, whether it succeeded or not.
type LastKeys = Option<Arc<KeySet>>;

/// Verifies tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenVerifier {
    rules: Arc<TokenRules>,
    clock: Arc<dyn Clock>,
    keys: watch::Receiver<LastKeys>,
    wanted: Arc<Notify>,
    waiters: Arc<Semaphore>,
    metrics: TokenMetrics,
}

impl TokenVerifier {
    /// Verifies by these rules, and fetches keys from now on, on the thread that this is called on.
    #[must_use]
    pub fn start(
        client: JwksClient,
        rules: TokenRules,
        clock: Arc<dyn Clock>,
        metrics: TokenMetrics,
    ) -> Self {
        let (keys_tx, keys) = watch::channel(None);
        let wanted = Arc::new(Notify::new());
        actix::spawn(keep_fetching(
            client,
            keys_tx,
            Arc::clone(&wanted),
            metrics.clone(),
        ));
        Self {
            rules: Arc::new(rules),
            clock,
            keys,
            wanted,
            waiters: Arc::new(Semaphore::new(MOST_WAITERS)),
            metrics,
        }
    }

    fn by_known_keys(
        &self,
        token: &str,
        head: &Head,
        keys: &LastKeys,
    ) -> Result<Identity, TokenRefusal> {
        let keys = keys.as_ref().ok_or(TokenRefusal::NoKeys)?;
        let json = keys.verify(token, head)?;
        let claims = claims_of(&json, &self.rules.member_claim);
        Ok(self.rules.accept(&claims, self.clock.now())?)
    }

    fn counted(&self, refusal: TokenRefusal) -> TokenRefusal {
        if let TokenRefusal::Flawed(flaw) = refusal {
            self.metrics.refused(flaw).inc();
        }
        refusal
    }
}

impl Identities for TokenVerifier {
    fn bearer_of(&self, token: &str) -> BoxFuture<'static, Result<Identity, TokenRefusal>> {
        let head = match Head::of(token) {
            Ok(head) => head,
            Err(flaw) => return ready(Err(self.counted(flaw.into()))).boxed(),
        };
        // Its own receiver, so that it waits for a fetch that ends after these keys were looked through.
        let mut keys = self.keys.clone();
        let known = self.by_known_keys(token, &head, &keys.borrow_and_update());
        match known {
            Err(TokenRefusal::NoKeys | TokenRefusal::Flawed(Flaw::Key)) => {}
            Ok(identity) => return ready(Ok(identity)).boxed(),
            Err(refusal) => return ready(Err(self.counted(refusal))).boxed(),
        }
        let Ok(permit) = Arc::clone(&self.waiters).try_acquire_owned() else {
            return ready(known.map_err(|refusal| self.counted(refusal))).boxed();
        };
        self.wanted.notify_one();
        let (verifier, token) = (self.clone(), token.to_owned());
        async move {
            // Whether a fetch has ended or the time is over: the keys that there are then decide.
            let _ = timeout(KEY_WAIT, keys.changed()).await;
            drop(permit);
            let found = verifier.by_known_keys(&token, &head, &keys.borrow());
            found.map_err(|refusal| verifier.counted(refusal))
        }
        .boxed()
    }

    fn has_keys(&self) -> bool {
        self.keys.borrow().is_some()
    }
}

/// One fetch at a time, when [`KeyFetches`] says. Ends with the last verifier.
async fn keep_fetching(
    mut client: JwksClient,
    keys_tx: watch::Sender<LastKeys>,
    wanted: Arc<Notify>,
    metrics: TokenMetrics,
) {
    let mut fetches = KeyFetches::default();
    loop {
        let next = fetches.next().map_or_else(Instant::now, Instant::from_std);
        tokio::select! {
            () = sleep_until(next) => {}
            () = wanted.notified() => {
                fetches.want();
                continue;
            }
            () = keys_tx.closed() => return,
        }
        let began = Instant::now();
        let fetched = client.fetch().await;
        metrics.fetched(fetched.is_ok()).inc();
        let was_failing = fetches.is_failing();
        fetches.ended(began.into_std(), fetched.is_ok());
        match fetched {
            Ok(read) => {
                if was_failing || keys_tx.borrow().is_none() {
                    log::info!("the issuer's keys are there: {}", read.set.count());
                    for left_out in &read.left_out {
                        log::warn!("of the issuer's keys, one is not used: {left_out}");
                    }
                }
                keys_tx.send_replace(Some(Arc::new(read.set)));
            }
            Err(error) => {
                if !was_failing {
                    log::warn!(
                        "the issuer's keys can't be fetched, and the last ones stay: {error}"
                    );
                }
                // Requests that wait for this fetch are answered now, by the last keys.
                keys_tx.send_modify(|_| {});
            }
        }
    }
}
