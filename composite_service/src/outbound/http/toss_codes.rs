//! What the error codes of the Toss Payments API mean for a purchase. Pure.
//!
//! The table has the published codes of the three calls that the mall makes (confirm, look up, cancel: the sections 결제 승인, 결제 조회,
//! 결제 취소 of <https://docs.tosspayments.com/reference/error-codes>, as of November 2026), those of idempotency keys
//! (<https://docs.tosspayments.com/reference/using-api/idempotency-key>), and those of the page's list of all codes that can concern one of
//! these calls. A code decides whatever status it comes with. Exceptions: an answer 5xx never proves that nothing was done, and only a 404
//! proves that there is no such payment.
//!
//! A code that is not in the table is decided by its status:
//!
//! | status | confirm | look up | cancel |
//! |---|---|---|---|
//! | 401 | the shop's key; nothing is charged | try again | try again |
//! | 403 | the shop's account; nothing is charged | try again | try again |
//! | 402 | declined | refused | only a person can |
//! | 408, 409, 425 | may be charged | try again | try again |
//! | 429 | too many requests; nothing is charged | try again | try again |
//! | other 4xx | refused; nothing is charged, and the payment may be tried again | refused | only a person can |
//! | 5xx | may be charged | try again | try again |
//!
//! So an unknown code never rejects an order, except by 402: a wrong rejection could not be undone, but a pending order can still be paid.

/// Whether a proxy that answers so without a code of the gateway has not let the request through: it wants a login first (401, 407; RFC
/// 9110, sections 15.5.2 and 15.5.8), or fewer requests (429; RFC 6585). A 403 proves nothing: firewalls that look at answers send it, too,
/// and then the payment may be charged.
pub(super) fn is_turned_away(status: u16) -> bool {
    matches!(status, 401 | 407 | 429)
}

/// What a refused confirmation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnConfirm {
    /// It concerns the shopper's payment. The text is for the shopper.
    Declined(&'static str),
    /// The payment was processed before. Only a look-up tells for which order.
    Processed,
    /// The order number was used as the idempotency key of another payment.
    PaidOtherwise,
    /// The shop's key is not accepted. Nothing is charged.
    Key,
    /// It concerns the shop's account otherwise. Nothing is charged.
    Account,
    /// The gateway has too many requests. Nothing is charged.
    TooMany,
    /// The company behind this payment can't do it now. Nothing is charged.
    NotNow,
    /// It concerns this request only, and may be the shop's fault as well as the shopper's. Nothing is charged.
    Refused,
    /// An earlier attempt is under way.
    UnderWay,
    /// The gateway has failed, and may have charged.
    Failed,
}

/// What a refused look-up means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnLookUp {
    /// There is no payment of this order.
    NoPayment,
    /// It concerns the shop's account, the rate of requests or the gateway's health, and says nothing about the order.
    Away,
    /// It concerns this order, and does not tell its payment's state.
    Refused,
}

/// What a refused cancellation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnCancel {
    /// The payment was cancelled before.
    Done,
    /// It may succeed later.
    Later,
    /// It will not succeed later. A person must give the money back.
    Never,
}

/// A code, with its meaning for the calls that it is an answer to.
#[derive(Debug, Clone, Copy)]
struct Code {
    name: &'static str,
    status: u16,
    confirm: Option<OnConfirm>,
    look_up: Option<OnLookUp>,
    cancel: Option<OnCancel>,
}

const fn code(status: u16, name: &'static str) -> Code {
    Code {
        name,
        status,
        confirm: None,
        look_up: None,
        cancel: None,
    }
}

impl Code {
    const fn confirm(self, meaning: OnConfirm) -> Self {
        Self {
            confirm: Some(meaning),
            ..self
        }
    }

    const fn look_up(self, meaning: OnLookUp) -> Self {
        Self {
            look_up: Some(meaning),
            ..self
        }
    }

    const fn cancel(self, meaning: OnCancel) -> Self {
        Self {
            cancel: Some(meaning),
            ..self
        }
    }

    /// A code about the shop's account means the same for every call: when the account is mended, the call succeeds.
    const fn account(self) -> Self {
        self.confirm(OnConfirm::Account)
            .look_up(OnLookUp::Away)
            .cancel(OnCancel::Later)
    }

    /// A code about the shop's key in the request: the same.
    const fn key(self) -> Self {
        self.account().confirm(OnConfirm::Key)
    }

    /// A code about the gateway's health that is told before anything is done.
    const fn not_now(self) -> Self {
        self.confirm(OnConfirm::NotNow)
            .look_up(OnLookUp::Away)
            .cancel(OnCancel::Later)
    }

    /// A code about the gateway's health that is told after something may have been done.
    const fn failed(self) -> Self {
        self.confirm(OnConfirm::Failed)
            .look_up(OnLookUp::Away)
            .cancel(OnCancel::Later)
    }

