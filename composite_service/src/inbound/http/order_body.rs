//! What shoppers see of an order: the members of these types, and nothing else that the order service may come to tell. How an order was
//! paid is not among them: who holds an order number need not know. Whose it is hears only who may.

use std::iter::repeat;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use shared::member_id::MemberId;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{
    ItemDto, OrderDto, OrderLineDto, OrderStatus, RefundDto, RefundLineDto, RefundStatus,
};
use shared::wire::quote_dto::QuoteDto;

use crate::domain::access::Caller;
use crate::domain::line_price::{LinePrice, line_prices};
use crate::domain::refund::given_back;

/// The body of an order. It may be shown to every client that knows the order number, so it does not name the payment, and the member only
/// where the [caller](OrderBody::shown_to) may hear it.
#[derive(Debug, Default, Serialize)]
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
    discount: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_by: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<MemberId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_amount: Option<Money>,
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
    line_price: Option<Money>,
    discount: Option<Money>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody {
    item_id: i64,
    name: Option<String>,
    price: Option<Money>,
}

/// The body of a quote: what is told of an order that was not placed, in the same words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuoteBody {
    order_line_list: Vec<LineBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_id: Option<i64>,
    total_price: Money,
    discount: Money,
    final_price: Money,
    priced_date: DateTime<FixedOffset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coupon_valid_until: Option<DateTime<FixedOffset>>,
}

impl OrderBody {
    /// An order of which nothing is known yet but its number.
    pub(super) fn numbered(number: OrderNumber) -> Self {
        Self {
            order_num: Some(number),
            ..Self::default()
        }
    }

    /// The order as this caller may see it.
    pub(super) fn shown_to(caller: &Caller, order: OrderDto) -> Self {
        let owner = order.member_id.clone();
        Self {
            member_id: owner.filter(|owner| caller.may_hear_of(owner)),
            ..Self::from(order)
        }
    }

    /// The order number, if there is one.
    pub(super) fn number(&self) -> Option<&OrderNumber> {
        self.order_num.as_ref()
    }
}

