//! Reads from the order service: `GET /internal/purchases`, `GET /api/order/{orderNum}`, `GET /api/order`, `GET /api/coupon`,
//! `GET /api/recommendation`, `GET /api/product`, `GET /api/product/{productId}`, `POST /api/quote`.

use chrono_tz::Tz;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{LINK, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use shared::http::port_token::CHALLENGE;
use shared::json;
use shared::member_id::MemberId;
use shared::order_number::OrderNumber;
use shared::secret::Secret;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};
use shared::wire::quote_dto::{QuoteAnswerDto, WishDto};
use url::Url;

use super::{below, body, error_chain};
use crate::domain::peer::Peer;
use crate::dto::ToldOrder;
use crate::ports::member_query::{MemberQuery, OrdersBounds, OrdersPage};
use crate::ports::order_query::{DuePage, OrderQuery, PageBounds, ProductPage, QueryError};
use crate::ports::quotes::{QuoteAnswer, Quotes};

/// The path of the due reviews.
const DUE_REVIEWS: &str = "/internal/purchases";
/// The number of orders on a page of due reviews.
const REVIEWS: u32 = 500;

/// Reads orders, products and coupons over HTTP.
pub struct OrderClient {
    client: Client,
    base: Url,
    token: Option<Secret>,
    zone: Tz,
}

impl OrderClient {
    /// Reads from the order service at `base`. Dates without an offset are in `zone`.
    #[must_use]
    pub fn new(client: Client, base: Url, zone: Tz) -> Self {
        Self {
            client,
            base,
            token: None,
            zone,
        }
    }

    /// The same, which proves itself by this bearer token, if there is one.
    #[must_use]
    pub fn with_token(self, token: Option<Secret>) -> Self {
        Self { token, ..self }
    }

    fn request(&self, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        self.proven(self.client.get(below(&self.base, path)).query(query))
    }

    fn proven(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.current().expose_secret()),
            None => request,
        }
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
        answer_or_none(self.request(path, query), move |status| status == none).boxed()
    }
}

/// `None` if the order service answers with a status that means none.
async fn answer_or_none(
    request: RequestBuilder,
    means_none: impl Fn(StatusCode) -> bool + Send,
) -> Result<Option<Response>, QueryError> {
    let response = request.send().await.map_err(failed)?;
    match response.status() {
        StatusCode::OK => Ok(Some(response)),
        status if means_none(status) => Ok(None),
        StatusCode::NOT_FOUND => Err(QueryError::NoSuchList),
        _ if wants_our_token(&response) => Err(QueryError::Failed(
            "it answered 401: SERVICE_TOKEN must be the same for both services".to_owned(),
        )),
        status => Err(QueryError::Failed(format!("it answered {status}"))),
    }
}

