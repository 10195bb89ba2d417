//! When the issuer's keys are fetched: by themselves, so that a key that was taken out is not believed for long, and at once when a token has
//! a key that is not known, but never more often than once a second, however many such tokens come.

use std::time::{Duration, Instant};

/// From one fetch that succeeds to the next. A key that was taken out is believed for so long at most, and the duration of a fetch.
pub const REFRESH: Duration = Duration::from_secs(30);
/// The least time from the beginning of a fetch to that of the next one.
pub const GAP: Duration = Duration::from_secs(1);

/// The fetches so far, and whether one is wanted.
#[derive(Debug, Clone, Default)]
pub struct KeyFetches {
    last: Option<Last>,
    is_wanted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    began: Instant,
    /// Consecutive failures up to this one.
    failures: u32,
}

impl KeyFetches {
    /// A token has a key that is not known.
    pub fn want(&mut self) {
        self.is_wanted = true;
    }

    /// When the next fetch is to begin; it may be in the past. `None` means at once.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let last = self.last?;
        let wait = match last.failures {
            _ if self.is_wanted => GAP,
            0 => REFRESH,
            // 1, 2, 4, … seconds, so that keys are soon there again, and an issuer in trouble is not asked too often.
            failures => REFRESH.min(GAP * 2_u32.saturating_pow(failures - 1)),
        };
        Some(last.began + wait)
    }

    /// A fetch that began at `began` has ended.
    pub fn ended(&mut self, began: Instant, is_success: bool) {
        let failures = self.last.map_or(0, |last| last.failures);
        self.last = Some(Last {
            began,
            failures: if is_success {
                0
            } else {
                failures.saturating_add(1)
            },
        });
        self.is_wanted = false;
    }

    /// Whether the last fetch failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.last.is_some_and(|last| last.failures > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(began: Instant, fetches: &KeyFetches) -> Duration {
        fetches.next().unwrap() - began
    }

    #[test]
    fn the_first_is_at_once() {
        assert_eq!(KeyFetches::default().next(), None);
    }

    #[test]
    fn keys_are_fetched_again_after_half_a_minute() {
        let began = Instant::now();
        let mut fetches = KeyFetches::default();
        fetches.ended(began, true);
        assert_eq!(after(began, &fetches), REFRESH);
        assert!(REFRESH < Duration::from_secs(60));
    }

    #[test]
    fn an_unknown_key_is_looked_for_a_second_after_the_last_fetch() {
        let began = Instant::now();
        for is_success in [true, false] {
            let mut fetches = KeyFetches::default();
            fetches.ended(began, is_success);
            for _ in 0..100_000 {
                fetches.want();
            }
            assert_eq!(after(began, &fetches), GAP);
            fetches.ended(began + GAP, true);
            assert_eq!(after(began + GAP, &fetches), REFRESH);
        }
    }

    #[test]
    fn a_failure_is_tried_again_soon_and_then_less_often() {
        let began = Instant::now();
        let mut fetches = KeyFetches::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            fetches.ended(began, false);
            assert!(fetches.is_failing());
            waits.push(after(began, &fetches).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        fetches.ended(began, true);
        assert!(!fetches.is_failing());
        assert_eq!(after(began, &fetches), REFRESH);
    }

    /// A minute of a flood, by the clock of the schedule: what is asked of the issuer does not depend on how many tokens come.
    #[test]
    fn a_flood_costs_one_fetch_a_second() {
        let origin = Instant::now();
        let mut fetches = KeyFetches::default();
        let mut count = 0;
        for milli in 0..60_000 {
            let now = origin + Duration::from_millis(milli);
            fetches.want();
            if fetches.next().is_none_or(|next| next <= now) {
                count += 1;
                fetches.ended(now, true);
            }
        }
        assert_eq!(count, 60);
    }
}
