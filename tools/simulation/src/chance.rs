//! Chance from a seed: the same seed, the same schedule.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A source of chance.
#[derive(Debug)]
pub struct Chance(StdRng);

impl Chance {
    /// The chance of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.random_range(least..=most)
    }

    /// True once in `so_many` times.
    pub fn one_in(&mut self, so_many: usize) -> bool {
        self.below(so_many) == 0
    }

    /// A time from `least` to `most` milliseconds.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.0.random_range(least..=most))
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0.random()
    }

    /// 16 bytes that no other draw has.
    pub fn unique(&mut self) -> uuid::Uuid {
        uuid::Uuid::from_u128(self.0.random())
    }
}
