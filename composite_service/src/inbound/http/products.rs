//! `GET /open-api/product` and `GET /open-api/product/{productId}`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use shared::http::next_page;
use shared::http::query::Query;

use super::error::ApiError;
use super::shop::Shop;
use crate::ports::order_query::PageBounds;

/// A page's bounds.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    after: Option<i64>,
    limit: Option<u32>,
}

/// Answers a page of products in ascending order, with a `Link: rel="next"` relative to this page when there are more.
///
/// # Errors
/// 400 for invalid bounds, 501 when the order service has no such list, 503 when it is away.
pub async fn list_products(
    Query(PageQuery { after, limit }): Query<PageQuery>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let page = shop.query.products(PageBounds { after, limit }).await?;
    let mut response = HttpResponse::Ok();
    if let Some(last) = page.products.last().filter(|_| page.has_more) {
        let limit = limit
            .map(|limit| format!("&limit={limit}"))
            .unwrap_or_default();
        response.insert_header(next_page(&format!("after={}{limit}", last.product_id)));
    }
    Ok(response.json(page.products))
}

/// Answers one product.
///
/// # Errors
/// 404 when there is none, 503 when the order service is away.
pub async fn get_product(
    path: web::Path<String>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let id = path.parse().map_err(|_| ApiError::NotFound("product"))?;
    let product = shop
        .query
        .product(id)
        .await?
        .ok_or(ApiError::NotFound("product"))?;
    Ok(HttpResponse::Ok().json(product))
}
