//! Where a client stands with a limit on its requests, and how an answer's headers say it: `RateLimit-Policy` and `RateLimit` of
//! `draft-ietf-httpapi-ratelimit-headers-10`, which are lists of structured fields (RFC 9651).

use core::num::NonZeroU32;
use core::time::Duration;

/// The seconds in which a whole quota comes back.
const WINDOW: u64 = 60;

/// What requests are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The client's address.
    Address,
    /// The member who asks.
    Member,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Address, Self::Member];

    /// Its name in headers and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Member => "member",
        }
    }
}

/// Where a client stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What is counted.
    pub policy: Policy,
    /// The requests that a client may send at once, and the same number in each minute.
    pub quota: NonZeroU32,
    /// How many it may still send now.
    pub left: u32,
    /// Until it may send one more than that.
    pub more_in: Duration,
}

impl Standing {
    /// After a request that was let in. The quota comes back evenly, so one more may be sent within a part of the minute.
    #[must_use]
    pub fn let_in(policy: Policy, quota: NonZeroU32, left: u32) -> Self {
        Self {
            policy,
            quota,
            left,
            more_in: Duration::from_secs(WINDOW) / quota.get(),
        }
    }

    /// After a request that was refused.
    #[must_use]
    pub fn refused(policy: Policy, quota: NonZeroU32, more_in: Duration) -> Self {
        Self {
            policy,
            quota,
            left: 0,
            more_in,
        }
    }

    /// Whole seconds until one more request may be sent, at least one: `t` of `RateLimit`, and `Retry-After`.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        whole_seconds(self.more_in).max(1)
    }
}

/// In whole seconds, not less than the time itself.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// An item of `RateLimit`: under this policy so many are left, and one more comes in so many seconds.
#[must_use]
pub fn limit(policy: &str, left: u32, seconds: u64) -> String {
    format!("\"{policy}\";r={left};t={seconds}")
}

/// The value of `RateLimit-Policy`.
#[must_use]
pub fn policies(standings: &[Standing]) -> String {
    let item = |standing: &Standing| {
        let (name, quota) = (standing.policy.name(), standing.quota);
        format!("\"{name}\";q={quota};w={WINDOW}")
    };
    list(standings.iter().map(item))
}

/// The value of `RateLimit`.
#[must_use]
pub fn limits(standings: &[Standing]) -> String {
    let item =
        |standing: &Standing| limit(standing.policy.name(), standing.left, standing.seconds());
    list(standings.iter().map(item))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(requests: u32) -> NonZeroU32 {
        NonZeroU32::new(requests).unwrap()
    }

    #[test]
    fn a_list_has_an_item_for_each_policy() {
        let standings = [
            Standing::let_in(Policy::Address, quota(600), 599),
            Standing::refused(Policy::Member, quota(20), Duration::from_millis(2_001)),
        ];
        assert_eq!(
            policies(&standings),
            r#""address";q=600;w=60, "member";q=20;w=60"#
        );
        assert_eq!(
            limits(&standings),
            r#""address";r=599;t=1, "member";r=0;t=3"#
        );
        assert_eq!(limits(&standings[1..]), r#""member";r=0;t=3"#);
    }

    #[test]
    fn more_comes_within_an_even_part_of_the_minute() {
        for (requests, seconds) in [
            (1, 60),
            (2, 30),
            (7, 9),
            (59, 2),
            (60, 1),
            (61, 1),
            (600, 1),
            (1_000_000, 1),
        ] {
            let standing = Standing::let_in(Policy::Member, quota(requests), 0);
            assert_eq!(standing.seconds(), seconds, "{requests}");
            assert!(standing.more_in * requests <= Duration::from_secs(60));
        }
    }

    #[test]
    fn a_refused_client_is_never_told_to_come_at_once() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            let wait = Duration::from_millis(millis);
            assert_eq!(
                Standing::refused(Policy::Address, quota(1), wait).seconds(),
                seconds
            );
        }
    }
}
