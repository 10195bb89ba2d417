//! What is wrong with a JSON text, and where: in our own words, never in those of a library.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

/// What is wrong with a JSON text. As text it begins with the member's path, like `orderLineList[0].item.itemId is missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From the member outwards.
    path: Vec<Step>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    NotUtf8,
    NotJson {
        line: usize,
        column: usize,
    },
    Missing,
    Unknown,
    Twice,
    /// Of another type than the reader says when it is asked.
    WrongType,
    Not(&'static str),
    OutOfRange,
    NotOneOf(&'static [&'static str]),
    /// A type of ours says why.
    Invalid(String),
}

impl Fault {
    pub(super) fn not_utf8() -> Self {
        What::NotUtf8.into()
    }

    pub(super) fn not_json(line: usize, column: usize) -> Self {
        What::NotJson { line, column }.into()
    }

    pub(crate) fn wrong_type() -> Self {
        What::WrongType.into()
    }

    /// It should be `wanted`, like `an object`.
    pub(crate) fn not(wanted: &'static str) -> Self {
        What::Not(wanted).into()
    }

    pub(crate) fn out_of_range() -> Self {
        What::OutOfRange.into()
    }

    pub(crate) fn not_one_of(names: &'static [&'static str]) -> Self {
        What::NotOneOf(names).into()
    }

    /// Says what is wanted here, if that is not known yet.
    pub(super) fn wanting(mut self, wanted: &'static str) -> Self {
        if self.what == What::WrongType && self.path.is_empty() {
            self.what = What::Not(wanted);
        }
        self
    }

    pub(crate) fn within_member(mut self, name: &str) -> Self {
        self.path.push(Step::Member(name.to_owned()));
        self
    }

    pub(super) fn within_element(mut self, index: usize) -> Self {
        self.path.push(Step::Element(index));
        self
    }

    /// The path of the member that it is about, like `orderLineList[0].item`; empty for the text as a whole.
    #[must_use]
    pub fn path(&self) -> String {
        let mut text = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Member(name) if text.is_empty() => text.push_str(name),
                Step::Member(name) => text.extend([".", name]),
                Step::Element(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }

    /// The place in the outermost list that it is in, from 0, if it is in one.
    #[must_use]
    pub fn element(&self) -> Option<usize> {
        self.path.iter().rev().find_map(|step| match step {
            Step::Element(index) => Some(*index),
            Step::Member(_) => None,
        })
    }
}

impl From<What> for Fault {
    fn from(what: What) -> Self {
        Self {
            path: Vec::new(),
            what,
        }
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            let separator = if matches!(self.what, What::Invalid(_)) {
                ": "
            } else {
                " "
            };
            write!(formatter, "{path}{separator}")?;
        }
        match &self.what {
            What::NotUtf8 => formatter.write_str("is not in UTF-8"),
            What::NotJson { line, column } => {
                write!(formatter, "is not JSON: line {line}, column {column}")
            }
            What::Missing => formatter.write_str("is missing"),
            What::Unknown => formatter.write_str("is unknown"),
            What::Twice => formatter.write_str("is there more than once"),
            What::WrongType => formatter.write_str("has the wrong type"),
            What::Not(wanted) => write!(formatter, "must be {wanted}"),
            What::OutOfRange => formatter.write_str("is out of range"),
            What::NotOneOf(names) => write!(formatter, "must be one of {}", names.join(", ")),
            What::Invalid(why) => formatter.write_str(why),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(why: T) -> Self {
        What::Invalid(why.to_string()).into()
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::wrong_type()
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::wrong_type()
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::wrong_type()
    }

    fn unknown_variant(_: &str, names: &'static [&'static str]) -> Self {
        Self::not_one_of(names)
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::from(What::Unknown).within_member(name)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::from(What::Missing).within_member(name)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::from(What::Twice).within_member(name)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::Error;

    use super::*;

    #[test]
    fn a_fault_is_told_with_the_path_from_outside_in() {
        let fault = Fault::missing_field("itemId")
            .within_member("item")
            .within_element(1)
            .within_member("orderLineList");
        assert_eq!(fault.path(), "orderLineList[1].item.itemId");
        assert_eq!(fault.element(), Some(1));
        assert_eq!(fault.to_string(), "orderLineList[1].item.itemId is missing");
    }

    #[test]
    fn a_fault_of_the_whole_has_no_path() {
        let fault = Fault::not("an object");
        assert_eq!(fault.path(), "");
        assert_eq!(fault.element(), None);
        assert_eq!(fault.to_string(), "must be an object");
    }

    #[test]
    fn the_words_of_a_type_stand_behind_the_path() {
        let fault = Fault::custom("an amount is not negative").within_member("amount");
        assert_eq!(fault.to_string(), "amount: an amount is not negative");
    }
}
