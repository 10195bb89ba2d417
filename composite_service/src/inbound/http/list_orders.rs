//! `GET /open-api/order`: the orders of the member who asks, or whom the support asks about.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use shared::http::next_page;
use shared::http::query::Query;
use shared::member_id::MemberId;
use shared::wire::error_body::Culprit;
use url::form_urlencoded::Serializer;

use super::caller::required_member;
use super::error::ApiError;
use super::order_body::OrderBody;
use super::shop::Shop;
use crate::domain::access::{Caller, Identity};
use crate::ports::member_query::OrdersBounds;

/// Whose orders, and the page's bounds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageQuery {
    member_id: Option<MemberId>,
    after: Option<String>,
    limit: Option<u32>,
}

/// Answers a page of the member's orders, newest first, with a `Link: rel="next"` relative to this page when there are more.
///
/// # Errors
/// 400 or 401 without a member, 400 for invalid bounds, 403 for the orders of another member, 501 when the order service has no such list, 503 when the order service is away.
pub async fn list_orders(
    caller: Caller,
    Query(query): Query<PageQuery>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let PageQuery {
        member_id: asked_for,
        after,
        limit,
    } = query;
    let member = whose(&caller, asked_for.as_ref())?;
    let page = shop
        .members
        .orders_of(&member, OrdersBounds { after, limit })
        .await?
        .ok_or_else(|| {
            let detail = "after is not a value from a link to a next page".to_owned();
            ApiError::Invalid("MALFORMED_REQUEST", detail, Culprit::parameter("after"))
        })?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(next) = page.next {
        let query = following(asked_for.as_ref(), &next, limit);
        response.insert_header(next_page(&query));
    }
    let orders: Vec<OrderBody> = page.orders.into_iter().map(OrderBody::from).collect();
    Ok(response.json(orders))
}

/// The member whose orders are listed: the support may name any, others only themselves.
fn whose(caller: &Caller, asked_for: Option<&MemberId>) -> Result<MemberId, ApiError> {
    let member = required_member(caller)?;
    match asked_for {
        Some(other) if matches!(caller.identity, Identity::Support(_)) => Ok(other.clone()),
        Some(other) if *other != member => Err(ApiError::NotAllowed),
        _ => Ok(member),
    }
}

/// The next page's query.
fn following(asked_for: Option<&MemberId>, next: &str, limit: Option<u32>) -> String {
    let mut query = Serializer::new(String::new());
    if let Some(member) = asked_for {
        query.append_pair("memberId", member.as_str());
    }
    query.append_pair("after", next);
    if let Some(limit) = limit {
        query.append_pair("limit", &limit.to_string());
    }
    query.finish()
}
