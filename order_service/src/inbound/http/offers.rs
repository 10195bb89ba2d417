//! `GET /api/coupon` and `GET /api/recommendation?memberId=…`: coupons that a shopper may use, and products that a member may like.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use shared::http::query::Query;
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, ProductDto};

use super::error::ApiError;
use super::reads::Reads;
use crate::domain::recommendation::{RECENT_ORDERS, bought};
use crate::dto::{coupon_dto, product_dto};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// How many coupons.
#[derive(Debug, Deserialize)]
pub struct CouponsQuery {
    limit: Option<u32>,
}

/// Answers coupons that an order may use now, the first to expire first. They belong to no member: whoever orders first may use one.
///
/// # Errors
/// 400 for an invalid limit, 503 when the database can't be reached.
pub async fn list_coupons(
    Query(query): Query<CouponsQuery>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, ApiError> {
    let (now, limit) = (reads.clock.now(), bounded(query.limit));
    let coupons = reads
        .reader
        .run(move |ports| ports.catalogue.usable_coupons(now, limit))
        .await?;
    let dtos: Vec<CouponDto> = coupons
        .into_iter()
        .map(|coupon| coupon_dto(coupon, reads.zone))
        .collect();
    Ok(HttpResponse::Ok().json(dtos))
}

/// For whom, and how many products.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationQuery {
    member_id: MemberId,
    limit: Option<u32>,
}

/// Answers products of which an item is in stock and none is among the member's last orders, the newest first.
///
/// # Errors
/// 400 for an invalid member or limit, 503 when the database can't be reached.
pub async fn recommend(
    Query(query): Query<RecommendationQuery>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, ApiError> {
    let RecommendationQuery { member_id, limit } = query;
    let products = reads
        .reader
        .run(move |ports| {
            let orders = ports
                .member_orders
                .of_member(&member_id, None, RECENT_ORDERS)?;
            ports
                .catalogue
                .recommended(&bought(&orders), bounded(limit))
        })
        .await?;
    let dtos: Vec<ProductDto> = products.into_iter().map(product_dto).collect();
    Ok(HttpResponse::Ok().json(dtos))
}

fn bounded(limit: Option<u32>) -> u32 {
    limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
}
