//! Reading settings from the environment: every error is collected and told at once, no secret is ever printed.
//!
//! Written by hand because the kept libraries stop at the first error or want a file format besides.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use secrecy::SecretString;

/// The variables, and what was found wrong with them so far.
#[derive(Debug)]
pub struct EnvReader {
    variables: HashMap<String, String>,
    problems: Vec<String>,
}

/// Everything that is wrong with the environment.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidEnvironment(Vec<String>);

impl EnvReader {
    /// Reads this process' environment.
    #[must_use]
    pub fn from_process() -> Self {
        Self::new(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads the given variables.
    pub fn new<T: Into<String>>(variables: impl IntoIterator<Item = (T, T)>) -> Self {
        Self {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            problems: Vec::new(),
        }
    }

    /// The variable's value, or `default` when it is missing or empty. A value that does not parse is a problem.
    pub fn parsed<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(text) = self.present(name) else {
            return default;
        };
        match text.parse() {
            Ok(value) => value,
            Err(error) => {
                self.problems.push(format!("{name}={text:?}: {error}"));
                default
            }
        }
    }

    /// As [`parsed`](Self::parsed), and a value outside `range` is a problem too.
    pub fn within<T>(&mut self, name: &str, range: std::ops::RangeInclusive<T>, default: T) -> T
    where
        T: FromStr + PartialOrd + Display,
        T::Err: Display,
    {
        let value = self.parsed(name, default);
        if !range.contains(&value) {
            self.problems.push(format!(
                "{name}={value}: must be from {} to {}",
                range.start(),
                range.end()
            ));
        }
        value
    }

    /// The variable's text, or `default`.
    pub fn text(&mut self, name: &str, default: &str) -> String {
        self.present(name).unwrap_or_else(|| default.to_owned())
    }

    /// A secret without a default: a missing one is a problem.
    pub fn required_secret(&mut self, name: &str) -> SecretString {
        match self.variables.get(name) {
            Some(value) => value.as_str().into(),
            None => {
                self.problems.push(format!("{name}: is required"));
                "".into()
            }
        }
    }

    /// Records that a setting is wrong for a reason that its own parsing can't see.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All problems that were found, together.
    pub fn finish(self) -> Result<(), InvalidEnvironment> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(InvalidEnvironment(self.problems))
        }
    }

    fn present(&self, name: &str) -> Option<String> {
        self.variables
            .get(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }
}

impl Display for InvalidEnvironment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "invalid settings in the environment:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl std::error::Error for InvalidEnvironment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_missing_and_empty_variables_when_read_then_defaults_stand() {
        let mut env = EnvReader::new([("EMPTY", " ")]);
        assert_eq!(env.parsed("MISSING", 7), 7);
        assert_eq!(env.parsed("EMPTY", 7), 7);
        assert_eq!(env.text("MISSING", "orders"), "orders");
        assert_eq!(env.finish(), Ok(()));
    }

    #[test]
    fn given_several_wrong_variables_when_read_then_all_are_told_at_once() {
        let mut env = EnvReader::new([("PORT", "http"), ("POOL", "0")]);
        env.parsed("PORT", 7000_u16);
        env.within("POOL", 1..=64, 8);
        env.required_secret("DB_PASSWORD");
        let told = env.finish().unwrap_err().to_string();
        for name in [
            "PORT=\"http\"",
            "POOL=0: must be from 1 to 64",
            "DB_PASSWORD: is required",
        ] {
            assert!(told.contains(name), "{told}");
        }
    }
}
