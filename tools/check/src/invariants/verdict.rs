//! What invariants say: verdicts, and the violations that they gather.

/// What an invariant says of some evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The invariant.
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// What was looked at, with its numbers.
    pub(crate) counted: String,
    /// What does not hold.
    pub(crate) violations: Vec<Violation>,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) about: About,
    /// What is wrong with it.
    pub(crate) what: String,
}

/// What a violation is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    Order(String),
    Item(i64),
    Mall,
}

/// Gathers violations.
#[derive(Default)]
pub(super) struct Findings(Vec<Violation>);

impl Findings {
    pub(super) fn order(&mut self, order: &str, what: impl Into<String>) {
        self.0.push(Violation {
            about: About::Order(order.to_owned()),
            what: what.into(),
        });
    }

    pub(super) fn item(&mut self, item: i64, what: impl Into<String>) {
        self.0.push(Violation {
            about: About::Item(item),
            what: what.into(),
        });
    }

    pub(super) fn mall(&mut self, what: impl Into<String>) {
        self.0.push(Violation {
            about: About::Mall,
            what: what.into(),
        });
    }

    pub(super) fn verdict(
        self,
        name: &'static str,
        meaning: &'static str,
        counted: String,
    ) -> Verdict {
        Verdict {
            name,
            meaning,
            counted,
            violations: self.0,
        }
    }
}
