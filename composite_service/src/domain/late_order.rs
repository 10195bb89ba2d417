//! Whether an order that nobody knows may still come: its command may be on its way. Pure.
//!
//! Only the order number tells it. The composite that has made the number may be gone, and another one may be asked.

use chrono::{NaiveDateTime, TimeDelta};
use shared::order_number::OrderNumber;

/// A command that the order service has not read waits in Kafka, for as long as the order service is away. After a day somebody has to
/// look at it anyway. It holds in both directions, so neither another clock nor another zone makes an order unknown.
const MAY_STILL_COME: TimeDelta = TimeDelta::days(1);

/// Of an order's age so much passes until a client is to look again.
const PART_OF_AGE: i64 = 30;
const LONGEST_RETRY: i64 = 60;

/// In how many seconds to look again for an order that nobody knows at `now`, in local time as order numbers are. `None` when it will not
/// come any more, or never was to come: its number is not one of ours.
#[must_use]
pub fn look_again(number: &OrderNumber, now: NaiveDateTime) -> Option<u64> {
    let age = now - number.placed_at()?;
    if age.abs() > MAY_STILL_COME {
        return None;
    }
    let seconds = (age.num_seconds() / PART_OF_AGE).clamp(1, LONGEST_RETRY);
    seconds.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> NaiveDateTime {
        "2026-11-23T12:00:05".parse().unwrap()
    }

    fn placed(age: TimeDelta) -> OrderNumber {
        OrderNumber::new(now() - age, 7)
    }

    #[test]
    fn an_order_may_come_for_a_day_whatever_zone_its_number_is_from() {
        for hours in [-24, -9, 0, 9, 24] {
            let number = placed(TimeDelta::hours(hours));
            assert!(look_again(&number, now()).is_some(), "{hours} h");
        }
        for hours in [-25, 25, 24 * 365] {
            let number = placed(TimeDelta::hours(hours));
            assert_eq!(look_again(&number, now()), None, "{hours} h");
        }
    }

    #[test]
    fn clients_look_again_soon_at_first_and_once_a_minute_later() {
        for (seconds, again) in [
            (0, 1),
            (30, 1),
            (300, 10),
            (1_800, 60),
            (80_000, 60),
            (-60, 1),
        ] {
            let number = placed(TimeDelta::seconds(seconds));
            assert_eq!(look_again(&number, now()), Some(again), "{seconds} s");
        }
    }

    #[test]
    fn a_number_that_is_not_ours_does_not_come() {
        for text in [
            "1",
            "20261123120005",
            "20261123120005000000000000000000071",
            "20261323120005000000000000000007",
        ] {
            assert_eq!(look_again(&text.parse().unwrap(), now()), None, "{text}");
        }
    }
}
