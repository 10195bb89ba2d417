//! The table of codes: it is complete, and an answer means what it says.

use std::collections::HashSet;

use super::*;

/// The published codes of a confirmation, by status.
const CONFIRM: &[(u16, &str)] = &[
    (
        400,
        "ALREADY_PROCESSED_PAYMENT PROVIDER_ERROR EXCEED_MAX_CARD_INSTALLMENT_PLAN INVALID_REQUEST NOT_ALLOWED_POINT_USE",
    ),
    (
        400,
        "INVALID_API_KEY INVALID_REJECT_CARD BELOW_MINIMUM_AMOUNT INVALID_CARD_EXPIRATION INVALID_STOPPED_CARD",
    ),
    (
        400,
        "EXCEED_MAX_DAILY_PAYMENT_COUNT NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT INVALID_CARD_INSTALLMENT_PLAN",
    ),
    (
        400,
        "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN EXCEED_MAX_PAYMENT_AMOUNT NOT_FOUND_TERMINAL_ID INVALID_AUTHORIZE_AUTH",
    ),
    (
        400,
        "INVALID_CARD_LOST_OR_STOLEN RESTRICTED_TRANSFER_ACCOUNT INVALID_CARD_NUMBER INVALID_UNREGISTERED_SUBMALL",
    ),
    (
        400,
        "NOT_REGISTERED_BUSINESS EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT",
    ),
    (
        400,
        "CARD_PROCESSING_ERROR EXCEED_MAX_AMOUNT INVALID_ACCOUNT_INFO_RE_REGISTER NOT_AVAILABLE_PAYMENT UNAPPROVED_ORDER_ID",
    ),
    (
        400,
        "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT INVALID_IDEMPOTENCY_KEY",
    ),
    (401, "UNAUTHORIZED_KEY"),
    (
        403,
        "REJECT_ACCOUNT_PAYMENT REJECT_CARD_PAYMENT REJECT_CARD_COMPANY FORBIDDEN_REQUEST REJECT_TOSSPAY_INVALID_ACCOUNT",
    ),
    (
        403,
        "EXCEED_MAX_AUTH_COUNT EXCEED_MAX_ONE_DAY_AMOUNT NOT_AVAILABLE_BANK INVALID_PASSWORD INCORRECT_BASIC_AUTH_FORMAT FDS_ERROR",
    ),
    (404, "NOT_FOUND_PAYMENT NOT_FOUND_PAYMENT_SESSION"),
    (409, "IDEMPOTENT_REQUEST_PROCESSING"),
    (
        500,
        "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING FAILED_INTERNAL_SYSTEM_PROCESSING UNKNOWN_PAYMENT_ERROR",
    ),
];

/// Those of a look-up.
const LOOK_UP: &[(u16, &str)] = &[
    (400, "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT"),
    (401, "UNAUTHORIZED_KEY"),
    (
        403,
        "FORBIDDEN_CONSECUTIVE_REQUEST INCORRECT_BASIC_AUTH_FORMAT",
    ),
    (404, "NOT_FOUND_PAYMENT NOT_FOUND"),
    (500, "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING"),
];

/// Those of a cancellation.
const CANCEL: &[(u16, &str)] = &[
    (
        400,
        "ALREADY_CANCELED_PAYMENT INVALID_REFUND_ACCOUNT_INFO EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT INVALID_REQUEST",
    ),
    (
        400,
        "INVALID_REFUND_ACCOUNT_NUMBER INVALID_BANK NOT_MATCHES_REFUNDABLE_AMOUNT PROVIDER_ERROR REFUND_REJECTED",
    ),
    (
        400,
        "ALREADY_REFUND_PAYMENT FORBIDDEN_BANK_REFUND_REQUEST INVALID_IDEMPOTENCY_KEY",
    ),
    (401, "UNAUTHORIZED_KEY"),
    (
        403,
        "NOT_CANCELABLE_AMOUNT FORBIDDEN_CONSECUTIVE_REQUEST FORBIDDEN_REQUEST NOT_CANCELABLE_PAYMENT EXCEED_MAX_REFUND_DUE",
    ),
    (
        403,
        "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT NOT_ALLOWED_PARTIAL_REFUND NOT_AVAILABLE_BANK INCORRECT_BASIC_AUTH_FORMAT",
    ),
    (
        403,
        "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER EXCEED_CANCEL_LIMIT",
    ),
    (404, "NOT_FOUND_PAYMENT"),
    (409, "IDEMPOTENT_REQUEST_PROCESSING"),
    (
        500,
        "FAILED_INTERNAL_SYSTEM_PROCESSING FAILED_REFUND_PROCESS FAILED_METHOD_HANDLING_CANCEL FAILED_PARTIAL_REFUND",
    ),
    (
        500,
        "COMMON_ERROR FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
    ),
];

