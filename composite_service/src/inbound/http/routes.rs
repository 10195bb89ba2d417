//! The table of routes.

use actix_web::{Resource, Route, web};
use shared::http::health::livez;
use shared::http::{json_config, method_not_allowed, query_config, unknown_path};

use super::{documents, get_order, health, list_orders, my_page, pay_order, place_order, products};

/// The routes, each with and without a trailing slash.
pub fn configure(config: &mut web::ServiceConfig) {
    // actix tries routes in this order. Those without a variable come first, because comparing texts is cheaper than matching patterns.
    config
        .app_data(json_config())
        .app_data(query_config())
        .service(
            resource(
                ["/open-api/order", "/open-api/order/"],
                "GET, POST",
                web::post().to(place_order::place_order),
            )
            .route(web::get().to(list_orders::list_orders)),
        )
        .service(resource(
            ["/open-api/product", "/open-api/product/"],
            "GET",
            web::get().to(products::list_products),
        ))
        .service(resource(
            ["/open-api/my-page", "/open-api/my-page/"],
            "GET",
            web::get().to(my_page::my_page),
        ))
        .service(resource(
            [
                "/open-api/product/{productId}",
                "/open-api/product/{productId}/",
            ],
            "GET",
            web::get().to(products::get_product),
        ))
        .service(resource(
            ["/open-api/order/{orderNum}", "/open-api/order/{orderNum}/"],
            "GET",
            web::get().to(get_order::get_order),
        ))
        .service(resource(
            [
                "/open-api/order/{orderNum}/payment",
                "/open-api/order/{orderNum}/payment/",
            ],
            "POST",
            web::post().to(pay_order::pay_order),
        ))
        .service(resource(["/livez", "/livez/"], "GET", web::get().to(livez)))
        .service(resource(
            ["/readyz", "/readyz/"],
            "GET",
            web::get().to(health::readyz),
        ))
        .service(resource(
            ["/docs", "/docs/"],
            "GET",
            web::get().to(documents::page),
        ))
        .service(resource(
            ["/openapi.json", "/openapi.json/"],
            "GET",
            web::get().to(documents::contract),
        ))
        .default_service(web::to(unknown_path));
}

fn resource(paths: [&'static str; 2], method: &'static str, route: Route) -> Resource {
    web::resource(paths)
        .route(route)
        .default_service(method_not_allowed(method))
}
