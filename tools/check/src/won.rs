//! Amounts of money in the forms in which they are found. Must not know where.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Whole won from a decimal text; the check's own prices have no fractions.
pub(crate) fn won(text: &str) -> Result<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        bail!("{text} is not a whole amount");
    }
    whole
        .parse()
        .with_context(|| format!("{text:?} is not an amount"))
}

/// Whole won from a JSON number.
pub(crate) fn won_of_json(value: &Value) -> Result<i64> {
    match value {
        Value::Number(number) => won(&number.to_string()),
        Value::String(text) => won(text),
        other => bail!("{other} is not an amount"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_amounts_are_read() {
        assert_eq!(won("24000.00").unwrap(), 24_000);
        assert_eq!(won_of_json(&serde_json::json!(24_000)).unwrap(), 24_000);
        assert_eq!(won_of_json(&serde_json::json!(24_000.0)).unwrap(), 24_000);
        assert_eq!(won_of_json(&serde_json::json!("7.0")).unwrap(), 7);
        for text in ["24000.50", "", "x", "1.x"] {
            assert!(won(text).is_err(), "{text}");
        }
    }
}
