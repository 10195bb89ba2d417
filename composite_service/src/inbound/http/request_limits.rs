//! How many requests clients may send: by address and by member, each in the manner of a bucket that holds a minute's quota and is refilled
//! evenly (GCRA). Each instance counts for itself.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::X_FORWARDED_FOR;
use actix_web::{HttpRequest, web};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use shared::member_id::MemberId;
use tokio::time::sleep;

use crate::domain::client_address::{behind, client_of};
use crate::domain::rate_limit::{Policy, Standing};
use crate::metrics::LimitMetrics;

/// How often clients are forgotten that may send their whole quota again, so that the memory depends on those of the last minute only.
const FORGET_INTERVAL: Duration = Duration::from_secs(10);

/// The limits that are set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestQuotas {
    /// Requests of a member per minute.
    pub per_member: Option<NonZeroU32>,
    /// Requests from an address per minute.
    pub per_address: Option<NonZeroU32>,
    /// How many proxies a request passes that can be believed.
    pub trusted_proxies: usize,
}

/// Counts the requests; all copies of it count together.
#[derive(Clone)]
pub struct RequestLimits(Option<Arc<Counting>>);

struct Counting {
    by_address: Option<Limiter<IpAddr>>,
    by_member: Option<Limiter<MemberId>>,
    trusted_proxies: usize,
    metrics: LimitMetrics,
}

impl RequestLimits {
    /// Counts nothing yet, and forgets clients that are idle from now on.
    #[must_use]
    pub fn start(quotas: RequestQuotas, metrics: LimitMetrics) -> Self {
        let limits = Self::new(quotas, metrics);
        if limits.is_on() {
            actix::spawn(limits.clone().forget_idle_clients());
        }
        limits
    }

    fn new(quotas: RequestQuotas, metrics: LimitMetrics) -> Self {
        let by_address = quotas
            .per_address
            .map(|quota| Limiter::new(Policy::Address, quota));
        let by_member = quotas
            .per_member
            .map(|quota| Limiter::new(Policy::Member, quota));
        let is_on = by_address.is_some() || by_member.is_some();
        Self(is_on.then(|| {
            Arc::new(Counting {
                by_address,
                by_member,
                trusted_proxies: quotas.trusted_proxies,
                metrics,
            })
        }))
    }

    /// Whether there is a limit.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Counts a request from its client's address.
    pub(super) fn of_client(&self, request: &HttpRequest) -> Option<Result<Standing, Standing>> {
        let counting = self.0.as_deref()?;
        let limiter = counting.by_address.as_ref()?;
        let client = client_of(counting.address_of(request)?);
        Some(counting.counted(limiter.count(&client)))
    }

    /// Counts a request of this member.
    pub(super) fn of_member(&self, member: &MemberId) -> Option<Result<Standing, Standing>> {
        let counting = self.0.as_deref()?;
        let limiter = counting.by_member.as_ref()?;
        Some(counting.counted(limiter.count(member)))
    }

    async fn forget_idle_clients(self) {
        loop {
            sleep(FORGET_INTERVAL).await;
            let limits = self.clone();
            // There may be many, so not on this thread. It can only fail when the process ends.
            let _ = web::block(move || limits.forget_idle()).await;
        }
    }

    fn forget_idle(&self) {
        if let Some(counting) = &self.0 {
            counting.by_address.iter().for_each(Limiter::forget_idle);
            counting.by_member.iter().for_each(Limiter::forget_idle);
        }
    }
}

impl Counting {
    /// Where the request comes from. When the proxies do not say, it counts as the nearest one's, so nobody escapes the limit by it.
    fn address_of(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        if self.trusted_proxies == 0 {
            return peer;
        }
        let values: Vec<&str> = request
            .headers()
            .get_all(X_FORWARDED_FOR)
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        match behind(self.trusted_proxies, values.into_iter()) {
            Ok(address) => Some(address),
            Err(unreadable) => {
                // Once: a proxy that is set up wrongly says nothing of each request.
                if self.metrics.unreadable.get() == 0 {
                    log::warn!(
                        "{unreadable}: the request counts as the peer's; such requests are counted in forwarded_for_unreadable_total"
                    );
                }
                self.metrics.unreadable.inc();
                peer
            }
        }
    }

