//! `GET /open-api/my-page`: what concerns the member who asks. All parts are asked for at the same time.

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, ProductDto};

use super::caller::Member;
use super::error::ApiError;
use super::order_body::OrderBody;
use super::shop::Shop;
use crate::domain::my_page::{Absence, MyPage, Part, Profile};

/// Whether all parts are there: `true` or `false`.
const COMPLETE: HeaderName = HeaderName::from_static("x-my-page-complete");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageBody {
    member_id: MemberId,
    profile: PartBody<Option<ProfileBody>>,
    orders: PartBody<Vec<OrderBody>>,
    coupons: PartBody<Vec<CouponDto>>,
    products: PartBody<Vec<ProductDto>>,
}

/// A part that is away has no `data` at all, so that it can't be taken for an empty list.
#[derive(Serialize)]
#[serde(tag = "status", content = "data", rename_all = "lowercase")]
enum PartBody<T> {
    Ok(T),
    Timeout,
    Unavailable,
    Open,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileBody {
    member_id: MemberId,
    name: String,
    email: Option<String>,
}

/// Answers the page as soon as its slowest part is there or given up.
///
/// # Errors
/// 400 or 401 without a member, 503 when no part is there.
pub async fn my_page(
    Member(member): Member,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let parts = &shop.my_page;
    let (profile, orders, coupons, products) = tokio::join!(
        parts.profile(&member),
        parts.orders(&member),
        parts.coupons(),
        parts.products(&member),
    );
    let page = MyPage {
        profile,
        orders,
        coupons,
        products,
    };
    if page.is_away() {
        return Err(ApiError::MyPageAway);
    }
    Ok(HttpResponse::Ok()
        .insert_header((COMPLETE, page.is_complete().to_string()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body(member, page)))
}

fn body(member_id: MemberId, page: MyPage) -> PageBody {
    PageBody {
        member_id,
        profile: part(page.profile, |profile| profile.map(profile_body)),
        orders: part(page.orders, |orders| {
            orders.into_iter().map(OrderBody::from).collect()
        }),
        coupons: part(page.coupons, |coupons| coupons),
        products: part(page.products, |products| products),
    }
}

fn part<T, U>(part: Part<T>, body: impl FnOnce(T) -> U) -> PartBody<U> {
    match part {
        Ok(content) => PartBody::Ok(body(content)),
        Err(Absence::Timeout) => PartBody::Timeout,
        Err(Absence::Unavailable) => PartBody::Unavailable,
        Err(Absence::Open) => PartBody::Open,
    }
}

fn profile_body(profile: Profile) -> ProfileBody {
    ProfileBody {
        member_id: profile.member,
        name: profile.name,
        email: profile.email,
    }
}
