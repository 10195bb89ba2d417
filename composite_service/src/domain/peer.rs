//! Which order service reads the commands: this mall's, or a Spring one. A Spring order service knows `ORDER_CREATE` only. Its listener
//! reads a command that it does not know again and again, and each repetition of a command that it knows makes one more order. So nothing
//! but a first, simple `ORDER_CREATE` is sent before it is certain who reads. Pure.

use std::fmt;
use std::time::Duration;

use super::order::{Basket, OrderCommand};

/// How long one reply of a Spring order service counts more than all that speaks for ours: while one is replaced by the other, both may be
/// in the group.
pub const DOUBT: Duration = Duration::from_secs(300);

/// The order service that reads the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Nothing is known yet.
    Unknown,
    /// This mall's. It knows all commands, and repetitions are harmless.
    Mall,
    /// A Spring one.
    Spring,
}

/// What a reply says about its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replier {
    /// This mall's order service: it names itself.
    Mall,
    /// It names no author, but has members that only an order service of this mall writes. Earlier versions of ours do not name themselves.
    Unnamed,
    /// Any other author, such as a Spring order service.
    Other,
}

/// What a Spring order service can't do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unsupported {
    /// Take a payment.
    Payment,
    /// Use a coupon.
    Coupon,
    /// Know a repeated request by its idempotency key.
    IdempotencyKey,
    /// Know a repeated command as such.
    Repetition,
    /// Cancel an order.
    Cancellation,
    /// Say what an order would cost.
    Quote,
    /// List what it has.
    List,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Payment => "the order service takes no payments; nothing was charged",
            Self::Coupon => "the order service knows no coupons",
            Self::IdempotencyKey => {
                "the order service keeps no idempotency keys, so a repeated request would make another order"
            }
            Self::Cancellation => "the order service cancels no orders",
            Self::Repetition => "the order service takes a repeated command for another one",
            Self::Quote => "the order service gives no quotes",
            Self::List => "the order service has no such list",
        })
    }
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It is sent.
    Free,
    /// It must be found out first who reads it.
    NotKnown,
    /// It is not sent now; it may be later.
    NotNow,
    /// It is not sent: the order service does not know it.
    Closed(Unsupported),
}

impl Peer {
    /// What becomes of `command` while this is the peer.
    #[must_use]
    pub fn passage(self, command: &OrderCommand) -> Passage {
        match (self, unsupported(command)) {
            (Self::Mall, _) | (_, None) => Passage::Free,
            (Self::Unknown, Some(_)) => Passage::NotKnown,
            // What ours has begun is not given up: it waits until ours is back.
            (Self::Spring, Some(_)) if is_sequel(command) => Passage::NotNow,
            (Self::Spring, Some(what)) => Passage::Closed(what),
        }
    }
}

/// What a Spring order service lacks for the command.
fn unsupported(command: &OrderCommand) -> Option<Unsupported> {
    match command {
        OrderCommand::Create {
            is_repetition: true,
            ..
        } => Some(Unsupported::Repetition),
        OrderCommand::Create { basket, .. } => lacking(basket),
        OrderCommand::Pay { .. }
        | OrderCommand::Approve { .. }
        | OrderCommand::Reject { .. }
        | OrderCommand::Settle { .. }
        | OrderCommand::EndRefund { .. } => Some(Unsupported::Payment),
        OrderCommand::Cancel { .. } => Some(Unsupported::Cancellation),
    }
}

/// What a Spring order service lacks to place this.
#[must_use]
pub fn lacking(basket: &Basket) -> Option<Unsupported> {
    let wishes = [
        (basket.payment.is_some(), Unsupported::Payment),
        (basket.coupon_id.is_some(), Unsupported::Coupon),
        (basket.idempotency.is_some(), Unsupported::IdempotencyKey),
    ];
    let lacking = wishes.into_iter().find(|(is_wished, _)| *is_wished);
    lacking.map(|(_, what)| what)
}