    /// A code about the shopper's payment.
    const fn declined(self, text: &'static str) -> Self {
        self.confirm(OnConfirm::Declined(text))
    }
}

const CARD: &str = "the card can't be used for this payment";
const CARD_DATA: &str = "the card's data are wrong";
const INSTALLMENTS: &str = "the card can't be paid by these installments";
const LIMIT: &str = "the payment is above a limit of the card or account";
const ACCOUNT: &str = "the bank account can't be used for this payment";
const BALANCE: &str = "the limit or balance is not sufficient";
const TIME_OF_DAY: &str = "the bank does not serve payments at this time of day";
const TIME_OVER: &str = "the time to finish the payment is over";
const UNFINISHED: &str = "the payment was not completed";
const METHOD: &str = "the payment method can't be used for this payment";

#[rustfmt::skip]
const CODES: &[Code] = &[
    // The state of the payment.
    code(400, "ALREADY_PROCESSED_PAYMENT").confirm(OnConfirm::Processed),
    code(400, "ALREADY_COMPLETED_PAYMENT").confirm(OnConfirm::Processed),
    code(400, "DUPLICATED_ORDER_ID").confirm(OnConfirm::Processed),
    code(400, "UNAPPROVED_ORDER_ID").confirm(OnConfirm::Refused),
    code(404, "NOT_FOUND_PAYMENT").declined("the gateway knows no such payment").look_up(OnLookUp::NoPayment).cancel(OnCancel::Never),
    code(404, "NOT_FOUND_PAYMENT_SESSION").declined(TIME_OVER),
    code(400, "EXPIRED_PAYMENT").declined(TIME_OVER),
    code(400, "PAY_PROCESS_ABORTED").declined(UNFINISHED),
    code(400, "PAY_PROCESS_CANCELED").declined(UNFINISHED),
    code(400, "INVALID_PAYMENT_KEY").declined("the gateway knows no such payment").cancel(OnCancel::Never),
    code(409, "IDEMPOTENT_REQUEST_PROCESSING").confirm(OnConfirm::UnderWay).cancel(OnCancel::Later),
    code(422, "INVALID_IDEMPOTENCY_KEY").confirm(OnConfirm::PaidOtherwise).cancel(OnCancel::Later),
    code(400, "INVALID_IDEMPOTENCY_KEY").confirm(OnConfirm::Refused).cancel(OnCancel::Never),
    // The shopper's card.
    code(403, "REJECT_CARD_PAYMENT").declined(BALANCE),
    code(403, "REJECT_CARD_COMPANY").declined("the card company declined the payment"),
    code(400, "INVALID_REJECT_CARD").declined("the card company declined the payment"),
    code(400, "INVALID_STOPPED_CARD").declined(CARD),
    code(400, "INVALID_CARD_LOST_OR_STOLEN").declined(CARD),
    code(400, "INVALID_CARD").declined(CARD_DATA),
    code(400, "INVALID_CARD_NUMBER").declined(CARD_DATA),
    code(400, "INVALID_CARD_EXPIRATION").declined(CARD_DATA),
    code(400, "INVALID_CARD_PASSWORD").declined(CARD_DATA),
    code(400, "INVALID_CARD_IDENTITY").declined(CARD_DATA),
    code(400, "INVALID_CARD_COMPANY").declined(CARD),
    code(400, "NOT_REGISTERED_CARD_COMPANY").declined(CARD),
    code(400, "NOT_SUPPORTED_CARD_TYPE").declined(CARD),
    code(400, "NOT_ALLOWED_POINT_USE").declined("the card's points can't be used"),
    code(400, "EXCEED_MAX_CARD_INSTALLMENT_PLAN").declined(INSTALLMENTS),
    code(400, "EXCEED_MIN_CARD_INSTALLMENT_PLAN").declined(INSTALLMENTS),
    code(400, "INVALID_CARD_INSTALLMENT_PLAN").declined(INSTALLMENTS),
    code(400, "INVALID_CARD_INSTALLMENT_AMOUNT").declined(INSTALLMENTS),
    code(400, "NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT").declined(INSTALLMENTS),
    code(400, "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT").declined(INSTALLMENTS),
    code(400, "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN").declined(INSTALLMENTS),
    code(400, "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT").declined(INSTALLMENTS).look_up(OnLookUp::Refused),
    code(403, "EXCEED_MAX_AUTH_COUNT").declined("the card was authenticated too often"),
    code(403, "INVALID_PASSWORD").declined("the payment password is wrong"),
    code(403, "FDS_ERROR").declined("the payment was stopped as risky; confirm your identity by the message that was sent to you"),
    // The shopper's account, and other methods of payment.
    code(403, "REJECT_ACCOUNT_PAYMENT").declined(BALANCE),
    code(403, "REJECT_TOSSPAY_INVALID_ACCOUNT").declined(ACCOUNT),
    code(400, "INVALID_ACCOUNT_INFO_RE_REGISTER").declined(ACCOUNT),
    code(400, "RESTRICTED_TRANSFER_ACCOUNT").declined(ACCOUNT),
    code(400, "USER_ACCOUNT_ON_HOLD").declined(ACCOUNT),
    code(403, "NOT_AVAILABLE_BANK").declined(TIME_OF_DAY).cancel(OnCancel::Later),
    code(400, "NOT_AVAILABLE_PAYMENT").declined(TIME_OF_DAY),
    code(400, "INVALID_EASY_PAY").declined(METHOD),
    code(400, "MAINTAINED_METHOD").declined(METHOD).cancel(OnCancel::Later),
    code(400, "NOT_SUPPORTED_METHOD").declined(METHOD),
    code(400, "NOT_SUPPORTED_CARRIER").declined(METHOD),
    // The shopper's limits.
    code(400, "BELOW_MINIMUM_AMOUNT").declined("the amount is below the least that can be paid so"),
    code(400, "EXCEED_MAX_AMOUNT").declined(LIMIT),
    code(400, "EXCEED_MAX_PAYMENT_AMOUNT").declined(LIMIT),
    code(400, "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT").declined(LIMIT),
    code(400, "EXCEED_MAX_DAILY_PAYMENT_COUNT").declined(LIMIT),
    code(400, "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT").declined(LIMIT),
    code(400, "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT").declined(LIMIT),
    code(403, "EXCEED_MAX_ONE_DAY_AMOUNT").declined(LIMIT),
    code(400, "EXCEEDS_TRANSFER_AMOUNT_MAXIMUM").declined(LIMIT),
    code(400, "EXCEED_UNKNOWN_CASE").declined(LIMIT),
    // The shop's account: its key, its registration, its contract.
    // The gateway says so, too, when a payment was begun with the client key of another shop; so a shopper can bring it about.
    code(400, "INVALID_API_KEY").account(),
    code(400, "INVALID_CLIENT_KEY").account(),
    code(401, "UNAUTHORIZED_KEY").key(),
    code(403, "INCORRECT_BASIC_AUTH_FORMAT").key(),
    code(400, "INVALID_AUTHORIZE_AUTH").account(),
    code(400, "API_VERSION_UPDATE_NEEDED").account(),
    code(400, "NOT_FOUND_TERMINAL_ID").account(),
    code(400, "INVALID_UNREGISTERED_SUBMALL").account(),
    code(400, "NOT_REGISTERED_SUBMALL").account(),
    code(400, "NOT_REGISTERED_BUSINESS").account(),
    code(400, "INVALID_BUSINESS_NUMBER").account(),
    code(403, "NOT_SUPPORTED_REFUND").cancel(OnCancel::Never),
    // The request. The gateway says so both when the shop's key is of another account than the payment, and when a payment key is made up.
    code(403, "FORBIDDEN_REQUEST").confirm(OnConfirm::Refused).look_up(OnLookUp::Refused).cancel(OnCancel::Never),
    code(400, "INVALID_REQUEST").confirm(OnConfirm::Refused).look_up(OnLookUp::Refused).cancel(OnCancel::Never),
    code(400, "INVALID_REQUIRED_PARAM").confirm(OnConfirm::Refused).look_up(OnLookUp::Refused).cancel(OnCancel::Never),
    code(400, "INVALID_ORDER_ID").confirm(OnConfirm::Refused).look_up(OnLookUp::Refused),
    code(400, "INVALID_CURRENCY").confirm(OnConfirm::Refused),
    // A path that does not exist has this code, too.
    code(404, "NOT_FOUND").confirm(OnConfirm::Refused).look_up(OnLookUp::Refused).cancel(OnCancel::Never),
    // The gateway's health, and that of the companies behind it.
    code(400, "PROVIDER_ERROR").not_now(),
    code(400, "CARD_PROCESSING_ERROR").not_now(),
    code(403, "FORBIDDEN_CONSECUTIVE_REQUEST").not_now(),
    code(500, "COMMON_ERROR").failed(),
    code(500, "FAILED_INTERNAL_SYSTEM_PROCESSING").failed(),
    code(500, "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING").failed(),
    code(500, "UNKNOWN_PAYMENT_ERROR").failed(),
    code(500, "FAILED_DB_PROCESSING").failed(),
    code(500, "FAILED_CARD_COMPANY_RESPONSE").failed(),
    // What becomes of a cancellation.
    code(400, "ALREADY_CANCELED_PAYMENT").cancel(OnCancel::Done),
    code(400, "ALREADY_REFUND_PAYMENT").cancel(OnCancel::Done),
    code(400, "ALREADY_REFUNDING_PAYMENT").cancel(OnCancel::Later),
    code(400, "REFUND_REJECTED").cancel(OnCancel::Never),
    code(400, "INVALID_BANK").cancel(OnCancel::Never),
    code(400, "INVALID_REFUND_ACCOUNT_INFO").cancel(OnCancel::Never),
    code(400, "INVALID_REFUND_ACCOUNT_NUMBER").cancel(OnCancel::Never),
    code(400, "INVALID_REFUND_AMOUNT").cancel(OnCancel::Never),
    code(400, "FORBIDDEN_BANK_REFUND_REQUEST").cancel(OnCancel::Never),
    code(400, "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT").cancel(OnCancel::Never),
    code(400, "NOT_MATCHES_REFUNDABLE_AMOUNT").cancel(OnCancel::Never),
    code(403, "NOT_CANCELABLE_AMOUNT").cancel(OnCancel::Never),
    code(403, "NOT_CANCELABLE_PAYMENT").cancel(OnCancel::Never),
    code(403, "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER").cancel(OnCancel::Never),
    code(403, "NOT_ALLOWED_PARTIAL_REFUND").cancel(OnCancel::Never),
    code(403, "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT").cancel(OnCancel::Never),
    code(403, "NOT_ALLOWED_REFUND_BANK").cancel(OnCancel::Never),
    code(403, "EXCEED_MAX_REFUND_DUE").cancel(OnCancel::Never),
    // These limits are of a day or a month.
    code(403, "EXCEED_CANCEL_LIMIT").cancel(OnCancel::Later),
    code(403, "EXCEED_MAX_REFUND_AMOUNT").cancel(OnCancel::Later),
    code(500, "FAILED_REFUND_PROCESS").cancel(OnCancel::Later),
    code(500, "FAILED_METHOD_HANDLING_CANCEL").cancel(OnCancel::Later),
    code(500, "FAILED_PARTIAL_REFUND").cancel(OnCancel::Later),
];

