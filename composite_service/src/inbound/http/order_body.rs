//! An order as the public sees it. What is shown is listed here, so a member that the services add between themselves is not.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use shared::money::Money;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::{OrderDto, OrderLineDto, OrderStatus};

/// The body of an order. It is shown to every client that knows the order number, so it names neither the member nor the payment.
#[derive(Serialize)]
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
    created_date: Option<DateTime<FixedOffset>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_detail: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineBody {
    order_line_id: Option<i64>,
    item: ItemBody,
    quantity: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody {
    item_id: i64,
    name: Option<String>,
    price: Option<Money>,
}

impl OrderBody {
    /// An order of which only its number can be told yet.
    pub(super) fn numbered(number: OrderNumber) -> Self {
        OrderDto {
            order_num: Some(number),
            ..OrderDto::default()
        }
        .into()
    }

    /// The order number, if there is one.
    pub(super) fn number(&self) -> Option<&OrderNumber> {
        self.order_num.as_ref()
    }
}

impl From<OrderDto> for OrderBody {
    fn from(order: OrderDto) -> Self {
        Self {
            order_num: order.order_num,
            order_line_list: order
                .order_line_list
                .map(|lines| lines.into_iter().map(LineBody::from).collect()),
            status: order.status,
            coupon_id: order.coupon_id,
            total_price: order.total_price,
            final_price: order.final_price,
            created_date: order.created_date,
            reject_reason: order.reject_reason,
            reject_detail: order.reject_detail,
        }
    }
}

impl From<OrderLineDto> for LineBody {
    fn from(line: OrderLineDto) -> Self {
        Self {
            order_line_id: line.order_line_id,
            item: ItemBody {
                item_id: line.item.item_id,
                name: line.item.name,
                price: line.item.price,
            },
            quantity: line.quantity,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(order: Value) -> Value {
        let order: OrderDto = serde_json::from_value(order).unwrap();
        serde_json::to_value(OrderBody::from(order)).unwrap()
    }

    /// All that the public sees.
    fn shown() -> Value {
        let item = json!({"itemId": 1, "name": "gold", "price": {"amount": 12_000}});
        json!({
            "orderNum": "20261123",
            "orderLineList": [{"orderLineId": 1, "item": item, "quantity": 2}],
            "status": "REJECTED",
            "couponId": 7,
            "totalPrice": {"amount": 24_000},
            "finalPrice": {"amount": 21_000},
            "createdDate": "2026-11-23T01:15:40+09:00",
            "rejectReason": "PAYMENT_DECLINED",
            "rejectDetail": "limit",
        })
    }

    #[test]
    fn shows_what_the_public_may_know() {
        assert_eq!(body(shown()), shown());
    }

    #[test]
    fn hides_what_is_between_the_services() {
        let mut order = shown();
        let between = json!({
            "dueForSeconds": 60,
            "payment": {"paymentKey": "key", "amount": {"amount": 21_000}},
            "requestId": "r1",
            "memberId": "kim.minji",
            "idempotencyKey": "once",
            "fingerprint": "9f86d081884c7d65",
        });
        order
            .as_object_mut()
            .unwrap()
            .extend(between.as_object().unwrap().clone());
        order["orderLineList"][0]["item"]["stock"] = json!(9);
        assert_eq!(body(order), shown());
    }

    #[test]
    fn has_the_first_three_members_even_when_only_the_number_is_known() {
        let numbered = OrderBody::numbered("20261123".parse().unwrap());
        let expected = json!({"orderNum": "20261123", "orderLineList": null, "status": null});
        assert_eq!(serde_json::to_value(numbered).unwrap(), expected);
    }
}
