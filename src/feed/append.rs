//! Events as the feed keeps them: self-contained, one edge per membership change.

use crate::{
    api::v1::{
        AttributeMap, ChangeEvent, Group, GroupChange, MembershipChange, PrincipalRef, ResourceKind, Role, RoleAssignment,
        RoleAssignmentChange, RoleChange, User, UserChange,
        change_event::{Action, Detail},
        principal_ref::Principal,
        role_assignment::Source,
    },
    attributes::table::ENTERPRISE_URN,
    clock::timestamp,
    store::{GRANTEE_ACCOUNT, Grant, MEMBER_GROUP, NEVER, Work},
};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

/// A user as clients can write it: without the bookkeeping that every commit changes.
fn etag_of(meta: Option<&crate::api::v1::ResourceMeta>) -> String {
    meta.map(|m| m.etag.clone()).unwrap_or_default()
}

fn append(work: &mut Work, kind: ResourceKind, action: Action, id: &str, etag: String, changed: Vec<String>, detail: Option<Detail>) {
    let event = ChangeEvent {
        index: work.next_index(),
        kind: kind as i32,
        action: action as i32,
        resource_id: id.to_owned(),
        etag,
        changed_attributes: changed,
        detail,
    };
    work.log(kind as i32, action as i32, id, event.encode_to_vec());
}

/// What happened to a user.
pub fn user(work: &mut Work, action: Action, before: Option<&User>, after: Option<&User>, changed: Vec<String>) {
    let Some(id) = after.or(before).map(|u| u.id.clone()) else { return };
    let etag = etag_of(after.and_then(|u| u.meta.as_ref()));
    let detail = Detail::User(UserChange { before: before.cloned(), after: after.cloned() });
    append(work, ResourceKind::User, action, &id, etag, changed, Some(detail));
}

/// What happened to a group's attributes.
pub fn group(work: &mut Work, action: Action, before: Option<&Group>, after: Option<&Group>, changed: Vec<String>) {
    let Some(id) = after.or(before).map(|g| g.id.clone()) else { return };
    let etag = etag_of(after.and_then(|g| g.meta.as_ref()));
    let detail = Detail::Group(GroupChange { before: before.cloned(), after: after.cloned() });
    append(work, ResourceKind::Group, action, &id, etag, changed, Some(detail));
}

/// An edge that was added or removed; its resource is the group.
pub fn membership(work: &mut Work, action: Action, group: &str, member: &str, kind: i64) {
    let detail = Detail::Membership(MembershipChange { group_id: group.to_owned(), member: Some(principal(member, kind)) });
    append(work, ResourceKind::Membership, action, group, String::new(), Vec::new(), Some(detail));
}

/// The same, for an edit that changes so many that each is encoded only as it is written.
pub fn one_of_many(index: u32, came: bool, group: &str, member: &str, kind: i64) -> (i32, i32, Vec<u8>) {
    let (kind_of_change, action) = (ResourceKind::Membership as i32, if came { Action::Added } else { Action::Removed } as i32);
    let detail = Detail::Membership(MembershipChange { group_id: group.to_owned(), member: Some(principal(member, kind)) });
    let event =
        ChangeEvent { index, kind: kind_of_change, action, resource_id: group.to_owned(), detail: Some(detail), ..ChangeEvent::default() };
    (kind_of_change, action, event.encode_to_vec())
}

/// What happened to a role's definition.
pub fn role(work: &mut Work, action: Action, before: Option<&Role>, after: Option<&Role>, changed: Vec<String>) {
    let Some(id) = after.or(before).map(|r| r.id.clone()) else { return };
    let etag = if after.is_some() { work.etag() } else { String::new() };
    let detail = Detail::Role(RoleChange { before: before.cloned(), after: after.cloned() });
    append(work, ResourceKind::Role, action, &id, etag, changed, Some(detail));
}

/// A grant that was made, withdrawn or given another end.
pub fn grant(work: &mut Work, action: Action, grant: &Grant) {
    let changed = if action == Action::Updated { vec!["expire_time".to_owned()] } else { Vec::new() };
    let detail = Detail::RoleAssignment(RoleAssignmentChange { assignment: Some(assignment(grant)) });
    append(work, ResourceKind::RoleAssignment, action, &grant.id, String::new(), changed, Some(detail));
}

