//! RFC 7644 section 3.5.2: ordered operations, all or none.

use super::Context;
use super::error::{AttributeError, Result};
use crate::api::v1::{Group, PatchOperation, PrincipalRef, User};

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
    /// Names in values without a path that no attribute has; they were ignored.
    pub unknown: Vec<String>,
}

/// Applies the operations to a user; on an error the user is as before.
///
/// # Errors
/// With the index of the operation: `INVALID_PATH`, `INVALID_VALUE`, `MUTABILITY`, `NO_TARGET`, `TOO_LARGE`.
pub fn patch_user(_user: &mut User, _operations: &[PatchOperation], _cx: &Context<'_>) -> Result<Patched> {
    Err(AttributeError::syntax("", "Patches are not applied yet."))
}

/// Applies the operations to a group; those on `members` come back as edits of its edges.
///
/// # Errors
/// As [`patch_user`].
pub fn patch_group(_group: &mut Group, _operations: &[PatchOperation], _cx: &Context<'_>) -> Result<(Patched, Vec<MemberEdit>)> {
    Err(AttributeError::syntax("", "Patches are not applied yet."))
}
