//! How a dishonest buyer pretends to be somebody. Must not know HTTP.

/// What a dishonest buyer shows for somebody else's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forgery {
    /// The good token of another member.
    OtherMember,
    /// Nothing.
    Nothing,
    /// The owner's name in a header, and nothing else.
    Header,
    /// The owner's claims under the signature of another token.
    OtherSignature,
    /// The owner's token, as if signed by a key that the issuer does not have.
    UnknownKey,
    /// A token of the owner whose key was taken out long ago.
    RetiredKey,
    /// The order token of another order.
    OtherOrderToken,
}

impl Forgery {
    /// Every one.
    pub(crate) const ALL: [Self; 7] = [
        Self::OtherMember,
        Self::Nothing,
        Self::Header,
        Self::OtherSignature,
        Self::UnknownKey,
        Self::RetiredKey,
        Self::OtherOrderToken,
    ];

    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OtherMember => "another member's token",
            Self::Nothing => "no token",
            Self::Header => "a member's name in a header",
            Self::OtherSignature => "another token's signature",
            Self::UnknownKey => "an unknown key",
            Self::RetiredKey => "a key that was taken out",
            Self::OtherOrderToken => "another order's token",
        }
    }

    /// Whether even an order of one's own is refused with it: it pretends to be a member without being one.
    pub(crate) fn is_for_nothing(self) -> bool {
        match self {
            Self::Header | Self::OtherSignature | Self::UnknownKey | Self::RetiredKey => true,
            Self::OtherMember | Self::Nothing | Self::OtherOrderToken => false,
        }
    }
}
