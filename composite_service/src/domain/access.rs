//! Who may do what. The one table of rights, and the one rule of who may see and change an order.

use shared::member_id::MemberId;
use shared::order_number::OrderNumber;

use super::order_token::{OrderToken, OrderTokens};

/// Who asks, as far as it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Nobody has to prove anything, as with the Spring services. A member may be named, and is believed.
    Unproven(Option<MemberId>),
    /// Somebody without a login.
    Guest,
    /// This member.
    Member(MemberId),
    /// Somebody of the support, who may act on every order.
    Support(MemberId),
}

/// Who asks, and the order token that came with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who asks.
    pub identity: Identity,
    /// Opens one order of a guest.
    pub order_token: Option<OrderToken>,
}

impl Caller {
    /// The member who asks, if there is one.
    #[must_use]
    pub fn member(&self) -> Option<&MemberId> {
        match &self.identity {
            Identity::Unproven(member) => member.as_ref(),
            Identity::Guest => None,
            Identity::Member(member) | Identity::Support(member) => Some(member),
        }
    }

    /// Whether everybody who knows an order's number may see and pay it.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        matches!(self.identity, Identity::Unproven(_))
    }

    /// Whether this caller may see, pay and change the order `number`, which belongs to `owner`, or to a guest when that is `None`.
    ///
    /// A member's order is the member's and the support's. A guest's order is the support's and that of whoever has its token, which only
    /// its placer was told. An order token never opens a member's order.
    #[must_use]
    pub fn may_act_on(
        &self,
        number: &OrderNumber,
        owner: Option<&MemberId>,
        tokens: Option<&OrderTokens>,
    ) -> bool {
        match (&self.identity, owner) {
            (Identity::Unproven(_) | Identity::Support(_), _) => true,
            (Identity::Member(member), Some(owner)) => member == owner,
            (Identity::Guest, Some(_)) => false,
            (Identity::Guest | Identity::Member(_), None) => match (&self.order_token, tokens) {
                (Some(token), Some(tokens)) => tokens.is_for(token, number),
                _ => false,
            },
        }
    }

    /// Whether this caller may hear that an order is the member `owner`'s: the member and the support may. Whoever may see an order because
    /// nobody has to prove anything hears it only as that member.
    #[must_use]
    pub fn may_hear_of(&self, owner: &MemberId) -> bool {
        match &self.identity {
            Identity::Support(_) => true,
            Identity::Member(member) | Identity::Unproven(Some(member)) => member == owner,
            Identity::Unproven(None) | Identity::Guest => false,
        }
    }
}

/// What a caller must be to use an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Anybody. Credentials are not even read.
    Everybody,
    /// A guest or a member. Credentials that come must be right.
    Shopper,
    /// Whoever [may act on](Caller::may_act_on) the order in the path. To all others there is no such order.
    Owner,
    /// A member.
    Member,
}

/// An endpoint of the public API, and the right to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The method in capital letters; HEAD goes with GET.
    pub method: &'static str,
    /// The path as OpenAPI writes it.
    pub path: &'static str,
    /// The right.
    pub right: Right,
}

const fn endpoint(method: &'static str, path: &'static str, right: Right) -> Endpoint {
    Endpoint {
        method,
        path,
        right,
    }
}

/// Every endpoint of the public address.
pub const ENDPOINTS: &[Endpoint] = &[
    endpoint("POST", "/open-api/order", Right::Shopper),
    endpoint("GET", "/open-api/order", Right::Member),
    endpoint("GET", "/open-api/order/{orderNum}", Right::Owner),
    endpoint("POST", "/open-api/order/{orderNum}/payment", Right::Owner),
    endpoint("POST", "/open-api/order/{orderNum}/cancel", Right::Owner),
    endpoint("POST", "/open-api/quote", Right::Shopper),
    endpoint("GET", "/open-api/my-page", Right::Member),
    endpoint("GET", "/open-api/product", Right::Everybody),
    endpoint("GET", "/open-api/product/{productId}", Right::Everybody),
    endpoint("GET", "/livez", Right::Everybody),
    endpoint("GET", "/readyz", Right::Everybody),
    endpoint("GET", "/docs", Right::Everybody),
    endpoint("GET", "/openapi.json", Right::Everybody),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> MemberId {
        name.parse().unwrap()
    }

    fn number(text: &str) -> OrderNumber {
        text.parse().unwrap()
    }

    fn tokens() -> OrderTokens {
        OrderTokens::new(b"an order token secret of 32 bytes")
    }

    fn identities() -> [Identity; 7] {
        [
            Identity::Unproven(None),
            Identity::Unproven(Some(member("kim"))),
            Identity::Guest,
            Identity::Member(member("kim")),
            Identity::Member(member("lee")),
            Identity::Support(member("kim")),
            Identity::Support(member("agent")),
        ]
    }

    /// All that a request may bring: no token, that of the order, of another order, one made with another secret, and nonsense.
    fn proofs() -> [(Option<OrderToken>, bool); 5] {
        let other = OrderTokens::new(b"another order token secret, 32 b.");
        [
            (None, false),
            (Some(tokens().of(&number("1"))), true),
            (Some(tokens().of(&number("11"))), false),
            (Some(other.of(&number("1"))), false),
            (Some(OrderToken::received("nonsense")), false),
        ]
    }

    #[test]
    fn an_order_is_its_owners_its_token_bearers_or_the_supports() {
        let mut allowed = 0;
        for identity in identities() {
            for (order_token, is_right) in proofs() {
                for owner in [None, Some(member("kim")), Some(member("lee"))] {
                    let caller = Caller {
                        identity: identity.clone(),
                        order_token: order_token.clone(),
                    };
                    let expected = match &identity {
                        Identity::Unproven(_) | Identity::Support(_) => true,
                        Identity::Guest => owner.is_none() && is_right,
                        Identity::Member(member) => match &owner {
                            Some(owner) => owner == member,
                            None => is_right,
                        },
                    };
                    let may = caller.may_act_on(&number("1"), owner.as_ref(), Some(&tokens()));
                    assert_eq!(may, expected, "{caller:?} {owner:?}");
                    allowed += usize::from(may);
                }
            }
        }
        // Of 105: all of the four who may everything, five of each member's own, and three token bearers.
        assert_eq!(allowed, 4 * 15 + 2 * 5 + 3);
    }

    #[test]
    fn whose_an_order_is_hear_its_member_and_the_support() {
        let hears = |owner: &str| {
            let callers = identities().map(|identity| Caller {
                identity,
                order_token: Some(tokens().of(&number("1"))),
            });
            callers.map(|caller| caller.may_hear_of(&member(owner)))
        };
        assert_eq!(hears("kim"), [false, true, false, true, false, true, true]);
        assert_eq!(hears("lee"), [false, false, false, false, true, true, true]);
    }

    #[test]
    fn without_a_secret_for_order_tokens_none_opens_anything() {
        let caller = Caller {
            identity: Identity::Guest,
            order_token: Some(tokens().of(&number("1"))),
        };
        assert!(!caller.may_act_on(&number("1"), None, None));
    }

    #[test]
    fn an_endpoint_is_in_the_table_once() {
        for (at, one) in ENDPOINTS.iter().enumerate() {
            let same = |other: &&Endpoint| (other.method, other.path) == (one.method, one.path);
            assert_eq!(ENDPOINTS.iter().position(|other| same(&other)), Some(at));
        }
    }
}
