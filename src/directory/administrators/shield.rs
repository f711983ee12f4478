//! What of an edit touches administrators that are not the connection's own to make.

use super::{super::core::Edit, super::links, posts::Posts};
use crate::{
    api::v1::{Group, User},
    store::{Moves, Work},
};

/// Whether an edit of this connection did something that may not be done to administrators, whoever it was done to.
pub(super) fn concerns(moves: &Moves, connection: &str) -> bool {
    moves.book.is_some()
        || moves.whole.is_some()
        || !moves.edges.is_empty()
        || users(moves, connection).next().is_some()
        || groups(moves).next().is_some()
}

/// Whether it was done to an administrator, or to a group whose members are, as the work has them now.
pub(super) fn crossed(work: &mut Work, posts: &Posts, moves: &Moves, connection: &str) -> Edit<bool> {
    let but = Some(connection);
    let tops = posts.tops(work, but)?;
    if groups(moves).any(|id| tops.contains(id)) {
        return Ok(true);
    }
    let inside = if tops.is_empty() { tops } else { work.groups_below(tops)? };
    let edges = moves.edges.iter().map(|(group, _, _)| group).chain(moves.whole.iter().map(|whole| &whole.group));
    if edges.into_iter().any(|group| inside.contains(group)) {
        return Ok(true);
    }
    for id in users(moves, connection) {
        let (row, memberships) = (work.user(id), if inside.is_empty() { Ok(Vec::new()) } else { work.memberships(id) });
        let (Some(row), memberships) = (row?, memberships?) else { continue };
        if posts.granted(id) || posts.values(&row.user, but) || memberships.iter().any(|group| inside.contains(group)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Users that were let in or out, renamed, linked, let go, deleted or brought back, or given other roles.
fn users<'m>(moves: &'m Moves, connection: &'m str) -> impl Iterator<Item = &'m str> {
    moves.users.iter().filter_map(move |(before, after)| match (before, after) {
        (Some(before), None) => Some(before.user.id.as_str()),
        (Some(before), Some(after)) => changed(&before.user, &after.user, connection).then_some(after.user.id.as_str()),
        (None, Some(after)) => {
            moves.tombstones.iter().any(|(id, before)| *id == after.user.id && before.is_some()).then_some(after.user.id.as_str())
        }
        (None, None) => None,
    })
}

fn changed(before: &User, after: &User, connection: &str) -> bool {
    before.active.unwrap_or(false) != after.active.unwrap_or(false)
        || before.user_name != after.user_name
        || before.emails != after.emails
        || before.roles != after.roles
        || before.entitlements != after.entitlements
        || links::is_linked(before, connection) != links::is_linked(after, connection)
}

/// Groups that went, or are called or linked otherwise.
fn groups(moves: &Moves) -> impl Iterator<Item = &str> {
    let other = |a: &Group, b: &Group| a.display_name != b.display_name || a.external_ids != b.external_ids || a.links != b.links;
    moves.groups.iter().filter_map(move |(before, after)| match (before, after) {
        (Some(before), None) => Some(before.group.id.as_str()),
        (Some(before), Some(after)) => other(&before.group, &after.group).then_some(after.group.id.as_str()),
        (None, _) => None,
    })
}
