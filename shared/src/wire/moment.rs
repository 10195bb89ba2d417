//! A date and time in any of the forms that Jackson writes. It only informs, so nothing depends on which of them a peer has chosen.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de};

/// The years that are dates on the wire: beyond them calendars, databases and other readers give up.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9_999;

/// ISO 8601 with an offset, as RFC 3339 has it or shorter.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
/// ISO 8601 without one.
const LOCAL: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];

/// A date and time. Read from an ISO-8601 text with or without seconds, offset and zone name, from an array `[y,M,d,H,m,s,nanos]`, and
/// from a number since 1970, whose unit (seconds to nanoseconds) is told by its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A point in time.
    At(DateTime<FixedOffset>),
    /// The time of day in its writer's zone, which it does not tell.
    Local(NaiveDateTime),
}

impl Moment {
    /// The point in time, where `zone` is the writer's unless it tells its offset. A time that the zone has skipped is none.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::At(at) => Some(at),
            Self::Local(local) => {
                let at = local.and_local_timezone(zone).earliest()?;
                Some(at.fixed_offset())
            }
        }
    }

    /// The time of day in its writer's zone.
    #[must_use]
    pub fn local(self) -> NaiveDateTime {
        match self {
            Self::At(at) => at.naive_local(),
            Self::Local(local) => local,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        // Java's `ZonedDateTime` adds its zone's name to the offset.
        let text = text.trim().split('[').next()?.replacen(' ', "T", 1);
        let at = WITH_OFFSET
            .iter()
            .find_map(|form| DateTime::parse_from_str(&text, form).ok());
        let local = || LOCAL.iter().find_map(|form| parsed(&text, form));
        at.map(Self::At)
            .or_else(|| local().map(Self::Local))
            .or_else(|| midnight(&text))
    }

    fn from_parts(parts: &[u32]) -> Option<Self> {
        if !(3..=7).contains(&parts.len()) {
            return None;
        }
        let part = |index: usize| parts.get(index).copied().unwrap_or(0);
        NaiveDate::from_ymd_opt(part(0).try_into().ok()?, part(1), part(2))?
            .and_hms_nano_opt(part(3), part(4), part(5), part(6))
            .map(Self::Local)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float becomes the nearest integer, and what is out of range is refused"
    )]
    fn from_number(number: f64) -> Option<Self> {
        let size = number.abs();
        let in_nanos = if size < 1e11 {
            1e9
        } else if size < 1e14 {
            1e6
        } else if size < 1e17 {
            1e3
        } else {
            1.0
        };
        let micros = (number * in_nanos / 1e3) as i64;
        let at = DateTime::<Utc>::from_timestamp_micros(micros)?;
        Some(Self::At(at.fixed_offset()))
    }

    fn is_in_calendar(&self) -> bool {
        YEARS.contains(&self.local().year())
    }
}

fn parsed(text: &str, form: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, form).ok()
}

fn midnight(date: &str) -> Option<Moment> {
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Some(Moment::Local(date.and_time(NaiveTime::MIN)))
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Parts(Vec<u32>),
            Text(String),
            Number(f64),
        }
        match Form::deserialize(deserializer)? {
            Form::Parts(parts) => Self::from_parts(&parts),
            Form::Text(text) => Self::from_text(&text),
            Form::Number(number) => Self::from_number(number),
        }
        .filter(Self::is_in_calendar)
        .ok_or_else(|| de::Error::custom("not a date and time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::America::New_York;
    use chrono_tz::Asia::Seoul;

    fn read(json: &str) -> Option<Moment> {
        serde_json::from_str(json).ok()
    }

    fn in_seoul(json: &str) -> Option<String> {
        Some(read(json)?.in_zone(Seoul)?.to_rfc3339())
    }

    #[test]
    fn each_form_of_jackson_is_the_same_time() {
        for json in [
            "[2026,11,23,1,15]",
            "[2026,11,23,1,15,0,0]",
            r#""2026-11-23T01:15""#,
            r#""2026-11-23T01:15:00""#,
            r#""2026-11-23 01:15:00.000""#,
            r#""2026-11-23T01:15:00.000000000""#,
            r#""2026-11-23T01:15+09:00""#,
            r#""2026-11-23T01:15:00+0900""#,
            r#""2026-11-23T01:15:00.0+09:00[Asia/Seoul]""#,
        ] {
            let told = in_seoul(json);
            assert_eq!(told.as_deref(), Some("2026-11-23T01:15:00+09:00"), "{json}");
        }
        for json in [
            r#""2026-11-22T16:15Z""#,
            r#""2026-11-22T16:15:00Z""#,
            r#""2026-11-22T16:15:00.000Z[UTC]""#,
            "1795364100",
            "1795364100.000000000",
            "1795364100000",
            "1795364100000000",
            "1795364100000000000",
        ] {
            let told = in_seoul(json);
            assert_eq!(told.as_deref(), Some("2026-11-22T16:15:00+00:00"), "{json}");
        }
        assert_eq!(
            in_seoul(r#""2026-11-23""#).as_deref(),
            Some("2026-11-23T00:00:00+09:00")
        );
    }

    #[test]
    fn values_that_are_no_time_are_refused() {
        for json in [
            "[2026]",
            "[2026,13,1]",
            "[2026,1,1,25]",
            "[1,2,3,4,5,6,7,8]",
            "[-2026,1,1]",
            "[10000,1,1]",
            "[2026,\"1\",1]",
            r#""yesterday""#,
            r#""""#,
            r#""+262142-12-31T23:59:59""#,
            r#""-0001-01-01T00:00:00Z""#,
            r#""2026-02-30T00:00""#,
            "1e300",
            "-1e300",
            "9e22",
            "-99999999999",
            "null",
            "true",
            "{}",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn a_local_time_that_the_zone_has_skipped_is_none_and_one_it_has_twice_is_the_first() {
        let skipped = read("[2026,3,8,2,30]").unwrap();
        assert_eq!(skipped.in_zone(New_York), None);
        let twice = read("[2026,11,1,1,30]").unwrap();
        let first = twice.in_zone(New_York).unwrap();
        assert_eq!(first.to_rfc3339(), "2026-11-01T01:30:00-04:00");
    }

    #[test]
    fn the_first_and_last_days_of_the_calendar_are_in_every_zone() {
        for json in ["[1,1,1]", "[9999,12,31,23,59,59,999999999]"] {
            for zone in chrono_tz::TZ_VARIANTS {
                assert!(read(json).unwrap().in_zone(zone).is_some(), "{json} {zone}");
            }
        }
    }
}