/// The code's entry of this status, or else its first one.
fn find(status: u16, name: &str) -> Option<&'static Code> {
    let mut entries = CODES.iter().filter(|code| code.name == name);
    let first = entries.clone().next();
    entries.find(|code| code.status == status).or(first)
}

/// What this answer to a confirmation means.
pub(super) fn on_confirm(status: u16, name: &str) -> OnConfirm {
    let by_status = match status {
        401 => OnConfirm::Key,
        403 => OnConfirm::Account,
        402 => OnConfirm::Declined("the payment was declined"),
        429 => OnConfirm::TooMany,
        408 | 409 | 425 | 500.. => OnConfirm::Failed,
        _ => OnConfirm::Refused,
    };
    if status >= 500 {
        return by_status;
    }
    let published = find(status, name).and_then(|code| code.confirm);
    published.unwrap_or(by_status)
}

/// What this answer to a look-up means.
pub(super) fn on_look_up(status: u16, name: &str) -> OnLookUp {
    let by_status = match status {
        401 | 403 | 408 | 409 | 425 | 429 | 500.. => OnLookUp::Away,
        _ => OnLookUp::Refused,
    };
    match find(status, name).and_then(|code| code.look_up) {
        _ if status >= 500 => by_status,
        // Another status may come from a proxy, a wrong address or a changed path, and proves nothing.
        Some(OnLookUp::NoPayment) if status != 404 => by_status,
        published => published.unwrap_or(by_status),
    }
}

