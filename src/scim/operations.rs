//! From the operations a client sent to clean ones: canonical `op`, a path that is understood, a value of the attribute's
//! own type. What is tolerated on the way is a row of [`profiles`](super::profiles); the engine behind sees none of it.

use super::{
    document::clip,
    error::Refusal,
    literals,
    profiles::{Leeway, Tolerance as T},
    schemas,
    values::{fit, is_nothing, read_only, unknown},
};
use crate::{
    api::v1::{
        AttributeList, AttributeMap, AttributeValue, PatchOperation, attribute_map::Entry, attribute_value::Kind,
        connection::UnknownAttributes, patch_operation::Op,
    },
    attributes::{
        ResourceType, Schemas,
        path::Target,
        row::{Attribute, Kind as Type, Place},
        table::ENTERPRISE_URN,
    },
};
use std::collections::BTreeMap;

/// One operation as it was sent; absent and null are told apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// `op`
    pub op: Option<AttributeValue>,
    /// `path`
    pub path: Option<AttributeValue>,
    /// `value`
    pub value: Option<AttributeValue>,
}

/// What operations are read by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The resource they are for.
    pub kind: ResourceType,
    /// The connection's tolerances.
    pub leeway: Leeway<'a>,
    /// What becomes of attributes no schema knows.
    pub unknown: UnknownAttributes,
    /// What the organization has registered.
    pub schemas: &'a Schemas,
}

/// Cleans operations. There may be fewer than were sent, if some change nothing, or more, if one without a path
/// holds several attributes.
///
/// # Errors
/// 400, naming the operation: `invalidSyntax`, `invalidPath`, `invalidValue`, `noTarget`.
pub fn clean(rules: &Rules<'_>, given: Vec<Given>) -> Result<Vec<PatchOperation>, Refusal> {
    let mut out = Vec::with_capacity(given.len());
    for (index, operation) in given.into_iter().enumerate() {
        rules.one(operation, &mut out).map_err(|refusal| refusal.in_operation(index))?;
    }
    Ok(out)
}

