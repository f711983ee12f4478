//! Whether a caller may touch a user: the one place where what it is about to do is held against whose the user is. Every edit
//! that changes, links, unlinks or deletes a user that is there asks here, under the lock.

use super::{actions, core::Edit};
use crate::{
    access::Caller,
    api::v1::{User, connection::AllowedAction},
    store::Work,
};

/// What is about to happen to a user.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed<'a> {
    /// It becomes this.
    Change(&'a User),
    /// The caller's connection manages it from now on.
    Link,
    /// It is deleted, or the caller's connection lets it go.
    Delete,
}

/// Refuses what the caller may not do to this user.
///
/// # Errors
/// `POLICY`, naming what forbids it.
pub(super) fn may_touch(_work: &mut Work, caller: &Caller, user: &User, deed: Deed<'_>) -> Edit<()> {
    match deed {
        Deed::Change(after) => actions::require_change(caller, user, after)?,
        // A link is made by a create, which was held against the connection's actions before it came here.
        Deed::Link => {}
        Deed::Delete => actions::require(caller, AllowedAction::DeleteUsers)?,
    }
    Ok(())
}