/// What this answer to a cancellation means.
pub(super) fn on_cancel(status: u16, name: &str) -> OnCancel {
    let by_status = match status {
        401 | 403 | 408 | 409 | 425 | 429 | 500.. => OnCancel::Later,
        _ => OnCancel::Never,
    };
    if status >= 500 {
        return by_status;
    }
    let published = find(status, name).and_then(|code| code.cancel);
    published.unwrap_or(by_status)
}

/// What a refusal to give a refund's money back means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnRefund {
    /// The whole payment has been given back.
    Done,
    /// Nothing is given back, and the gateway says so whenever it is asked about this refund. Another one may succeed.
    NotNow,
    /// The same, and no other one will succeed.
    Never,
    /// The gateway has not decided, or can't tell.
    Unknown,
}

/// What this answer to a refund means. Only a published code below 500 is a decision.
pub(super) fn on_refund(status: u16, name: &str) -> OnRefund {
    let is_published = find(status, name).is_some_and(|code| code.cancel.is_some());
    match on_cancel(status, name) {
        OnCancel::Done => OnRefund::Done,
        OnCancel::Never => OnRefund::Never,
        OnCancel::Later if is_published && status < 500 => OnRefund::NotNow,
        OnCancel::Later => OnRefund::Unknown,
    }
}

#[cfg(test)]
#[path = "toss_codes_tests.rs"]
mod tests;
