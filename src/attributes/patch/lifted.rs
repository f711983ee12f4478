//! Operations on what is no part of the message: a password, and a group's edges.

use super::{MemberEdit, Patch, read};
use crate::api::v1::{AttributeValue, PrincipalRef, attribute_value::Kind, patch_operation::Op, principal_ref::Principal};
use crate::attributes::access::Slot;
use crate::attributes::error::{AttributeError, Result};
use crate::attributes::parse::Leniency;
use crate::attributes::path::Target;
use crate::attributes::read::State;
use crate::attributes::read_members::Members;
use crate::attributes::read_value::Value;
use crate::attributes::row::Attribute;
use crate::attributes::spoken::spoken;
use crate::attributes::value::In;
use crate::limits;
use serde::de::DeserializeSeed as _;

impl Patch<'_> {
    pub(super) fn password(&mut self, op: Op, attribute: &'static Attribute, value: Option<&AttributeValue>) -> Result<()> {
        let mut password = None;
        if let Some(value) = value.filter(|_| op != Op::Remove) {
            let mut state = State::new(self.cx, Leniency::patch());
            read(Value { attribute, slot: Slot::OptText(&mut password), state: &mut state, in_list: false }, value)?;
        } else if op != Op::Remove {
            return Err(AttributeError::value("password", "value is required."));
        }
        self.done.password_removed = password.is_none();
        self.done.password = password;
        Ok(())
    }

    pub(super) fn edges(
        &mut self,
        op: Op,
        target: &Target,
        attribute: &'static Attribute,
        path: &str,
        value: Option<&AttributeValue>,
    ) -> Result<()> {
        if target.path.steps.len() > 1 || target.sub.is_some() || (target.members.is_some() && op == Op::Replace) {
            return Err(AttributeError::mutability(path, "Members are added and removed; what they are is not changed."));
        }
        // Whoever means nobody says so: an empty list, or a remove without a value.
        let is_null = value.is_none_or(|v| matches!(v.kind, Some(Kind::NullValue(_))));
        let any = |id: &String| PrincipalRef { principal: Some(Principal::AnyId(id.clone())) };
        let edit = match (op, &target.members) {
            (Op::Remove, Some(ids)) => {
                // A value beside it says what the client believes is there: that goes, and nobody else does.
                let named = if is_null { None } else { Some(self.named(attribute, path, value)?) };
                MemberEdit::Remove(ids.iter().filter(|id| named.as_ref().is_none_or(|named| named.contains(id))).cloned().collect())
            }
            // Some clients add by naming the member in the path; a value beside it says the same.
            (_, Some(ids)) => {
                let named = if value.is_none() { ids.clone() } else { self.named(attribute, path, value)? };
                if named.is_empty() || !named.iter().all(|id| ids.contains(id)) || !ids.iter().all(|id| named.contains(id)) {
                    return Err(AttributeError::value(path, "The value is not the member that the path names."));
                }
                MemberEdit::Add(ids.iter().map(any).collect())
            }
            (Op::Remove, None) if is_null => MemberEdit::Clear,
            (_, None) if value.is_none() => return Err(AttributeError::value(path, "value is required.")),
            (_, None) => {
                let given = self.given(attribute, path, value)?;
                match op {
                    Op::Remove => MemberEdit::Remove(given.into_iter().filter_map(id).collect()),
                    Op::Replace if given.is_empty() => MemberEdit::Clear,
                    Op::Replace => MemberEdit::Replace(given),
                    _ => MemberEdit::Add(given),
                }
            }
        };
        self.members_named += match &edit {
            MemberEdit::Add(members) | MemberEdit::Replace(members) => members.len(),
            MemberEdit::Remove(ids) => ids.len(),
            MemberEdit::Clear => 0,
        };
        if self.members_named > limits::MEMBERS_PER_REQUEST {
            return Err(AttributeError::too_large("members", limits::MEMBERS_PER_REQUEST, "members"));
        }
        if !matches!(&edit, MemberEdit::Add(m) if m.is_empty()) && !matches!(&edit, MemberEdit::Remove(ids) if ids.is_empty()) {
            self.members.push(edit);
        }
        Ok(())
    }

    /// The members that a value names.
    fn given(&self, attribute: &'static Attribute, path: &str, value: Option<&AttributeValue>) -> Result<Vec<PrincipalRef>> {
        let mut state = State::new(self.cx, Leniency::patch());
        let read = value.map_or(Ok(()), |value| Members { attribute, state: &mut state }.deserialize(In(value)));
        match read {
            Ok(()) => Ok(state.members.unwrap_or_default()),
            Err(error) => Err(state.refused().unwrap_or_else(|| AttributeError::value(path, format!("{path}: {}.", spoken(&error))))),
        }
    }

    fn named(&self, attribute: &'static Attribute, path: &str, value: Option<&AttributeValue>) -> Result<Vec<String>> {
        Ok(self.given(attribute, path, value)?.into_iter().filter_map(id).collect())
    }
}

fn id(member: PrincipalRef) -> Option<String> {
    member.principal.map(|p| match p {
        Principal::UserId(id) | Principal::GroupId(id) | Principal::ServiceAccountId(id) | Principal::AnyId(id) => id,
    })
}
