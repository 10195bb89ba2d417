//! The `X-Member-Id` header: who asks, as whoever stands before this service says it. Nothing here proves it.

use actix_web::http::header::HeaderMap;
use shared::member_id::MemberId;

use super::error::ApiError;

/// The header's name.
const HEADER: &str = "X-Member-Id";

/// The member who asks, if one is named.
///
/// # Errors
/// When there are several, or what is named can be no member.
pub(super) fn member_of(headers: &HeaderMap) -> Result<Option<MemberId>, ApiError> {
    let mut values = headers.get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let member = text.and_then(|text| text.trim().parse().ok());
    member.map(Some).ok_or_else(invalid)
}

/// The member who asks, where nothing can be answered without one.
///
/// # Errors
/// As [`member_of`], and when nobody is named.
pub(super) fn required_member(headers: &HeaderMap) -> Result<MemberId, ApiError> {
    member_of(headers)?.ok_or_else(invalid)
}

fn invalid() -> ApiError {
    let detail = format!(
        "one {HEADER} of 1 to 64 of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit"
    );
    ApiError::Invalid("INVALID_MEMBER_ID", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                HeaderName::from_static("x-member-id"),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        headers
    }

    #[test]
    fn given_a_member_then_he_is_known_and_without_one_nobody_is() {
        let named = headers(&[b"kim.minji"]);
        assert_eq!(
            member_of(&named).unwrap(),
            Some("kim.minji".parse().unwrap())
        );
        assert_eq!(required_member(&named).unwrap().as_str(), "kim.minji");
        assert_eq!(member_of(&headers(&[])).unwrap(), None);
        assert!(required_member(&headers(&[])).is_err());
    }

    #[test]
    fn given_what_can_be_no_member_then_it_is_refused() {
        for values in [&[&b""[..]][..], &[b"a/b"], &[b"\xff"], &[b"a", b"a"]] {
            assert!(
                matches!(
                    member_of(&headers(values)),
                    Err(ApiError::Invalid("INVALID_MEMBER_ID", _))
                ),
                "{values:?}"
            );
        }
    }
}
