//! `AttributeValue` in both directions of serde, so that PATCH values and documents share one reader.

use super::error::AttributeError;
use super::number::Number;
use crate::api::v1::{AttributeList, AttributeMap, AttributeValue, NullMarker, attribute_map::Entry, attribute_value::Kind};
use crate::limits;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, Serializer};
use std::{cell::Cell, fmt};

/// Asks a source that has an `AttributeValue` for it as it is: JSON's types would lose a decimal's digits and tell
/// neither instants nor references nor bytes from text.
const WHOLE: &str = "roster.v1.AttributeValue";

impl From<Kind> for AttributeValue {
    fn from(kind: Kind) -> Self {
        AttributeValue { kind: Some(kind) }
    }
}

/// A value to be serialized.
#[derive(Debug, Clone, Copy)]
pub struct Out<'a>(pub &'a AttributeValue);

/// An open map to be serialized.
#[derive(Debug, Clone, Copy)]
pub struct OutMap<'a>(pub &'a AttributeMap);

impl Serialize for Out<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0.kind.as_ref() {
            None | Some(Kind::NullValue(_)) => s.serialize_unit(),
            Some(Kind::StringValue(v) | Kind::DateTimeValue(v) | Kind::ReferenceValue(v)) => s.serialize_str(v),
            Some(Kind::BoolValue(v)) => s.serialize_bool(*v),
            Some(Kind::IntegerValue(v)) => s.serialize_i64(*v),
            // serde knows no decimal text; rendering to JSON keeps it, this keeps what a double can.
            Some(Kind::DecimalValue(v)) => match (v.parse::<u64>(), v.parse::<f64>()) {
                (Ok(v), _) => s.serialize_u64(v),
                (_, Ok(v)) if v.is_finite() => s.serialize_f64(v),
                _ => s.serialize_str(v),
            },
            Some(Kind::BinaryValue(v)) => s.serialize_str(&STANDARD.encode(v)),
            Some(Kind::ComplexValue(v)) => OutMap(v).serialize(s),
            Some(Kind::ListValue(v)) => s.collect_seq(v.values.iter().map(Out)),
        }
    }
}

impl Serialize for OutMap<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.entries.iter().filter_map(|e| Some((&e.name, Out(e.value.as_ref()?)))))
    }
}

/// Reads any JSON value that nests at most [`limits::VALUE_DEPTH`] deep, into `AttributeValue`.
#[derive(Clone, Copy)]
pub struct AnyValue<'a> {
    depth: usize,
    refusal: Option<&'a Cell<Option<String>>>,
}

impl Default for AnyValue<'_> {
    fn default() -> Self {
        AnyValue { depth: limits::VALUE_DEPTH, refusal: None }
    }
}

impl<'de> DeserializeSeed<'de> for AnyValue<'_> {
    type Value = AttributeValue;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<AttributeValue, D::Error> {
        d.deserialize_newtype_struct(WHOLE, self)
    }
}

impl<'a> AnyValue<'a> {
    /// Notes what it refuses itself: a source's own errors stay apart from it.
    pub fn noting(refusal: &'a Cell<Option<String>>) -> Self {
        AnyValue { refusal: Some(refusal), ..Self::default() }
    }

    fn below<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(AnyValue { depth, ..self }),
            None => Err(self.refuse(format!("nested deeper than {} levels", limits::VALUE_DEPTH))),
        }
    }

    fn refuse<E: de::Error>(self, detail: String) -> E {
        let error = E::custom(&detail);
        if let Some(refusal) = self.refusal {
            refusal.set(Some(detail));
        }
        error
    }
}

