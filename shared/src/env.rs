//! Reads settings from the environment. All errors are reported at once, the settings in effect can be shown, and no secret is ever printed.
//!
//! Written by hand because the libraries that are kept up (figment, config, envy, clap) stop at the first error, and none tells which
//! settings are in effect and where each one is from.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::num::NonZeroU32;
use std::str::FromStr;

use secrecy::SecretString;
use serde::Serialize;

use crate::secret::text::{cut, secret_text};
use crate::secret::{Secret, SecretFile, SecretFiles, Use};

/// The variables, and the errors found so far.
#[derive(Debug)]
pub struct EnvReader {
    /// Those that are no Unicode have no text.
    variables: HashMap<String, Option<String>>,
    problems: Vec<String>,
    effective: EffectiveSettings,
    secret_files: SecretFiles,
}

/// The settings in effect, by the variables' names.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct EffectiveSettings(BTreeMap<String, EffectiveSetting>);

/// One variable.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct EffectiveSetting {
    /// As the process has read it; `None` for a secret.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
}

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The variable is set.
    Environment,
    /// The file of a secret is named.
    File,
    /// The variable is not set.
    Default,
}

/// All that is wrong with the environment.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidEnvironment(Vec<String>);

impl EnvReader {
    /// Reads this process' environment.
    #[must_use]
    pub fn from_process() -> Self {
        Self::of(
            std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()))
            }),
        )
    }

    /// Reads the given variables.
    pub fn new<T: Into<String>>(variables: impl IntoIterator<Item = (T, T)>) -> Self {
        let variables = variables.into_iter();
        Self::of(variables.map(|(name, value)| (name.into(), Some(value.into()))))
    }

    fn of(variables: impl Iterator<Item = (String, Option<String>)>) -> Self {
        Self {
            variables: variables.collect(),
            problems: Vec::new(),
            effective: EffectiveSettings::default(),
            secret_files: SecretFiles::default(),
        }
    }

    /// The variable's value, or `default` when it is missing or empty. A value that does not parse is a problem.
    pub fn parsed<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr + Display,
        T::Err: Display,
    {
        let Some(text) = self.present(name) else {
            self.note(name, Some(default.to_string()), Source::Default);
            return default;
        };
        match text.parse::<T>() {
            Ok(value) => {
                self.note(name, Some(value.to_string()), Source::Environment);
                value
            }
            Err(error) => {
                self.problems
                    .push(format!("{name}={:?}: {error}", without_user(&text)));
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

    /// A limit of at most `most`. 0, and nothing, is no limit.
    pub fn limit(&mut self, name: &str, most: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(self.within(name, 0..=most, 0))
    }

    /// The variable's text, or `default`.
    pub fn text(&mut self, name: &str, default: &str) -> String {
        let (text, source) = match self.present(name) {
            Some(text) => (text, Source::Environment),
            None => (default.to_owned(), Source::Default),
        };
        self.note(name, Some(text.clone()), source);
        text
    }

    /// The variable's text; a missing or empty one is a problem.
    pub fn required_text(&mut self, name: &str) -> String {
        let text = self.text(name, "");
        if text.is_empty() {
            self.problems
                .push(format!("{name}: is required, and must not be empty"));
        }
        text
    }

    /// The file that the variable names, if it names one. One that can't be read is a problem here, where it can be named.
    pub fn readable_file(&mut self, name: &str) -> Option<String> {
        let path = Some(self.text(name, "")).filter(|path| !path.is_empty())?;
        if let Err(error) = std::fs::File::open(&path) {
            self.problems.push(format!("{name}={path:?}: {error}"));
        }
        Some(path)
    }

    /// A secret that need not be there: the variable's text, or the content of the file that the variable `…_FILE` names, as secrets are
    /// mounted by Kubernetes and Compose. White space around it is cut, a line break at its end above all. One in the middle is a problem,
    /// and so is a file that can't be read. A file is read again while [`SecretFiles`] are watched.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        self.long_secret(name, 1)
    }

    /// As [`secret`](Self::secret), and one of fewer than `least` bytes is a problem: nobody is to find it by trying.
    pub fn long_secret(&mut self, name: &str, least: usize) -> Option<Secret> {
        self.secret_for(Use::Always, name, least)
    }

    /// The same without a default: a missing or empty one is a problem.
    pub fn required_secret(&mut self, name: &str) -> Secret {
        self.required_long_secret(name, 1)
    }

    /// As [`long_secret`](Self::long_secret), and a missing or empty one is a problem.
    pub fn required_long_secret(&mut self, name: &str, least: usize) -> Secret {
        let secret = self.long_secret(name, least);
        secret.unwrap_or_else(|| self.no_secret(name))
    }

    /// A secret that is used at the start only. When its file changes, the log says that the service must start again.
    pub fn start_secret(&mut self, name: &str) -> Option<SecretString> {
        let secret = self.secret_for(Use::AtStart, name, 1)?;
        Some(secret.current())
    }

    /// As [`start_secret`](Self::start_secret), and a missing one, or one of fewer than `least` bytes, is a problem.
    pub fn required_start_secret(&mut self, name: &str, least: usize) -> SecretString {
        let secret = self.secret_for(Use::AtStart, name, least);
        secret.unwrap_or_else(|| self.no_secret(name)).current()
    }

    fn secret_for(&mut self, used: Use, name: &str, least: usize) -> Option<Secret> {
        let path = self.present(&format!("{name}_FILE"));
        let (source, secret) = match (self.present(name), path) {
            (Some(_), Some(_)) => {
                self.problems
                    .push(format!("{name}: must not be set together with {name}_FILE"));
                (Source::Environment, None)
            }
            (Some(text), None) => {
                let secret = secret_text(&text, least).map(Secret::from);
                let secret = secret.map_err(|flaw| format!("{name}: {flaw}"));
                (Source::Environment, self.found(secret))
            }
            (None, Some(path)) => {
                let file = SecretFile::read(name, &path, least, used);
                let secret = file.map(|file| self.secret_files.add(file));
                let secret = secret.map_err(|flaw| format!("{name}_FILE={path:?}: {flaw}"));
                (Source::File, self.found(secret))
            }
            (None, None) => (Source::Default, None),
        };
        self.note(name, None, source);
        secret
    }

    /// The secret; a flawed one is a problem, and no reason to tell that it is missing.
    fn found(&mut self, secret: Result<Secret, String>) -> Option<Secret> {
        Some(secret.unwrap_or_else(|problem| {
            self.problems.push(problem);
            Secret::from("")
        }))
    }

    fn no_secret(&mut self, name: &str) -> Secret {
        self.problems
            .push(format!("{name}: is required, and must not be empty"));
        Secret::from("")
    }

    /// The files of the secrets that have been read.
    #[must_use]
    pub fn secret_files(&self) -> SecretFiles {
        self.secret_files.clone()
    }

    /// Whether the variable, or the file of a secret, has a value.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        let has_value = |name: &str| {
            let text = self.variables.get(name).and_then(Option::as_deref);
            text.is_some_and(|text| !cut(text).is_empty())
        };
        has_value(name) || has_value(&format!("{name}_FILE"))
    }

    /// Adds an error that parsing one variable can't find, as of two settings that contradict each other.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Ends the reading: the settings in effect.
    ///
    /// # Errors
    /// All problems that were found, together.
    pub fn finish(self) -> Result<EffectiveSettings, InvalidEnvironment> {
        if self.problems.is_empty() {
            Ok(self.effective)
        } else {
            Err(InvalidEnvironment(self.problems))
        }
    }

    fn note(&mut self, name: &str, value: Option<String>, source: Source) {
        let setting = EffectiveSetting { value, source };
        self.effective.0.insert(name.to_owned(), setting);
    }

    fn present(&mut self, name: &str) -> Option<String> {
        match self.variables.get(name)? {
            Some(text) => Some(cut(text).to_owned()).filter(|text| !text.is_empty()),
            None => {
                self.problems.push(format!("{name}: must be UTF-8"));
                None
            }
        }
    }
}

