//! The table of routes.

use actix_web::web;
use shared::http::health::livez;
use shared::http::resource::{Methods, get, resource};
use shared::http::unknown_path;

use super::{get_order, health, member_orders, offers, products, quotes, reviews};

/// The routes, each with and without a trailing slash.
pub fn configure(config: &mut web::ServiceConfig) {
    let get_only = |paths, route| resource(paths, Methods::Get).route(route);
    config
        .service(get_only(
            ["/api/order/{orderNum}", "/api/order/{orderNum}/"],
            get().to(get_order::get_order),
        ))
        .service(get_only(
            ["/api/order", "/api/order/"],
            get().to(member_orders::list_orders),
        ))
        .service(
            resource(["/api/quote", "/api/quote/"], Methods::Post)
                .route(web::post().to(quotes::post_quote)),
        )
        .service(get_only(
            ["/api/coupon", "/api/coupon/"],
            get().to(offers::list_coupons),
        ))
        .service(get_only(
            ["/api/recommendation", "/api/recommendation/"],
            get().to(offers::recommend),
        ))
        .service(get_only(
            ["/api/product", "/api/product/"],
            get().to(products::list_products),
        ))
        .service(get_only(
            ["/api/product/{productId}", "/api/product/{productId}/"],
            get().to(products::get_product),
        ))
        .service(get_only(["/livez", "/livez/"], get().to(livez)))
        .service(get_only(["/readyz", "/readyz/"], get().to(health::readyz)))
        .service(get_only(
            ["/internal/purchases", "/internal/purchases/"],
            get().to(reviews::list_purchases),
        ))
        .default_service(web::to(unknown_path));
}