fn is_sequel(command: &OrderCommand) -> bool {
    match command {
        OrderCommand::Approve { .. }
        | OrderCommand::Reject { .. }
        | OrderCommand::Settle { .. }
        | OrderCommand::EndRefund { .. } => true,
        OrderCommand::Create { .. } | OrderCommand::Pay { .. } | OrderCommand::Cancel { .. } => {
            false
        }
    }
}

/// What is known of the peer. All times are measured from the same fixed start.
#[derive(Debug, Clone, Copy)]
pub struct PeerKnowledge {
    peer: Peer,
    is_fixed: bool,
    doubt_until: Duration,
}

impl PeerKnowledge {
    /// The peer that the settings name, which nothing changes.
    #[must_use]
    pub fn fixed(peer: Peer) -> Self {
        Self {
            is_fixed: true,
            ..Self::found_out(peer)
        }
    }

    /// A peer that is to be found out.
    #[must_use]
    pub fn unknown() -> Self {
        Self::found_out(Peer::Unknown)
    }

    fn found_out(peer: Peer) -> Self {
        Self {
            peer,
            is_fixed: false,
            doubt_until: Duration::ZERO,
        }
    }

    /// Who reads the commands, as far as is known.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The order service was read over HTTP at `now`, and this is what it is.
    pub fn read(&mut self, seen: Peer, now: Duration) {
        match seen {
            Peer::Unknown => {}
            Peer::Mall if now < self.doubt_until => {}
            Peer::Mall | Peer::Spring => self.conclude(seen),
        }
    }

    /// A reply was read at `now`.
    pub fn replied(&mut self, by: Replier, now: Duration) {
        match by {
            Replier::Mall => self.read(Peer::Mall, now),
            // It does not contradict what is known. Alone it proves nothing, so it is taken for the more harmful one.
            Replier::Unnamed if self.peer == Peer::Unknown => self.conclude(Peer::Spring),
            Replier::Unnamed => {}
            Replier::Other => {
                self.doubt_until = now + DOUBT;
                self.conclude(Peer::Spring);
            }
        }
    }

