//! Reads members that only inform: what can't be read is as good as absent, so it never makes a record or an answer unreadable. Members
//! that decide are not read so.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json;

/// The member's value, or `None` when it is no `T`; for `#[serde(default, deserialize_with = "…")]`. The value must be valid JSON.
///
/// # Errors
/// Those of JSON itself.
pub fn readable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    // Its text, not a `Value`: that refuses numbers beyond a float's range.
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(json::read(raw.get().as_bytes()).ok())
}

/// The same for a member that has a value in any case.
///
/// # Errors
/// Those of JSON itself.
pub fn readable_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(readable(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Told {
        #[serde(deserialize_with = "readable")]
        number: Option<u8>,
        #[serde(deserialize_with = "readable_or_default")]
        text: String,
    }

    fn read(json: &str) -> Result<Told, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_can_be_read_is_read_and_all_else_is_absent() {
        let told = Told {
            number: Some(7),
            text: "seven".to_owned(),
        };
        assert_eq!(read(r#"{"number":7,"text":"seven"}"#).unwrap(), told);
        for value in ["null", "-1", "1e999", "256", "[]", "{}", "true", "7.5"] {
            let json = format!(r#"{{"number":{value},"text":{value}}}"#);
            assert_eq!(read(&json).unwrap(), Told::default(), "{value}");
        }
        assert_eq!(read("{}").unwrap(), Told::default());
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for json in [r#"{"number":}"#, r#"{"number":7,,}"#, r#"{"text":"\"#] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
