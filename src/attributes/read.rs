//! The reader that documents and PATCH values share: serde visitors that walk the table.

use super::Context;
use super::error::AttributeError;
use super::parse::{Leniency, Tolerated};
use super::read_members::Members;
use super::read_value::{Password, Schemas, Value};
use super::roster::Said;
use super::row::{Attribute, Place, Table};
use super::table::{GROUP_URN, USER_URN};
use super::value::{self, AnyValue};
use crate::api::v1::{AttributeValue, PrincipalRef, attribute_value};
use crate::limits;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::{any::Any, cell::Cell, collections::BTreeSet, fmt};

/// Names of unknown attributes that are remembered.
const UNKNOWN_NAMES: usize = 64;

/// Takes a member as it is read.
pub type Gather<'g> = dyn FnMut(&str, Said) -> Result<(), AttributeError> + 'g;

/// What a document holds beside the message, and where reading stands.
pub(super) struct State<'c> {
    pub cx: Context<'c>,
    pub leniency: Leniency,
    pub tolerated: Tolerated,
    pub password: Option<String>,
    pub schemas: Vec<String>,
    pub unknown: Vec<String>,
    pub members: Option<Vec<PrincipalRef>>,
    /// Who takes the members one by one instead.
    pub gather: Option<&'c mut Gather<'c>>,
    /// Values a list may have while it is read.
    pub values_max: usize,
    /// In a PATCH an object or an element that says nothing is refused; in a document it is as if it were absent.
    pub demanding: bool,
    /// The attributes around the value that is being read.
    at: Vec<&'static str>,
    error: Option<AttributeError>,
}

impl<'c> State<'c> {
    pub fn new(cx: Context<'c>, leniency: Leniency) -> Self {
        let (schemas, unknown, at) = (Vec::new(), Vec::new(), Vec::new());
        State {
            cx,
            leniency,
            tolerated: Tolerated::default(),
            password: None,
            schemas,
            unknown,
            members: None,
            gather: None,
            values_max: limits::VALUES_PER_ATTRIBUTE,
            demanding: false,
            at,
            error: None,
        }
    }

    /// Begins at an attribute that lies below others.
    pub fn below(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.at.extend(names);
        self
    }

    /// Goes down into an attribute.
    pub fn enter(&mut self, attribute: &'static Attribute) {
        self.at.push(attribute.name);
    }

    /// Comes back up.
    pub fn leave(&mut self) {
        self.at.pop();
    }

    /// The typed cause of serde's error.
    pub fn refused(&mut self) -> Option<AttributeError> {
        self.error.take()
    }

    /// The path of what is being read, `emails.type` or `urn:…:User:manager.value`.
    pub fn path(&self, name: Option<&str>) -> String {
        let mut path = String::new();
        let mut separator = None;
        for part in self.at.iter().copied().chain(name) {
            path.extend(separator);
            path.push_str(part);
            separator = Some(if part.starts_with("urn:") { ':' } else { '.' });
        }
        path
    }

    /// Keeps the typed error; serde's own only unwinds the reading.
    pub fn refuse<E: de::Error>(&mut self, error: AttributeError) -> E {
        let unwinding = E::custom(&error.detail);
        self.error.get_or_insert(error);
        unwinding
    }

    pub fn wrong_type<E: de::Error>(&mut self, attribute: &Attribute, found: &str) -> E {
        let path = self.path(Some(attribute.name));
        let list = if attribute.multi_valued { "a list of values" } else { "one value" };
        let kind = super::schemas::kind(attribute.kind);
        let error = AttributeError::value(path.clone(), format!("{path} is {list} of type {kind}, not {found}."));
        self.refuse(error)
    }

    fn twice<E: de::Error>(&mut self, name: &str) -> E {
        let path = self.path(Some(name));
        self.refuse(AttributeError::syntax(path.clone(), format!("{path} stands twice.")))
    }

    /// Remembers a name that no attribute has.
    pub fn ignore(&mut self, name: &str) {
        if self.unknown.len() < UNKNOWN_NAMES {
            let path = self.path(Some(name));
            self.unknown.push(path.chars().take(255).collect());
        }
    }
}

