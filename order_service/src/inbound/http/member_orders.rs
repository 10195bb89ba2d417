//! `GET /api/order?memberId=…`: a member's orders, the newest first.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use shared::http::next_page;
use shared::http::query::Query;
use shared::member_id::MemberId;

use super::cursor;
use super::error::ApiError;
use super::order_body::OrderBody;
use super::reads::Reads;
use crate::ports::member_orders::OrderCursor;

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// Whose orders, and the page's bounds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrdersQuery {
    member_id: MemberId,
    after: Option<String>,
    limit: Option<u32>,
}

/// Answers a page of the member's orders, with `Link: rel="next"`, relative to this page, when there are more.
///
/// # Errors
/// 400 for an invalid member, place or limit, 503 when the database can't be reached.
pub async fn list_orders(
    Query(query): Query<OrdersQuery>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, actix_web::Error> {
    let OrdersQuery {
        member_id: member,
        after,
        limit,
    } = query;
    let after = cursor::after(after.as_deref())?
        .map(|(created_at, number)| OrderCursor { created_at, number });
    let limit = limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    // One more than asked for tells whether there is a next page.
    let of_member = member.clone();
    let mut orders = reads
        .reader
        .run(move |ports| {
            ports
                .member_orders
                .of_member(&of_member, after.as_ref(), limit + 1)
        })
        .await
        .map_err(ApiError::from)?;
    let has_more = orders.len() > limit as usize;
    orders.truncate(limit as usize);
    let mut response = HttpResponse::Ok();
    if let Some(last) = orders.last().filter(|_| has_more) {
        let after = cursor::written(last.created_at, &last.number);
        let query = format!("memberId={member}&after={after}&limit={limit}");
        response.insert_header(next_page(&query));
    }
    let page: Vec<OrderBody> = orders
        .iter()
        .map(|order| OrderBody::of(order, reads.zone))
        .collect();
    Ok(response.json(page))
}
