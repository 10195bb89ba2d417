//! Reads from the order service: `GET /internal/purchases`, `GET /api/order/{orderNum}`, `GET /api/product`, `GET /api/product/{productId}`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::LINK;
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use shared::order_number::OrderNumber;
use shared::wire::order_dto::{OrderDto, ProductDto};
use url::Url;

use crate::ports::order_query::{DuePage, OrderQuery, PageBounds, ProductPage, QueryError};

/// Orders of a page of reviews.
const REVIEWS: u32 = 500;

/// Reads over HTTP.
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
        let mut url = self.base.clone();
        url.set_path(path);
        let request = self.client.get(url).query(query);
        async move {
            let response = request.send().await.map_err(failed)?;
            match response.status() {
                StatusCode::NOT_FOUND => Ok(None),
                StatusCode::OK => Ok(Some(response)),
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
                .ok_or_else(|| QueryError("it knows no products".to_owned()))?;
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
                .and_then(|response| response.headers().get(LINK))
                .and_then(|link| next_page(&base, link.to_str().ok()?));
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

/// Where the page begins that `<…?after=…>; rel="next"` links to.
fn next_page(base: &Url, link: &str) -> Option<String> {
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

/// An error with its causes: reqwest's own text names none.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| {
        format!("{chain}: {cause}")
    })
}
