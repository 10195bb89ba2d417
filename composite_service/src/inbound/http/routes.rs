//! The table of routes. Those below `/open-api` are for shoppers, whose requests are limited.

use actix_web::middleware::from_fn;
use actix_web::web;
use shared::http::health::livez;
use shared::http::resource::Methods::{Get, GetAndPost, Post};
use shared::http::resource::{get, resource};
use shared::http::unknown_path;

use super::limiting::limit_by_address;
use super::revalidation::revalidate;
use super::{
    cancel_order, documents, get_order, health, list_orders, my_page, pay_order, place_order,
    products, quote,
};

/// The routes, each with and without a trailing slash.
pub fn configure(config: &mut web::ServiceConfig) {
    // actix tries routes in this order. Those without a variable come first, because comparing texts is cheaper than matching patterns.
    config
        .service(
            web::scope("/open-api")
                .service(
                    resource(["/order", "/order/"], GetAndPost)
                        .route(web::post().to(place_order::place_order))
                        .route(get().to(list_orders::list_orders)),
                )
                .service(
                    resource(["/product", "/product/"], Get)
                        .route(get().to(products::list_products))
                        .wrap(from_fn(revalidate)),
                )
                .service(resource(["/quote", "/quote/"], Post).route(web::post().to(quote::quote)))
                .service(resource(["/my-page", "/my-page/"], Get).route(get().to(my_page::my_page)))
                .service(
                    resource(["/product/{productId}", "/product/{productId}/"], Get)
                        .route(get().to(products::get_product))
                        .wrap(from_fn(revalidate)),
                )
                .service(
                    resource(["/order/{orderNum}", "/order/{orderNum}/"], Get)
                        .route(get().to(get_order::get_order)),
                )
                .service(
                    resource(
                        ["/order/{orderNum}/payment", "/order/{orderNum}/payment/"],
                        Post,
                    )
                    .route(web::post().to(pay_order::pay_order)),
                )
                .service(
                    resource(
                        ["/order/{orderNum}/cancel", "/order/{orderNum}/cancel/"],
                        Post,
                    )
                    .route(web::post().to(cancel_order::cancel_order)),
                )
                .wrap(from_fn(limit_by_address)),
        )
        .service(resource(["/livez", "/livez/"], Get).route(get().to(livez)))
        .service(resource(["/readyz", "/readyz/"], Get).route(get().to(health::readyz)))
        .service(
            resource(["/docs", "/docs/"], Get)
                .route(get().to(documents::page))
                .wrap(from_fn(revalidate)),
        )
        .service(
            resource(["/openapi.json", "/openapi.json/"], Get)
                .route(get().to(documents::contract))
                .wrap(from_fn(revalidate)),
        )
        .default_service(web::to(unknown_path));
}