    fn conclude(&mut self, peer: Peer) {
        if !self.is_fixed {
            self.peer = peer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{Idempotency, Payment};
    use shared::money::Money;
    use shared::order_number::OrderNumber;
    use shared::reason::Reason;

    const START: Duration = Duration::from_secs(1_000);

    fn number() -> OrderNumber {
        "7".parse().unwrap()
    }

    fn payment() -> Payment {
        Payment {
            key: "p".parse().unwrap(),
            amount: Money::from_units(12_000),
        }
    }

    fn basket() -> Basket {
        Basket {
            request_id: "request".to_owned(),
            member: None,
            idempotency: None,
            lines: Vec::new(),
            coupon_id: None,
            payment: None,
        }
    }

    fn create(basket: Basket, is_repetition: bool) -> OrderCommand {
        OrderCommand::Create {
            number: number(),
            basket,
            is_repetition,
        }
    }

    fn pay() -> OrderCommand {
        OrderCommand::Pay {
            number: number(),
            payment: payment(),
            idempotency: None,
        }
    }

    fn sequels() -> [OrderCommand; 3] {
        [
            OrderCommand::Approve {
                number: number(),
                payment: payment(),
            },
            OrderCommand::Reject {
                number: number(),
                reason: Reason::Expired,
                detail: None,
            },
            OrderCommand::Settle { number: number() },
        ]
    }

    /// Creates of what a Spring order service can't do.
    fn demanding() -> [(OrderCommand, Unsupported); 4] {
        let paid = Basket {
            payment: Some(payment()),
            ..basket()
        };
        let reduced = Basket {
            coupon_id: Some(7),
            ..basket()
        };
        let keyed = Basket {
            idempotency: Some(Idempotency {
                key: "key".parse().unwrap(),
                fingerprint: "f".parse().unwrap(),
            }),
            ..basket()
        };
        [
            (create(paid, false), Unsupported::Payment),
            (create(reduced, false), Unsupported::Coupon),
            (create(keyed, false), Unsupported::IdempotencyKey),
            (create(basket(), true), Unsupported::Repetition),
        ]
    }

    mod a_command {
        use super::*;

        #[test]
        fn is_always_sent_to_an_order_service_of_the_mall() {
            let demanding = demanding().map(|(command, _)| command);
            for command in demanding.iter().chain(&sequels()).chain(&[pay()]) {
                assert_eq!(Peer::Mall.passage(command), Passage::Free, "{command:?}");
            }
        }

        #[test]
        fn that_places_a_simple_order_for_the_first_time_is_sent_to_anybody() {
            for peer in [Peer::Unknown, Peer::Mall, Peer::Spring] {
                assert_eq!(peer.passage(&create(basket(), false)), Passage::Free);
            }
        }

        #[test]
        fn that_a_spring_order_service_does_not_know_never_reaches_one() {
            let paying = [(pay(), Unsupported::Payment)];
            for (command, what) in demanding().iter().chain(&paying) {
                assert_eq!(Peer::Spring.passage(command), Passage::Closed(*what));
                assert_eq!(Peer::Unknown.passage(command), Passage::NotKnown);
            }
            for command in &sequels() {
                assert_eq!(Peer::Spring.passage(command), Passage::NotNow);
                assert_eq!(Peer::Unknown.passage(command), Passage::NotKnown);
            }
        }
    }

    mod knowledge {
        use super::*;

        fn after(events: impl FnOnce(&mut PeerKnowledge)) -> Peer {
            let mut knowledge = PeerKnowledge::unknown();
            events(&mut knowledge);
            knowledge.peer()
        }

        #[test]
        fn comes_from_http_and_from_replies_and_the_last_news_count() {
            assert_eq!(after(|_| {}), Peer::Unknown);
            assert_eq!(
                after(|known| known.read(Peer::Unknown, START)),
                Peer::Unknown
            );
            assert_eq!(after(|known| known.read(Peer::Mall, START)), Peer::Mall);
            assert_eq!(
                after(|known| known.replied(Replier::Mall, START)),
                Peer::Mall
            );
            assert_eq!(
                after(|known| known.replied(Replier::Other, START)),
                Peer::Spring
            );
            let replaced = after(|known| {
                known.read(Peer::Mall, START);
                known.read(Peer::Spring, START);
            });
            assert_eq!(replaced, Peer::Spring);
            let replaced = after(|known| {
                known.read(Peer::Spring, START);
                known.read(Peer::Unknown, START);
                known.read(Peer::Mall, START);
            });
            assert_eq!(replaced, Peer::Mall);
        }

        #[test]
        fn that_a_spring_order_service_has_replied_lasts_for_a_while() {
            let mixed = |later: Duration| {
                after(|known| {
                    known.read(Peer::Mall, START);
                    known.replied(Replier::Other, START);
                    known.read(Peer::Mall, START + later);
                    known.replied(Replier::Mall, START + later);
                })
            };
            assert_eq!(mixed(Duration::ZERO), Peer::Spring);
            assert_eq!(mixed(DOUBT - Duration::from_nanos(1)), Peer::Spring);
            assert_eq!(mixed(DOUBT), Peer::Mall);
        }

        #[test]
        fn of_ours_is_not_shaken_by_replies_of_its_earlier_version() {
            let upgraded = after(|known| {
                known.read(Peer::Mall, START);
                known.replied(Replier::Unnamed, START);
            });
            assert_eq!(upgraded, Peer::Mall);
            let alone = after(|known| known.replied(Replier::Unnamed, START));
            assert_eq!(alone, Peer::Spring);
        }

        #[test]
        fn from_the_settings_is_not_changed_by_anything() {
            for peer in [Peer::Mall, Peer::Spring] {
                let mut known = PeerKnowledge::fixed(peer);
                known.read(Peer::Mall, START);
                known.read(Peer::Spring, START);
                known.replied(Replier::Other, START);
                known.replied(Replier::Mall, START);
                assert_eq!(known.peer(), peer);
            }
        }
    }
}
