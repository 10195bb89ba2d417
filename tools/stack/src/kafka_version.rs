//! Which Apache Kafka is run. Must not know where it is.

use anyhow::{Result, bail, ensure};
use std::fmt;
use std::str::FromStr;

/// The first whose nodes need no ZooKeeper and read the settings that ours are given.
const FIRST_MAJOR: u16 = 4;

/// A version of Apache Kafka.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KafkaVersion {
    /// The one that the script `tools/stack/provision/kafka.sh` names.
    #[default]
    Usual,
    /// That one: major, minor, patch.
    Chosen(u16, u16, u16),
}

impl FromStr for KafkaVersion {
    type Err = anyhow::Error;

    /// `4.4.0`.
    ///
    /// # Errors
    /// When it is no version, or an older one than the nodes' settings are for.
    fn from_str(text: &str) -> Result<Self> {
        let numbers: Vec<u16> = text
            .split('.')
            .map(|number| {
                number
                    .parse()
                    .ok()
                    .filter(|it: &u16| it.to_string() == number)
            })
            .collect::<Option<_>>()
            .unwrap_or_default();
        let &[major, minor, patch] = numbers.as_slice() else {
            bail!("a version has three numbers, as 4.4.0 has");
        };
        ensure!(
            major >= FIRST_MAJOR,
            "it must be {FIRST_MAJOR}.0.0 or later"
        );
        Ok(Self::Chosen(major, minor, patch))
    }
}

impl fmt::Display for KafkaVersion {
    /// As its folder is called.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual => formatter.write_str("kafka"),
            Self::Chosen(major, minor, patch) => {
                write!(formatter, "kafka-{major}.{minor}.{patch}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_are_a_version() {
        let version: KafkaVersion = "4.4.0".parse().unwrap();
        assert_eq!(version, KafkaVersion::Chosen(4, 4, 0));
        assert_eq!(version.to_string(), "kafka-4.4.0");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", "4", "4.4", "4.4.0.0", "4.04.0", "+4.4.0", "4.4.x", "4.4.0/..", "v4.4.0",
        ] {
            assert!(text.parse::<KafkaVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_that_has_other_settings_is_refused() {
        let refused = "3.9.1".parse::<KafkaVersion>().unwrap_err();
        assert!(refused.to_string().contains("4.0.0 or later"));
    }
}
