//! The `X-Member-Id` header: the member who asks. Nothing here proves it: the proxy before this service has logged the member in and must
//! remove the header from other requests.

use actix_web::http::header::HeaderMap;
use shared::member_id::{MAX_LENGTH, MemberId};
use shared::wire::error_body::Culprit;

use super::error::ApiError;

/// The header's name.
const HEADER: &str = "X-Member-Id";

/// The member who asks, if one is named.
///
/// # Errors
/// When there are several, or the value is not a member's identity.
pub(super) fn member_of(headers: &HeaderMap) -> Result<Option<MemberId>, ApiError> {
    let mut values = headers.get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let member = text.and_then(|text| text.trim().parse().ok());
    member.map(Some).ok_or_else(invalid)
}

/// The member who asks, for answers that need one.
///
/// # Errors
/// As [`member_of`], and when no member is named.
pub(super) fn required_member(headers: &HeaderMap) -> Result<MemberId, ApiError> {
    member_of(headers)?.ok_or_else(invalid)
}

fn invalid() -> ApiError {
    let detail = format!(
        "one {HEADER} of 1 to {MAX_LENGTH} of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit"
    );
    ApiError::Invalid("INVALID_MEMBER_ID", detail, Culprit::parameter(HEADER))
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
    fn a_member_is_read_from_the_header_where_there_is_one() {
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
    fn other_values_are_refused() {
        for values in [&[&b""[..]][..], &[b"a/b"], &[b"\xff"], &[b"a", b"a"]] {
            assert!(
                matches!(
                    member_of(&headers(values)),
                    Err(ApiError::Invalid("INVALID_MEMBER_ID", ..))
                ),
                "{values:?}"
            );
        }
    }
}
