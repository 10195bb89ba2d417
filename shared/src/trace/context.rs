//! W3C Trace Context, level 2 (<https://www.w3.org/TR/trace-context-2/>): the `traceparent` header. Pure. `tracestate` is not passed on,
//! as the standard allows.

use std::fmt;

use crate::ids::IdSource;

/// The name of the header, on HTTP as on Kafka.
pub const TRACEPARENT: &str = "traceparent";
/// `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`.
const LENGTH: usize = 55;
const INVALID_VERSION: u64 = 0xff;
/// The caller may have recorded the trace.
const SAMPLED: u8 = 0b01;
/// The trace's identity is random.
const RANDOM: u8 = 0b10;

/// A place in a trace: the trace, and the piece of work in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

/// A trace: all that one request has led to, in all processes. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

/// A piece of work of a trace. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanId(u64);

impl TraceContext {
    /// The beginning of a new trace.
    #[must_use]
    pub fn new(ids: &dyn IdSource) -> Self {
        Self {
            // Zero is invalid, and a random number may be zero.
            trace_id: TraceId(ids.trace().max(1)),
            span_id: SpanId(ids.span().max(1)),
            flags: SAMPLED | RANDOM,
        }
    }

    /// A new piece of work in the same trace.
    #[must_use]
    pub fn child(self, ids: &dyn IdSource) -> Self {
        Self {
            span_id: SpanId(ids.span().max(1)),
            ..self
        }
    }

    /// Reads a header's value; `None` when it must be ignored. Of a later version the part is read that version 00 has, too.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (head, rest) = value.split_at_checked(LENGTH)?;
        let [version, trace_high, trace_low, span_id, flags] =
            [0..2, 3..19, 19..35, 36..52, 53..55].map(|place| head.get(place).and_then(hex_number));
        let is_divided = [2, 35, 52].iter().all(|place| head[*place] == b'-');
        let is_whole = match version? {
            0 => rest.is_empty(),
            INVALID_VERSION => false,
            _ => rest.first().is_none_or(|next| *next == b'-'),
        };
        let trace_id = u128::from(trace_high?) << 64 | u128::from(trace_low?);
        let span_id = span_id?;
        (is_divided && is_whole && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id: TraceId(trace_id),
            span_id: SpanId(span_id),
            flags: u8::try_from(flags?).ok()? & (SAMPLED | RANDOM),
        })
    }

    /// The header's value.
    #[must_use]
    pub fn header(&self) -> [u8; LENGTH] {
        let mut value = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(&mut value[3..35], self.trace_id.0);
        write_hex(&mut value[36..52], u128::from(self.span_id.0));
        write_hex(&mut value[53..55], u128::from(self.flags));
        value
    }

    /// The trace.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The piece of work.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// Of sixteen digits at most; lower case only, as the standard has it.
fn hex_number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

fn write_hex(place: &mut [u8], mut number: u128) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 0xf) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SecureIds;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn parsed(value: &str) -> Option<TraceContext> {
        TraceContext::parse(value.as_bytes())
    }

    fn written(context: &TraceContext) -> String {
        String::from_utf8(context.header().to_vec()).unwrap()
    }

    #[test]
    fn a_value_of_this_version_survives_reading_and_writing() {
        for flags in ["00", "01", "02", "03"] {
            let value = format!("00-{TRACE}-{SPAN}-{flags}");
            let context = parsed(&value).unwrap();
            assert_eq!(written(&context), value);
            assert_eq!(context.trace_id().to_string(), TRACE);
            assert_eq!(context.span_id().to_string(), SPAN);
        }
        let (least, most) = (
            format!("00-{:032x}-{:016x}-00", 1, 1),
            format!("00-{}-{}-00", "f".repeat(32), "f".repeat(16)),
        );
        for value in [least, most] {
            assert_eq!(written(&parsed(&value).unwrap()), value);
        }
    }

    #[test]
    fn unknown_flags_are_not_passed_on() {
        for (flags, known) in [("ff", "03"), ("fc", "00"), ("05", "01"), ("82", "02")] {
            let context = parsed(&format!("00-{TRACE}-{SPAN}-{flags}")).unwrap();
            assert!(written(&context).ends_with(known), "{flags}");
        }
    }

    #[test]
    fn of_a_later_version_the_known_part_is_read() {
        let expected = parsed(&format!("00-{TRACE}-{SPAN}-01"));
        for version in ["01", "0a", "cc", "fe"] {
            for rest in ["", "-", "-what-the-future-will-be-like"] {
                let value = format!("{version}-{TRACE}-{SPAN}-01{rest}");
                assert_eq!(parsed(&value), expected, "{value}");
            }
        }
    }

    #[test]
    fn values_that_the_standard_calls_invalid_are_ignored() {
        let zeros = ["0".repeat(32), "0".repeat(16)];
        for value in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-"),
            format!("00-{TRACE}-{SPAN}-0"),
            format!("00-{TRACE}-{SPAN}-001"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-what"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("cc-{TRACE}-{SPAN}-01.what"),
            format!("cc-{TRACE}-{SPAN}-01what"),
            format!("0g-{TRACE}-{SPAN}-01"),
            format!("+0-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", zeros[0]),
            format!("00-{TRACE}-{}-01", zeros[1]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0A"),
            format!("00-{TRACE}-{SPAN}-.1"),
            format!("00_{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}_{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}_01"),
            format!("00-{}-{SPAN}-001", &TRACE[1..]),
            format!("00-{TRACE}0-{SPAN}-01"),
            format!("00-{}é-{SPAN}-01", &TRACE[2..]),
        ] {
            assert_eq!(parsed(&value), None, "{value}");
        }
        assert_eq!(TraceContext::parse(&[0xff; LENGTH]), None);
    }

    #[test]
    fn a_value_with_one_changed_byte_is_read_only_if_it_is_still_valid() {
        let value = format!("00-{TRACE}-{SPAN}-01").into_bytes();
        for place in 0..value.len() {
            for byte in 0..=u8::MAX {
                let mut spoilt = value.clone();
                spoilt[place] = byte;
                let is_hex = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                let may_be = match place {
                    2 | 35 | 52 => byte == b'-',
                    // Any version but the one that is forbidden, for which both digits are needed.
                    _ => is_hex,
                };
                let read = TraceContext::parse(&spoilt);
                assert_eq!(read.is_some(), may_be, "{place}: {byte}");
            }
        }
    }

    #[test]
    fn children_share_the_trace_and_nothing_else() {
        let context = TraceContext::new(&SecureIds);
        let child = context.child(&SecureIds);
        assert_eq!(child.trace_id(), context.trace_id());
        assert_ne!(child.span_id(), context.span_id());
        assert_ne!(TraceContext::new(&SecureIds).trace_id(), context.trace_id());
        assert!(written(&context).ends_with("-03"));
        assert_eq!(TraceContext::parse(&child.header()), Some(child));
    }
}