/// For messages: what stands before an `@` may be a user with a password.
fn without_user(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
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
    fn missing_and_empty_variables_have_their_defaults() {
        let mut env = EnvReader::new([("EMPTY", " ")]);
        assert_eq!(env.parsed("MISSING", 7), 7);
        assert_eq!(env.parsed("EMPTY", 7), 7);
        assert_eq!(env.text("MISSING", "orders"), "orders");
        assert!(env.finish().is_ok());
    }

    #[test]
    fn effective_settings_are_shown_and_secrets_are_not() {
        let mut env = EnvReader::new([("PORT", "07000"), ("DB_PASSWORD", "hush")]);
        env.parsed("PORT", 1_u16);
        env.within("MAX_BATCH", 1..=9, 5);
        env.text("DB_NAME", "orders");
        env.required_secret("DB_PASSWORD");
        let told = serde_json::to_value(env.finish().unwrap()).unwrap();
        let expected = serde_json::json!({
            "PORT": {"value": "7000", "source": "environment"},
            "MAX_BATCH": {"value": "5", "source": "default"},
            "DB_NAME": {"value": "orders", "source": "default"},
            "DB_PASSWORD": {"value": null, "source": "environment"},
        });
        assert_eq!(told, expected);
    }

    mod a_secret {
        use secrecy::ExposeSecret;

        use super::*;

        fn read(text: &str) -> Result<String, String> {
            let mut env = EnvReader::new([("KEY", text)]);
            let secret = env.required_secret("KEY");
            match env.finish() {
                Ok(_) => Ok(secret.current().expose_secret().to_owned()),
                Err(error) => Err(error.to_string()),
            }
        }

        #[test]
        fn is_cut_at_its_ends() {
            for text in [
                "hush",
                "hush\n",
                "hush\r\n",
                " hush ",
                "\u{feff}hush",
                "hush\u{a0}",
            ] {
                assert_eq!(read(text), Ok("hush".to_owned()));
            }
            assert_eq!(read("hush hush\n"), Ok("hush hush".to_owned()));
        }

        #[test]
        fn with_a_line_break_inside_is_refused_and_not_shown() {
            for text in [
                "hush\nhush",
                "hush\r\nhush\n",
                "hush\thush",
                "hush\u{7f}hush",
            ] {
                let told = read(text).unwrap_err();
                assert!(
                    told.contains("KEY: must not contain a line break"),
                    "{told}"
                );
                assert!(!told.contains("hush"), "{told}");
            }
        }

        mod in_a_file {
            use super::*;

            fn read_file(content: &[u8]) -> Result<String, String> {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), content).unwrap();
                let mut env = EnvReader::new([("KEY_FILE", file.path().to_str().unwrap())]);
                let secret = env.required_secret("KEY");
                match env.finish() {
                    Ok(settings) => {
                        let told = serde_json::to_value(settings).unwrap();
                        let expected = serde_json::json!({"value": null, "source": "file"});
                        assert_eq!(told["KEY"], expected);
                        Ok(secret.current().expose_secret().to_owned())
                    }
                    Err(error) => Err(error.to_string()),
                }
            }

            #[test]
            fn is_the_files_content_without_its_last_line_break() {
                assert_eq!(read_file(b"hush\n"), Ok("hush".to_owned()));
                assert_eq!(read_file(b"\xef\xbb\xbfhush\r\n"), Ok("hush".to_owned()));
            }

            #[test]
            fn that_is_empty_or_no_text_or_of_two_lines_is_refused_and_not_shown() {
                for (content, flaw) in [
                    (&b""[..], "must not be empty"),
                    (b" \n", "must not be empty"),
                    (b"hush\nhush", "must not contain a line break"),
                    (b"hush\xff", "UTF-8"),
                ] {
                    let told = read_file(content).unwrap_err();
                    assert!(told.contains("KEY_FILE=") && told.contains(flaw), "{told}");
                    assert!(!told.contains("hush"), "{told}");
                }
            }

            #[test]
            fn that_is_not_there_is_named() {
                let mut env = EnvReader::new([("KEY_FILE", "/nowhere/key")]);
                env.secret("KEY");
                let told = env.finish().unwrap_err().to_string();
                assert!(
                    told.contains("KEY_FILE=\"/nowhere/key\": No such file"),
                    "{told}"
                );
            }

            #[test]
            fn and_in_the_environment_is_one_too_many() {
                let mut env = EnvReader::new([("KEY_FILE", "/nowhere/key"), ("KEY", "hush")]);
                env.secret("KEY");
                let told = env.finish().unwrap_err().to_string();
                assert!(
                    told.contains("KEY: must not be set together with KEY_FILE"),
                    "{told}"
                );
                assert!(!told.contains("hush"), "{told}");
            }
        }

        #[test]
        fn that_is_empty_is_missing() {
            for text in ["", " ", "\n", "\u{feff}"] {
                let told = read(text).unwrap_err();
                assert!(told.contains("KEY: is required"), "{told}");
            }
        }
    }

    #[test]
    fn a_user_in_a_wrong_value_is_not_shown() {
        let mut env = EnvReader::new([("HOST", "mysql://us:hush@db:1")]);
        env.parsed("HOST", 7);
        let told = env.finish().unwrap_err().to_string();
        assert!(told.contains("HOST=\"…@db:1\""), "{told}");
    }

    #[test]
    fn a_value_that_is_no_unicode_is_named() {
        let mut env = EnvReader::of([("PORT".to_owned(), None)].into_iter());
        assert_eq!(env.parsed("PORT", 7), 7);
        let told = env.finish().unwrap_err().to_string();
        assert!(told.contains("PORT: must be UTF-8"), "{told}");
    }

    #[test]
    fn all_wrong_variables_are_reported_at_once() {
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
