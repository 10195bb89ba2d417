//! Who may call: basic authentication with the secret key as user name and no password. It must not know the routes.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::AUTHORIZATION,
    middleware::Next,
    web,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::ApiError;

/// What a caller must present after `Basic`.
pub(super) struct Credentials(SecretString);

impl Credentials {
    pub(super) fn new(secret_key: &SecretString) -> Self {
        Self(base64(format!("{}:", secret_key.expose_secret()).as_bytes()).into())
    }

    fn accept(&self, authorization: &str) -> bool {
        authorization
            .split_once(' ')
            .is_some_and(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("Basic") && token.trim() == self.0.expose_secret()
            })
    }
}

/// Lets a request through to the API only with the right credentials.
pub(super) async fn authenticate(
    credentials: web::Data<Credentials>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let authorization = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if !authorization.is_some_and(|value| credentials.accept(value)) {
        return Err(ApiError::Unauthorized.into());
    }
    next.call(request).await
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | usize::from(group.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            let digit = ALPHABET[bits >> (18 - 6 * at) & 63];
            text.push(if at <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Credentials, base64};

    #[test]
    fn base64_matches_the_standards_examples() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn only_the_secret_key_is_accepted() {
        let credentials = Credentials::new(&"sk".into());
        assert!(credentials.accept("Basic c2s6") && credentials.accept("basic c2s6"));
        for wrong in [
            "",
            "Basic",
            "c2s6",
            "Bearer c2s6",
            "Basic c2s=",
            "Basic c2s6cGFzcw==",
        ] {
            assert!(!credentials.accept(wrong), "{wrong}");
        }
    }
}