/// A grant as callers see it.
pub fn assignment(grant: &Grant) -> RoleAssignment {
    RoleAssignment {
        id: grant.id.clone(),
        role_id: grant.role_id.clone(),
        principal: Some(principal(&grant.principal_id, grant.principal_kind)),
        scope: grant.scope.clone(),
        expire_time: (grant.expires_at != NEVER).then(|| timestamp(grant.expires_at)),
        source: Source::Direct.into(),
        create_time: Some(timestamp(grant.created_at)),
    }
}

/// What happened to an administrative resource; its content stays out of the feed.
pub fn record(work: &mut Work, kind: ResourceKind, action: Action, id: &str) {
    append(work, kind, action, id, String::new(), Vec::new(), None);
}

/// A principal by its kind.
pub fn principal(id: &str, kind: i64) -> PrincipalRef {
    let id = id.to_owned();
    let principal = match kind {
        MEMBER_GROUP => Principal::GroupId(id),
        GRANTEE_ACCOUNT => Principal::ServiceAccountId(id),
        _ => Principal::UserId(id),
    };
    PrincipalRef { principal: Some(principal) }
}

/// The top-level attributes that differ between two users.
pub fn changed_of_user(before: &User, after: &User) -> Vec<String> {
    changed(USER_FIELDS, before, after).chain(extensions(&before.extensions, &after.extensions)).collect()
}

/// The top-level attributes that differ between two groups.
pub fn changed_of_group(before: &Group, after: &Group) -> Vec<String> {
    changed(GROUP_FIELDS, before, after).chain(extensions(&before.extensions, &after.extensions)).collect()
}

fn changed<M: prost::Message>(names: &'static [(u32, &str)], before: &M, after: &M) -> impl Iterator<Item = String> + use<M> {
    let (before, after) = (fields(&before.encode_to_vec()), fields(&after.encode_to_vec()));
    names.iter().filter(move |(tag, _)| of(&before, *tag) != of(&after, *tag)).map(|(_, name)| (*name).to_owned())
}

type Extensions = BTreeMap<String, AttributeMap>;

/// The URNs of the schemas whose attributes differ.
fn extensions(before: &Extensions, after: &Extensions) -> BTreeSet<String> {
    before.keys().chain(after.keys()).filter(|urn| before.get(*urn) != after.get(*urn)).cloned().collect()
}

type Field = (u32, Vec<u8>);

fn of(fields: &[Field], tag: u32) -> Vec<&[u8]> {
    fields.iter().filter(|(t, _)| *t == tag).map(|(_, bytes)| bytes.as_slice()).collect()
}

/// Splits an encoded message into its fields.
fn fields(mut bytes: &[u8]) -> Vec<Field> {
    use prost::encoding::{DecodeContext, decode_key, skip_field};
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let whole = bytes;
        let Ok((tag, wire)) = decode_key(&mut bytes) else { return found };
        if skip_field(wire, tag, &mut bytes, DecodeContext::default()).is_err() {
            return found;
        }
        let used = whole.len() - bytes.len();
        found.push((tag, whole.get(..used).unwrap_or_default().to_vec()));
    }
    found
}

/// The attributes of a user that clients write, but for extensions: field number and SCIM's name. SCIM has none for `setup_state`.
const USER_FIELDS: &[(u32, &str)] = &[
    (4, "userName"),
    (5, "externalId"),
    (6, "active"),
    (7, "name"),
    (8, "displayName"),
    (9, "nickName"),
    (10, "profileUrl"),
    (11, "title"),
    (12, "userType"),
    (13, "preferredLanguage"),
    (14, "locale"),
    (15, "timezone"),
    (16, "emails"),
    (17, "phoneNumbers"),
    (18, "ims"),
    (19, "photos"),
    (20, "addresses"),
    (21, "entitlements"),
    (22, "roles"),
    (23, "x509Certificates"),
    (24, ENTERPRISE_URN),
    (40, "setup_state"),
];

/// The same of a group.
const GROUP_FIELDS: &[(u32, &str)] = &[(4, "displayName"), (5, "externalId"), (6, "description")];
