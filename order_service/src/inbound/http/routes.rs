//! The table of routes.

use actix_web::web;
use shared::http::health::livez;
use shared::http::{method_not_allowed, query_config, unknown_path};

use super::{get_order, health, member_orders, offers, products, reviews};

/// The routes, each with and without a trailing slash.
pub fn configure(config: &mut web::ServiceConfig) {
    let get_only = |paths: [&'static str; 2], route: actix_web::Route| {
        web::resource(paths)
            .route(route)
            .default_service(method_not_allowed("GET"))
    };
    config
        .app_data(query_config())
        .service(get_only(
            ["/api/order/{orderNum}", "/api/order/{orderNum}/"],
            web::get().to(get_order::get_order),
        ))
        .service(get_only(
            ["/api/order", "/api/order/"],
            web::get().to(member_orders::list_orders),
        ))
        .service(get_only(
            ["/api/coupon", "/api/coupon/"],
            web::get().to(offers::list_coupons),
        ))
        .service(get_only(
            ["/api/recommendation", "/api/recommendation/"],
            web::get().to(offers::recommend),
        ))
        .service(get_only(
            ["/api/product", "/api/product/"],
            web::get().to(products::list_products),
        ))
        .service(get_only(
            ["/api/product/{productId}", "/api/product/{productId}/"],
            web::get().to(products::get_product),
        ))
        .service(get_only(["/livez", "/livez/"], web::get().to(livez)))
        .service(get_only(
            ["/readyz", "/readyz/"],
            web::get().to(health::readyz),
        ))
        .service(get_only(
            ["/internal/purchases", "/internal/purchases/"],
            web::get().to(reviews::list_purchases),
        ))
        .default_service(web::to(unknown_path));
}
