//! `members`: a list of references, read one by one however long it is.

use super::error::AttributeError;
use super::read::State;
use super::roster::Said;
use super::row::Attribute;
use crate::api::v1::{PrincipalRef, principal_ref::Principal};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The whole list, into [`State::members`].
pub(super) struct Members<'a, 'c> {
    pub attribute: &'static Attribute,
    pub state: &'a mut State<'c>,
}

impl<'de> DeserializeSeed<'de> for Members<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of members")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<(), A::Error> {
        self.state.members.get_or_insert_default();
        while a.next_element_seed(Member { attribute: self.attribute, state: self.state })?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, a: A) -> Result<(), A::Error> {
        if self.state.leniency.one_for_many {
            self.state.tolerated.one_for_many += 1;
            return Member { attribute: self.attribute, state: self.state }.visit_map(a);
        }
        Err(self.state.wrong_type(self.attribute, "an object"))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<(), E> {
        let Members { attribute, state } = self;
        // An empty text never means that nobody is in.
        if v.is_empty() || !state.leniency.one_for_many {
            return Err(state.wrong_type(attribute, "a text"));
        }
        state.tolerated.one_for_many += 1;
        Member { attribute, state }.visit_str(v)
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a boolean"))
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
}

struct Member<'a, 'c> {
    attribute: &'static Attribute,
    state: &'a mut State<'c>,
}

impl Member<'_, '_> {
    fn add<E: de::Error>(self, id: Option<String>, kind: Option<&str>) -> Result<(), E> {
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            return Err(self
                .state
                .refuse(AttributeError::value("members.value", "A member is named by its value: the id of a user or group.")));
        };
        let said = match kind {
            Some(kind) if kind.eq_ignore_ascii_case("User") => Said::User,
            Some(kind) if kind.eq_ignore_ascii_case("Group") => Said::Group,
            _ => Said::Any,
        };
        if let Some(gather) = &mut self.state.gather {
            return gather(&id, said).map_err(|error| self.state.refuse(error));
        }
        let principal = match said {
            Said::User => Principal::UserId(id),
            Said::Group => Principal::GroupId(id),
            Said::Any => Principal::AnyId(id),
        };
        self.state.members.get_or_insert_default().push(PrincipalRef { principal: Some(principal) });
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member: an object with a value")
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.add(None, None)
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<(), E> {
        if self.state.leniency.text_for_value {
            self.state.tolerated.text_for_value += 1;
            return self.add(Some(v.to_owned()), None);
        }
        Err(self.state.wrong_type(self.attribute, "a list of texts"))
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.add(None, None)
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.add(None, None)
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.add(None, None)
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.add(None, None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.add(None, None)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<(), A::Error> {
        let (mut id, mut kind, mut reference) = (None, None, None);
        while let Some(part) = a.next_key_seed(PartName)? {
            let slot = match part {
                Part::Value => &mut id,
                Part::Type => &mut kind,
                Part::Reference => &mut reference,
                Part::Other(name) => {
                    self.state.enter(self.attribute);
                    self.state.ignore(&name);
                    self.state.leave();
                    a.next_value::<IgnoredAny>()?;
                    continue;
                }
                // The server's own: what a client says of it is ignored.
                Part::Display => {
                    a.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.is_some() {
                return Err(self.state.refuse(AttributeError::syntax("members", "A member has an attribute that stands twice.")));
            }
            *slot = a.next_value_seed(OptionalText)?;
        }
        // A reference alone names its resource by its last segment.
        let id = id.or_else(|| reference.as_deref().and_then(|r| r.rsplit('/').next()).map(str::to_owned));
        self.add(id, kind.as_deref())
    }
}

enum Part {
    Value,
    Type,
    Reference,
    Display,
    Other(String),
}

struct PartName;

impl<'de> DeserializeSeed<'de> for PartName {
    type Value = Part;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Part, D::Error> {
        d.deserialize_str(self)
    }
}
impl Visitor<'_> for PartName {
    type Value = Part;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an attribute")
    }
    fn visit_str<E>(self, v: &str) -> Result<Part, E> {
        Ok(match v {
            v if v.eq_ignore_ascii_case("value") => Part::Value,
            v if v.eq_ignore_ascii_case("type") => Part::Type,
            v if v.eq_ignore_ascii_case("$ref") => Part::Reference,
            v if v.eq_ignore_ascii_case("display") => Part::Display,
            v => Part::Other(v.to_owned()),
        })
    }
}

/// A text; whatever else is none.
struct OptionalText;

impl<'de> DeserializeSeed<'de> for OptionalText {
    type Value = Option<String>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Option<String>, D::Error> {
        d.deserialize_any(self)
    }
}
impl<'de> Visitor<'de> for OptionalText {
    type Value = Option<String>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }
    fn visit_str<E>(self, v: &str) -> Result<Option<String>, E> {
        Ok(Some(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Option<String>, E> {
        Ok(Some(v))
    }
    fn visit_unit<E>(self) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Option<String>, E> {
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<Option<String>, A::Error> {
        while a.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Option<String>, A::Error> {
        while a.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