/// An object, read into a message.
pub(super) struct Document<'a, 'c> {
    pub table: &'static dyn Table,
    pub object: &'a mut dyn Any,
    pub state: &'a mut State<'c>,
    /// Whether it is the resource itself.
    pub root: bool,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<(), A::Error> {
        let Document { table, object, state, root } = self;
        let (mut seen, mut hint, mut others) = (0_u64, 0, BTreeSet::new());
        while let Some(key) = a.next_key_seed(Name(table, hint))? {
            let (row, attribute) = match key {
                Key::Known(row, attribute) => (row, attribute),
                Key::Unknown(name) => {
                    if !others.insert(name.to_ascii_lowercase()) {
                        return Err(state.twice(&name));
                    }
                    unknown(table, object, state, root, name, &mut a)?;
                    continue;
                }
            };
            let bit = u32::try_from(row).ok().and_then(|row| 1_u64.checked_shl(row)).unwrap_or(0);
            if seen & bit != 0 {
                return Err(state.twice(attribute.name));
            }
            (seen, hint) = (seen | bit, row + 1);
            match attribute.place {
                Place::Members => a.next_value_seed(Members { attribute, state })?,
                Place::Computed if root && attribute.name == "schemas" => a.next_value_seed(Schemas(state))?,
                Place::Password => a.next_value_seed(Password { attribute, state })?,
                Place::Field if attribute.writable() => {
                    let slot = table.slot(row, object);
                    a.next_value_seed(Value { attribute, slot, state, in_list: false })?;
                }
                _ => {
                    a.next_value::<IgnoredAny>()?;
                }
            }
        }
        if state.demanding && seen == 0 && others.is_empty() {
            let path = state.path(None);
            return Err(state.refuse(AttributeError::empty(path)));
        }
        Ok(())
    }
}

/// An extension by its URN, a sub-attribute that no row knows, or a name to report.
fn unknown<'de, A: MapAccess<'de>>(
    table: &'static dyn Table,
    object: &mut dyn Any,
    state: &mut State<'_>,
    root: bool,
    name: String,
    a: &mut A,
) -> Result<(), A::Error> {
    let is_urn = root && name.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("urn:"));
    let core = [USER_URN, GROUP_URN].iter().any(|urn| urn.eq_ignore_ascii_case(&name));
    if is_urn
        && !core
        && let Some(extensions) = table.extensions_slot(object)
    {
        let value = any_value(state, &name, a)?;
        if value::unassigns(Some(&value)) {
            return Ok(());
        }
        let Some(attribute_value::Kind::ComplexValue(map)) = value.kind else {
            return Err(state.refuse(AttributeError::value(name.clone(), format!("{name} is an extension: an object."))));
        };
        extensions.insert(name, map);
        return Ok(());
    }
    if let Some(rest) = table.rest_slot(object) {
        let value = any_value(state, &name, a)?;
        let path = state.path(Some(&name));
        return value::set(rest.get_or_insert_default(), name, value).map_err(|e| state.refuse(AttributeError { path, ..e }));
    }
    state.ignore(&name);
    a.next_value::<IgnoredAny>().map(drop)
}

/// A value of an open map. What it refuses is out of bounds; broken JSON below it is told as such.
fn any_value<'de, A: MapAccess<'de>>(state: &mut State<'_>, name: &str, a: &mut A) -> Result<AttributeValue, A::Error> {
    let refusal = Cell::new(None);
    let read = a.next_value_seed(AnyValue::noting(&refusal));
    match refusal.take() {
        Some(detail) => {
            let path = state.path(Some(name));
            Err(state.refuse(AttributeError::value(path.clone(), format!("{path}: {detail}."))))
        }
        None => read,
    }
}

enum Key {
    Known(usize, &'static Attribute),
    Unknown(String),
}

struct Name(&'static dyn Table, usize);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Key;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Key, D::Error> {
        d.deserialize_str(self)
    }
}
impl Visitor<'_> for Name {
    type Value = Key;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an attribute")
    }
    fn visit_str<E>(self, v: &str) -> Result<Key, E> {
        Ok(self.0.find(v, self.1).map_or_else(|| Key::Unknown(v.to_owned()), |(row, attribute)| Key::Known(row, attribute)))
    }
}
