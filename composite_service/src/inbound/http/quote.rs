//! `POST /open-api/quote`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use shared::http::json_body::JsonBody;
use shared::wire::quote_dto::WishDto;

use super::error::ApiError;
use super::order_body::QuoteBody;
use super::order_request::{QuoteRequest, wanted_lines};
use super::shop::Shop;
use crate::domain::access::Caller;
use crate::domain::peer::Unsupported;
use crate::ports::quotes::QuoteAnswer;

/// Answers what an order for this would cost at this moment. Nothing is taken, and nothing is held: the order is priced again when it is
/// placed.
///
/// # Errors
/// Those that the order would get.
pub async fn quote(
    caller: Caller,
    JsonBody(body): JsonBody<QuoteRequest>,
    shop: web::Data<Shop>,
) -> Result<HttpResponse, ApiError> {
    let wish = WishDto {
        order_line_list: wanted_lines(body.order_line_list)?,
        coupon_id: body.coupon_id,
        member_id: caller.member().cloned(),
    };
    let answer = match &shop.quotes {
        Some(quotes) => quotes.quote(&wish).await?,
        None => QuoteAnswer::NotGiven,
    };
    match answer {
        QuoteAnswer::Quote(quote) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(QuoteBody::from(quote))),
        QuoteAnswer::Refused { reason, retry_at } => {
            let now = shop.clock.now();
            Err(ApiError::Refused {
                number: None,
                reason,
                detail: None,
                retry_after: retry_at.and_then(|at| (at.to_utc() - now).to_std().ok()),
            })
        }
        QuoteAnswer::NotGiven => Err(ApiError::NotSupported(None, Unsupported::Quote)),
    }
}
