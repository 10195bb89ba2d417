//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a structured-field string in quotes, or the bare text.

use actix_web::http::header::HeaderMap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::idempotency::{Fingerprint, IdempotencyKey};
use shared::wire::error_body::Culprit;

use super::error::ApiError;

/// The header's name.
pub(super) const HEADER: &str = "Idempotency-Key";

/// The request's key, if it has one.
///
/// # Errors
/// When there are several, or the value is not an idempotency key.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let mut values = headers.get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let key = text.map(str::trim).and_then(|text| {
        if text.starts_with('"') {
            unquoted(text)
        } else {
            Some(text.to_owned())
        }
    });
    key.and_then(|key| key.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            let detail = format!(
                "one {HEADER} of 1 to {} printable ASCII characters, without a space at either end",
                IdempotencyKey::MAX_LENGTH
            );
            ApiError::Invalid(
                "INVALID_IDEMPOTENCY_KEY",
                detail,
                Culprit::parameter(HEADER),
            )
        })
}

/// Tells one request from another with the same key: a hash of the request's meaning, so that white space, and members that are not
/// read, make no difference.
pub(super) fn fingerprint_of(meaning: &impl Serialize) -> Fingerprint {
    // The contract's bodies can always be written: their maps have text keys.
    let canonical = serde_json::to_vec(meaning).unwrap_or_default();
    Fingerprint::of_digest(Sha256::digest(canonical).into())
}

/// The content of a structured-field string (RFC 8941, 3.3.3).
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.push(
                characters
                    .next()
                    .filter(|escaped| matches!(escaped, '"' | '\\'))?,
            ),
            '"' => return None,
            plain => key.push(plain),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn read(values: &[&[u8]]) -> Result<Option<IdempotencyKey>, ApiError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                HeaderName::from_static("idempotency-key"),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        idempotency_key(&headers)
    }

    #[test]
    fn quoted_and_bare_keys_are_the_same_key() {
        assert_eq!(
            read(&[b"8e03978e-40d5"]).unwrap(),
            read(&[b"\"8e03978e-40d5\""]).unwrap()
        );
        assert_eq!(
            read(&[br#""a \"b\" \\c""#]).unwrap(),
            Some(r#"a "b" \c"#.parse().unwrap())
        );
        assert_eq!(read(&[]).unwrap(), None);
    }

    #[test]
    fn other_values_are_refused() {
        let long = vec![b'x'; 256];
        for values in [
            &[&b""[..]][..],
            &[b"\"\""],
            &[b"\"open"],
            &[br#""a\b""#],
            &[br#""a ""#],
            &[br#""a"b""#],
            &[b"\xff"],
            &[&long],
            &[b"a", b"b"],
        ] {
            assert!(
                matches!(
                    read(values),
                    Err(ApiError::Invalid("INVALID_IDEMPOTENCY_KEY", ..))
                ),
                "{values:?}"
            );
        }
        assert!(read(&[&long[..255]]).unwrap().is_some());
    }
}
