//! `temp:…`: how one write of a request names what another one makes.

use crate::api::v1::{
    AttributeMap, AttributeValue, MemberDelta, PatchOperation, PrincipalRef, User, attribute_value::Kind, mutation::Write,
    principal_ref::Principal,
};
use std::collections::{BTreeMap, BTreeSet};

const PREFIX: &str = "temp:";

/// The ids that the request's writes will make, by the names it gives them; and what was asked for in vain.
pub(super) struct Names<'a> {
    ids: &'a BTreeMap<String, String>,
    /// The names that were used.
    pub(super) used: BTreeSet<String>,
    /// The names that no write has.
    pub(super) unknown: BTreeSet<String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(ids: &'a BTreeMap<String, String>) -> Self {
        Names { ids, used: BTreeSet::new(), unknown: BTreeSet::new() }
    }

    /// Puts the ids in the names' places.
    pub(super) fn resolve(&mut self, write: &mut Write) {
        match write {
            Write::CreateUser(request) => self.user(request.user.as_mut()),
            Write::ReplaceUser(request) => {
                self.user(request.user.as_mut());
                request.user.as_mut().into_iter().for_each(|user| self.text(&mut user.id));
            }
            Write::PatchUser(request) => {
                self.text(&mut request.user_id);
                self.operations(&mut request.operations);
            }
            Write::DeleteUser(request) => self.text(&mut request.user_id),
            Write::CreateGroup(request) => request.members.iter_mut().for_each(|m| self.principal(m)),
            Write::ReplaceGroup(request) => {
                self.text(&mut request.group_id);
                request.members.iter_mut().for_each(|m| self.principal(m));
            }
            Write::PatchGroup(request) => {
                self.text(&mut request.group_id);
                self.operations(&mut request.operations);
            }
            Write::DeleteGroup(request) => self.text(&mut request.group_id),
            Write::ModifyGroupMembers(request) => {
                self.text(&mut request.group_id);
                request.deltas.iter_mut().for_each(|delta| self.delta(delta));
            }
        }
    }

    fn text(&mut self, text: &mut String) {
        let Some(name) = text.strip_prefix(PREFIX).map(str::to_owned) else { return self.url(text) };
        if let Some(rest) = name.strip_prefix(':') {
            *text = format!("{PREFIX}{rest}");
            return;
        }
        match self.ids.get(&name) {
            Some(id) => {
                id.clone_into(text);
                self.used.insert(name);
            }
            None => {
                self.unknown.insert(name);
            }
        }
    }

    /// A URL whose last segment is a name.
    fn url(&mut self, text: &mut String) {
        let named = text.rsplit_once('/').and_then(|(url, last)| Some((url, last.strip_prefix(PREFIX)?)));
        if let Some((url, name)) = named
            && let Some(id) = self.ids.get(name)
        {
            self.used.insert(name.to_owned());
            *text = format!("{url}/{id}");
        }
    }

    fn principal(&mut self, principal: &mut PrincipalRef) {
        match principal.principal.as_mut() {
            Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::AnyId(id) | Principal::ServiceAccountId(id)) => self.text(id),
            None => {}
        }
    }

    fn delta(&mut self, delta: &mut MemberDelta) {
        delta.member.as_mut().into_iter().for_each(|member| self.principal(member));
    }

    fn user(&mut self, user: Option<&mut User>) {
        let Some(user) = user else { return };
        if let Some(enterprise) = user.enterprise.as_mut() {
            let manager = enterprise.manager.iter_mut().flat_map(|m| [m.value.as_mut(), m.r#ref.as_mut()]);
            manager.flatten().for_each(|text| self.text(text));
            enterprise.extra.as_mut().into_iter().for_each(|map| self.map(map));
        }
        user.extensions.values_mut().for_each(|map| self.map(map));
    }

    fn operations(&mut self, operations: &mut [PatchOperation]) {
        for operation in operations {
            operation.value.as_mut().into_iter().for_each(|value| self.value(value));
            // In a path a name stands in a value filter, as a quoted literal.
            for (name, id) in self.ids {
                let quoted = format!("\"{PREFIX}{name}\"");
                if operation.path.contains(&quoted) {
                    operation.path = operation.path.replace(&quoted, &format!("\"{id}\""));
                    self.used.insert(name.clone());
                }
            }
        }
    }

    fn map(&mut self, map: &mut AttributeMap) {
        map.entries.iter_mut().filter_map(|entry| entry.value.as_mut()).for_each(|value| self.value(value));
    }

    /// Values nest; the depth is bounded before anything is stored, and messages cannot be decoded beyond prost's own bound.
    fn value(&mut self, value: &mut AttributeValue) {
        let mut next = vec![value];
        while let Some(value) = next.pop() {
            match value.kind.as_mut() {
                Some(Kind::StringValue(text) | Kind::ReferenceValue(text)) => self.text(text),
                Some(Kind::ComplexValue(map)) => next.extend(map.entries.iter_mut().filter_map(|e| e.value.as_mut())),
                Some(Kind::ListValue(list)) => next.extend(list.values.iter_mut()),
                _ => {}
            }
        }
    }
}
