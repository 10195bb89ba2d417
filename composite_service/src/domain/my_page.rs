//! A member's page: four independent parts, each present or absent for its own reason. Pure.

use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};

/// A member's profile in the member service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The member's id.
    pub member: MemberId,
    /// The member's name.
    pub name: String,
    /// The e-mail address, if there is one.
    pub email: Option<String>,
}

/// Why a part is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// No answer before the part's deadline.
    Timeout,
    /// The service that provides it is unreachable or has failed.
    Unavailable,
    /// The circuit breaker is open after repeated failures, so no request was sent.
    Open,
}

/// A part, or why it is absent. A part that is present may be empty; an absent part is never shown as empty.
pub type Part<T> = Result<T, Absence>;

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub struct MyPage {
    /// The profile; `None` if the member service does not know the member.
    pub profile: Part<Option<Profile>>,
    /// The member's last orders, the newest first.
    pub orders: Part<Vec<OrderDto>>,
    /// Coupons that can be used now, ordered by their expiry.
    pub coupons: Part<Vec<CouponDto>>,
    /// Recommended products.
    pub products: Part<Vec<ProductDto>>,
}

impl MyPage {
    /// Whether all parts are present.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.parts_there().iter().all(|is_there| *is_there)
    }

    /// Whether all parts are absent.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.parts_there().iter().all(|is_there| !is_there)
    }

    fn parts_there(&self) -> [bool; 4] {
        [
            self.profile.is_ok(),
            self.orders.is_ok(),
            self.coupons.is_ok(),
            self.products.is_ok(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> MyPage {
        MyPage {
            profile: Ok(None),
            orders: Ok(Vec::new()),
            coupons: Ok(Vec::new()),
            products: Ok(Vec::new()),
        }
    }

    fn away(absence: Absence) -> MyPage {
        MyPage {
            profile: Err(absence),
            orders: Err(absence),
            coupons: Err(absence),
            products: Err(absence),
        }
    }

    mod a_page {
        use super::*;

        #[test]
        fn with_empty_parts_is_complete() {
            assert!(empty().is_complete() && !empty().is_away());
        }

        #[test]
        fn lacking_one_part_is_neither_complete_nor_away() {
            for absence in [Absence::Timeout, Absence::Unavailable, Absence::Open] {
                let lacking = [
                    MyPage {
                        profile: Err(absence),
                        ..empty()
                    },
                    MyPage {
                        orders: Err(absence),
                        ..empty()
                    },
                    MyPage {
                        coupons: Err(absence),
                        ..empty()
                    },
                    MyPage {
                        products: Err(absence),
                        ..empty()
                    },
                ];
                for page in lacking {
                    assert!(!page.is_complete() && !page.is_away(), "{page:?}");
                }
            }
        }

        #[test]
        fn without_any_part_is_away() {
            for absence in [Absence::Timeout, Absence::Unavailable, Absence::Open] {
                assert!(away(absence).is_away() && !away(absence).is_complete());
            }
        }
    }
}
