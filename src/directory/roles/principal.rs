//! Holders of roles as callers name them.

use super::super::{Error, Result};
use crate::{
    api::v1::{PrincipalRef, principal_ref::Principal},
    limits,
    store::{GRANTEE_ACCOUNT, MEMBER_GROUP, MEMBER_USER},
};

/// A holder as a caller named it: its id, and its kind unless the caller left that open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) kind: Option<i64>,
}

/// Reads one reference.
pub(super) fn named(reference: Option<&PrincipalRef>, field: &str) -> Result<Named> {
    let (id, kind) = match reference.and_then(|r| r.principal.as_ref()) {
        Some(Principal::UserId(id)) => (id, Some(MEMBER_USER)),
        Some(Principal::GroupId(id)) => (id, Some(MEMBER_GROUP)),
        Some(Principal::ServiceAccountId(id)) => (id, Some(GRANTEE_ACCOUNT)),
        Some(Principal::AnyId(id)) => (id, None),
        None => return Err(Error::missing(field)),
    };
    if id.is_empty() || id.len() > limits::STRING_BYTES {
        return Err(Error::value(field, format!("{field} names no id.")));
    }
    Ok(Named { id: id.clone(), kind })
}

/// The same as id and kind.
pub(in crate::directory) fn holder(reference: Option<&PrincipalRef>, field: &str) -> Result<(String, Option<i64>)> {
    let Named { id, kind } = named(reference, field)?;
    Ok((id, kind))
}

/// The scope of a grant, a mapping or a question.
pub(in crate::directory) fn check_scope(scope: &str, field: &str) -> Result<()> {
    if scope.chars().count() > limits::SCOPE_CHARS {
        return Err(Error::too_large(field, limits::SCOPE_CHARS, "characters"));
    }
    if scope.chars().any(char::is_control) {
        return Err(Error::value(field, format!("{field} holds a control character.")));
    }
    Ok(())
}
