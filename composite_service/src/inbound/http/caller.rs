//! Who asks, as an argument of handlers: the request is refused when the proof is wrong, or the member has sent too many, so no handler can
//! forget it.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use shared::member_id::MemberId;

use super::authentication::invalid_member;
use super::error::ApiError;
use super::limiting::limit_by_member;
use super::shop::Shop;
use crate::domain::access::{Caller, Identity};

impl FromRequest for Caller {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(shop) = request.app_data::<web::Data<Shop>>() else {
            unreachable!("the server gives the shop to all handlers");
        };
        let caller = shop.authentication.caller(request.headers());
        let request = request.clone();
        async move {
            let caller = caller.await?;
            limit_by_member(&request, &caller)?;
            Ok(caller)
        }
        .boxed_local()
    }
}

/// A member, for answers that are for members only.
pub struct Member(pub(super) MemberId);

impl FromRequest for Member {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        async move { Ok(Self(required_member(&caller.await?)?)) }.boxed_local()
    }
}

/// The member who asks.
///
/// # Errors
/// When there is none.
pub(super) fn required_member(caller: &Caller) -> Result<MemberId, ApiError> {
    match (&caller.identity, caller.member()) {
        (_, Some(member)) => Ok(member.clone()),
        (Identity::Unproven(_), None) => Err(invalid_member()),
        _ => Err(ApiError::NotAuthenticated),
    }
}
