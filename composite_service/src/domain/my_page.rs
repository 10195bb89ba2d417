//! A member's page: four parts that know nothing of each other, each there or away for a reason of its own. Pure.

use shared::member_id::MemberId;
use shared::wire::order_dto::{CouponDto, OrderDto, ProductDto};

/// What the member service says of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Who it is.
    pub member: MemberId,
    /// The name to be greeted by.
    pub name: String,
    /// Where letters go, where that is known.
    pub email: Option<String>,
}

/// Why a part is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// No answer before the part's deadline.
    Timeout,
    /// Whoever has it can't be reached, or fails.
    Unavailable,
    /// It has failed again and again, so nobody was asked.
    Open,
}

/// A part, or why it is not there. What is there may be empty; what is away never looks empty.
pub type Part<T> = Result<T, Absence>;

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub struct MyPage {
    /// The member's profile; `None` where the member service knows no such member.
    pub profile: Part<Option<Profile>>,
    /// His last orders, the newest first.
    pub orders: Part<Vec<OrderDto>>,
    /// Coupons that can be used now, those that end first in front.
    pub coupons: Part<Vec<CouponDto>>,
    /// Products he may like.
    pub products: Part<Vec<ProductDto>>,
}

impl MyPage {
    /// Whether each part is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.parts_there().iter().all(|is_there| *is_there)
    }

    /// Whether no part is there.
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

    #[test]
    fn given_parts_that_are_there_and_empty_then_the_page_is_complete() {
        assert!(empty().is_complete() && !empty().is_away());
    }

    #[test]
    fn given_one_part_that_is_away_for_any_reason_then_the_page_is_neither_complete_nor_away() {
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
    fn given_no_part_then_the_page_is_away() {
        for absence in [Absence::Timeout, Absence::Unavailable, Absence::Open] {
            assert!(away(absence).is_away() && !away(absence).is_complete());
        }
    }
}