    fn counted(&self, counted: Result<Standing, Standing>) -> Result<Standing, Standing> {
        if let Err(standing) = &counted {
            self.metrics.refused(standing.policy).inc();
        }
        counted
    }
}

/// The requests of each client.
struct Limiter<K: Eq + Hash + Clone, C: Clock = DefaultClock> {
    policy: Policy,
    quota: NonZeroU32,
    clients: RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>,
    clock: C,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    fn new(policy: Policy, quota: NonZeroU32) -> Self {
        Self::with_clock(policy, quota, DefaultClock::default())
    }
}

impl<K: Eq + Hash + Clone, C: Clock + Clone> Limiter<K, C> {
    fn with_clock(policy: Policy, quota: NonZeroU32, clock: C) -> Self {
        let clients = RateLimiter::dashmap_with_clock(Quota::per_minute(quota), clock.clone())
            .with_middleware();
        Self {
            policy,
            quota,
            clients,
            clock,
        }
    }

    /// Lets the client's request in, or refuses it.
    fn count(&self, client: &K) -> Result<Standing, Standing> {
        match self.clients.check_key(client) {
            Ok(state) => Ok(Standing::let_in(
                self.policy,
                self.quota,
                state.remaining_burst_capacity(),
            )),
            Err(refusal) => {
                let wait = refusal.wait_time_from(self.clock.now());
                Err(Standing::refused(self.policy, self.quota, wait))
            }
        }
    }

    fn forget_idle(&self) {
        self.clients.retain_recent();
        self.clients.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(quota: u32) -> (Limiter<&'static str, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let quota = NonZeroU32::new(quota).unwrap();
        (
            Limiter::with_clock(Policy::Member, quota, clock.clone()),
            clock,
        )
    }

    /// How many are still left after each of so many requests, or the seconds to wait.
    fn told(
        limiter: &Limiter<&'static str, FakeRelativeClock>,
        requests: usize,
    ) -> Vec<Result<u32, u64>> {
        let count = || limiter.count(&"kim");
        (0..requests)
            .map(|_| {
                count()
                    .map(|standing| standing.left)
                    .map_err(|standing| standing.seconds())
            })
            .collect()
    }

    #[test]
    fn a_quota_may_be_sent_at_once_and_comes_back_evenly() {
        let (limiter, clock) = limiter(3);
        assert_eq!(told(&limiter, 5), [Ok(2), Ok(1), Ok(0), Err(20), Err(20)]);
        clock.advance(19 * SECOND);
        assert_eq!(told(&limiter, 1), [Err(1)]);
        clock.advance(SECOND);
        assert_eq!(told(&limiter, 2), [Ok(0), Err(20)]);
        clock.advance(60 * SECOND);
        assert_eq!(told(&limiter, 4), [Ok(2), Ok(1), Ok(0), Err(20)]);
    }

    #[test]
    fn a_refused_request_costs_nothing() {
        let (limiter, clock) = limiter(1);
        assert_eq!(told(&limiter, 1), [Ok(0)]);
        for _ in 0..59 {
            clock.advance(SECOND);
            assert!(limiter.count(&"kim").is_err());
        }
        clock.advance(SECOND);
        assert_eq!(told(&limiter, 1), [Ok(0)]);
    }

    #[test]
    fn clients_are_counted_apart_and_forgotten_when_they_are_idle() {
        let (limiter, clock) = limiter(2);
        assert!(limiter.count(&"kim").is_ok() && limiter.count(&"kim").is_ok());
        assert!(limiter.count(&"lee").is_ok());
        assert_eq!(told(&limiter, 1), [Err(30)]);
        // Kim may send one again, Lee both.
        clock.advance(61 * SECOND);
        assert_eq!(told(&limiter, 1), [Ok(1)]);
        limiter.forget_idle();
        assert_eq!(limiter.clients.len(), 1, "kim");
        clock.advance(91 * SECOND);
        limiter.forget_idle();
        assert_eq!(limiter.clients.len(), 0);
    }
}
