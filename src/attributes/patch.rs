//! RFC 7644 section 3.5.2: ordered operations, all or none.

mod lifted;

use super::access::{Slot, View};
use super::canon::settle;
use super::custom::{self, Schemas};
use super::error::{AttributeError, Result};
use super::parse::Leniency;
use super::path::{Path, Step, Tail, Target};
use super::read::State;
use super::read_value::{Value, clear};
use super::row::{Attribute, Place};
use super::spoken::spoken;
use super::value::{In, unassigns};
use super::{Context, ResourceType, patch_list, patch_open, take};
use crate::api::v1::{AttributeValue, Group, PatchOperation, PrincipalRef, User, attribute_value::Kind, patch_operation::Op};
use crate::limits;
use serde::de::DeserializeSeed as _;
use std::any::Any;

/// What a patch does to a group's edges, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberEdit {
    /// These join; who is in already stays.
    Add(Vec<PrincipalRef>),
    /// These ids leave; who is not in is no error.
    Remove(Vec<String>),
    /// All leave.
    Clear,
    /// These, and nobody else.
    Replace(Vec<PrincipalRef>),
}

/// What a patch did beside changing the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patched {
    /// Whether the message differs from before.
    pub changed: bool,
    /// A new clear-text password.
    pub password: Option<String>,
    /// The password was taken away.
    pub password_removed: bool,
    /// Names in values without a path that no attribute has; they were ignored. At most 64 per operation.
    pub unknown: Vec<String>,
}

/// Applies the operations to a user; on an error the user is as before.
///
/// Adding what is there, removing what is not and replacing by what is there change nothing. An object given to a
/// complex attribute sets its sub-attributes and leaves the others. `null`, `[]` and `""` mean no value.
///
/// # Errors
/// With the index of the operation: `INVALID_PATH`, `INVALID_VALUE`, `INVALID_SYNTAX`, `MUTABILITY`, `NO_TARGET`;
/// `TOO_LARGE` over [`limits::PATCH_OPERATIONS`].
pub fn patch_user(user: &mut User, operations: &[PatchOperation], cx: &Context<'_>) -> Result<Patched> {
    patch_user_in(user, operations, cx, &Schemas::none())
}

/// The same where an organization may have registered schemas; the types of their attributes are judged at the border.
///
/// # Errors
/// As [`patch_user`].
pub fn patch_user_in(user: &mut User, operations: &[PatchOperation], cx: &Context<'_>, schemas: &Schemas) -> Result<Patched> {
    let mut work = user.clone();
    let mut patch = Patch::apply(ResourceType::User, &mut work, operations, cx, schemas)?;
    patch.done.changed = work != *user;
    *user = work;
    Ok(patch.done)
}

/// Applies the operations to a group; those on `members` come back as edits of its edges.
///
/// # Errors
/// As [`patch_user`]; `TOO_LARGE` also over [`limits::MEMBERS_PER_REQUEST`].
pub fn patch_group(group: &mut Group, operations: &[PatchOperation], cx: &Context<'_>) -> Result<(Patched, Vec<MemberEdit>)> {
    patch_group_in(group, operations, cx, &Schemas::none())
}

/// The same where an organization may have registered schemas; the types of their attributes are judged at the border.
///
/// # Errors
/// As [`patch_group`].
pub fn patch_group_in(
    group: &mut Group,
    operations: &[PatchOperation],
    cx: &Context<'_>,
    schemas: &Schemas,
) -> Result<(Patched, Vec<MemberEdit>)> {
    let mut work = group.clone();
    let mut patch = Patch::apply(ResourceType::Group, &mut work, operations, cx, schemas)?;
    patch.done.changed = work != *group;
    *group = work;
    Ok((patch.done, patch.members))
}

struct Patch<'c> {
    kind: ResourceType,
    cx: Context<'c>,
    schemas: &'c Schemas,
    done: Patched,
    members: Vec<MemberEdit>,
    members_named: usize,
}

