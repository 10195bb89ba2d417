//! How often a round of reviews takes place, and how often an order is reviewed that stays due: the longer it has been due, the less often.
//! Keeps no state: a random number decides in each round.

use std::time::Duration;

use shared::ids::jittered;

/// The longest pause between two rounds.
const LONGEST_PAUSE: Duration = Duration::from_secs(6);

/// On average, an order is reviewed again after a tenth of the time for which it has been due,
const SHARE: u32 = 10;
/// but at least once in this time.
const LONGEST_GAP: Duration = Duration::from_secs(600);

/// The pause before the next round. `chance` is a random number, so that composites do not ask at the same time.
#[must_use]
pub fn pause(chance: u64) -> Duration {
    jittered(LONGEST_PAUSE, chance)
}

/// Whether an order that has been due for this time is reviewed in this round. `chance` is a random number: so the average rate is right
/// without any memory of earlier rounds.
#[must_use]
pub fn is_its_turn(due_for: Duration, chance: u64) -> bool {
    let gap = (due_for / SHARE).min(LONGEST_GAP).as_millis();
    let interval = LONGEST_PAUSE.as_millis();
    gap <= interval || u128::from(chance) % gap < interval
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 600,000 rounds with evenly spread chances, how many look at the order.
    fn turns(due_for: Duration) -> usize {
        (0..600_000)
            .filter(|chance| is_its_turn(due_for, *chance))
            .count()
    }

    #[test]
    fn rounds_are_three_to_six_seconds_apart() {
        let pauses = [0, 3_000, 3_001].map(|chance| pause(chance).as_millis());
        assert_eq!(pauses, [3_000, 6_000, 3_000]);
    }

    #[test]
    fn an_order_that_has_not_been_due_for_long_is_looked_at_in_every_round() {
        for seconds in [0, 1, 60] {
            assert_eq!(turns(Duration::from_secs(seconds)), 600_000);
        }
    }

    #[test]
    fn one_that_has_been_due_for_long_is_looked_at_ever_more_rarely_but_every_ten_minutes() {
        let minutes = |minutes: u64| turns(Duration::from_secs(minutes * 60));
        assert_eq!(minutes(2), 300_000);
        assert_eq!(minutes(10), 60_000);
        assert_eq!(minutes(100), 6_000);
        assert_eq!(minutes(100_000), 6_000);
    }
}
