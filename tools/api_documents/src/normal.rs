//! Replaces what differs from run to run, order numbers, dates and tokens, by fixed values of the same form.

use std::sync::LazyLock;

use indexmap::IndexSet;
use regex::{Captures, Regex};

use crate::check::Documented;
use crate::draft::Body;

/// An order number as the mall makes it.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[0-9]{32}\b"));
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
    )
});
/// A place in a list of orders: microseconds since 1970, and an order number.
static PLACE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[0-9]{16}-([0-9]{32})\b"));
/// A token of an issuer, and one of an order.
static BEARER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"));
static ORDER_TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[0-9a-f]{64}\b"));
const SOME_BEARER: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl";
const SOME_ORDER_TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Every order of the documents was placed at this time.
const PLACED: &str = "2026-01-02T10:30:00.123456+09:00";

#[expect(clippy::expect_used, reason = "all patterns are written here")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// The same time in microseconds since 1970.
const PLACED_MICROS: &str = "1767317400123456";

/// The order numbers that were met, in their order.
#[derive(Debug, Default)]
pub struct Normal {
    numbers: IndexSet<String>,
}

impl Normal {
    /// The same text in every run, if what was met before was the same.
    pub fn text(&mut self, text: &str) -> String {
        let text = BEARER.replace_all(text, SOME_BEARER);
        let text = ORDER_TOKEN.replace_all(&text, SOME_ORDER_TOKEN);
        let text = DATE.replace_all(&text, PLACED);
        let text = PLACE.replace_all(&text, format!("{PLACED_MICROS}-$1"));
        let text = NUMBER.replace_all(&text, |found: &Captures<'_>| {
            let (index, _) = self.numbers.insert_full(found[0].to_owned());
            number(index)
        });
        text.into_owned()
    }

    /// The whole exchange, in place.
    pub fn exchange(&mut self, documented: &mut Documented) {
        let exchange = &mut documented.exchange;
        let draft = &mut exchange.draft;
        draft.target = self.text(&draft.target);
        for (_, value) in &mut draft.headers {
            *value = self.text(value);
        }
        if let Some(Body::Shown(content)) = &mut draft.body {
            *content = self.text(content);
        }
        for message in [&mut exchange.request, &mut exchange.response] {
            message.start = self.text(&message.start);
            message.body = self.text(&message.body);
            for (_, value) in &mut message.headers {
                *value = self.text(value);
            }
        }
    }
}

/// 32 digits that look like those of a real order number.
fn number(index: usize) -> String {
    const STRIDE: u64 = 618_033_988_749_894_848;
    let chance = (index as u64 + 1).wrapping_mul(STRIDE) % 1_000_000_000_000_000_000;
    format!("20260102103000{chance:018}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_give_the_same_text() {
        let run = |first: &str, second: &str, date: &str| {
            let mut normal = Normal::default();
            [
                normal.text(&format!("/order/{first}, at {date}")),
                normal.text(&format!("\"{second}\" and {first}")),
                normal.text(&format!("after={}-{second}", &first[..16])),
            ]
        };
        let one = run(
            "20261123101540000000000000000042",
            "20261123101540000000000000000043",
            "2026-11-23T10:15:40.582933+09:00",
        );
        let other = run(
            "20270101000000999999999999999999",
            "20270101000000111111111111111111",
            "2027-01-01T00:00:00Z",
        );
        assert_eq!(one, other);
        assert!(one[0].ends_with(PLACED) && one[0] != one[1], "{one:?}");
    }

    #[test]
    fn other_numbers_stay() {
        let text = "12000 and 123456789012345678901234567890123 and 2026-11-23";
        assert_eq!(Normal::default().text(text), text);
    }
}