impl<'c> Patch<'c> {
    fn apply(
        kind: ResourceType,
        object: &mut dyn Any,
        operations: &[PatchOperation],
        cx: &Context<'c>,
        schemas: &'c Schemas,
    ) -> Result<Self> {
        if operations.len() > limits::PATCH_OPERATIONS {
            return Err(AttributeError::too_large("operations", limits::PATCH_OPERATIONS, "operations"));
        }
        let mut patch = Patch { kind, cx: *cx, schemas, done: Patched::default(), members: Vec::new(), members_named: 0 };
        for (index, operation) in operations.iter().enumerate() {
            patch.operation(object, operation).map_err(|e| e.in_operation(index))?;
        }
        settle(kind.table(), object);
        Ok(patch)
    }

    fn operation(&mut self, object: &mut dyn Any, operation: &PatchOperation) -> Result<()> {
        let (op, value) = (operation.op(), operation.value.as_ref());
        match (op, operation.path.as_str()) {
            (Op::Unspecified, _) => Err(AttributeError::syntax("op", "op is required: add, remove or replace.")),
            (Op::Remove, "") => Err(AttributeError::no_target("", "A remove needs a path.")),
            (_, "") => self.gathered(object, op, value),
            (_, path) => {
                let target = Target::parse_in(self.kind, self.schemas, path, &operation.parameters)?;
                self.aimed(object, op, &target, path, value)
            }
        }
    }

    /// Without a path: each member of the object is an operation of its own. What the server owns is ignored, since
    /// clients send back what they were given.
    fn gathered(&mut self, object: &mut dyn Any, op: Op, value: Option<&AttributeValue>) -> Result<()> {
        let Some(Kind::ComplexValue(map)) = value.and_then(|v| v.kind.as_ref()) else {
            return Err(AttributeError::value("value", "Without a path the value is an object of attributes."));
        };
        for entry in &map.entries {
            let target = match Target::parse_in(self.kind, self.schemas, &entry.name, &std::collections::BTreeMap::new()) {
                Ok(target) => target,
                // A name with a filter in it is a path: it is understood or refused.
                Err(error) if entry.name.contains('[') => return Err(error),
                Err(_) => {
                    self.done.unknown.push(entry.name.chars().take(255).collect());
                    continue;
                }
            };
            if target.read_only().is_none() {
                self.aimed(object, op, &target, &entry.name, entry.value.as_ref().or(Some(&AttributeValue::default())))?;
            }
        }
        Ok(())
    }

    fn aimed(&mut self, object: &mut dyn Any, op: Op, target: &Target, path: &str, value: Option<&AttributeValue>) -> Result<()> {
        let steps = &target.path.steps;
        let value = value.filter(|v| v.kind.is_some());
        if let Some(value) = value {
            target.admits(op, value, path, true)?;
        }
        match steps.first().map(|s| (s.attribute.place, s.attribute)) {
            Some((Place::Password, attribute)) => return self.password(op, attribute, value),
            Some((Place::Members, attribute)) => return self.edges(op, target, attribute, path, value),
            // Derived from what the resource has: to announce an extension before its values come changes nothing. What is there
            // goes with its values alone.
            Some((Place::Computed, attribute)) if attribute.name == "schemas" && op == Op::Add => {
                return if value.is_some_and(are_texts) { Ok(()) } else { Err(AttributeError::value(path, "schemas is a list of URNs.")) };
            }
            _ => {}
        }
        if let Some(name) = target.read_only() {
            return Err(AttributeError::mutability(path, format!("{name} is read-only.")));
        }
        if op != Op::Remove && value.is_none() {
            return Err(AttributeError::value(path, "value is required."));
        }
        let aim = Aim { op, value, path, cx: self.cx };
        if let Some(Tail::Custom(custom)) = &target.path.tail {
            return custom::patch::apply(self.kind, object, custom, target, &aim);
        }
        if let Some(tail) = &target.path.tail {
            return patch_open::apply(self.kind, object, &target.path, tail, &aim);
        }
        let unknown = aim.at(object, &target.path, target)?;
        self.done.unknown.extend(unknown);
        Ok(())
    }
}

