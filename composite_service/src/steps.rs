//! The steps of a purchase's trail, and of a review's. Each ends what it has waited for. A command is a step by its own name, when it is
//! wanted; the steps after it are its way.

/// The request's head is there.
pub const RECEIVED: &str = "http.received";
/// A review begins.
pub const REVIEWED: &str = "review.begun";
/// The bridge has the command, and gives it to the producer.
pub const PUBLISHED: &str = "command.published";
/// The brokers have the command.
pub const ACKNOWLEDGED: &str = "command.acknowledged";
/// The reply has come to the bridge.
pub const REPLIED: &str = "reply.received";
/// The wait for the reply is over.
pub const UNANSWERED: &str = "reply.missing";
/// The gateway is asked to charge.
pub const CONFIRM: &str = "gateway.confirm";
/// The gateway is asked to give back.
pub const CANCEL: &str = "gateway.cancel";
/// The gateway is asked what it knows.
pub const LOOK_UP: &str = "gateway.look_up";
/// The gateway has answered, or has not.
pub const GATEWAY_ANSWERED: &str = "gateway.answered";
/// The purchase waits before it tries again.
pub const PAUSED: &str = "purchase.paused";
/// The answer goes to the shopper.
pub const ANSWERED: &str = "http.answered";
