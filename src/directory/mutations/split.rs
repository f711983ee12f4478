//! A group that is created in two steps, where writes name each other in a circle: first without the members that are not
//! there yet.

use crate::api::v1::{
    MemberDelta, ModifyGroupMembersRequest, PrincipalRef, member_delta::Action, mutation::Write, principal_ref::Principal,
};
use std::collections::BTreeSet;

/// Takes those members out of a write that are not there yet.
pub(super) fn take(write: &mut Write, ids: &BTreeSet<&str>) -> Vec<PrincipalRef> {
    let Write::CreateGroup(request) = write else { return Vec::new() };
    let (later, now) = std::mem::take(&mut request.members).into_iter().partition(|member| is_one(member, ids));
    request.members = now;
    later
}

/// The write that adds them to the group.
pub(super) fn joining(members: Vec<PrincipalRef>, id: &str) -> Write {
    let add = |member| MemberDelta { action: Action::Add as i32, member: Some(member) };
    let deltas = members.into_iter().map(add).collect();
    Write::ModifyGroupMembers(ModifyGroupMembersRequest { group_id: id.to_owned(), deltas, ..Default::default() })
}

fn is_one(member: &PrincipalRef, ids: &BTreeSet<&str>) -> bool {
    matches!(&member.principal, Some(Principal::UserId(id) | Principal::GroupId(id) | Principal::AnyId(id)) if ids.contains(id.as_str()))
}