/// Whether a value is a text or a list of texts.
fn are_texts(value: &AttributeValue) -> bool {
    match &value.kind {
        Some(Kind::StringValue(_) | Kind::ReferenceValue(_)) => true,
        Some(Kind::ListValue(list)) => list.values.iter().all(|v| matches!(v.kind, Some(Kind::StringValue(_) | Kind::ReferenceValue(_)))),
        _ => false,
    }
}

/// Reads a value into a slot; answers with the names that no attribute has.
pub(super) fn read(target: Value<'_, '_>, value: &AttributeValue) -> Result<()> {
    let Value { attribute, slot, state, in_list } = target;
    match (Value { attribute, slot, state: &mut *state, in_list }).deserialize(In(value)) {
        Ok(()) => Ok(()),
        Err(error) => Err(state
            .refused()
            .unwrap_or_else(|| AttributeError::value(attribute.name, format!("{}: {}.", attribute.name, spoken(&error))))),
    }
}

/// One operation on its way to its target.
pub(super) struct Aim<'a, 'c> {
    pub op: Op,
    pub value: Option<&'a AttributeValue>,
    pub path: &'a str,
    pub cx: Context<'c>,
}

impl<'c> Aim<'_, 'c> {
    /// A reader for values below these steps.
    pub fn state(&self, above: &[Step]) -> State<'c> {
        let mut state = State::new(self.cx, Leniency::patch()).below(above.iter().map(|s| s.attribute.name));
        // What is given stands beside what is there until the two are joined; the border has the last word.
        state.values_max *= 2;
        state.demanding = true;
        state
    }

    /// Walks down to what holds the target, and edits it there. Answers with unknown names in the value.
    fn at(&self, object: &mut dyn Any, path: &Path, target: &Target) -> Result<Vec<String>> {
        // The first list on the way is edited by its elements; what follows it is their sub-attribute.
        let list = path.steps.iter().position(|s| s.attribute.multi_valued);
        let (above, below) = path.steps.split_at(list.unwrap_or(path.steps.len().saturating_sub(1)));
        let Some((leaf, below)) = below.split_first() else { return Err(super::path::unknown(self.path)) };
        let mut object = object;
        for step in above {
            if self.op == Op::Remove && matches!(step.view(object), View::Absent) {
                return Ok(Vec::new());
            }
            object = match step.table.slot(step.row, object) {
                Slot::One(one) => one.make(),
                _ => return Err(super::path::unknown(self.path)),
            };
        }
        let mut state = self.state(above);
        match (leaf.table.slot(leaf.row, object), leaf.attribute.sub) {
            (Slot::Many(items), Some(sub)) => {
                let mut list = patch_list::List { aim: self, items, sub, attribute: leaf.attribute, state: &mut state };
                match target.filter.as_ref() {
                    None if below.is_empty() => list.whole()?,
                    filter => list.elements(filter, target.sub.as_ref().or(below.first()))?,
                }
            }
            (slot, _) => self.single(leaf.attribute, slot, &mut state)?,
        }
        Ok(state.unknown)
    }

    /// One value that is not in a list.
    pub fn single(&self, attribute: &'static Attribute, mut slot: Slot<'_>, state: &mut State<'c>) -> Result<()> {
        match (self.op, self.value) {
            (Op::Remove, _) if attribute.required => {
                Err(AttributeError::mutability(self.path, format!("{} is required: it cannot be removed.", attribute.name)))
            }
            (Op::Remove, Some(value))
                if take::named(self.value).is_some() && !take::is_named(attribute, slot.again(), value, self.path, &self.cx)? =>
            {
                Ok(())
            }
            (_, value) if self.op == Op::Remove || unassigns(value) => {
                if attribute.required {
                    return Err(AttributeError::required(attribute.name));
                }
                clear(slot, self.cx.connection);
                Ok(())
            }
            (_, Some(value)) => read(Value { attribute, slot, state, in_list: false }, value),
            (_, None) => Ok(()),
        }
    }
}
