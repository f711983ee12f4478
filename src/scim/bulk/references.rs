//! `bulkId:…` becomes `temp:…`: how one operation names what another one makes, in either language.
//!
//! A name counts where references stand: ids in paths, members, managers, and the values of extensions and of PATCH. Text of
//! those places that begins with `temp:` by itself is marked as text.

use super::{super::error::Refusal, envelope::Given};
use crate::api::v1::{
    AttributeMap, AttributeValue, PatchOperation, PrincipalRef, User, attribute_value::Kind, mutation::Write, principal_ref::Principal,
};
use std::collections::BTreeMap;

const BULK: &str = "bulkId:";
const TEMP: &str = "temp:";

/// The `temp_id` of an operation, counted from 0.
pub(super) fn temp_id(index: usize) -> String {
    format!("bulk-{index}")
}

/// The name of the operation that makes what an id names.
pub(super) fn bulk_id(id: &str) -> Option<&str> {
    id.strip_prefix(BULK)
}

/// The operations by their names.
pub(super) struct Names(BTreeMap<String, usize>);

impl Names {
    /// Collects them. What is no text is refused where the operation is read.
    ///
    /// # Errors
    /// 400 if two operations have one name: whoever names it could mean either.
    pub(super) fn of(operations: &[Given<'_>]) -> Result<Names, Refusal> {
        let mut names = BTreeMap::new();
        for (index, given) in operations.iter().enumerate() {
            let name = given.bulk_id.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
            if let Some(name) = name.filter(|name| !name.is_empty())
                && names.insert(name, index).is_some()
            {
                return Err(Refusal::syntax("Two operations have the same bulkId."));
            }
        }
        Ok(Names(names))
    }

    /// Puts the directory's words in the places of SCIM's.
    ///
    /// # Errors
    /// 400 `invalidValue` for a name that no operation has.
    pub(super) fn resolve(&self, write: &mut Write) -> Result<(), Refusal> {
        match write {
            Write::CreateUser(request) => self.user(request.user.as_mut()),
            Write::ReplaceUser(request) => {
                self.user(request.user.as_mut())?;
                request.user.as_mut().map_or(Ok(()), |user| self.text(&mut user.id))
            }
            Write::PatchUser(request) => {
                self.text(&mut request.user_id)?;
                self.operations(&mut request.operations)
            }
            Write::DeleteUser(request) => self.text(&mut request.user_id),
            Write::CreateGroup(request) => self.members(&mut request.members),
            Write::ReplaceGroup(request) => {
                self.text(&mut request.group_id)?;
                self.members(&mut request.members)
            }
            Write::PatchGroup(request) => {
                self.text(&mut request.group_id)?;
                self.operations(&mut request.operations)
            }
            Write::DeleteGroup(request) => self.text(&mut request.group_id),
            Write::ModifyGroupMembers(request) => self.text(&mut request.group_id),
        }
    }

    fn temp(&self, name: &str) -> Result<String, Refusal> {
        let index = self.0.get(name).ok_or_else(|| Refusal::value("A bulkId is named that no operation of the request has."))?;
        Ok(format!("{TEMP}{}", temp_id(*index)))
    }

    /// `bulkId:x`, or a URL that ends with it.
    fn text(&self, text: &mut String) -> Result<(), Refusal> {
        if let Some(name) = text.strip_prefix(BULK) {
            *text = self.temp(name)?;
        } else if let Some((url, name)) = text.split_once("/bulkId:") {
            *text = format!("{url}/{}", self.temp(name)?);
        } else if let Some(rest) = text.strip_prefix(TEMP) {
            *text = format!("{TEMP}:{rest}");
        }
        Ok(())
    }

    fn optional(&self, text: &mut Option<String>) -> Result<(), Refusal> {
        text.as_mut().map_or(Ok(()), |text| self.text(text))
    }

    fn members(&self, members: &mut [PrincipalRef]) -> Result<(), Refusal> {
        for member in members {
            match member.principal.as_mut() {
                Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::AnyId(id) | Principal::ServiceAccountId(id)) => {
                    self.text(id)?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn user(&self, user: Option<&mut User>) -> Result<(), Refusal> {
        let Some(user) = user else { return Ok(()) };
        if let Some(enterprise) = user.enterprise.as_mut() {
            if let Some(manager) = enterprise.manager.as_mut() {
                self.optional(&mut manager.value)?;
                self.optional(&mut manager.r#ref)?;
            }
            enterprise.extra.as_mut().map_or(Ok(()), |map| self.map(map))?;
        }
        user.extensions.values_mut().try_for_each(|map| self.map(map))
    }

    fn operations(&self, operations: &mut [PatchOperation]) -> Result<(), Refusal> {
        for operation in operations {
            if let Some(value) = operation.value.as_mut() {
                self.value(value)?;
            }
            self.path(&mut operation.path)?;
        }
        Ok(())
    }

    /// In a path a name stands in a value filter, as a quoted literal.
    fn path(&self, path: &mut String) -> Result<(), Refusal> {
        let mut out = String::with_capacity(path.len());
        let mut rest = path.as_str();
        while let Some((before, named)) = rest.split_once("\"bulkId:") {
            let (name, after) = named.split_once('"').ok_or_else(|| Refusal::bad("invalidPath", "A literal of the path has no end."))?;
            out.push_str(before);
            out.push('"');
            out.push_str(&self.temp(name)?);
            out.push('"');
            rest = after;
        }
        out.push_str(rest);
        *path = out;
        Ok(())
    }

    fn map(&self, map: &mut AttributeMap) -> Result<(), Refusal> {
        map.entries.iter_mut().filter_map(|entry| entry.value.as_mut()).try_for_each(|value| self.value(value))
    }

    /// The depth is bounded where values are read.
    fn value(&self, value: &mut AttributeValue) -> Result<(), Refusal> {
        match value.kind.as_mut() {
            Some(Kind::StringValue(text) | Kind::ReferenceValue(text)) => self.text(text),
            Some(Kind::ComplexValue(map)) => self.map(map),
            Some(Kind::ListValue(list)) => list.values.iter_mut().try_for_each(|value| self.value(value)),
            _ => Ok(()),
        }
    }
}