impl OrderQuery for OrderClient {
    fn order(
        &self,
        number: &OrderNumber,
    ) -> BoxFuture<'static, Result<Option<OrderDto>, QueryError>> {
        let response = self.get(&format!("/api/order/{number}"), &[]);
        let zone = self.zone;
        async move {
            let order: Option<ToldOrder> = body_of(response.await?).await?;
            Ok(order.map(|order| order.in_zone(zone)))
        }
        .boxed()
    }

    fn products(&self, bounds: PageBounds) -> BoxFuture<'static, Result<ProductPage, QueryError>> {
        let after = bounds.after.map(|after| ("after", after.to_string()));
        let limit = bounds.limit.map(|limit| ("limit", limit.to_string()));
        let query: Vec<_> = after.into_iter().chain(limit).collect();
        let response = self.get("/api/product", &query);
        async move {
            let response = response.await?.ok_or(QueryError::NoSuchList)?;
            let has_more = response.headers().contains_key(LINK);
            let products: Vec<ProductDto> = read(response).await?;
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
        let response = self.get(DUE_REVIEWS, &query);
        let zone = self.zone;
        let base = self.base.clone();
        async move {
            let response = response.await?;
            let next = response
                .as_ref()
                .and_then(|response| next_page(&base, response));
            let orders = body_of(response).await?.unwrap_or_default();
            let orders = in_zone(orders, zone);
            Ok(DuePage { orders, next })
        }
        .boxed()
    }

    /// Only an order service of this mall has a list of due reviews.
    fn peer(&self) -> BoxFuture<'static, Peer> {
        let query = [
            ("state", "unresolved".to_owned()),
            ("limit", "1".to_owned()),
        ];
        let request = self.request(DUE_REVIEWS, &query);
        async move {
            match request.send().await {
                Ok(response) if wants_our_token(&response) => Peer::Mall,
                Ok(response) if tells_nothing(response.status()) => Peer::Unknown,
                Ok(response) if response.status() == StatusCode::OK => {
                    match response.bytes().await {
                        Ok(body) => whose_list(&body),
                        Err(_) => Peer::Unknown,
                    }
                }
                Ok(_) => Peer::Spring,
                Err(_) => Peer::Unknown,
            }
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
        let zone = self.zone;
        async move {
            let Some(response) = response.await? else {
                return Ok(None);
            };
            let next = next_page(&base, &response);
            let orders = in_zone(read(response).await?, zone);
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

impl Quotes for OrderClient {
    fn quote(&self, wish: &WishDto) -> BoxFuture<'static, Result<QuoteAnswer, QueryError>> {
        let request = self.client.post(below(&self.base, "/api/quote")).json(wish);
        let request = self.proven(request);
        async move {
            let knows_none = |status| {
                matches!(
                    status,
                    StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
                )
            };
            match answer_or_none(request, knows_none).await? {
                Some(response) => quote_of(read(response).await?),
                None => Ok(QuoteAnswer::NotGiven),
            }
        }
        .boxed()
    }
}

fn quote_of(answer: QuoteAnswerDto) -> Result<QuoteAnswer, QueryError> {
    match (answer.quote, answer.reject_reason) {
        (Some(quote), None) => Ok(QuoteAnswer::Quote(quote)),
        (None, Some(reason)) => Ok(QuoteAnswer::Refused {
            reason,
            retry_at: answer.retry_date,
        }),
        (Some(_), Some(_)) | (None, None) => Err(QueryError::Failed(
            "its answer is neither a quote nor a reason".to_owned(),
        )),
    }
}

fn in_zone(orders: Vec<ToldOrder>, zone: Tz) -> Vec<OrderDto> {
    orders
        .into_iter()
        .map(|order| order.in_zone(zone))
        .collect()
}

/// Only an order service of this mall challenges so: this composite has not its token.
fn wants_our_token(response: &Response) -> bool {
    let challenge = response.headers().get(WWW_AUTHENTICATE);
    response.status() == StatusCode::UNAUTHORIZED
        && challenge.is_some_and(|challenge| challenge == CHALLENGE)
}

/// Whether anybody on the way may answer so: a proxy that wants a login, limits requests or has moved, whoever is behind it.
fn tells_nothing(status: StatusCode) -> bool {
    let turns_away = matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
    );
    turns_away || status.is_redirection() || status.is_server_error()
}

fn whose_list(body: &[u8]) -> Peer {
    match json::read::<Vec<ToldOrder>>(body) {
        Ok(_) => Peer::Mall,
        Err(_) => Peer::Spring,
    }
}

/// A list that every order service of this mall has, so 404 is an error.
fn list_of<T: DeserializeOwned + Send + 'static>(
    response: BoxFuture<'static, Result<Option<Response>, QueryError>>,
) -> BoxFuture<'static, Result<Vec<T>, QueryError>> {
    async move {
        body_of(response.await?)
            .await?
            .ok_or(QueryError::NoSuchList)
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
        Some(response) => read(response).await.map(Some),
        None => Ok(None),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, QueryError> {
    body(response)
        .await
        .map_err(|error| QueryError::Failed(error.to_string()))
}

fn failed(error: reqwest::Error) -> QueryError {
    QueryError::Failed(error_chain(&error.without_url()))
}
