//! What a look at a secret's file means. Pure: the looks are arguments.

use secrecy::{ExposeSecret, SecretString};

use super::text::Flaw;

/// What has been seen of one file.
#[derive(Debug)]
pub(super) struct Rotation {
    current: SecretString,
    /// Seen once, and not yet believed.
    candidate: Option<SecretString>,
    /// Whether the last look found no secret.
    is_lost: bool,
}

/// What a look has changed.
#[derive(Debug)]
pub(super) enum Turn {
    /// Nothing that is to be told or done.
    None,
    /// This secret is the current one from now on.
    Taken(SecretString),
    /// The file has no secret any more, so the last one stays.
    Lost(Flaw),
    /// The file has the current secret again.
    Back,
}

impl Rotation {
    /// Begins with the secret that was read at the start.
    pub(super) fn of(current: SecretString) -> Self {
        Self {
            current,
            candidate: None,
            is_lost: false,
        }
    }

    /// After a look at the file. A new secret is taken when two looks in a row have found it: a file that is written in place may be seen
    /// half written. A file that holds none is told once, until it holds one again.
    pub(super) fn look(&mut self, found: Result<SecretString, Flaw>) -> Turn {
        match found {
            Err(flaw) => {
                self.candidate = None;
                let is_new = !std::mem::replace(&mut self.is_lost, true);
                if is_new { Turn::Lost(flaw) } else { Turn::None }
            }
            Ok(secret) if is_same(&secret, &self.current) => {
                self.candidate = None;
                let was_lost = std::mem::take(&mut self.is_lost);
                if was_lost { Turn::Back } else { Turn::None }
            }
            Ok(secret) => match self.candidate.replace(secret.clone()) {
                Some(seen) if is_same(&seen, &secret) => {
                    *self = Self::of(secret.clone());
                    Turn::Taken(secret)
                }
                _ => Turn::None,
            },
        }
    }
}

/// Compared in variable time, as nobody who sends texts can time it.
fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rotation: &mut Rotation, looks: &[Result<&str, Flaw>]) -> Vec<String> {
        let turns = looks.iter().map(|found| {
            let found = found.clone().map(SecretString::from);
            match rotation.look(found) {
                Turn::None => "-".to_owned(),
                Turn::Taken(secret) => secret.expose_secret().to_owned(),
                Turn::Lost(flaw) => format!("lost: {flaw}"),
                Turn::Back => "back".to_owned(),
            }
        });
        turns.collect()
    }

    fn rotation() -> Rotation {
        Rotation::of("old".into())
    }

    #[test]
    fn the_same_secret_is_nothing_new() {
        assert_eq!(told(&mut rotation(), &[Ok("old"), Ok("old")]), ["-", "-"]);
    }

    #[test]
    fn a_new_secret_is_taken_when_it_is_seen_twice() {
        let looks = [Ok("new"), Ok("new"), Ok("new")];
        assert_eq!(told(&mut rotation(), &looks), ["-", "new", "-"]);
    }

    #[test]
    fn half_of_a_secret_is_not_taken() {
        let looks = [Ok("ne"), Ok("new"), Ok("new")];
        assert_eq!(told(&mut rotation(), &looks), ["-", "-", "new"]);
        let looks = [Ok("new"), Err(Flaw::Empty), Ok("new"), Ok("old")];
        assert_eq!(
            told(&mut rotation(), &looks),
            ["-", "lost: must not be empty", "-", "back"]
        );
    }

    #[test]
    fn an_old_secret_that_returns_is_taken_as_a_new_one() {
        let looks = [Ok("new"), Ok("new"), Ok("old"), Ok("old")];
        assert_eq!(told(&mut rotation(), &looks), ["-", "new", "-", "old"]);
    }

    #[test]
    fn a_file_that_is_lost_is_told_once_until_it_is_back() {
        let lost = || Err(Flaw::Empty);
        let looks = [lost(), lost(), Ok("old"), lost(), Ok("new"), Ok("new")];
        assert_eq!(
            told(&mut rotation(), &looks),
            [
                "lost: must not be empty",
                "-",
                "back",
                "lost: must not be empty",
                "-",
                "new"
            ]
        );
    }
}
