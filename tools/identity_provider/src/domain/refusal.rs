//! Why there is no token, in the words of RFC 6749, section 5.2.

/// A request that gets no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A parameter is missing, or there twice.
    #[error("{0}")]
    InvalidRequest(String),
    /// The client's id is no member's.
    #[error(
        "client_id must be a member: 1 to 64 of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit"
    )]
    InvalidClient,
    /// Another grant than the client's own is asked for.
    #[error("grant_type must be client_credentials")]
    UnsupportedGrantType,
    /// The scope can't be read.
    #[error(
        "scope must be words of visible ASCII characters without \" and \\, each followed by one space"
    )]
    InvalidScope,
}

impl Refusal {
    /// The standard's word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }
}
