//! The ledger for an outside check. It must not know how it is kept.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::{
    domain::record::{Entry, Kind},
    gateway::Gateway,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    order_id: Option<String>,
}

#[derive(Serialize)]
struct LedgerBody<'a> {
    entries: Vec<&'a Entry>,
    totals: Totals,
}

/// How many entries of each kind are shown.
#[derive(Default, Serialize)]
struct Totals {
    charged: u64,
    canceled: u64,
    declined: u64,
}

/// `GET /ledger`, with an optional `?orderId=`
pub(super) async fn show(
    gateway: web::Data<Gateway>,
    filter: web::Query<Filter>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(&gateway.entries(filter.order_id.as_deref()).await?))
}

/// `GET /ledger/{orderId}`
pub(super) async fn show_order(
    gateway: web::Data<Gateway>,
    order_id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(&gateway.entries(Some(&order_id)).await?))
}

fn answer(entries: &[Arc<Entry>]) -> HttpResponse {
    let mut totals = Totals::default();
    for entry in entries {
        match entry.kind {
            Kind::Charged => totals.charged += 1,
            Kind::Canceled => totals.canceled += 1,
            Kind::Declined => totals.declined += 1,
        }
    }
    HttpResponse::Ok().json(LedgerBody {
        entries: entries.iter().map(Arc::as_ref).collect(),
        totals,
    })
}