impl Rules<'_> {
    fn one(&self, given: Given, out: &mut Vec<PatchOperation>) -> Result<(), Refusal> {
        let op = self.op(given.op.as_ref())?;
        let path = match given.path.and_then(|path| path.kind) {
            None | Some(Kind::NullValue(_)) => String::new(),
            Some(Kind::StringValue(path)) if path.trim().is_empty() && !self.leeway.takes(T::EmptyIsAbsent) => {
                return Err(Refusal::bad("invalidPath", "path is empty: leave it out, or name an attribute."));
            }
            Some(Kind::StringValue(path)) if path.trim().is_empty() => String::new(),
            Some(Kind::StringValue(path)) => path,
            Some(_) => return Err(Refusal::syntax("path is no text.")),
        };
        if !path.is_empty() {
            let (path, target) = self.target(&path)?;
            if self.drops(&target) {
                return Ok(());
            }
            return self.aimed(op, path, &target, given.value, out);
        }
        match (op, given.value.and_then(|value| value.kind)) {
            (Op::Remove, _) => Err(Refusal::bad("noTarget", "A remove needs a path.")),
            (_, Some(Kind::ComplexValue(attributes))) => self.gathered(op, attributes, out),
            (_, None) => Err(Refusal::value("value is required.")),
            _ => Err(Refusal::value("Without a path the value is an object of attributes.")),
        }
    }

    fn op(&self, given: Option<&AttributeValue>) -> Result<Op, Refusal> {
        let Some(Kind::StringValue(text)) = given.and_then(|op| op.kind.as_ref()) else {
            return Err(Refusal::syntax("op is required: add, remove or replace."));
        };
        let lower = if self.leeway.has(T::CapitalOp) { text.to_ascii_lowercase() } else { text.clone() };
        let op = match lower.as_str() {
            "add" => Op::Add,
            "remove" => Op::Remove,
            "replace" => Op::Replace,
            _ => return Err(Refusal::syntax(format!("{} is no op: add, remove or replace.", clip(text)))),
        };
        if lower != *text {
            self.leeway.note(T::CapitalOp, 1);
        }
        Ok(op)
    }

    /// Understands a path, after what is tolerated in its spelling.
    fn target(&self, path: &str) -> Result<(String, Target), Refusal> {
        let mut path = path.to_owned();
        if let Some((urn, rest)) = path.split_at_checked(ENTERPRISE_URN.len())
            && urn.eq_ignore_ascii_case(ENTERPRISE_URN)
            && let Some(name) = rest.strip_prefix('.')
            && self.leeway.takes(T::DottedUrn)
        {
            path = format!("{urn}:{name}");
        }
        if self.leeway.has(T::TextBooleans) {
            let (unquoted, times) = literals::unquote_booleans(|path| self.is_boolean(path, false), &path);
            self.leeway.note(T::TextBooleans, times);
            path = unquoted;
        }
        let target = Target::parse_in(self.kind, self.schemas, &path, &BTreeMap::new())?;
        if !target.is_known() && !self.ignores_unknown() {
            return Err(Refusal::bad("invalidPath", format!("No attribute is called {}.", clip(&path))));
        }
        Ok((path, target))
    }

    /// An operation with a path.
    fn aimed(
        &self,
        op: Op,
        path: String,
        target: &Target,
        value: Option<AttributeValue>,
        out: &mut Vec<PatchOperation>,
    ) -> Result<(), Refusal> {
        // To announce a schema changes nothing: what a resource has follows from its attributes.
        if let Some(name) = target.read_only().filter(|name| !(op == Op::Add && *name == "schemas")) {
            return Err(read_only(name));
        }
        let attribute = target.attribute();
        let element = target.has_filter();
        let registered = target.definition();
        let list = !element && (attribute.is_some_and(|a| a.multi_valued) || registered.is_some_and(|d| d.multi_valued));
        let required = attribute.is_some_and(|a| a.required) || registered.is_some_and(|d| d.required);
        if let Some(value) = &value {
            target.admits(op, value, &path, self.leeway.has(T::EmptyIsAbsent))?;
        }
        let was_empty = value.as_ref().is_some_and(is_empty);
        let value = match (value, attribute) {
            (Some(value), Some(attribute)) => Some(fit(self, value, attribute, element)?),
            (Some(value), None) if target.is_known() => Some(schemas::fit(self, target, value, &path)?),
            (value, _) => value,
        };
        if !was_empty && value.as_ref().is_some_and(is_empty) {
            // All of it was ignored. A removal of that would name nothing.
            return if op == Op::Remove { Err(Refusal::value("A remove of nothing: name what goes by its path.")) } else { Ok(()) };
        }
        let mut push = |op: Op, path: String, value: Option<AttributeValue>| {
            out.push(PatchOperation { op: op as i32, path, value, parameters: BTreeMap::new() });
        };
        match (op, value) {
            (Op::Remove, Some(value)) if list && !is_null(&value) => {
                // The values name what goes (Entra, JumpCloud, Rauthy); an empty list names nobody, and is never "all".
                if !self.leeway.takes(T::RemoveByValue) {
                    return Err(Refusal::value("A remove has no value: name what goes by a filter."));
                }
                if !is_empty_list(&value) {
                    push(op, path, Some(value));
                }
            }
            (Op::Remove, Some(value)) if !self.unsets(&value, attribute) => {
                // Elsewhere it says what the client believes is there: that goes, and nothing else does.
                if !self.leeway.takes(T::RemoveByValue) {
                    return Err(Refusal::value("A remove has no value: its path names what goes."));
                }
                push(op, path, Some(value));
            }
            (Op::Remove, _) => push(op, path, None),
            (Op::Add, None) if element && self.leeway.has(T::AddByFilter) => match literals::sole_value(&path, "members") {
                Some(id) => {
                    self.leeway.note(T::AddByFilter, 1);
                    push(op, "members".to_owned(), Some(list_of(object_of("value", id))));
                }
                None => return Err(Refusal::value("value is required.")),
            },
            (_, None) => return Err(Refusal::value("value is required.")),
            // The empty text is neither true nor false, and no profile takes it for either.
            (_, Some(AttributeValue { kind: Some(Kind::StringValue(text)) }))
                if text.is_empty() && attribute.is_some_and(|a| a.kind == Type::Boolean) =>
            {
                return Err(Refusal::value(format!("{path} is true or false.")));
            }
            (_, Some(value)) if self.unsets(&value, attribute) => match (op, list) {
                // Adding nothing to a list changes nothing; replacing by an empty list leaves an empty one.
                (Op::Add, true) => {}
                (_, true) => push(Op::Replace, path, Some(Kind::ListValue(AttributeList::default()).into())),
                _ if required => push(op, path, Some(value)),
                _ => push(Op::Remove, path, None),
            },
            // Only a part of an element can be made: a whole element is given as itself, by add.
            (Op::Replace, Some(value)) if element && !path.ends_with(']') && self.leeway.takes(T::CreateOnAbsent) => {
                push(Op::Add, path, Some(value));
            }
            (op, Some(value)) => push(op, path, Some(value)),
        }
        Ok(())
    }

    /// An operation without a path: each attribute of its value is an operation of its own.
    fn gathered(&self, op: Op, attributes: AttributeMap, out: &mut Vec<PatchOperation>) -> Result<(), Refusal> {
        for Entry { name, value } in attributes.entries {
            let (path, target) = match self.target(name.trim()) {
                Ok(found) => found,
                // A name with a filter in it is a path: it is understood or refused.
                Err(_) if !name.contains('[') && self.ignores_unknown() => continue,
                Err(refusal) if self.is_path(name.trim()) => return Err(refusal),
                // As in a document.
                Err(_) => return Err(unknown(&name)),
            };
            if (target.read_only().is_some() && self.leeway.takes(T::ReadOnlyKeys)) || self.drops(&target) {
                continue;
            }
            if self.is_path(name.trim()) && !self.leeway.takes(T::PathKeys) {
                return Err(Refusal::syntax(format!("{} is a path: give it as the operation's path.", clip(&name))));
            }
            self.aimed(op, path, &target, value.or_else(|| Some(AttributeValue::default())), out)?;
        }
        Ok(())
    }

    /// Whether a value takes away what is there. An empty text never empties a group, and an empty object nothing at all.
    fn unsets(&self, value: &AttributeValue, attribute: Option<&Attribute>) -> bool {
        let is_text = matches!(value.kind, Some(Kind::StringValue(_))) && !attribute.is_some_and(|a| a.place == Place::Members);
        is_null(value) || is_empty_list(value) || (is_text && is_nothing(value) && self.leeway.takes(T::EmptyIsAbsent))
    }

    /// Whether a key in the value of an operation without a path is more than an attribute's name or an extension's URN.
    fn is_path(&self, key: &str) -> bool {
        let below = |urn: &str| {
            let rest = key.split_at_checked(urn.len()).filter(|(head, _)| head.eq_ignore_ascii_case(urn)).map(|(_, rest)| rest);
            rest.is_some_and(|rest| !rest.is_empty())
        };
        let is_urn = key.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
        key.contains('[') || if is_urn { below(ENTERPRISE_URN) || below(self.kind.schema()) } else { key.contains('.') }
    }

    /// Whether what no schema knows is dropped, here a part of an extension.
    fn drops(&self, target: &Target) -> bool {
        self.unknown == UnknownAttributes::Ignore && !target.is_known()
    }

    fn ignores_unknown(&self) -> bool {
        self.unknown != UnknownAttributes::Reject
    }
}

fn is_null(value: &AttributeValue) -> bool {
    matches!(value.kind, None | Some(Kind::NullValue(_)))
}

fn is_empty_list(value: &AttributeValue) -> bool {
    matches!(&value.kind, Some(Kind::ListValue(list)) if list.values.is_empty())
}

/// Whether it is an object without attributes.
fn is_empty(value: &AttributeValue) -> bool {
    matches!(&value.kind, Some(Kind::ComplexValue(map)) if map.entries.is_empty())
}

fn object_of(name: &str, text: String) -> AttributeValue {
    let entry = Entry { name: name.to_owned(), value: Some(Kind::StringValue(text).into()) };
    Kind::ComplexValue(AttributeMap { entries: vec![entry] }).into()
}

fn list_of(value: AttributeValue) -> AttributeValue {
    Kind::ListValue(AttributeList { values: vec![value] }).into()
}
