//! What HTTP shows of an order: the members of these types, and nothing else that an order, its row or its records may come to have.

use chrono::{DateTime, FixedOffset};
use chrono_tz::Tz;
use serde::Serialize;
use shared::member_id::MemberId;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{
    ItemDto, OrderDto, OrderLineDto, OrderStatus, PaymentDto, RefundDto, RefundLineDto,
    RefundStatus,
};

use crate::domain::order::Order;
use crate::dto::order_dto;

/// An order. Composites read it, so it tells the payment, which they don't tell shoppers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderBody {
    order_num: Option<OrderNumber>,
    order_line_list: Option<Vec<LineBody>>,
    status: Option<OrderStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_for_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_by: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<MemberId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_list: Option<Vec<RefundBody>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundBody {
    refund_num: Option<u16>,
    status: Option<RefundStatus>,
    amount: Option<Money>,
    order_line_list: Option<Vec<RefundLineBody>>,
    requested_date: Option<DateTime<FixedOffset>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundLineBody {
    order_line_id: u16,
    quantity: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LineBody {
    order_line_id: Option<i64>,
    item: ItemBody,
    quantity: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody {
    item_id: i64,
    name: Option<String>,
    price: Option<Money>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentBody {
    payment_key: String,
    amount: Money,
}

impl OrderBody {
    /// The order, with dates in `zone`. Over HTTP it says until when it can be paid; replies on Kafka stay what their readers know.
    pub(super) fn of(order: &Order, zone: Tz) -> Self {
        let until = order.payable_until();
        Self {
            pay_by: until.map(|until| until.with_timezone(&zone).fixed_offset()),
            ..Self::from(order_dto(order, zone))
        }
    }

    /// The order with its member, if it has one: composites let only the member see it.
    pub(super) fn of_member(self, member_id: Option<MemberId>) -> Self {
        Self { member_id, ..self }
    }

    /// The order as the list of reviews shows it: with the time for which its review has been due.
    pub(super) fn due_for(self, seconds: Option<u64>) -> Self {
        Self {
            due_for_seconds: seconds,
            ..self
        }
    }
}

impl From<OrderDto> for OrderBody {
    fn from(order: OrderDto) -> Self {
        let lines = order.order_line_list;
        Self {
            order_num: order.order_num,
            order_line_list: lines.map(|lines| lines.into_iter().map(LineBody::from).collect()),
            status: order.status,
            coupon_id: order.coupon_id,
            total_price: order.total_price,
            final_price: order.final_price,
            due_for_seconds: None,
            pay_by: None,
            created_date: order.created_date,
            reject_reason: order.reject_reason,
            reject_detail: order.reject_detail,
            payment: order.payment.map(PaymentBody::from),
            member_id: None,
            refund_list: order
                .refund_list
                .map(|refunds| refunds.into_iter().map(RefundBody::from).collect()),
        }
    }
}

impl From<OrderLineDto> for LineBody {
    fn from(line: OrderLineDto) -> Self {
        Self {
            order_line_id: line.order_line_id,
            item: line.item.into(),
            quantity: line.quantity,
        }
    }
}

impl From<ItemDto> for ItemBody {
    fn from(item: ItemDto) -> Self {
        Self {
            item_id: item.item_id,
            name: item.name,
            price: item.price,
        }
    }
}

impl From<RefundDto> for RefundBody {
    fn from(refund: RefundDto) -> Self {
        let lines = refund.order_line_list;
        Self {
            refund_num: refund.refund_num,
            status: refund.status,
            amount: refund.amount,
            order_line_list: lines
                .map(|lines| lines.into_iter().map(RefundLineBody::from).collect()),
            requested_date: refund.requested_date,
        }
    }
}

impl From<RefundLineDto> for RefundLineBody {
    fn from(line: RefundLineDto) -> Self {
        Self {
            order_line_id: line.order_line_id,
            quantity: line.quantity,
        }
    }
}

impl From<PaymentDto> for PaymentBody {
    fn from(payment: PaymentDto) -> Self {
        Self {
            payment_key: payment.payment_key,
            amount: payment.amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An order with everything that records may say of one: whoever adds a member decides here whether it is shown.
    fn full() -> OrderDto {
        let item = ItemDto {
            item_id: 7,
            name: Some("apple".to_owned()),
            price: Some(Money::from_units(500)),
            stock: Some(9),
        };
        OrderDto {
            order_num: Some("1".parse().unwrap()),
            order_line_list: Some(vec![OrderLineDto {
                order_line_id: Some(1),
                item,
                quantity: 2,
            }]),
            status: Some(OrderStatus::Rejected),
            coupon_id: Some(3),
            total_price: Some(Money::from_units(1_000)),
            final_price: Some(Money::from_units(900)),
            due_for_seconds: Some(60),
            pay_by: Some("2026-11-23T10:45:40+09:00".parse().unwrap()),
            created_date: Some("2026-11-23T10:15:40+09:00".parse().unwrap()),
            reject_reason: Some(Reason::PaymentDeclined),
            reject_detail: Some("the card is blocked".to_owned()),
            retry_date: Some("2026-11-23T10:45:40+09:00".parse().unwrap()),
            payment: Some(PaymentDto {
                payment_key: "key".to_owned(),
                amount: Money::from_units(900),
            }),
            request_id: Some("request".to_owned()),
            member_id: Some("kim".parse().unwrap()),
            idempotency_key: Some("key".to_owned()),
            fingerprint: Some("fingerprint".to_owned()),
            refund_list: Some(vec![RefundDto {
                refund_num: Some(1),
                status: Some(RefundStatus::Done),
                amount: Some(Money::from_units(450)),
                order_line_list: Some(vec![RefundLineDto {
                    order_line_id: 1,
                    quantity: 1,
                }]),
                requested_date: Some("2026-11-24T10:15:40+09:00".parse().unwrap()),
            }]),
            refund: Some(RefundDto::default()),
        }
    }

    const LINES: &str = r#"[{"orderLineId":1,"item":{"itemId":7,"name":"apple","price":{"amount":500}},"quantity":2}]"#;

    fn written(body: &OrderBody) -> String {
        serde_json::to_string(body).unwrap()
    }

    #[test]
    fn an_order_shows_these_members_in_this_order_and_no_others() {
        let body = OrderBody::from(full())
            .due_for(Some(5))
            .of_member(Some("kim".parse().unwrap()));
        let expected = format!(
            concat!(
                r#"{{"orderNum":"1","orderLineList":{lines},"status":"REJECTED","couponId":3,"#,
                r#""totalPrice":{{"amount":1000}},"finalPrice":{{"amount":900}},"dueForSeconds":5,"#,
                r#""createdDate":"2026-11-23T10:15:40+09:00","rejectReason":"PAYMENT_DECLINED","#,
                r#""rejectDetail":"the card is blocked","#,
                r#""payment":{{"paymentKey":"key","amount":{{"amount":900}}}},"memberId":"kim","#,
                r#""refundList":[{{"refundNum":1,"status":"DONE","amount":{{"amount":450}},"#,
                r#""orderLineList":[{{"orderLineId":1,"quantity":1}}],"#,
                r#""requestedDate":"2026-11-24T10:15:40+09:00"}}]}}"#
            ),
            lines = LINES
        );
        assert_eq!(written(&body), expected);
    }

    #[test]
    fn what_is_not_known_is_left_out_but_for_the_first_three_members() {
        let body = OrderBody::from(OrderDto::default());
        let expected = r#"{"orderNum":null,"orderLineList":null,"status":null}"#;
        assert_eq!(written(&body), expected);
    }
}
