//! The one grammar of numbers: JSON's (RFC 8259, section 6), read exactly.

use super::fault::Fault;

/// An exact decimal number: `digits` × 10^`exponent`. It is normal: `digits` neither begin nor end with a zero, and are empty for zero.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) is_negative: bool,
    pub(crate) digits: String,
    pub(crate) exponent: i64,
}

/// The integer that a number's text stands for: `2`, `2.0` and `20e-1` are the same.
///
/// # Errors
/// When it is no number, has a fractional part, or `T` can't hold it.
pub(crate) fn integer<T: TryFrom<i128>>(text: &str) -> Result<T, Fault> {
    let number = Number::parse(text)
        .filter(|number| number.exponent >= 0)
        .ok_or_else(|| Fault::not("an integer"))?;
    number
        .scaled(0)
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(Fault::out_of_range)
}

/// Larger than that of any number that is of use, and small enough to calculate with.
const MAX_EXPONENT: i64 = 1_000_000;

impl Number {
    /// Reads `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let is_valid = is_digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(is_digits);
        let fraction = fraction.unwrap_or_default();
        is_valid.then(|| Self::normal(is_negative, whole, fraction, exponent))
    }

    fn normal(is_negative: bool, whole: &str, fraction: &str, exponent: i64) -> Self {
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let exponent = exponent + (whole.len() as i64) - (digits.len() as i64);
        let digits = digits.trim_start_matches('0').to_owned();
        Self {
            is_negative: is_negative && !digits.is_empty(),
            exponent: if digits.is_empty() { 0 } else { exponent },
            digits,
        }
    }

    /// The number times 10^`scale`. `None` if that is no integer, or has more than 38 digits.
    pub(crate) fn scaled(&self, scale: u32) -> Option<i128> {
        let shift = u32::try_from(self.exponent + i64::from(scale)).ok()?;
        let digits: i128 = match self.digits.as_str() {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        let value = digits.checked_mul(10_i128.checked_pow(shift)?)?;
        Some(if self.is_negative { -value } else { value })
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_digits(digits) {
        return None;
    }
    let size = digits.parse().unwrap_or(MAX_EXPONENT).min(MAX_EXPONENT);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(text: &str, scale: u32) -> Option<i128> {
        Number::parse(text).unwrap().scaled(scale)
    }

    #[test]
    fn numbers_have_the_grammar_of_json() {
        for text in ["0", "-0", "10", "1.50", "1e5", "1.5E+05", "20e-1"] {
            assert!(Number::parse(text).is_some(), "{text}");
        }
        for text in [
            "", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e1", "1_000", "1,000", " 1",
            "1 ", "0x1", "NaN", "Infinity", "１", "1e1.5", "--1", "1e1e1", "1.2.3", "null",
        ] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_same_number_is_equal_however_it_is_written() {
        for text in ["1200", "1.2e3", "12.00e+2", "120000e-2", "1200.0"] {
            assert_eq!(Number::parse(text), Number::parse("1200"), "{text}");
        }
        for text in ["-0", "0.00", "0e99999999999999999999"] {
            assert_eq!(Number::parse(text), Number::parse("0"), "{text}");
        }
    }

    #[test]
    fn numbers_are_scaled_exactly_or_not_at_all() {
        assert_eq!(scaled("1.5", 0), None);
        assert_eq!(scaled("1.5", 1), Some(15));
        assert_eq!(scaled("-1.5", 2), Some(-150));
        assert_eq!(scaled("0", 2), Some(0));
        assert_eq!(scaled("1e38", 0), Some(10_i128.pow(38)));
        assert_eq!(scaled("1e39", 0), None);
        assert_eq!(scaled("1e999999999999", 0), None);
    }
}
