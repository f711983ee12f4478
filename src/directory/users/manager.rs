//! Managers whom a connection that sees only its own does not see: their ids are not shown to it, and what it does not see it does
//! not take away.

use super::super::{
    Directory, Result,
    core::{Call, Edit},
    sight::Sight,
};
use crate::{
    api::v1::{EnterpriseUser, User},
    store::{Reader, View, Work},
};
use std::collections::BTreeSet;

fn manager(user: &User) -> Option<&String> {
    user.enterprise.as_ref()?.manager.as_ref()?.value.as_ref().filter(|id| !id.is_empty())
}

/// Takes away the managers that are users or groups, and not there for the caller. Whoever sees all pays nothing.
pub(super) async fn hide(directory: &Directory, call: &Call, reader: Option<&mut Reader>, users: &mut [User]) -> Result<()> {
    let sight = Sight::of(call);
    let Some(organization) = users.first().map(|user| user.organization_id.clone()).filter(|_| sight.is_narrow()) else { return Ok(()) };
    if !users.iter().any(|user| manager(user).is_some()) {
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
    let managers: BTreeSet<String> = users.iter().filter_map(|user| manager(user)).cloned().collect();
    if managers.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = reader.kinds(managers.into_iter().collect()).await?.into_iter().map(|(id, _)| id).collect();
    let seen = reader.seen(view, known.clone()).await?;
    let hidden: BTreeSet<String> = known.into_iter().filter(|id| !seen.contains(id)).collect();
    for user in users {
        if manager(user).is_some_and(|id| hidden.contains(id)) {
            user.enterprise.iter_mut().for_each(|enterprise| enterprise.manager = None);
            // An extension without any value is not there.
            user.enterprise.take_if(|enterprise| *enterprise == EnterpriseUser::default());
        }
    }
    Ok(())
}

/// A manager whom the caller does not see stays where a document does not name one.
pub(super) fn keep(work: &mut Work, sight: &Sight, before: &User, user: &mut User) -> Edit<()> {
    let (Some(id), None) = (manager(before).filter(|_| sight.is_narrow()), manager(user)) else { return Ok(()) };
    let ids = [id.clone()];
    let (kinds, seen) = (work.kinds(&ids), sight.seen_in(work, &ids));
    let (kinds, seen) = (kinds?, seen?);
    if kinds.iter().any(Option::is_some) && seen.is_empty() {
        let hidden = before.enterprise.as_ref().and_then(|enterprise| enterprise.manager.clone());
        user.enterprise.get_or_insert_with(EnterpriseUser::default).manager = hidden;
    }
    Ok(())
}
