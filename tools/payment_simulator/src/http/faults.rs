//! The fault switches over HTTP. It must not know what they do.

use actix_web::{HttpResponse, web};

use crate::{faults::Faults, gateway::Gateway};

/// `GET /faults`
pub(super) async fn show(gateway: web::Data<Gateway>) -> HttpResponse {
    HttpResponse::Ok().json(gateway.faults().clone())
}

/// `PUT /faults`: what the body leaves out is off.
pub(super) async fn replace(gateway: web::Data<Gateway>, body: web::Json<Faults>) -> HttpResponse {
    set(&gateway, body.into_inner())
}

/// `DELETE /faults`
pub(super) async fn clear(gateway: web::Data<Gateway>) -> HttpResponse {
    set(&gateway, Faults::default())
}

fn set(gateway: &Gateway, faults: Faults) -> HttpResponse {
    log::info!("fault switches are now {faults:?}");
    gateway.faults().clone_from(&faults);
    HttpResponse::Ok().json(faults)
}
