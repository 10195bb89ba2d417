//! `GET /open-api/order`: the orders of the member who asks.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use shared::http::next_page;
use shared::http::query::Query;
use shared::wire::error_body::Culprit;
use url::form_urlencoded::Serializer;

use super::error::ApiError;
use super::member::required_member;
use super::order_body::OrderBody;
use super::shop::Shop;
use crate::ports::member_query::OrdersBounds;

/// A page's bounds.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    after: Option<String>,
    limit: Option<u32>,
}

/// Answers a page of the member's orders, newest first, with a `Link: rel="next"` relative to this page when there are more.
///
/// # Errors
/// 400 without a member or for invalid bounds, 503 when the order service is away.
pub async fn list_orders(
    request: HttpRequest,
    Query(PageQuery { after, limit }): Query<PageQuery>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let member = required_member(request.headers())?;
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
        response.insert_header(next_page(&following(&next, limit)));
    }
    let orders: Vec<OrderBody> = page.orders.into_iter().map(OrderBody::from).collect();
    Ok(response.json(orders))
}

/// The next page's query.
fn following(next: &str, limit: Option<u32>) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("after", next);
    if let Some(limit) = limit {
        query.append_pair("limit", &limit.to_string());
    }
    query.finish()
}
