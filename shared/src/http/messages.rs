//! What `msg` of an error says: the failure in Korean, for the shopper who sees it. The Spring services have one text for each code, which
//! is not true of most failures; clients go by `code` and `reason`.

/// The text for a reason.
pub(super) fn of(reason: &str) -> Option<&'static str> {
    let mut all = MESSAGES.iter();
    all.find(|(known, _)| *known == reason)
        .map(|(_, message)| *message)
}

const MESSAGES: &[(&str, &str)] = &[
    ("NOT_FOUND", "해당건이 없습니다."),
    ("UNKNOWN_ORDER", "해당 주문이 없습니다."),
    ("MALFORMED_REQUEST", "요청 형식이 올바르지 않습니다."),
    (
        "METHOD_NOT_ALLOWED",
        "이 주소에서 지원하지 않는 요청 방식입니다.",
    ),
    ("UNSUPPORTED_MEDIA_TYPE", "지원하지 않는 본문 형식입니다."),
    ("BODY_TOO_LARGE", "요청 본문이 너무 큽니다."),
    ("BODY_TOO_SLOW", "요청 본문이 제시간에 도착하지 않았습니다."),
    ("HEAD_TOO_LARGE", "요청 헤더가 너무 큽니다."),
    ("EMPTY_ORDER", "주문 상품이 없습니다."),
    (
        "TOO_MANY_LINES",
        "한 번에 주문할 수 있는 상품 수를 넘었습니다.",
    ),
    ("INVALID_PAYMENT_KEY", "결제 키가 올바르지 않습니다."),
    ("INVALID_IDEMPOTENCY_KEY", "멱등 키가 올바르지 않습니다."),
    ("INVALID_MEMBER_ID", "회원 아이디가 올바르지 않습니다."),
    ("UNAUTHENTICATED", "로그인이 필요합니다."),
    (
        "INVALID_TOKEN",
        "로그인 정보가 올바르지 않거나 만료되었습니다.",
    ),
    (
        "IDENTITY_PROVIDER_UNAVAILABLE",
        "지금은 로그인을 확인할 수 없습니다. 잠시 후 다시 시도해 주세요.",
    ),
    ("MEMBER_NOT_PROVEN", "회원을 확인할 수 없습니다."),
    ("NOT_ALLOWED", "권한이 없습니다."),
    ("OUT_OF_STOCK", "재고가 부족합니다."),
    ("UNKNOWN_ITEM", "없는 상품입니다."),
    ("INVALID_QUANTITY", "주문 수량이 올바르지 않습니다."),
    ("COUPON_UNKNOWN", "없는 쿠폰입니다."),
    ("COUPON_NOT_YET_VALID", "아직 사용할 수 없는 쿠폰입니다."),
    ("COUPON_EXPIRED", "유효 기간이 지난 쿠폰입니다."),
    ("COUPON_USED", "이미 사용한 쿠폰입니다."),
    (
        "COUPON_MINIMUM_NOT_MET",
        "쿠폰의 최소 주문 금액보다 적습니다.",
    ),
    (
        "TOO_MANY_PENDING_ORDERS",
        "결제를 기다리는 주문이 너무 많습니다. 먼저 결제하시거나 나중에 다시 주문해 주세요.",
    ),
    (
        "TOO_MANY_PENDING_PIECES",
        "결제를 기다리는 상품 수량이 너무 많습니다. 먼저 결제하시거나 나중에 다시 주문해 주세요.",
    ),
    ("AMOUNT_MISMATCH", "결제 금액이 주문 금액과 다릅니다."),
    ("PAYMENT_DECLINED", "결제가 거절되었습니다."),
    (
        "PAYMENT_UNAVAILABLE",
        "지금은 결제할 수 없습니다. 결제된 금액은 없습니다.",
    ),
    (
        "PAYMENT_CONFLICT",
        "다른 결제로 처리된 주문입니다. 이번에 결제된 금액은 없습니다.",
    ),
    ("EXPIRED", "결제 기한이 지난 주문입니다."),
    ("ALREADY_PAID", "이미 결제된 주문입니다."),
    ("ALREADY_REJECTED", "이미 거절된 주문입니다."),
    ("ORDER_NUMBER_TAKEN", "이미 사용 중인 주문 번호입니다."),
    ("ORDER_PENDING", "결제를 기다리는 주문입니다."),
    ("CANCELLED", "취소된 주문입니다."),
    (
        "EXCEEDS_WHAT_IS_LEFT",
        "취소하려는 수량이 남은 수량보다 많습니다.",
    ),
    ("UNKNOWN_LINE", "주문에 없는 상품입니다."),
    (
        "IDEMPOTENCY_KEY_REQUIRED",
        "일부 상품을 취소하려면 멱등 키가 필요합니다.",
    ),
    (
        "REFUND_UNDER_WAY",
        "이 주문의 다른 환불을 처리하고 있습니다.",
    ),
    (
        "REFUND_REFUSED",
        "결제사가 환불을 거절하였습니다. 주문은 그대로입니다.",
    ),
    (
        "REFUND_UNAVAILABLE",
        "지금은 환불할 수 없습니다. 주문은 그대로입니다. 잠시 후 다시 시도해 주세요.",
    ),
    ("TOO_MANY_REFUNDS", "이 주문의 환불 횟수를 넘었습니다."),
    (
        "IDEMPOTENCY_KEY_REUSED",
        "다른 요청에 사용한 멱등 키입니다.",
    ),
    ("UNSPECIFIED", "주문이 거절되었습니다."),
    ("NOT_SUPPORTED", "지원하지 않는 요청입니다."),
    ("MALFORMED_COMMAND", "주문을 처리하지 못하였습니다."),
    ("INTERNAL_ERROR", "해당 요청에 실패하였습니다"),
    (
        "TOO_MANY_REQUESTS",
        "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
    ),
    (
        "OVERLOADED",
        "주문이 많아 지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.",
    ),
    (
        "STILL_RUNNING",
        "주문을 처리하고 있습니다. 잠시 후 다시 확인해 주세요.",
    ),
    (
        "STOPPING",
        "서버를 다시 시작하고 있습니다. 잠시 후 다시 시도해 주세요.",
    ),
    (
        "ORDERING_UNAVAILABLE",
        "지금은 주문할 수 없습니다. 주문도 결제도 되지 않았습니다.",
    ),
    (
        "ORDER_SERVICE_UNAVAILABLE",
        "지금은 조회할 수 없습니다. 잠시 후 다시 시도해 주세요.",
    ),
    (
        "STORE_UNAVAILABLE",
        "지금은 조회할 수 없습니다. 잠시 후 다시 시도해 주세요.",
    ),
    (
        "MY_PAGE_UNAVAILABLE",
        "지금은 마이 페이지를 볼 수 없습니다. 잠시 후 다시 시도해 주세요.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn every_reason_of_a_refusal_has_a_message() {
        let mut reasons = Reason::ALL.iter().map(|reason| reason.as_str());
        assert_eq!(reasons.find(|reason| of(reason).is_none()), None);
    }

    #[test]
    fn a_reason_has_one_message() {
        for (reason, message) in MESSAGES {
            assert_eq!(of(reason), Some(*message), "{reason}");
        }
    }
}
