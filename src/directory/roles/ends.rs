//! What ends with its holder or its role, and what comes back.

use super::super::{Error, core::Edit};
use crate::{
    api::v1::{ErrorReason, RoleAssignment, change_event::Action},
    clock::micros,
    feed::append,
    limits,
    store::{ADMIN, Book, Grant, NEVER, Work},
};
use std::{collections::BTreeSet, sync::Arc};

/// After an edit: the grants of principals that went end, those of principals that came back are there again.
pub(in crate::directory) fn follow_principals(work: &mut Work) -> Edit<()> {
    let moves = work.moves();
    let users = moves.users.iter().filter(|(_, after)| after.is_none()).filter_map(|(before, _)| before.as_ref().map(|b| &b.user.id));
    let groups = moves.groups.iter().filter(|(_, after)| after.is_none()).filter_map(|(before, _)| before.as_ref().map(|b| &b.group.id));
    let gone: Vec<&String> = users.chain(groups).collect();
    let found: Vec<_> = gone.iter().map(|id| work.grants_of(id)).collect();
    for (id, grants) in gone.into_iter().zip(found) {
        if grants?.is_empty() {
            continue;
        }
        let (grants, tombstone) = (end_grants(work, id)?, work.tombstone(id)?);
        if let Some(tombstone) = tombstone {
            let mut tombstone = tombstone.as_ref().clone();
            tombstone.grants = grants.iter().map(|grant| append::assignment(grant)).collect();
            work.set_tombstone(id, Some(tombstone));
        }
    }
    for (id, tombstone) in moves.tombstones {
        let Some(tombstone) = tombstone else { continue };
        let user = moves.users.iter().any(|(before, after)| before.is_none() && after.as_ref().is_some_and(|a| a.user.id == id));
        let group = moves.groups.iter().any(|(before, after)| before.is_none() && after.as_ref().is_some_and(|a| a.group.id == id));
        if (user || group) && !tombstone.grants.is_empty() {
            restore_grants(work, tombstone.grants.iter().map(|grant| held(grant, &id, tombstone.kind())).collect())?;
        }
    }
    Ok(())
}

fn held(grant: &RoleAssignment, principal: &str, kind: i64) -> Grant {
    Grant {
        id: grant.id.clone(),
        role_id: grant.role_id.clone(),
        principal_id: principal.to_owned(),
        principal_kind: kind,
        scope: grant.scope.clone(),
        expires_at: grant.expire_time.as_ref().map_or(NEVER, micros),
        created_at: grant.create_time.as_ref().map_or(0, micros),
    }
}

/// Ends every grant to a principal that goes; answers them.
pub(in crate::directory) fn end_grants(work: &mut Work, principal: &str) -> Edit<Vec<Arc<Grant>>> {
    let grants = work.grants_of(principal)?;
    if !grants.is_empty() {
        change(work, &grants, &[])?;
    }
    Ok(grants)
}

/// Gives a principal that comes back the grants it had, except those whose time is over or whose role is gone.
fn restore_grants(work: &mut Work, grants: Vec<Grant>) -> Edit<()> {
    if grants.is_empty() {
        return Ok(());
    }
    let (book, now) = (work.book()?, work.now());
    let grants: Vec<Arc<Grant>> =
        grants.into_iter().filter(|g| g.expires_at > now && book.role(&g.role_id).is_some()).map(Arc::new).collect();
    change(work, &[], &grants)
}

/// Withdraws and makes grants, and tells the feed.
pub(super) fn change(work: &mut Work, gone: &[Arc<Grant>], come: &[Arc<Grant>]) -> Edit<()> {
    let book = work.book()?;
    let giving = book.giving(ADMIN);
    for grant in gone {
        work.drop_grant(grant);
        append::grant(work, Action::Removed, grant);
    }
    for grant in come {
        work.put_grant(grant.as_ref().clone());
        append::grant(work, Action::Added, grant);
    }
    if gone.iter().chain(come).any(|grant| giving.contains(&grant.role_id)) {
        let gone: BTreeSet<&str> = gone.iter().map(|grant| grant.id.as_str()).collect();
        let kept = book.admin_grants().filter(|grant| !gone.contains(grant.id.as_str())).cloned();
        let come = come.iter().filter(|grant| giving.contains(&grant.role_id)).cloned();
        let all: Vec<_> = kept.chain(come).collect();
        let mut book = book.as_ref().clone();
        book.set_admin(all);
        check_admin(&book)?;
        work.set_book(book);
    }
    Ok(())
}

/// The grants that make administrators, after a change of what roles include; `before` are the roles that did.
pub(super) fn follow_admin(work: &mut Work, book: &mut Book, before: &BTreeSet<String>) -> Edit<()> {
    let now = book.giving(ADMIN);
    if now == *before {
        return Ok(());
    }
    let more: Vec<_> = now.difference(before).map(|role| work.grants_to(role)).collect();
    let mut all: Vec<_> = book.admin_grants().filter(|grant| now.contains(&grant.role_id)).cloned().collect();
    for grants in more {
        all.extend(grants?);
    }
    book.set_admin(all);
    check_admin(book)
}

fn check_admin(book: &Book) -> Edit<()> {
    if book.admin_grants().count() > limits::ADMIN_GRANTS {
        let detail = format!("\"admin\" and the roles that include it have at most {} grants; grant it to a group.", limits::ADMIN_GRANTS);
        let error = Error::new(ErrorReason::TooMany, detail);
        return Err(error.with("limit", limits::ADMIN_GRANTS.to_string()).into());
    }
    Ok(())
}

/// Stores a grant with another end.
pub(super) fn prolong(work: &mut Work, grant: &Grant) -> Edit<()> {
    let book = work.book()?;
    work.put_grant(grant.clone());
    if book.giving(ADMIN).contains(&grant.role_id) {
        let others = book.admin_grants().filter(|other| other.id != grant.id).cloned();
        let all: Vec<_> = others.chain([Arc::new(grant.clone())]).collect();
        let mut book = book.as_ref().clone();
        book.set_admin(all);
        work.set_book(book);
    }
    Ok(())
}
