//! Seed → what every buyer does and when which fault strikes. Pure: the same seed gives the same plan.
//! Must not know how anything of it is done.

mod chance;
mod forgery;
mod line;
mod shelf;
mod strikes;
mod visit;

mod round;

pub(crate) use forgery::Forgery;
pub(crate) use line::Line;
pub(crate) use round::Round;
pub(crate) use shelf::Shelf;
pub(crate) use strikes::{Strike, deal};
pub(crate) use visit::{Course, Regret, Shopper, Visit, VisitName};
