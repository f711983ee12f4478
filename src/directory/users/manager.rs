//! Managers whom a connection that sees only its own does not see: their ids are not shown to it, and what it does not see it does
//! not take away.
//!
//! Ids of nobody are treated as those of somebody whom it does not see, also where it wrote them itself: were they shown, writing an
//! id and reading it back would tell whether somebody has it. What has not the form of an id is nobody's, and shown.

use super::super::{
    Directory, Result,
    core::{Call, Edit},
    sight::Sight,
};
use crate::{
    api::v1::{EnterpriseUser, User},
    clock::is_id,
    store::{Reader, View, Work},
};
use std::collections::BTreeSet;

fn manager(user: &User) -> Option<&String> {
    user.enterprise.as_ref()?.manager.as_ref()?.value.as_ref().filter(|id| !id.is_empty())
}

/// The same, if it may be somebody's id.
fn named(user: &User) -> Option<&String> {
    manager(user).filter(|id| is_id(id))
}

/// Takes away the managers that may be users or groups, and are not there for the caller. Whoever sees all pays nothing.
pub(super) async fn hide(directory: &Directory, call: &Call, reader: Option<&mut Reader>, users: &mut [User]) -> Result<()> {
    let sight = Sight::of(call);
    let Some(organization) = users.first().map(|user| user.organization_id.clone()).filter(|_| sight.is_narrow()) else { return Ok(()) };
    if !users.iter().any(|user| named(user).is_some()) {
        return Ok(());
    }
    let mut own = None;
    let reader = match reader {
        Some(reader) => reader,
        None => own.insert(directory.read(&organization, None).await?),
    };
    let view = sight.view(reader).await?;
    hide_from(&view, reader, users.iter_mut().collect()).await
}

/// The same of users as a filter or an order looks at them, so that nobody is found by what is not shown.
pub(in crate::directory) async fn hide_from(view: &View, reader: &mut Reader, users: Vec<&mut User>) -> Result<()> {
    if !matches!(view, View::Only(_)) {
        return Ok(());
    }
    let managers: BTreeSet<String> = users.iter().filter_map(|user| named(user)).cloned().collect();
    if managers.is_empty() {
        return Ok(());
    }
    let seen = reader.seen(view, managers.into_iter().collect()).await?;
    for user in users {
        if named(user).is_some_and(|id| !seen.contains(id)) {
            user.enterprise.iter_mut().for_each(|enterprise| enterprise.manager = None);
            // An extension without any value is not there.
            user.enterprise.take_if(|enterprise| *enterprise == EnterpriseUser::default());
        }
    }
    Ok(())
}

/// A manager whom the caller does not see stays where a document does not name one.
pub(super) fn keep(work: &mut Work, sight: &Sight, before: &User, user: &mut User) -> Edit<()> {
    let (Some(id), None) = (named(before).filter(|_| sight.is_narrow()), manager(user)) else { return Ok(()) };
    if sight.seen_in(work, std::slice::from_ref(id))?.is_empty() {
        let hidden = before.enterprise.as_ref().and_then(|enterprise| enterprise.manager.clone());
        user.enterprise.get_or_insert_with(EnterpriseUser::default).manager = hidden;
    }
    Ok(())
}
