//! Chance as an argument: random parts of order numbers, request ids, correlation ids, trace ids, jitter.

use std::time::Duration;

use chrono_tz::Tz;
use rand::RngExt;
use uuid::Uuid;

use crate::clock::Clock;
use crate::order_number::{OrderNumber, RANDOM_BOUND};

/// A source of chance: of identities that are unique, and of delays that differ.
pub trait IdSource: Send + Sync {
    /// A number below [`RANDOM_BOUND`] for the random part of an order number.
    fn order_random(&self) -> u64;

    /// 16 random bytes: a request id or a correlation id.
    fn unique(&self) -> Uuid;

    /// A new trace id.
    fn trace(&self) -> u128;

    /// A new span id.
    fn span(&self) -> u64;

    /// Any number, each as likely as every other: for a decision that is left to chance.
    fn any(&self) -> u64;

    /// `delay` by the rule of [`jittered`].
    fn jitter(&self, delay: Duration) -> Duration {
        jittered(delay, self.any())
    }
}

/// Half to all of `delay`, in whole milliseconds, so that callers that failed together do not try again together. `chance` is any number.
#[must_use]
pub fn jittered(delay: Duration, chance: u64) -> Duration {
    let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let half = millis / 2;
    Duration::from_millis(millis - half + chance % (half + 1))
}

/// Identities from the thread's cryptographically secure generator, which the operating system seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecureIds;

impl IdSource for SecureIds {
    fn order_random(&self) -> u64 {
        rand::rng().random_range(0..RANDOM_BOUND)
    }

    fn unique(&self) -> Uuid {
        uuid::Builder::from_random_bytes(rand::rng().random()).into_uuid()
    }

    fn trace(&self) -> u128 {
        rand::rng().random()
    }

    fn span(&self) -> u64 {
        rand::rng().random()
    }

    fn any(&self) -> u64 {
        rand::rng().random()
    }
}

/// Makes a new order number from the clock's time in `zone`.
pub fn next_order_number(clock: &dyn Clock, ids: &dyn IdSource, zone: Tz) -> OrderNumber {
    OrderNumber::new(
        clock.now().with_timezone(&zone).naive_local(),
        ids.order_random(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    mod order_numbers {
        use super::*;

        #[test]
        fn of_one_second_differ_and_begin_with_the_local_time() {
            let clock = FixedClock("2026-11-22T16:15:40Z".parse().unwrap());
            let numbers: std::collections::HashSet<_> = (0..10_000)
                .map(|_| next_order_number(&clock, &SecureIds, chrono_tz::Asia::Seoul))
                .collect();
            assert_eq!(numbers.len(), 10_000);
            assert!(
                numbers
                    .iter()
                    .all(|number| number.as_str().starts_with("20261123011540"))
            );
        }
    }

    mod jitter {
        use super::*;

        #[test]
        fn leaves_half_to_all_of_a_delay_and_both_ends_occur() {
            for millis in [0, 1, 2, 99, 6_000] {
                let delay = Duration::from_millis(millis);
                let delays = || (0..=millis).map(|chance| jittered(delay, chance));
                assert_eq!(
                    delays().min(),
                    Some(Duration::from_millis(millis.div_ceil(2)))
                );
                assert_eq!(delays().max(), Some(delay));
            }
        }

        #[test]
        fn of_the_longest_delay_does_not_overflow() {
            for chance in [0, 1, u64::MAX] {
                assert!(jittered(Duration::MAX, chance) >= Duration::from_millis(u64::MAX / 2));
            }
        }
    }
}