impl<'de> Visitor<'de> for AnyValue<'_> {
    type Value = AttributeValue;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_str<E>(self, v: &str) -> Result<AttributeValue, E> {
        Ok(Kind::StringValue(v.to_owned()).into())
    }
    fn visit_string<E>(self, v: String) -> Result<AttributeValue, E> {
        Ok(Kind::StringValue(v).into())
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<AttributeValue, D::Error> {
        d.deserialize_any(self)
    }
    fn visit_bytes<E: de::Error>(self, v: &[u8]) -> Result<AttributeValue, E> {
        // From `In`, whole: JSON has no bytes. The border checks its depth.
        AttributeValue::decode(v).map_err(E::custom)
    }
    fn visit_bool<E>(self, v: bool) -> Result<AttributeValue, E> {
        Ok(Kind::BoolValue(v).into())
    }
    fn visit_i64<E>(self, v: i64) -> Result<AttributeValue, E> {
        Ok(Kind::IntegerValue(v).into())
    }
    fn visit_u64<E>(self, v: u64) -> Result<AttributeValue, E> {
        // What no integer of ours holds stays what it is, as a decimal.
        Ok(i64::try_from(v).map_or_else(|_| Kind::DecimalValue(v.to_string()), Kind::IntegerValue).into())
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<AttributeValue, E> {
        let text = format!("{v:?}");
        if Number::parse(&text).is_some() { Ok(Kind::DecimalValue(text).into()) } else { Err(self.refuse("not a number".to_owned())) }
    }
    fn visit_unit<E>(self) -> Result<AttributeValue, E> {
        Ok(Kind::NullValue(NullMarker::Null as i32).into())
    }
    fn visit_none<E: de::Error>(self) -> Result<AttributeValue, E> {
        self.visit_unit()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<AttributeValue, A::Error> {
        let below = self.below()?;
        let mut values = Vec::new();
        while let Some(v) = a.next_element_seed(below)? {
            values.push(v);
        }
        Ok(Kind::ListValue(AttributeList { values }).into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<AttributeValue, A::Error> {
        let below = self.below()?;
        let mut map = AttributeMap::default();
        while let Some(name) = a.next_key::<String>()? {
            let value = a.next_value_seed(below)?;
            insert(&mut map, name, value).map_err(|detail| self.refuse::<A::Error>(detail))?;
        }
        Ok(Kind::ComplexValue(map).into())
    }
}

/// Adds an entry; a name stands once, whatever its letter case, and a map is bounded.
fn insert(map: &mut AttributeMap, name: String, value: AttributeValue) -> Result<(), String> {
    if map.entries.iter().any(|e| e.name.eq_ignore_ascii_case(&name)) {
        return Err(format!("{name} stands twice"));
    }
    set(map, name, value).map_err(|e| e.detail)
}

/// Makes an entry what is given. A map is bounded here already, so that many edits cannot make one long.
///
/// # Errors
/// `INVALID_VALUE` over [`limits::MAP_ENTRIES`].
pub(super) fn set(map: &mut AttributeMap, name: String, value: AttributeValue) -> super::Result<()> {
    let full = map.entries.len() >= limits::MAP_ENTRIES;
    match map.entries.iter_mut().find(|e| e.name.eq_ignore_ascii_case(&name)) {
        Some(entry) => entry.value = Some(value),
        None if full => return Err(AttributeError::bound(name, limits::MAP_ENTRIES, "attributes beside it")),
        None => map.entries.push(Entry { name, value: Some(value) }),
    }
    Ok(())
}

/// Whether a value takes away what is there.
pub(super) fn unassigns(value: Option<&AttributeValue>) -> bool {
    match value.and_then(|v| v.kind.as_ref()) {
        None | Some(Kind::NullValue(_)) => true,
        Some(Kind::StringValue(v) | Kind::ReferenceValue(v) | Kind::DateTimeValue(v)) => v.is_empty(),
        Some(Kind::ListValue(list)) => list.values.is_empty(),
        Some(_) => false,
    }
}

/// Whether a complex value has nothing at all.
pub(super) fn says_nothing(value: &AttributeValue) -> bool {
    matches!(&value.kind, Some(Kind::ComplexValue(map)) if map.entries.iter().all(|e| unassigns(e.value.as_ref())))
}

/// A value as a source: what a visitor reads from JSON, it reads from here. Values come from a decoded message, so
/// their depth is bounded by the decoder.
#[derive(Debug, Clone, Copy)]
pub struct In<'a>(pub &'a AttributeValue);

/// Why a visitor did not want a value.
#[derive(Debug)]
pub struct Unwanted(String);

impl fmt::Display for Unwanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Unwanted {}
impl de::Error for Unwanted {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Unwanted(message.to_string())
    }
}

impl<'de> Deserializer<'de> for In<'de> {
    type Error = Unwanted;
    fn deserialize_any<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Unwanted> {
        match self.0.kind.as_ref() {
            None | Some(Kind::NullValue(_)) => v.visit_unit(),
            Some(Kind::StringValue(s) | Kind::DateTimeValue(s) | Kind::ReferenceValue(s)) => v.visit_borrowed_str(s),
            Some(Kind::DecimalValue(s)) => match s.parse() {
                Ok(number) => v.visit_f64(number),
                Err(_) => v.visit_borrowed_str(s),
            },
            Some(Kind::BoolValue(b)) => v.visit_bool(*b),
            Some(Kind::IntegerValue(i)) => v.visit_i64(*i),
            Some(Kind::BinaryValue(b)) => v.visit_string(STANDARD.encode(b)),
            Some(Kind::ComplexValue(m)) => v.visit_map(de::value::MapDeserializer::new(
                m.entries.iter().filter_map(|e| Some((e.name.as_str(), In(e.value.as_ref()?)))),
            )),
            Some(Kind::ListValue(l)) => v.visit_seq(de::value::SeqDeserializer::new(l.values.iter().map(In))),
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, v: V) -> Result<V::Value, Unwanted> {
        if name == WHOLE { v.visit_bytes(&self.0.encode_to_vec()) } else { v.visit_newtype_struct(self) }
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Unwanted> for In<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}
