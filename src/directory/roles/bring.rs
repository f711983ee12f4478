//! Roles and grants as an import brings them: with their ids and times.

use super::{
    super::{Error, core::Edit},
    define, ends,
};
use crate::{
    api::v1::{ErrorReason, Role, change_event::Action},
    feed::append,
    limits,
    store::{ADMIN, GRANTEE_ACCOUNT, Grant, RecordKind, Work},
};
use std::sync::Arc;

/// Stores a role under the id it has, new or in the place of another. What it includes must be there.
pub(in crate::directory) fn bring(work: &mut Work, role: Role) -> Edit<()> {
    let (book, stored) = (work.book(), work.record(RecordKind::Role, &role.id));
    let (mut book, _) = (book?.as_ref().clone(), stored?);
    let before = book.role(&role.id).cloned();
    if before.is_none() {
        define::check_count(&book)?;
    }
    let giving = book.giving(ADMIN);
    let after = define::place(work, &mut book, role)?;
    ends::follow_admin(work, &mut book, &giving)?;
    let action = if before.is_some() { Action::Updated } else { Action::Created };
    append::role(work, action, before.as_ref().map(|row| &row.role), Some(&after.role), Vec::new());
    work.set_book(book);
    Ok(())
}

/// Whether there is a principal of this kind with this id.
pub(in crate::directory) fn is_holder(work: &mut Work, id: &str, kind: i64) -> Edit<bool> {
    if kind == GRANTEE_ACCOUNT {
        return Ok(work.record(RecordKind::ServiceAccount, id)?.is_some());
    }
    Ok(work.kinds(&[id.to_owned()])?.pop().flatten() == Some(kind))
}

/// Stores a grant under the id it has, new or in the place of another.
pub(in crate::directory) fn bring_grant(work: &mut Work, before: Option<&Arc<Grant>>, grant: &Grant) -> Edit<()> {
    let held = work.grants_of(&grant.principal_id)?;
    if before.is_none() && held.len() >= limits::GRANTS_PER_PRINCIPAL {
        let detail = format!("A principal has at most {} grants.", limits::GRANTS_PER_PRINCIPAL);
        return Err(Error::new(ErrorReason::TooMany, detail).with("limit", limits::GRANTS_PER_PRINCIPAL.to_string()).into());
    }
    let gone: Vec<Arc<Grant>> = before.into_iter().cloned().collect();
    ends::change(work, &gone, &[Arc::new(grant.clone())])
}
