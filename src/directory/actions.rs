//! What a connection is allowed to do at all (`Connection.allowed_actions`).

use super::{Error, Result};
use crate::{
    access::Caller,
    api::v1::{ErrorReason, User, connection::AllowedAction},
};

/// Refuses what the caller's connection is not allowed to do; callers without a connection have scopes alone.
///
/// # Errors
/// `POLICY`, naming the action.
pub(super) fn require(caller: &Caller, action: AllowedAction) -> Result<()> {
    let Some(connection) = caller.connection.as_deref() else { return Ok(()) };
    if connection.allowed_actions.is_empty() || connection.allowed_actions.contains(&action.into()) {
        return Ok(());
    }
    let deed = match action {
        AllowedAction::CreateUsers => "create users",
        AllowedAction::UpdateUsers => "change users",
        AllowedAction::DeactivateUsers => "deactivate users",
        AllowedAction::DeleteUsers => "delete users",
        AllowedAction::WriteGroups => "write groups",
        AllowedAction::Unspecified => "do this",
    };
    Err(Error::new(ErrorReason::Policy, format!("This connection may not {deed}.")).with("policy", action.as_str_name()))
}

/// The same for a change of a user: to make it inactive is a deed of its own.
///
/// # Errors
/// As [`require`].
pub(super) fn require_change(caller: &Caller, before: &User, after: &User) -> Result<()> {
    if caller.connection.as_deref().is_none_or(|c| c.allowed_actions.is_empty()) {
        return Ok(());
    }
    let deactivates = before.active == Some(true) && after.active != Some(true);
    if deactivates {
        require(caller, AllowedAction::DeactivateUsers)?;
    }
    if deactivates && (User { active: before.active, ..after.clone() }) == *before {
        return Ok(());
    }
    require(caller, AllowedAction::UpdateUsers)
}

/// The border: known actions, each once.
///
/// # Errors
/// `INVALID_VALUE`.
pub(super) fn check(actions: &[i32]) -> Result<()> {
    let field = "connection.allowed_actions";
    for (k, action) in actions.iter().enumerate() {
        if AllowedAction::try_from(*action).unwrap_or_default() == AllowedAction::Unspecified {
            return Err(Error::value(field, format!("{field} holds {action}, which is no action.")));
        }
        if actions.iter().take(k).any(|earlier| earlier == action) {
            return Err(Error::value(field, format!("{field} names an action twice.")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_known_and_named_once() {
        assert_eq!(check(&[1, 2, 3, 4, 5]), Ok(()));
        assert_eq!(check(&[]), Ok(()));
        for bad in [&[0][..], &[6], &[-1], &[2, 2]] {
            assert_eq!(check(bad).unwrap_err().field, "connection.allowed_actions", "{bad:?}");
        }
    }
}