fn each(published: &[(u16, &'static str)]) -> Vec<(u16, &'static str)> {
    let names = |(status, names): &(u16, &'static str)| {
        let status = *status;
        names.split(' ').map(move |name| (status, name))
    };
    published.iter().flat_map(names).collect()
}

/// The entry of a published code.
fn entry(status: u16, name: &str) -> &'static Code {
    find(status, name)
        .filter(|code| code.status == status)
        .unwrap_or_else(|| panic!("{status} {name} is missing"))
}

mod the_table {
    use super::*;

    #[test]
    fn has_every_published_code_of_each_call() {
        for (status, name) in each(CONFIRM) {
            assert!(entry(status, name).confirm.is_some(), "confirm: {name}");
        }
        for (status, name) in each(LOOK_UP) {
            assert!(entry(status, name).look_up.is_some(), "look up: {name}");
        }
        for (status, name) in each(CANCEL) {
            assert!(entry(status, name).cancel.is_some(), "cancel: {name}");
        }
    }

    #[test]
    fn has_no_entry_twice_or_without_a_meaning() {
        let entries: HashSet<_> = CODES.iter().map(|code| (code.status, code.name)).collect();
        assert_eq!(entries.len(), CODES.len());
        for code in CODES {
            let has_meaning =
                code.confirm.is_some() || code.look_up.is_some() || code.cancel.is_some();
            assert!(has_meaning, "{code:?}");
        }
    }

    #[test]
    fn proves_nothing_by_the_failures_of_the_gateway() {
        for code in CODES.iter().filter(|code| code.status >= 500) {
            assert!(matches!(code.confirm, None | Some(OnConfirm::Failed)));
            assert!(matches!(code.look_up, None | Some(OnLookUp::Away)));
            assert!(matches!(code.cancel, None | Some(OnCancel::Later)));
        }
    }
}

mod a_confirmation {
    use super::*;

    #[test]
    fn is_declined_by_nothing_but_what_concerns_the_shoppers_payment() {
        let others = [
            "ALREADY_PROCESSED_PAYMENT",
            "PROVIDER_ERROR",
            "INVALID_REQUEST",
            "INVALID_API_KEY",
            "NOT_FOUND_TERMINAL_ID",
            "INVALID_AUTHORIZE_AUTH",
            "INVALID_UNREGISTERED_SUBMALL",
            "NOT_REGISTERED_BUSINESS",
            "CARD_PROCESSING_ERROR",
            "UNAPPROVED_ORDER_ID",
            "INVALID_IDEMPOTENCY_KEY",
            "UNAUTHORIZED_KEY",
            "FORBIDDEN_REQUEST",
            "INCORRECT_BASIC_AUTH_FORMAT",
            "IDEMPOTENT_REQUEST_PROCESSING",
            "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
            "FAILED_INTERNAL_SYSTEM_PROCESSING",
            "UNKNOWN_PAYMENT_ERROR",
        ];
        for (status, name) in each(CONFIRM) {
            let is_declined = matches!(on_confirm(status, name), OnConfirm::Declined(_));
            assert_eq!(is_declined, !others.contains(&name), "{status} {name}");
        }
    }

    #[test]
    fn that_is_declined_tells_the_shopper_nothing_of_the_shop_or_the_gateways_codes() {
        for code in CODES {
            if let Some(OnConfirm::Declined(text)) = code.confirm {
                assert!(!text.is_empty() && !text.contains('_'), "{text}");
                assert!(!text.to_lowercase().contains("api"), "{text}");
            }
        }
    }

    #[test]
    fn by_a_fault_of_the_shops_account_charges_nothing_whatever_the_status() {
        for (name, meaning) in [
            ("INVALID_API_KEY", OnConfirm::Account),
            ("UNAUTHORIZED_KEY", OnConfirm::Key),
            ("INCORRECT_BASIC_AUTH_FORMAT", OnConfirm::Key),
            ("NOT_REGISTERED_BUSINESS", OnConfirm::Account),
        ] {
            for status in [400, 401, 403] {
                assert_eq!(on_confirm(status, name), meaning, "{status} {name}");
            }
        }
    }

    #[test]
    fn with_an_unknown_code_is_decided_by_the_status() {
        for (status, meaning) in [
            (400, OnConfirm::Refused),
            (401, OnConfirm::Key),
            (402, OnConfirm::Declined("the payment was declined")),
            (403, OnConfirm::Account),
            (404, OnConfirm::Refused),
            (408, OnConfirm::Failed),
            (409, OnConfirm::Failed),
            (422, OnConfirm::Refused),
            (425, OnConfirm::Failed),
            (429, OnConfirm::TooMany),
            (500, OnConfirm::Failed),
            (503, OnConfirm::Failed),
        ] {
            assert_eq!(on_confirm(status, "OF_TOMORROW"), meaning, "{status}");
        }
    }

    #[test]
    fn that_has_failed_may_be_charged_whatever_the_code() {
        for code in CODES {
            assert_eq!(on_confirm(500, code.name), OnConfirm::Failed);
        }
    }

    #[test]
    fn tells_two_meanings_of_one_code_by_the_status() {
        let name = "INVALID_IDEMPOTENCY_KEY";
        assert_eq!(on_confirm(422, name), OnConfirm::PaidOtherwise);
        assert_eq!(on_confirm(400, name), OnConfirm::Refused);
    }
}

mod a_look_up {
    use super::*;

    #[test]
    fn finds_no_payment_by_one_answer_only() {
        assert_eq!(on_look_up(404, "NOT_FOUND_PAYMENT"), OnLookUp::NoPayment);
        for status in [400, 401, 403, 409, 429, 500, 503] {
            assert_ne!(
                on_look_up(status, "NOT_FOUND_PAYMENT"),
                OnLookUp::NoPayment,
                "{status}"
            );
        }
        for code in CODES.iter().filter(|code| code.name != "NOT_FOUND_PAYMENT") {
            assert_ne!(on_look_up(404, code.name), OnLookUp::NoPayment, "{code:?}");
        }
    }

    #[test]
    fn with_an_unknown_code_is_decided_by_the_status() {
        for status in [401, 403, 408, 409, 425, 429, 500, 503] {
            assert_eq!(on_look_up(status, "OF_TOMORROW"), OnLookUp::Away);
        }
        for status in [400, 402, 404, 422] {
            assert_eq!(on_look_up(status, "OF_TOMORROW"), OnLookUp::Refused);
        }
    }
}

mod a_cancellation {
    use super::*;

    #[test]
    fn is_done_by_two_answers_only() {
        let done: Vec<_> = each(CANCEL)
            .into_iter()
            .filter(|(status, name)| on_cancel(*status, name) == OnCancel::Done)
            .map(|(_, name)| name)
            .collect();
        assert_eq!(done, ["ALREADY_CANCELED_PAYMENT", "ALREADY_REFUND_PAYMENT"]);
    }

    #[test]
    fn with_an_unknown_code_is_decided_by_the_status() {
        for status in [401, 403, 408, 409, 425, 429, 500, 503] {
            assert_eq!(on_cancel(status, "OF_TOMORROW"), OnCancel::Later);
        }
        for status in [400, 402, 404, 422] {
            assert_eq!(on_cancel(status, "OF_TOMORROW"), OnCancel::Never);
        }
    }
}
