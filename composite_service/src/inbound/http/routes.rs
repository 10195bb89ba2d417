//! The one table of routes.

use std::sync::Arc;

use actix_web::{Resource, Route, web};
use shared::http::health::livez;
use shared::http::{json_config, method_not_allowed, query_config, unknown_path};
use shared::ids::IdSource;
use shared::kafka::broker_probe::BrokerProbe;
use tokio::sync::watch;

use super::{documents, get_order, health, list_orders, my_page, pay_order, place_order, products};
use crate::actors::purchase_actor::Purchases;
use crate::ports::member_query::MemberQuery;
use crate::ports::my_page::MyPageParts;
use crate::ports::order_query::OrderQuery;

/// What the handlers work with.
#[derive(Clone)]
pub struct Shop {
    /// Starts purchases.
    pub purchases: Purchases,
    /// Reads orders and products.
    pub query: Arc<dyn OrderQuery>,
    /// Reads the orders of members.
    pub members: Arc<dyn MemberQuery>,
    /// The parts of their pages.
    pub my_page: Arc<dyn MyPageParts>,
    /// Names purchases.
    pub ids: Arc<dyn IdSource>,
    /// Asks Kafka whether it is there.
    pub broker: BrokerProbe,
    /// The partition that replies go to.
    pub reply_partition: watch::Receiver<Option<i32>>,
    /// Whether the service is going down.
    pub stopping: watch::Receiver<bool>,
}

/// The routes, each with and without a trailing slash. Those without a variable come first: they are found by comparing, the others by
/// patterns that are tried one after another.
pub fn configure(config: &mut web::ServiceConfig) {
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
