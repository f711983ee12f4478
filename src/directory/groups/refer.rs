//! Principals as callers name them.

use super::{
    super::{Error, Result},
    membership,
};
use crate::{
    api::v1::{PrincipalRef, principal_ref::Principal},
    attributes::roster::{Roster, Said},
    limits,
    store::{MEMBER_GROUP, MEMBER_USER},
};
use std::collections::BTreeMap;

/// What a roster says of a member's kind.
pub(super) fn said(kind: Option<i64>) -> Said {
    match kind {
        None => Said::Any,
        Some(MEMBER_GROUP) => Said::Group,
        Some(_) => Said::User,
    }
}

/// Members, packed.
pub(super) fn roster(members: &[Named]) -> Result<Roster> {
    let mut roster = Roster::new(limits::MEMBERS_PER_REQUEST);
    for one in members {
        // No resource has an id that fits into no roster.
        roster.gather(&one.id, said(one.kind)).map_err(|_| membership::unknown(&one.id))?;
    }
    roster.finish().map_err(|_| Error::internal())
}

/// The members of a roster, one by one.
pub(super) fn named(roster: &Roster) -> Vec<Named> {
    let named = |(id, said): (&str, Said)| Named {
        id: id.to_owned(),
        kind: match said {
            Said::Any => None,
            Said::User => Some(MEMBER_USER),
            Said::Group => Some(MEMBER_GROUP),
        },
    };
    (0..roster.len()).filter_map(|at| roster.get(at)).map(named).collect()
}

/// A member as a caller named it: its id, and its kind if the caller said one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::directory) struct Named {
    pub(super) id: String,
    pub(super) kind: Option<i64>,
}

/// Reads one reference. Service accounts are no members of groups.
pub(super) fn principal(reference: PrincipalRef, field: &str) -> Result<Named> {
    let (id, kind) = match reference.principal {
        Some(Principal::UserId(id)) => (id, Some(MEMBER_USER)),
        Some(Principal::GroupId(id)) => (id, Some(MEMBER_GROUP)),
        Some(Principal::AnyId(id)) => (id, None),
        Some(Principal::ServiceAccountId(_)) => return Err(Error::value(field, "A service account cannot be a member of a group.")),
        None => return Err(Error::missing(field)),
    };
    if id.is_empty() || id.len() > limits::STRING_BYTES {
        return Err(Error::value(field, format!("{field} names no id.")));
    }
    Ok(Named { id, kind })
}

/// Reads a list of members; who is named twice is meant once.
pub(in crate::directory) fn principals(references: impl IntoIterator<Item = PrincipalRef>, field: &str) -> Result<Vec<Named>> {
    let mut named: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for reference in references {
        let one = principal(reference, field)?;
        let said = one.kind;
        let kind = named.entry(one.id).or_insert(said);
        if kind.zip(said).is_some_and(|(before, now)| before != now) {
            return Err(Error::value(field, format!("{field} names one id as a user and as a group.")));
        }
        *kind = kind.or(said);
        if named.len() > limits::MEMBERS_PER_REQUEST {
            return Err(Error::too_large(field, limits::MEMBERS_PER_REQUEST, "members"));
        }
    }
    Ok(named.into_iter().map(|(id, kind)| Named { id, kind }).collect())
}
