//! A creating write in two steps, where writes name each other in a circle: first without what is not there yet.

use crate::{
    api::v1::{
        AttributeMap, Manager, MemberDelta, ModifyGroupMembersRequest, PatchOperation, PatchUserRequest, PrincipalRef, User,
        attribute_map::Entry, attribute_value::Kind, member_delta::Action, mutation::Write, patch_operation::Op, principal_ref::Principal,
    },
    attributes::table::ENTERPRISE_URN,
};
use std::collections::BTreeSet;

/// What a resource was created without.
pub(super) enum Rest {
    /// Members of a group.
    Members(Vec<PrincipalRef>),
    /// The manager of a user.
    Manager(Manager),
}

impl Rest {
    /// Takes out of a write what names one of these ids.
    pub(super) fn take(write: &mut Write, ids: &BTreeSet<&str>) -> Option<Rest> {
        match write {
            Write::CreateGroup(request) => {
                let (later, now) = std::mem::take(&mut request.members).into_iter().partition(|member| is_one(member, ids));
                request.members = now;
                Some(Rest::Members(later))
            }
            Write::CreateUser(request) => request.user.as_mut()?.enterprise.as_mut()?.manager.take().map(Rest::Manager),
            _ => None,
        }
    }

    /// The write that adds it to the resource.
    pub(super) fn write(self, id: &str) -> Write {
        match self {
            Rest::Members(members) => {
                let add = |member| MemberDelta { action: Action::Add as i32, member: Some(member) };
                let deltas = members.into_iter().map(add).collect();
                Write::ModifyGroupMembers(ModifyGroupMembersRequest { group_id: id.to_owned(), deltas, ..Default::default() })
            }
            Rest::Manager(manager) => {
                let parts = [("value", manager.value), ("$ref", manager.r#ref)];
                let entry = |(name, text): (&str, Option<String>)| {
                    Some(Entry { name: name.to_owned(), value: Some(Kind::StringValue(text?).into()) })
                };
                let value = Kind::ComplexValue(AttributeMap { entries: parts.into_iter().filter_map(entry).collect() }).into();
                let path = format!("{ENTERPRISE_URN}:manager");
                let operations = vec![PatchOperation { op: Op::Add as i32, path, value: Some(value), ..Default::default() }];
                Write::PatchUser(PatchUserRequest { user_id: id.to_owned(), operations, ..Default::default() })
            }
        }
    }
}

/// The id that a user's manager is named by.
pub(super) fn manager(user: &User) -> Option<&String> {
    user.enterprise.as_ref()?.manager.as_ref()?.value.as_ref()
}

fn is_one(member: &PrincipalRef, ids: &BTreeSet<&str>) -> bool {
    matches!(&member.principal, Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::AnyId(id)) if ids.contains(id.as_str()))
}
