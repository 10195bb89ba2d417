//! From the domain to the contract's bodies, for replies on Kafka and answers over HTTP.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use shared::wire::order_dto::{
    CouponDto, CouponKind, ItemDto, OrderDto, OrderLineDto, OrderStatus, PaymentDto, ProductDto,
    RefundDto, RefundLineDto, RefundStatus,
};
use shared::wire::quote_dto::QuoteDto;

use crate::domain::catalogue::{Item, Product};
use crate::domain::coupon::Discount;
use crate::domain::order::{Order, OrderLine, OrderState};
use crate::domain::quote::Quote;
use crate::domain::refund::{Refund, RefundState};
use crate::ports::catalogue::NamedCoupon;

/// An order as replies tell it, with dates in `zone`. Each member is named: what an order is not to tell is `None`.
#[must_use]
pub fn order_dto(order: &Order, zone: Tz) -> OrderDto {
    let (status, reject_reason, payment) = match &order.state {
        OrderState::Created => (OrderStatus::Created, None, None),
        OrderState::Complete(payment) => {
            (OrderStatus::Complete, None, Some(PaymentDto::from(payment)))
        }
        OrderState::Rejected(reason) => (OrderStatus::Rejected, Some(*reason), None),
    };
    OrderDto {
        order_num: Some(order.number.clone()),
        order_line_list: Some(line_dtos(&order.lines)),
        status: Some(status),
        coupon_id: order.coupon,
        total_price: Some(order.total_price),
        final_price: Some(order.final_price),
        due_for_seconds: None,
        pay_by: None,
        created_date: Some(order.created_at.with_timezone(&zone).fixed_offset()),
        reject_reason,
        reject_detail: order.reject_detail.clone(),
        retry_date: order
            .retry_at()
            .map(|at| at.with_timezone(&zone).fixed_offset()),
        payment,
        request_id: None,
        member_id: None,
        idempotency_key: None,
        fingerprint: None,
        refund_list: refund_list(&order.refunds, zone),
        refund: None,
    }
}

fn refund_list(refunds: &[Refund], zone: Tz) -> Option<Vec<RefundDto>> {
    let told = refunds.iter().map(|refund| refund_dto(refund, zone));
    (!refunds.is_empty()).then(|| told.collect())
}

/// Without its key, which belongs to whoever asked for it.
fn refund_dto(refund: &Refund, zone: Tz) -> RefundDto {
    let lines = refund.pieces.iter().map(|pieces| RefundLineDto {
        order_line_id: pieces.line,
        quantity: pieces.quantity,
    });
    RefundDto {
        refund_num: Some(refund.number),
        status: Some(match refund.state {
            RefundState::Requested => RefundStatus::Requested,
            RefundState::Done => RefundStatus::Done,
            RefundState::Refused => RefundStatus::Refused,
        }),
        amount: Some(refund.amount),
        order_line_list: Some(lines.collect()),
        requested_date: Some(refund.requested_at.with_timezone(&zone).fixed_offset()),
    }
}

/// A quote, with dates in `zone`.
#[must_use]
pub fn quote_dto(quote: &Quote, zone: Tz) -> QuoteDto {
    let in_zone = |at: DateTime<Utc>| at.with_timezone(&zone).fixed_offset();
    QuoteDto {
        order_line_list: line_dtos(&quote.lines),
        coupon_id: quote.coupon,
        total_price: quote.price.total,
        final_price: quote.price.to_pay(),
        priced_date: in_zone(quote.priced_at),
        coupon_valid_until: quote.coupon_valid_until.map(in_zone),
    }
}

/// The lines, numbered from 1.
fn line_dtos(lines: &[OrderLine]) -> Vec<OrderLineDto> {
    let numbered = lines.iter().zip(1..);
    numbered.map(|(line, id)| line_dto(line, id)).collect()
}

fn line_dto(line: &OrderLine, id: i64) -> OrderLineDto {
    let item = ItemDto {
        item_id: line.item,
        name: line.offer.as_ref().map(|offer| offer.name.to_string()),
        price: line.offer.as_ref().map(|offer| offer.price),
        stock: None,
    };
    OrderLineDto {
        order_line_id: Some(id),
        item,
        quantity: line.quantity,
    }
}

/// A product with the stock of its items.
#[must_use]
pub fn product_dto(product: Product) -> ProductDto {
    ProductDto {
        product_id: product.id,
        name: product.name,
        item_list: product.items.into_iter().map(item_dto).collect(),
    }
}

/// A coupon, with dates in `zone`.
#[must_use]
pub fn coupon_dto(NamedCoupon { coupon, name }: NamedCoupon, zone: Tz) -> CouponDto {
    let (kind, amount, percent, maximum_discount) = match coupon.discount {
        Discount::Fixed(amount) => (CouponKind::Fixed, Some(amount), None, None),
        Discount::Percent { percent, maximum } => {
            (CouponKind::Percent, None, Some(percent), Some(maximum))
        }
    };
    CouponDto {
        coupon_id: coupon.id,
        name,
        kind,
        amount,
        percent,
        maximum_discount,
        minimum_total: coupon.minimum_total,
        valid_until: coupon.valid_until.with_timezone(&zone).fixed_offset(),
    }
}

fn item_dto(item: Item) -> ItemDto {
    ItemDto {
        item_id: item.id,
        name: Some(item.name.to_string()),
        price: Some(item.price),
        stock: Some(item.stock),
    }
}
