//! Reads JSON that comes from outside: bodies, records, files, answers of other services. All of it goes through [`read`], so that the same
//! text means the same wherever it comes from.
//!
//! `serde_json` alone reads more than JSON Schema would: a list as an object, by position, and an object as an enumeration's value. And it
//! refuses `2.0` as an integer. No library was found that closes this: `serde_path_to_error` and `eserde` improve the errors only, and
//! `deserialize_with` has to be repeated at each member.

mod fault;
mod number;
mod strict;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub use fault::Fault;
pub(crate) use number::{Number, integer};
use strict::{Context, Strict};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a JSON text (RFC 8259) in UTF-8, with or without a byte order mark.
///
/// An object is an object, never a list of its members' values. An enumeration's value is a string. An integer is any number without a
/// fractional part, as in JSON Schema: `2`, `2.0` and `2e0` are the same. A member that is read may be there once only. Whether other
/// members may be there is for `T` to say (`deny_unknown_fields`).
///
/// # Errors
/// What is wrong, and where.
pub fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Fault> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::not_utf8())?;
    let context = Context::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let read = T::deserialize(Strict::new(&mut json, &context)).and_then(|value| {
        let end = json.end().map_err(|_| Fault::wrong_type());
        end.map(|()| value)
    });
    // Text that isn't JSON is told as such, however far it could be read.
    read.map_err(
        |fault| match serde_json::from_str::<IgnoredAny>(text).err() {
            Some(error) => Fault::not_json(error.line(), error.column()),
            None => fault,
        },
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Order {
        lines: Vec<Line>,
        coupon: Option<i64>,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Line {
        item_id: i64,
        pieces: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    enum Kind {
        Gift,
        Loan,
    }

    fn order(text: &str) -> Result<Order, String> {
        read(text.as_bytes()).map_err(|fault| fault.to_string())
    }

    fn lines(lines: &str) -> Result<Order, String> {
        order(&format!(r#"{{"lines":{lines}}}"#))
    }

    fn refusal(read: Result<Order, String>) -> String {
        read.unwrap_err()
    }

    mod an_object {
        use super::*;

        #[test]
        fn is_read_member_by_member_whatever_their_order_and_escapes() {
            let read = order(
                r#" {"k\u0069nd":"G\u0049FT", "extra": [[]], "lines":[{"pieces":2,"item\u0049d":-7}], "coupon":null} "#,
            );
            let expected = Order {
                lines: vec![Line {
                    item_id: -7,
                    pieces: 2,
                }],
                coupon: None,
                kind: Some(Kind::Gift),
            };
            assert_eq!(read, Ok(expected));
        }

        #[test]
        fn is_never_a_list_at_any_depth() {
            assert_eq!(refusal(order("[[],null,null]")), "must be an object");
            assert_eq!(refusal(lines("[[7,2]]")), "lines[0] must be an object");
        }

        #[test]
        fn has_each_member_that_is_read_once() {
            let twice = r#"[{"itemId":7,"item\u0049d":8,"pieces":1}]"#;
            assert_eq!(
                refusal(lines(twice)),
                "lines[0].itemId is there more than once"
            );
        }

        #[test]
        fn is_refused_by_the_name_of_what_it_lacks_or_should_not_have() {
            assert_eq!(
                refusal(lines(r#"[{"itemId":7,"pieces":1},{"itemId":7}]"#)),
                "lines[1].pieces is missing"
            );
            assert_eq!(
                refusal(lines(r#"[{"itemId":7,"pieces":1,"colour":1}]"#)),
                "lines[0].colour is unknown"
            );
        }
    }

    mod an_enumeration {
        use super::*;

        #[test]
        fn is_a_string_never_an_object() {
            for kind in [r#"{"GIFT":null}"#, "7", "[]"] {
                let read = order(&format!(r#"{{"lines":[],"kind":{kind}}}"#));
                assert_eq!(refusal(read), "kind must be one of GIFT, LOAN", "{kind}");
            }
            let read = order(r#"{"lines":[],"kind":"gift"}"#);
            assert_eq!(refusal(read), "kind must be one of GIFT, LOAN");
        }
    }

    mod an_integer {
        use super::*;

        fn pieces(text: &str) -> Result<u8, String> {
            lines(&format!(r#"[{{"itemId":1,"pieces":{text}}}]"#))
                .map(|order| order.lines[0].pieces)
        }

        #[test]
        fn is_a_number_without_a_fractional_part_however_it_is_written() {
            for text in [
                "2",
                "2.0",
                "2e0",
                "20E-1",
                "0.2e+1",
                "2.000000000000000000000000000000",
            ] {
                assert_eq!(pieces(text), Ok(2), "{text}");
            }
            for text in ["0", "-0", "0.0", "0e9"] {
                assert_eq!(pieces(text), Ok(0), "{text}");
            }
        }

        #[test]
        fn keeps_all_its_digits() {
            let read = order(r#"{"lines":[],"coupon":9007199254740993.0}"#).unwrap();
            assert_eq!(read.coupon, Some(9_007_199_254_740_993));
        }

        #[test]
        fn is_refused_with_a_fraction_beyond_its_range_or_of_another_type() {
            for (text, told) in [
                ("2.5", "must be an integer"),
                (
                    "2.00000000000000000000000000000000000001",
                    "must be an integer",
                ),
                ("1e-400", "must be an integer"),
                ("\"2\"", "must be an integer"),
                ("true", "must be an integer"),
                ("null", "must be an integer"),
                ("256", "is out of range"),
                ("-1", "is out of range"),
                ("1e99999999999999999999", "is out of range"),
            ] {
                let expected = format!("lines[0].pieces {told}");
                assert_eq!(pieces(text), Err(expected), "{text}");
            }
        }
    }

    mod a_text {
        use super::*;

        #[test]
        fn may_begin_with_a_byte_order_mark() {
            assert!(order("\u{feff}{\"lines\":[]}").is_ok());
        }

        #[test]
        fn that_is_not_json_is_told_by_its_place() {
            for (text, place) in [
                ("", "line 1, column 0"),
                ("{\"lines\":[]", "line 1, column 11"),
                ("{\"lines\":\n 7 7}", "line 2, column 4"),
                ("{\"lines\":[]} x", "line 1, column 14"),
                ("{'lines':[]}", "line 1, column 2"),
                ("\u{feff}\u{feff}{}", "line 1, column 1"),
            ] {
                assert_eq!(
                    refusal(order(text)),
                    format!("is not JSON: {place}"),
                    "{text}"
                );
            }
            let latin = read::<Order>(b"{\"lines\":[],\"x\":\"\xe9\"}").unwrap_err();
            assert_eq!(latin.to_string(), "is not in UTF-8");
        }

        #[test]
        fn can_be_kept_as_it_is() {
            #[derive(Deserialize)]
            struct Kept<'a> {
                #[serde(borrow)]
                number: &'a RawValue,
            }
            let kept: Kept<'_> = read(br#"{"number": 1.50 }"#).unwrap();
            assert_eq!(kept.number.get(), "1.50");
        }
    }
}
