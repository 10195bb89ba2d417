//! A request's query. `web::Query` of actix answers in its library's words, without the parameter's name.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use url::form_urlencoded;

use super::Problem;
use crate::json::{Fault, integer};
use crate::wire::error_body::{Culprit, ResponseCode};

/// The query as a `T`. Parameters that `T` does not have are ignored.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self).map_err(malformed))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Fault> {
    T::deserialize(MapAccessDeserializer::new(Parameters {
        rest: form_urlencoded::parse(query.as_bytes()),
        next: (Cow::default(), Cow::default()),
    }))
}

fn malformed(fault: Fault) -> Problem {
    let detail = fault.to_string();
    Problem::new(
        StatusCode::BAD_REQUEST,
        ResponseCode::InvalidRequest,
        "MALFORMED_REQUEST",
        detail,
    )
    .because_of(Culprit::parameter(&fault.path()))
}

/// The parameters, one after the other.
struct Parameters<'q> {
    rest: form_urlencoded::Parse<'q>,
    /// The name and the text of the one whose name was read last.
    next: (Cow<'q, str>, Cow<'q, str>),
}

impl<'de> MapAccess<'de> for Parameters<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(next) = self.rest.next() else {
            return Ok(None);
        };
        self.next = next;
        let (name, _) = &self.next;
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (name, text) = &self.next;
        seed.deserialize(Parameter(text))
            .map_err(|fault| fault.within_member(name))
    }
}

/// One parameter: a text, or an integer in one.
struct Parameter<'q>(&'q str);

macro_rules! integers {
    ($($method:ident visits $visit:ident,)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(integer(self.0)?)
        }
    )+};
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    integers! {
        deserialize_i64 visits visit_i64,
        deserialize_u32 visits visit_u32,
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple tuple_struct
        map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::member_id::MemberId;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        member_id: MemberId,
        after: Option<i64>,
        limit: Option<u32>,
    }

    fn refusal(query: &str) -> (String, String) {
        let fault = read::<Page>(query).unwrap_err();
        (fault.path(), fault.to_string())
    }

    #[test]
    fn parameters_are_read_and_unknown_ones_ignored() {
        let read: Page = read("limit=5&after=-7&memberId=kim%2Eminji&name=%EC%9A%B0").unwrap();
        let expected = Page {
            member_id: "kim.minji".parse().unwrap(),
            after: Some(-7),
            limit: Some(5),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_parameter_that_is_wrong_missing_or_there_twice_is_named() {
        for (query, name, told) in [
            ("", "memberId", "memberId is missing"),
            ("memberId=k&limit=x", "limit", "limit must be an integer"),
            ("memberId=k&limit=", "limit", "limit must be an integer"),
            ("memberId=k&limit=-1", "limit", "limit is out of range"),
            (
                "memberId=k&limit=1&limit=2",
                "limit",
                "limit is there more than once",
            ),
            ("memberId=k&after=%2B1", "after", "after must be an integer"),
        ] {
            assert_eq!(
                refusal(query),
                (name.to_owned(), told.to_owned()),
                "{query}"
            );
        }
        let (name, told) = refusal("memberId=a/b");
        assert_eq!(name, "memberId");
        assert!(
            told.starts_with("memberId: a member's identity is"),
            "{told}"
        );
    }
}
