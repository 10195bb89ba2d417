//! Chance as an argument: random parts of order numbers, request ids, correlation ids, names of traces.

use chrono_tz::Tz;
use rand::RngExt;
use uuid::Uuid;

use crate::clock::Clock;
use crate::order_number::{OrderNumber, RANDOM_BOUND};

/// A source of unique identities.
pub trait IdSource: Send + Sync {
    /// A number below [`RANDOM_BOUND`] for the random part of an order number.
    fn order_random(&self) -> u64;

    /// 16 bytes that no other request has: a request id or a correlation id.
    fn unique(&self) -> Uuid;

    /// The name of a trace.
    fn trace(&self) -> u128;

    /// The name of a part of a trace.
    fn span(&self) -> u64;
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

    #[test]
    fn given_one_second_of_many_orders_when_numbered_then_no_two_are_alike_and_the_time_is_local() {
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
