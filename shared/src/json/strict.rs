//! A deserializer around that of `serde_json`: it asks for objects where structs are wanted, reads integers by their text, and remembers
//! where it is, so that an error can say so.
//!
//! Serde lets the error of a visitor only be the error of the deserializer that drives it. So a [`Fault`] travels through `serde_json` in
//! the [`Context`], beside an error of `serde_json` that says nothing.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::value::{CowStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::number;

/// The fault on its way outwards.
#[derive(Default)]
pub(super) struct Context(RefCell<Option<Fault>>);

impl Context {
    fn put<E: de::Error>(&self, fault: Fault) -> E {
        *self.0.borrow_mut() = Some(fault);
        E::custom("")
    }

    /// Without a fault of ours, `serde_json` has found another type than it was asked for.
    fn take(&self) -> Fault {
        self.0.borrow_mut().take().unwrap_or_else(Fault::wrong_type)
    }
}

/// Reads one value.
pub(super) struct Strict<'c, D> {
    inner: D,
    context: &'c Context,
}

impl<'de, 'c, D: Deserializer<'de>> Strict<'c, D> {
    pub(super) fn new(inner: D, context: &'c Context) -> Self {
        Self { inner, context }
    }

    /// An integer by its text, since `serde_json` would read `2.0` as a float, and lose digits.
    fn integer<T: TryFrom<i128>>(self) -> Result<T, Fault> {
        let raw = <&RawValue as de::Deserialize<'de>>::deserialize(self.inner)
            .map_err(|_| Fault::not("an integer"))?;
        number::integer(raw.get())
    }
}

/// Methods that read what `wanted` says as `serde_json` does.
macro_rules! plain {
    ($($method:ident($($argument:ident: $type:ty),*) wants $wanted:literal,)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Fault> {
            let context = self.context;
            self.inner
                .$method($($argument,)* Inside { visitor, context })
                .map_err(|_| context.take().wanting($wanted))
        }
    )+};
}

macro_rules! integers {
    ($($method:ident visits $visit:ident,)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.integer()?)
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = Fault;

    integers! {
        deserialize_i8 visits visit_i8,
        deserialize_i16 visits visit_i16,
        deserialize_i32 visits visit_i32,
        deserialize_i64 visits visit_i64,
        deserialize_u8 visits visit_u8,
        deserialize_u16 visits visit_u16,
        deserialize_u32 visits visit_u32,
        deserialize_u64 visits visit_u64,
    }

    plain! {
        deserialize_any() wants "of another type",
        deserialize_bool() wants "true or false",
        deserialize_f32() wants "a number",
        deserialize_f64() wants "a number",
        deserialize_char() wants "a character",
        deserialize_str() wants "a string",
        deserialize_string() wants "a string",
        deserialize_bytes() wants "a string",
        deserialize_byte_buf() wants "a string",
        deserialize_option() wants "of another type",
        deserialize_unit() wants "null",
        deserialize_unit_struct(name: &'static str) wants "null",
        deserialize_newtype_struct(name: &'static str) wants "of another type",
        deserialize_seq() wants "a list",
        deserialize_tuple(length: usize) wants "a list",
        deserialize_tuple_struct(name: &'static str, length: usize) wants "a list",
        deserialize_map() wants "an object",
        deserialize_identifier() wants "a string",
        deserialize_ignored_any() wants "of another type",
    }

    /// As a map: only the structs' own visitors would take a list, too.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    /// As a string. The enumerations of the contract have no content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let text = Text
            .deserialize(self.inner)
            .map_err(|_| Fault::not_one_of(names))?;
        visitor.visit_enum(CowStrDeserializer::new(text))
    }
}

/// A visitor or a seed, inside of which all is read strictly, too.
struct Inside<'c, V> {
    visitor: V,
    context: &'c Context,
}

macro_rules! pass_on {
    ($($method:ident($type:ty),)+) => {$(
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value).map_err(|fault| self.context.put(fault))
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Inside<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    pass_on! {
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str),
        visit_borrowed_str(&'de str),
        visit_string(String),
        visit_bytes(&[u8]),
        visit_borrowed_bytes(&'de [u8]),
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor
            .visit_none()
            .map_err(|fault| self.context.put(fault))
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor
            .visit_unit()
            .map_err(|fault| self.context.put(fault))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor
            .visit_some(Strict::new(inner, self.context))
            .map_err(|fault| self.context.put(fault))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor
            .visit_newtype_struct(Strict::new(inner, self.context))
            .map_err(|fault| self.context.put(fault))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let elements = Elements {
            inner,
            context: self.context,
            next: 0,
        };
        self.visitor
            .visit_seq(elements)
            .map_err(|fault| self.context.put(fault))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let members = Members {
            inner,
            context: self.context,
            name: Cow::Borrowed(""),
        };
        self.visitor
            .visit_map(members)
            .map_err(|fault| self.context.put(fault))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Inside<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.visitor
            .deserialize(Strict::new(inner, self.context))
            .map_err(|fault| self.context.put(fault))
    }
}

/// The elements of a list, counted.
struct Elements<'c, A> {
    inner: A,
    context: &'c Context,
    next: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let context = self.context;
        let index = self.next;
        self.next += 1;
        self.inner
            .next_element_seed(Inside {
                visitor: seed,
                context,
            })
            .map_err(|_| context.take().within_element(index))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The members of an object, by name.
struct Members<'de, 'c, A> {
    inner: A,
    context: &'c Context,
    name: Cow<'de, str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, '_, A> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(name) = self
            .inner
            .next_key_seed(Text)
            .map_err(|_| self.context.take())?
        else {
            return Ok(None);
        };
        self.name = name;
        seed.deserialize(StrDeserializer::new(&self.name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let context = self.context;
        self.inner
            .next_value_seed(Inside {
                visitor: seed,
                context,
            })
            .map_err(|_| context.take().within_member(&self.name))
    }
}

/// A string, borrowed where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
