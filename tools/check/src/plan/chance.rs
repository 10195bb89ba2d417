//! Chance that comes of the seed.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// Chance that depends on the seed and on what it is for, and on nothing else.
pub(super) fn chance(seed: u64, purpose: &[u64]) -> StdRng {
    let mixed = purpose.iter().fold(seed, |mixed, part| {
        // splitmix64's finisher: neighbouring purposes get unlike chances
        let mut z = (mixed ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    StdRng::seed_from_u64(mixed)
}
