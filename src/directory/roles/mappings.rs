//! What of a provider's data grants roles. Nothing is stored per user: every read follows the mappings.

use super::{
    super::{Error, Result, core::Edit, links},
    principal,
};
use crate::{
    api::v1::{Connection, Group, MultiValue, RoleMapping, User, role_mapping::Source},
    attributes::fold,
    limits,
    store::{Book, KEY_GROUP_EXTERNAL_ID, KEY_USER_ENTITLEMENT, KEY_USER_ROLE, Mapped, Reader, Work, external_key},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const FIELD: &str = "connection.role_mappings";

/// The mappings that name a group, by the group's id.
pub(super) type Given = BTreeMap<String, Vec<Arc<Mapped>>>;

/// Whether mappings can be understood; whether their roles are there is judged under the lock.
pub(in crate::directory) fn check(mappings: &[RoleMapping]) -> Result<()> {
    if mappings.len() > limits::ROLE_MAPPINGS {
        return Err(Error::too_large(FIELD, limits::ROLE_MAPPINGS, "mappings"));
    }
    for mapping in mappings {
        let Some(source) = &mapping.source else { return Err(Error::missing(FIELD)) };
        let (Source::GroupDisplayName(value) | Source::GroupExternalId(value) | Source::RoleValue(value) | Source::EntitlementValue(value)) =
            source;
        if value.is_empty() {
            return Err(Error::value(FIELD, format!("{FIELD}: a mapping names nothing.")));
        }
        if value.len() > limits::KEY_BYTES {
            return Err(Error::too_large(FIELD, limits::KEY_BYTES, "bytes a name or value"));
        }
        principal::check_scope(&mapping.scope, FIELD)?;
    }
    Ok(())
}

/// The book follows a connection's mappings; every role they name must be there. `None` is a connection that goes.
pub(in crate::directory) fn follow(work: &mut Work, before: Option<&Connection>, after: Option<&Connection>) -> Edit<()> {
    let of = |connection: Option<&Connection>| connection.map(|c| c.role_mappings.clone()).unwrap_or_default();
    let (old, new) = (of(before), of(after));
    if old == new {
        return Ok(());
    }
    let mut book = work.book()?.as_ref().clone();
    if let Some(missing) = new.iter().find(|mapping| book.role(&mapping.role_id).is_none()) {
        let shown: String = missing.role_id.chars().filter(|c| !c.is_control()).take(64).collect();
        return Err(Error::value(FIELD, format!("{FIELD}: there is no role with the id \"{shown}\".")).into());
    }
    let id = after.or(before).map(|connection| connection.id.clone()).unwrap_or_default();
    book.set_mappings(&id, &new);
    work.set_book(book);
    Ok(())
}

/// Whether a mapping names the group; the connection must manage it.
pub(in crate::directory) fn names_group(group: &Group, mapped: &Mapped) -> bool {
    let named = match &mapped.mapping.source {
        Some(Source::GroupDisplayName(name)) => *name == group.display_name,
        Some(Source::GroupExternalId(id)) => group.external_ids.iter().any(|e| e.connection_id == mapped.connection_id && e.value == *id),
        _ => false,
    };
    named && links::is_linked(group, &mapped.connection_id)
}

/// Whether a mapping names a value of the user; that the connection manages the user is asked apart.
pub(in crate::directory) fn holds_value(user: &User, mapped: &Mapped) -> bool {
    let holds = |values: &[MultiValue], wanted: &str| values.iter().any(|v| v.value.as_deref() == Some(wanted));
    match &mapped.mapping.source {
        Some(Source::RoleValue(value)) => holds(&user.roles, value),
        Some(Source::EntitlementValue(value)) => holds(&user.entitlements, value),
        _ => false,
    }
}

/// The kind of key and the value by which a mapping's users are found.
pub(in crate::directory) fn value_key(mapped: &Mapped) -> Option<(i64, &str)> {
    match &mapped.mapping.source {
        Some(Source::RoleValue(value)) => Some((KEY_USER_ROLE, value)),
        Some(Source::EntitlementValue(value)) => Some((KEY_USER_ENTITLEMENT, value)),
        _ => None,
    }
}

/// The key of the externalId that a mapping names.
pub(in crate::directory) fn external_id_key(mapped: &Mapped) -> Option<(i64, String)> {
    match &mapped.mapping.source {
        Some(Source::GroupExternalId(id)) => Some((KEY_GROUP_EXTERNAL_ID, external_key(&mapped.connection_id, id))),
        _ => None,
    }
}

/// The folded display name that a mapping names.
pub(in crate::directory) fn name_key(mapped: &Mapped) -> Option<String> {
    match &mapped.mapping.source {
        Some(Source::GroupDisplayName(name)) => Some(fold::caseless(name)),
        _ => None,
    }
}

/// Which mappings name one of these groups. Nothing is read where there is no mapping of groups.
pub(super) async fn of_groups(reader: &mut Reader, book: &Book, groups: &[String]) -> Result<Given> {
    let names: BTreeSet<&str> = book.mappings().filter_map(|m| named(m)).collect();
    let keys: Vec<(i64, String)> = book.mappings().filter_map(|m| external_id_key(m)).collect();
    let mut candidates = BTreeSet::new();
    if !names.is_empty() {
        let called = reader.group_names(groups.to_vec()).await?;
        candidates.extend(called.into_iter().filter(|(_, name)| names.contains(name.as_str())).map(|(id, _)| id));
    }
    if !keys.is_empty() {
        let asked: BTreeSet<&str> = groups.iter().map(String::as_str).collect();
        candidates.extend(reader.holders(keys).await?.into_iter().map(|(_, _, id)| id).filter(|id| asked.contains(id.as_str())));
    }
    judge(reader, book, candidates).await
}

/// Which mappings name these groups, of those that may be named.
pub(super) async fn judge(reader: &mut Reader, book: &Book, candidates: BTreeSet<String>) -> Result<Given> {
    let mut given = Given::new();
    for group in reader.groups(candidates.into_iter().collect()).await? {
        let of: Vec<_> = book.mappings().filter(|mapped| names_group(&group, mapped)).cloned().collect();
        given.insert(group.id, of);
    }
    Ok(given)
}

fn named(mapped: &Mapped) -> Option<&str> {
    match &mapped.mapping.source {
        Some(Source::GroupDisplayName(name)) => Some(name),
        _ => None,
    }
}
