//! `GET /api/product` and `GET /api/product/{productId}`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use shared::http::next_page;
use shared::http::query::Query;
use shared::wire::order_dto::ProductDto;

use super::error::ApiError;
use super::reads::Reads;
use crate::domain::catalogue::ProductId;
use crate::dto::product_dto;

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// A page's bounds.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    after: Option<ProductId>,
    limit: Option<u32>,
}

/// Answers a page of products in ascending order, with `Link: rel="next"`, relative to this page, when there are more.
///
/// # Errors
/// 400 for invalid bounds, 503 when the database can't be reached.
pub async fn list_products(
    Query(query): Query<PageQuery>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, ApiError> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    // One more than asked for tells whether there is a next page.
    let mut products = reads
        .reader
        .run(move |ports| ports.catalogue.products(query.after, limit + 1))
        .await?;
    let has_more = products.len() > limit as usize;
    products.truncate(limit as usize);
    let mut response = HttpResponse::Ok();
    if let Some(last) = products.last().filter(|_| has_more) {
        response.insert_header(next_page(&format!("after={}&limit={limit}", last.id)));
    }
    Ok(response.json(
        products
            .into_iter()
            .map(product_dto)
            .collect::<Vec<ProductDto>>(),
    ))
}

/// Answers one product.
///
/// # Errors
/// 404 when there is none, 503 when the database can't be reached.
pub async fn get_product(
    path: web::Path<String>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, ApiError> {
    let id: ProductId = path.parse().map_err(|_| ApiError::NotFound("product"))?;
    let product = reads
        .reader
        .run(move |ports| ports.catalogue.product(id))
        .await?
        .ok_or(ApiError::NotFound("product"))?;
    Ok(HttpResponse::Ok().json(product_dto(product)))
}
