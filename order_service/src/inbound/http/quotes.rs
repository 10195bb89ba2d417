//! `POST /api/quote`: what an order would cost, for composites. It is priced as orders are, from a shelf of its own, and takes nothing.

use actix_web::{HttpResponse, web};
use chrono_tz::Tz;
use shared::http::json_body::JsonBody;
use shared::limits::MAX_LINES;
use shared::wire::order_dto::OrderLineDto;
use shared::wire::quote_dto::{QuoteAnswerDto, WishDto};

use super::error::{ApiError, malformed_member};
use super::reads::Reads;
use crate::domain::order::{DraftLine, Wish};
use crate::domain::price::NotGranted;
use crate::domain::quote::{Quote, quote};
use crate::dto::quote_dto;

/// Answers the quote, or the reason for which an order would be refused. That is an answer like others, and no failure: only composites know
/// what shoppers are told.
///
/// # Errors
/// 400 for a body that isn't a wish, 503 when the database can't be reached.
pub async fn post_quote(
    JsonBody(body): JsonBody<WishDto>,
    reads: web::Data<Reads>,
) -> Result<HttpResponse, actix_web::Error> {
    if body.order_line_list.len() > MAX_LINES {
        let detail = format!("an order has at most {MAX_LINES} lines");
        return Err(malformed_member("orderLineList", &detail).into());
    }
    let at = reads.clock.now();
    let quoted = reads
        .reader
        .run(move |ports| {
            let lines: Vec<DraftLine> = body.order_line_list.iter().map(draft_line).collect();
            let wish = Wish {
                member: body.member_id.as_ref(),
                lines: &lines,
                coupon: body.coupon_id,
                at,
            };
            let shelf = ports.shelves.shelf_for(wish)?;
            Ok(quote(&shelf, wish))
        })
        .await
        .map_err(ApiError::Store)?;
    Ok(HttpResponse::Ok().json(answer(quoted, reads.zone)))
}

fn draft_line(line: &OrderLineDto) -> DraftLine {
    DraftLine {
        item: line.item.item_id,
        quantity: line.quantity,
    }
}

fn answer(quoted: Result<Quote, NotGranted>, zone: Tz) -> QuoteAnswerDto {
    match quoted {
        Ok(quote) => QuoteAnswerDto {
            quote: Some(quote_dto(&quote, zone)),
            ..QuoteAnswerDto::default()
        },
        Err(why) => QuoteAnswerDto {
            reject_reason: Some(why.reason()),
            retry_date: why
                .retry_at()
                .map(|at| at.with_timezone(&zone).fixed_offset()),
            ..QuoteAnswerDto::default()
        },
    }
}
