//! The correlation ids of this mall's composites: known as such by any of them, so that what else is on a shared topic of replies is told
//! from replies that can't be read. Pure.

use uuid::Uuid;

/// How they all begin. The other twelve bytes are random, so that none can be guessed.
const BEGINNING: [u8; 4] = *b"mall";

/// The correlation id that `random` makes.
#[must_use]
pub fn correlation_id(random: Uuid) -> Uuid {
    let mut bytes = random.into_bytes();
    bytes[..BEGINNING.len()].copy_from_slice(&BEGINNING);
    Uuid::from_bytes(bytes)
}

/// The correlation id in these bytes, if it is one of a composite of this mall. One of a stranger looks like that once in four billion.
#[must_use]
pub fn of_ours(bytes: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(bytes)
        .ok()
        .filter(|id| id.as_bytes().starts_with(&BEGINNING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_known_and_differ_as_their_random_part_does() {
        let (one, other) = (
            correlation_id(Uuid::from_u128(1)),
            correlation_id(Uuid::from_u128(2)),
        );
        assert_ne!(one, other);
        assert_eq!(of_ours(one.as_bytes()), Some(one));
    }

    #[test]
    fn others_are_strangers_whatever_their_length() {
        let springs = Uuid::from_u128(0x5f0c_b1de_44aa_4f0f_9c8e_0a7d_ffee_0102);
        let text = "6d616c6c-0000-0000-0000-000000000001";
        for id in [
            &b""[..],
            b"mall",
            &[0; 15],
            &[b'm'; 17],
            springs.as_bytes(),
            text.as_bytes(),
        ] {
            assert_eq!(of_ours(id), None, "{id:?}");
        }
    }
}
