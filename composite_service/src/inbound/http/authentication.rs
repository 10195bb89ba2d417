//! Who asks: read from a request's headers, and proven as the settings demand.

use std::fmt;
use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt, TryFutureExt};
use shared::http::port_token::{bearer, is_same};
use shared::idempotency::IdempotencyKey;
use shared::member_id::{MAX_LENGTH, MemberId};
use shared::order_number::OrderNumber;
use shared::secret::Secret;
use shared::wire::error_body::Culprit;

use super::error::ApiError;
use crate::domain::access::{Caller, Identity};
use crate::domain::order_token::{OrderToken, OrderTokens};
use crate::ports::identities::Identities;

/// Names the member, where the settings say that it is believed.
const MEMBER: HeaderName = HeaderName::from_static("x-member-id");
/// Proves that the request comes from the proxy that has logged the member in.
const PROXY_SECRET: HeaderName = HeaderName::from_static("x-proxy-secret");
/// Opens a guest's order; in answers, too.
pub(super) const ORDER_TOKEN: HeaderName = HeaderName::from_static("order-token");

/// How members prove who they are.
#[derive(Clone)]
pub enum Authentication {
    /// Not at all, as with the Spring services.
    Open,
    /// By the proxy, which sends this secret.
    Proxy(Secret, OrderTokens),
    /// By tokens.
    Jwt(Arc<dyn Identities>, OrderTokens),
}

impl fmt::Debug for Authentication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "Open",
            Self::Proxy(..) => "Proxy",
            Self::Jwt(..) => "Jwt",
        })
    }
}

impl Authentication {
    /// What makes the tokens of guests' orders, unless everybody may see every order.
    pub(super) fn order_tokens(&self) -> Option<&OrderTokens> {
        match self {
            Self::Open => None,
            Self::Proxy(_, tokens) | Self::Jwt(_, tokens) => Some(tokens),
        }
    }

    /// Whether tokens can be checked; `None` where there are none.
    pub(super) fn has_keys(&self) -> Option<bool> {
        match self {
            Self::Open | Self::Proxy(..) => None,
            Self::Jwt(identities, _) => Some(identities.has_keys()),
        }
    }

    /// The order token for a guest who has just placed this order. Without it the guest can't open the order.
    pub(super) fn token_for(&self, caller: &Caller, number: &OrderNumber) -> Option<OrderToken> {
        match caller.identity {
            Identity::Guest => self.order_tokens().map(|tokens| tokens.of(number)),
            Identity::Unproven(_) | Identity::Member(_) | Identity::Support(_) => None,
        }
    }

    /// The idempotency key as the order service gets it. A proven member's belongs to the member alone. A guest's is known to the guest
    /// alone only if nobody can guess it.
    pub(super) fn scoped(&self, caller: &Caller, key: IdempotencyKey) -> IdempotencyKey {
        match (&caller.identity, self.order_tokens()) {
            (Identity::Member(member) | Identity::Support(member), Some(tokens)) => {
                tokens.key_of(member, &key)
            }
            _ => key,
        }
    }

    /// Who asks. What is needed of the headers is read before the first wait.
    pub(super) fn caller(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Caller, ApiError>> + use<> {
        let order_token =
            single(headers, &ORDER_TOKEN).map(|token| token.map(OrderToken::received));
        let identity = self.identity(headers);
        async move {
            Ok(Caller {
                order_token: order_token?,
                identity: identity.await?,
            })
        }
    }

    fn identity(&self, headers: &HeaderMap) -> BoxFuture<'static, Result<Identity, ApiError>> {
        let known = match self {
            Self::Open => member_of(headers).map(Identity::Unproven),
            Self::Proxy(secret, _) => member_by_proxy(headers, secret),
            Self::Jwt(identities, _) => match bearer_token(headers) {
                Ok(Some(token)) => {
                    let bearer = identities.bearer_of(token);
                    return bearer.map_err(ApiError::TokenRefused).boxed();
                }
                Ok(None) => Ok(Identity::Guest),
                Err(error) => Err(error),
            },
        };
        ready(known).boxed()
    }
}

/// The member whom the header names, if there is one.
fn member_of(headers: &HeaderMap) -> Result<Option<MemberId>, ApiError> {
    let mut values = headers.get_all(MEMBER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let member = text.and_then(|text| text.trim().parse().ok());
    member.map(Some).ok_or_else(invalid_member)
}

/// The refusal of a request that must name a member, and names none.
pub(super) fn invalid_member() -> ApiError {
    let detail = format!(
        "one X-Member-Id of 1 to {MAX_LENGTH} of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit"
    );
    ApiError::Invalid(
        "INVALID_MEMBER_ID",
        detail,
        Culprit::parameter("X-Member-Id"),
    )
}

/// Whoever can't prove to be the proxy may not name a member. Somebody who names none is a guest, wherever the request comes from.
fn member_by_proxy(headers: &HeaderMap, secret: &Secret) -> Result<Identity, ApiError> {
    let Some(member) = member_of(headers)? else {
        return Ok(Identity::Guest);
    };
    match single(headers, &PROXY_SECRET)? {
        Some(sent) if is_same(sent, &secret.current()) => Ok(Identity::Member(member)),
        _ => Err(ApiError::MemberNotProven),
    }
}

/// The token of `Authorization: Bearer` (RFC 6750), if the request has credentials at all. Credentials that can't be used are refused: a
/// member whose token is not read must not become a guest.
fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    if headers.contains_key(MEMBER) || headers.contains_key(PROXY_SECRET) {
        return Err(ApiError::MemberNotProven);
    }
    let Some(credentials) = single(headers, &AUTHORIZATION)? else {
        return Ok(None);
    };
    bearer(credentials)
        .map(Some)
        .ok_or(ApiError::NotAuthenticated)
}

/// The value of a header that may be there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => {
            let detail = format!("one {name}, in ASCII");
            let culprit = Culprit::parameter(name.as_str());
            Err(ApiError::Invalid("MALFORMED_REQUEST", detail, culprit))
        }
    }
}
