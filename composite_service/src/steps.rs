//! The names of the steps in the trail of a purchase or a review. A step marks a moment; the time before it was spent waiting for it. A
//! command that is requested is a step by its own name, followed by the steps of its delivery.

/// The head of the request has arrived.
pub const RECEIVED: &str = "http.received";
/// A review begins.
pub const REVIEWED: &str = "review.begun";
/// The bridge hands the command to the producer.
pub const PUBLISHED: &str = "command.published";
/// The broker has acknowledged the command.
pub const ACKNOWLEDGED: &str = "command.acknowledged";
/// The bridge has received the reply.
pub const REPLIED: &str = "reply.received";
/// The command has timed out without a reply.
pub const UNANSWERED: &str = "reply.missing";
/// The gateway is asked to charge.
pub const CONFIRM: &str = "gateway.confirm";
/// The gateway is asked to cancel.
pub const CANCEL: &str = "gateway.cancel";
/// The gateway is asked to give a part of the payment back.
pub const REFUND: &str = "gateway.refund";
/// The gateway is asked for the state of the payment.
pub const LOOK_UP: &str = "gateway.look_up";
/// The call of the gateway has ended, with or without an answer.
pub const GATEWAY_ANSWERED: &str = "gateway.answered";
/// The purchase waits before it repeats a step.
pub const PAUSED: &str = "purchase.paused";
/// The answer is sent to the shopper.
pub const ANSWERED: &str = "http.answered";