impl From<OrderDto> for OrderBody {
    fn from(order: OrderDto) -> Self {
        let cancelled_amount = order.refund_list.is_some().then(|| given_back(&order));
        let prices = order.total_price.zip(order.final_price);
        let lines = order.order_line_list;
        let refunds = order.refund_list;
        Self {
            order_num: order.order_num,
            order_line_list: lines.map(|lines| line_bodies(lines, prices)),
            status: order.status,
            coupon_id: order.coupon_id,
            total_price: order.total_price,
            discount: prices.map(|(total, to_pay)| total.less(to_pay)),
            final_price: order.final_price,
            pay_by: order.pay_by,
            created_date: order.created_date,
            reject_reason: order.reject_reason,
            reject_detail: order.reject_detail,
            member_id: None,
            cancelled_amount,
            refund_list: refunds.map(|refunds| refunds.into_iter().map(RefundBody::from).collect()),
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

impl From<QuoteDto> for QuoteBody {
    fn from(quote: QuoteDto) -> Self {
        let (total, to_pay) = (quote.total_price, quote.final_price);
        Self {
            order_line_list: line_bodies(quote.order_line_list, Some((total, to_pay))),
            coupon_id: quote.coupon_id,
            total_price: total,
            discount: total.less(to_pay),
            final_price: to_pay,
            priced_date: quote.priced_date,
            coupon_valid_until: quote.coupon_valid_until,
        }
    }
}

/// The lines of an order with this total, of which so much is to be paid.
fn line_bodies(lines: Vec<OrderLineDto>, prices: Option<(Money, Money)>) -> Vec<LineBody> {
    let priced = prices.and_then(|(total, to_pay)| line_prices(&lines, total, to_pay));
    let priced = priced.into_iter().flatten().map(Some).chain(repeat(None));
    let lines = lines.into_iter().zip(priced);
    lines
        .map(|(line, price)| LineBody::priced(line, price))
        .collect()
}

impl LineBody {
    fn priced(line: OrderLineDto, price: Option<LinePrice>) -> Self {
        Self {
            order_line_id: line.order_line_id,
            item: line.item.into(),
            quantity: line.quantity,
            line_price: price.map(|line| line.price),
            discount: price.map(|line| line.discount),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Identity;
    use shared::wire::order_dto::PaymentDto;

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

    const LINES: &str = concat!(
        r#"[{"orderLineId":1,"item":{"itemId":7,"name":"apple","price":{"amount":500}},"quantity":2,"#,
        r#""linePrice":{"amount":1000},"discount":{"amount":100}}]"#
    );

    fn written(body: &OrderBody) -> String {
        serde_json::to_string(body).unwrap()
    }

    #[test]
    fn a_shopper_sees_these_members_in_this_order_and_no_others() {
        let expected = format!(
            concat!(
                r#"{{"orderNum":"1","orderLineList":{lines},"status":"REJECTED","couponId":3,"#,
                r#""totalPrice":{{"amount":1000}},"discount":{{"amount":100}},"finalPrice":{{"amount":900}},"#,
                r#""payBy":"2026-11-23T10:45:40+09:00","#,
                r#""createdDate":"2026-11-23T10:15:40+09:00","rejectReason":"PAYMENT_DECLINED","#,
                r#""rejectDetail":"the card is blocked","memberId":"kim","cancelledAmount":{{"amount":450}},"#,
                r#""refundList":[{{"refundNum":1,"status":"DONE","amount":{{"amount":450}},"#,
                r#""orderLineList":[{{"orderLineId":1,"quantity":1}}],"#,
                r#""requestedDate":"2026-11-24T10:15:40+09:00"}}]}}"#
            ),
            lines = LINES
        );
        let shown_to = |identity| {
            let caller = Caller {
                identity,
                order_token: None,
            };
            written(&OrderBody::shown_to(&caller, full()))
        };
        let kim = || "kim".parse().unwrap();
        assert_eq!(shown_to(Identity::Member(kim())), expected);
        let to_others = expected.replace(r#","memberId":"kim""#, "");
        assert_eq!(shown_to(Identity::Unproven(None)), to_others);
        assert_eq!(written(&OrderBody::from(full())), to_others);
    }

    #[test]
    fn what_is_not_known_is_left_out_but_for_the_first_three_members() {
        let body = OrderBody::numbered("1".parse().unwrap());
        let expected = r#"{"orderNum":"1","orderLineList":null,"status":null}"#;
        assert_eq!(written(&body), expected);
    }

    #[test]
    fn lines_whose_prices_are_not_told_have_none() {
        let unpriced = OrderDto {
            total_price: None,
            ..full()
        };
        let body = serde_json::to_value(OrderBody::from(unpriced)).unwrap();
        let line = &body["orderLineList"][0];
        assert!(line["linePrice"].is_null() && line["discount"].is_null());
        assert_eq!(body.get("discount"), None);
    }

    #[test]
    fn a_quote_tells_of_its_lines_what_the_order_does() {
        let order = full();
        let quote = QuoteDto {
            order_line_list: order.order_line_list.unwrap(),
            coupon_id: Some(3),
            total_price: Money::from_units(1_000),
            final_price: Money::from_units(900),
            priced_date: "2026-11-23T10:15:40+09:00".parse().unwrap(),
            coupon_valid_until: Some("2027-01-01T09:00:00+09:00".parse().unwrap()),
        };
        let expected = format!(
            concat!(
                r#"{{"orderLineList":{lines},"couponId":3,"totalPrice":{{"amount":1000}},"#,
                r#""discount":{{"amount":100}},"finalPrice":{{"amount":900}},"#,
                r#""pricedDate":"2026-11-23T10:15:40+09:00","couponValidUntil":"2027-01-01T09:00:00+09:00"}}"#
            ),
            lines = LINES
        );
        assert_eq!(
            serde_json::to_string(&QuoteBody::from(quote)).unwrap(),
            expected
        );
    }
}
