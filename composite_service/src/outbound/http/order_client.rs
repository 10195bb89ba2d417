//! Reads from the order service: `GET /internal/purchases`, `GET /api/order/{orderNum}`, `GET /api/order`, `GET /api/coupon`,
//! `GET /api/recommendation`, `GET /api/product`, `GET /api/product/{productId}`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::LINK;
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};
use url::Url;

use super::error_chain;
use crate::ports::member_query::{MemberQuery, OrdersBounds, OrdersPage};
use crate::ports::order_query::{DuePage, OrderQuery, PageBounds, ProductPage, QueryError};

/// The number of orders on a page of due reviews.
const REVIEWS: u32 = 500;

/// Reads orders, products and coupons over HTTP.
pub struct OrderClient {
    client: Client,
    base: Url,
}

impl OrderClient {
    /// Reads from the order service at `base`.
    #[must_use]
    pub fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }

    fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> BoxFuture<'static, Result<Option<Response>, QueryError>> {
        self.get_or_none(path, query, StatusCode::NOT_FOUND)
    }

    /// `None` if the order service answers with the status `none`.
    fn get_or_none(
        &self,
        path: &str,
        query: &[(&str, String)],
        none: StatusCode,
    ) -> BoxFuture<'static, Result<Option<Response>, QueryError>> {
        let mut url = self.base.clone();
        url.set_path(path);
        let request = self.client.get(url).query(query);
        async move {
            let response = request.send().await.map_err(failed)?;
            match response.status() {
                StatusCode::OK => Ok(Some(response)),
                status if status == none => Ok(None),
                status => Err(QueryError(format!("it answered {status}"))),
            }
        }
        .boxed()
    }
}

impl OrderQuery for OrderClient {
    fn order(
        &self,
        number: &OrderNumber,
    ) -> BoxFuture<'static, Result<Option<OrderDto>, QueryError>> {
        let response = self.get(&format!("/api/order/{number}"), &[]);
        async move { body_of(response.await?).await }.boxed()
    }

    fn products(&self, bounds: PageBounds) -> BoxFuture<'static, Result<ProductPage, QueryError>> {
        let after = bounds.after.map(|after| ("after", after.to_string()));
        let limit = bounds.limit.map(|limit| ("limit", limit.to_string()));
        let query: Vec<_> = after.into_iter().chain(limit).collect();
        let response = self.get("/api/product", &query);
        async move {
            let response = response
                .await?
                .ok_or_else(|| QueryError("it has no list of products".to_owned()))?;
            let has_more = response.headers().contains_key(LINK);
            let products: Vec<ProductDto> = response.json().await.map_err(failed)?;
            Ok(ProductPage { products, has_more })
        }
        .boxed()
    }

    fn due_reviews(&self, after: Option<&str>) -> BoxFuture<'static, Result<DuePage, QueryError>> {
        let mut query = vec![
            ("state", "unresolved".to_owned()),
            ("limit", REVIEWS.to_string()),
        ];
        query.extend(after.map(|after| ("after", after.to_owned())));
        let response = self.get("/internal/purchases", &query);
        let base = self.base.clone();
        async move {
            let response = response.await?;
            let next = response
                .as_ref()
                .and_then(|response| next_page(&base, response));
            let orders = body_of(response).await?.unwrap_or_default();
            Ok(DuePage { orders, next })
        }
        .boxed()
    }

    fn product(&self, id: i64) -> BoxFuture<'static, Result<Option<ProductDto>, QueryError>> {
        let response = self.get(&format!("/api/product/{id}"), &[]);
        async move { body_of(response.await?).await }.boxed()
    }
}

impl MemberQuery for OrderClient {
    fn orders_of(
        &self,
        member: &MemberId,
        bounds: OrdersBounds,
    ) -> BoxFuture<'static, Result<Option<OrdersPage>, QueryError>> {
        let mut query = vec![("memberId", member.to_string())];
        query.extend(bounds.after.map(|after| ("after", after)));
        query.extend(bounds.limit.map(|limit| ("limit", limit.to_string())));
        // 400 means that the cursor is invalid. The other parameters are checked already.
        let response = self.get_or_none("/api/order", &query, StatusCode::BAD_REQUEST);
        let base = self.base.clone();
        async move {
            let Some(response) = response.await? else {
                return Ok(None);
            };
            let next = next_page(&base, &response);
            let orders = response.json().await.map_err(failed)?;
            Ok(Some(OrdersPage { orders, next }))
        }
        .boxed()
    }

    fn usable_coupons(&self, limit: u32) -> BoxFuture<'static, Result<Vec<CouponDto>, QueryError>> {
        list_of(self.get("/api/coupon", &[("limit", limit.to_string())]))
    }

    fn recommended(
        &self,
        member: &MemberId,
        limit: u32,
    ) -> BoxFuture<'static, Result<Vec<ProductDto>, QueryError>> {
        let query = [
            ("memberId", member.to_string()),
            ("limit", limit.to_string()),
        ];
        list_of(self.get("/api/recommendation", &query))
    }
}

/// A list that every current order service has, so 404 is an error.
fn list_of<T: DeserializeOwned + Send + 'static>(
    response: BoxFuture<'static, Result<Option<Response>, QueryError>>,
) -> BoxFuture<'static, Result<Vec<T>, QueryError>> {
    async move {
        body_of(response.await?)
            .await?
            .ok_or_else(|| QueryError("it has no such list".to_owned()))
    }
    .boxed()
}

/// The cursor of the next page, from a header `Link: <…?after=…>; rel="next"`. An invalid link counts as none.
fn next_page(base: &Url, response: &Response) -> Option<String> {
    let link = response.headers().get(LINK)?.to_str().ok()?;
    let (address, relation) = link.strip_prefix('<')?.split_once('>')?;
    let page = base.join(address).ok()?;
    let (_, after) = page.query_pairs().find(|(name, _)| name == "after")?;
    relation
        .contains("rel=\"next\"")
        .then(|| after.into_owned())
}

async fn body_of<T: DeserializeOwned>(response: Option<Response>) -> Result<Option<T>, QueryError> {
    match response {
        Some(response) => response.json().await.map(Some).map_err(failed),
        None => Ok(None),
    }
}

fn failed(error: reqwest::Error) -> QueryError {
    QueryError(error_chain(&error.without_url()))
}
