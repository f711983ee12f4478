//! Values brought into the one form a registered attribute has: names as the schema spells them, types as it says. What
//! cannot be brought into it is left as it is, for the border to refuse.

use super::{Custom, Definition, admit};
use crate::api::v1::{AttributeList, AttributeMap, AttributeValue, attribute_map::Entry, attribute_value::Kind};
use crate::attributes::error::Result;
use crate::attributes::parse::{Leniency, Tolerated};
use crate::attributes::path::{Tail, Target};
use crate::attributes::read_value::boolean;
use crate::attributes::row::Kind as Type;
use crate::attributes::value::unassigns;
use std::sync::Arc;

/// A value for an attribute; `element` says that it is for one element of its list. What was forgiven is counted.
pub fn fit(value: AttributeValue, definition: &Definition, element: bool, leniency: Leniency, used: &mut Tolerated) -> AttributeValue {
    let list = definition.multi_valued && !element;
    match (list, value.kind) {
        (_, kind @ (None | Some(Kind::NullValue(_)))) => AttributeValue { kind },
        (true, Some(Kind::ListValue(list))) => {
            let values = list.values.into_iter().map(|value| one(value, definition, leniency, used)).collect();
            Kind::ListValue(AttributeList { values }).into()
        }
        (true, Some(Kind::StringValue(text))) if text.is_empty() => Kind::StringValue(text).into(),
        (true, kind) if leniency.one_for_many => {
            used.one_for_many += 1;
            Kind::ListValue(AttributeList { values: vec![one(AttributeValue { kind }, definition, leniency, used)] }).into()
        }
        (true, kind) => AttributeValue { kind },
        (false, Some(Kind::ListValue(mut list)))
            if leniency.one_for_many && list.values.len() == 1 && !list.values.iter().any(is_nothing) =>
        {
            used.one_for_many += 1;
            one(list.values.pop().unwrap_or_default(), definition, leniency, used)
        }
        (false, kind) => one(AttributeValue { kind }, definition, leniency, used),
    }
}

/// A list of one stands for its value; of nothing it stands for none, and its type is wrong.
fn is_nothing(value: &AttributeValue) -> bool {
    unassigns(Some(value)) || matches!(&value.kind, Some(Kind::ComplexValue(map)) if map.entries.is_empty())
}

fn one(value: AttributeValue, definition: &Definition, leniency: Leniency, used: &mut Tolerated) -> AttributeValue {
    match (definition.kind, value.kind) {
        (Type::Boolean, Some(Kind::StringValue(text))) if leniency.text_booleans => {
            let value = boolean(&text);
            used.text_booleans += u32::from(value.is_some());
            value.map_or(Kind::StringValue(text), Kind::BoolValue).into()
        }
        (Type::DateTime, Some(Kind::StringValue(text))) => Kind::DateTimeValue(text).into(),
        (Type::Reference, Some(Kind::StringValue(text))) => Kind::ReferenceValue(text).into(),
        (Type::String, Some(Kind::DateTimeValue(text) | Kind::ReferenceValue(text))) => Kind::StringValue(text).into(),
        (Type::Complex, Some(Kind::ComplexValue(mut map))) => {
            names(&mut map, &definition.sub, leniency, used);
            Kind::ComplexValue(map).into()
        }
        (Type::Complex, Some(Kind::StringValue(text))) if leniency.text_for_value && !text.is_empty() => match definition.part("value") {
            Some(part) => {
                used.text_for_value += 1;
                let value = Some(one(Kind::StringValue(text).into(), part, leniency, used));
                Kind::ComplexValue(AttributeMap { entries: vec![Entry { name: part.name.clone(), value }] }).into()
            }
            None => Kind::StringValue(text).into(),
        },
        (_, kind) => AttributeValue { kind },
    }
}

/// The same for every attribute of an object; what is not defined is left as it is.
pub(super) fn names(map: &mut AttributeMap, definitions: &[Arc<Definition>], leniency: Leniency, used: &mut Tolerated) {
    for entry in &mut map.entries {
        if let Some(definition) = super::find(definitions, &entry.name) {
            entry.name.clone_from(&definition.name);
            entry.value = entry.value.take().map(|value| fit(value, definition, false, leniency, used));
        }
    }
}

impl Target {
    /// Refuses a value of another shape than its schema has, in the words that a document gets: what applies a PATCH
    /// forgives more. It is for values that were brought into their form as far as they may be.
    ///
    /// # Errors
    /// `INVALID_VALUE` naming the attribute.
    pub fn check_shape(&self, value: &AttributeValue, path: &str) -> Result<()> {
        let element = self.filter.is_some() && self.part.is_none();
        match (self.definition(), &self.path.tail, &value.kind) {
            (Some(definition), ..) => admit::shape_of(value, definition, element, path),
            (None, Some(Tail::Custom(Custom { extension: Some(extension), .. })), Some(Kind::ComplexValue(map))) => {
                admit::shapes(&extension.attributes, map, &format!("{}:", extension.urn))
            }
            _ => Ok(()),
        }
    }

    /// What no client writes that it aims at, or aims below.
    pub fn read_only(&self) -> Option<&str> {
        let core = self.path.steps.iter().chain(&self.sub).find(|step| !step.attribute.writable()).map(|step| step.attribute.name);
        core.or_else(|| self.path.definition().filter(|d| !d.writable()).map(|d| d.name.as_str()))
    }

    /// Whether a key in the value of a whole registered extension is an attribute that no client writes.
    pub fn is_read_only_key(&self, name: &str) -> bool {
        match &self.path.tail {
            Some(Tail::Custom(Custom { extension: Some(extension), steps })) if steps.is_empty() => {
                extension.attribute(name).is_some_and(|attribute| !attribute.writable())
            }
            _ => false,
        }
    }
}
