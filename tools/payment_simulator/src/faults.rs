//! The fault switches: which request fails, and how. It must not know payments beyond their key, nor do any waiting itself.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SLOW: Duration = Duration::from_secs(3);

/// The switches as they stand. Those that count go down as they act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// Confirms are declined.
    pub decline: Times,
    /// Confirms are charged or declined only after so many milliseconds, even if the caller has left by then.
    /// Until then the payment is in progress. Repeated answers and refusals do not wait.
    pub delay_ms: u64,
    /// Confirms are not answered: nothing is charged or remembered, and the connection is cut after [`Faults::HANG`].
    pub hang: Times,
    /// Confirms are processed as usual, then the connection is cut without an answer. It acts on repeats, too.
    pub lose_answer: Times,
    /// Confirms end in an internal error before anything is charged or remembered.
    pub fail_confirms: Times,
    /// Cancels end in an internal error before anything is given back or remembered.
    pub fail_cancels: Times,
    /// Cancels that could be done are refused for the moment. The refusal is remembered for the idempotency key, if there is one.
    pub refuse_cancels: Times,
}

/// How often a switch acts. In JSON `false`, a number or `true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Off.
    #[default]
    Never,
    /// So many times more.
    Next(u32),
    /// Until it is cleared.
    Always,
}

/// What becomes of a confirm before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is processed.
    Pass,
    /// It is never answered.
    Hang,
    /// It ends in an internal error.
    Fail,
}

impl Faults {
    /// How long a confirm that is not answered is held at most.
    pub const HANG: Duration = Duration::from_secs(120);

    /// For every confirm, before anything else.
    pub fn admit_confirm(&mut self) -> Admission {
        if self.hang.take() {
            Admission::Hang
        } else if self.fail_confirms.take() {
            Admission::Fail
        } else {
            Admission::Pass
        }
    }

    /// For every cancel, before anything else.
    pub fn fails_cancel(&mut self) -> bool {
        self.fail_cancels.take()
    }

    /// For every cancel that could be done.
    pub fn refuses_cancel(&mut self) -> bool {
        self.refuse_cancels.take()
    }

    /// How long charging the payment takes.
    pub fn delay(&self, payment_key: &str) -> Duration {
        let own = if payment_key.starts_with("slow-") {
            SLOW
        } else {
            Duration::ZERO
        };
        own.max(Duration::from_millis(self.delay_ms))
    }

    /// For every confirm that could be charged.
    pub fn declines(&mut self, payment_key: &str) -> bool {
        payment_key.starts_with("decline-") || self.decline.take()
    }

    /// For every confirm that was processed; `charged_now` when it is the one that took the money.
    pub fn loses_answer(&mut self, payment_key: &str, charged_now: bool) -> bool {
        (charged_now && payment_key.starts_with("lose-")) || self.lose_answer.take()
    }
}

impl Times {
    fn take(&mut self) -> bool {
        match *self {
            Self::Never | Self::Next(0) => false,
            Self::Next(left) => {
                *self = if left == 1 {
                    Self::Never
                } else {
                    Self::Next(left - 1)
                };
                true
            }
            Self::Always => true,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a switch must be true, false or a count")]
enum TimesText {
    Switch(bool),
    Count(u32),
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match *self {
            Self::Never | Self::Next(0) => TimesText::Switch(false),
            Self::Next(left) => TimesText::Count(left),
            Self::Always => TimesText::Switch(true),
        };
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match TimesText::deserialize(deserializer)? {
            TimesText::Switch(true) => Self::Always,
            TimesText::Switch(false) | TimesText::Count(0) => Self::Never,
            TimesText::Count(times) => Self::Next(times),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Admission, Faults};

    fn faults(json: &str) -> Faults {
        serde_json::from_str(json).unwrap()
    }

    mod a_switch {
        use super::*;

        #[test]
        fn with_a_count_is_off_when_it_is_used_up() {
            let mut faults = faults(r#"{"failConfirms":2}"#);
            assert_eq!(faults.admit_confirm(), Admission::Fail);
            assert_eq!(serde_json::to_value(&faults).unwrap()["failConfirms"], 1);
            assert_eq!(faults.admit_confirm(), Admission::Fail);
            assert_eq!(faults.admit_confirm(), Admission::Pass);
            assert_eq!(faults, Faults::default());
        }

        #[test]
        fn with_true_stays_on() {
            let mut faults = faults(r#"{"failCancels":true,"hang":true}"#);
            assert!((0..9).all(|_| faults.fails_cancel()));
            assert!((0..9).all(|_| faults.admit_confirm() == Admission::Hang));
        }

        #[test]
        fn that_is_unknown_or_negative_is_refused() {
            for json in [
                r#"{"explode":true}"#,
                r#"{"failCancels":-1}"#,
                r#"{"delayMs":true}"#,
                r#"{"hang":"yes"}"#,
            ] {
                assert!(serde_json::from_str::<Faults>(json).is_err(), "{json}");
            }
        }
    }

    #[test]
    fn a_payment_keys_prefix_chooses_its_fault() {
        let mut faults = Faults::default();
        assert!(faults.declines("decline-1") && !faults.declines("1"));
        assert!(faults.loses_answer("lose-1", true) && !faults.loses_answer("lose-1", false));
        assert_eq!(faults.delay("slow-1"), Duration::from_secs(3));
        assert_eq!(faults.delay("1"), Duration::ZERO);
    }
}
