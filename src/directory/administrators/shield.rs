//! What of an edit touches administrators that are not the caller's own to make.

use super::{super::core::Edit, super::links, posts::Posts};
use crate::{
    api::v1::{Group, User},
    store::{Moves, Turn, UserRow, Work},
};

/// Whether an edit of a bound caller did something that may not be done to administrators, whoever it was done to.
pub(super) fn concerns(moves: &Moves) -> bool {
    moves.book.is_some()
        || moves.whole.is_some()
        || !moves.edges.is_empty()
        || users(moves).next().is_some()
        || groups(moves).next().is_some()
}

/// Whether what makes administrators is another after the edit than before it: what decides about roles, which groups there
/// are and how they are called, or which groups they are in. If not, one look is enough for both.
pub(super) fn shifts(moves: &Moves) -> bool {
    moves.book.is_some() || moves.whole.is_some() || moves.nests || groups(moves).next().is_some()
}

/// Whether it was done to an administrator, or to a group whose members are, as the work has them now. `posts` are those that
/// are not the caller's own to make.
pub(super) fn crossed(work: &mut Work, posts: &Posts, moves: &Moves) -> Edit<bool> {
    let inside = posts.groups(work)?;
    let edges = moves.edges.iter().map(|(group, _, _)| group.as_str()).chain(moves.whole.iter().map(|whole| whole.group.as_str()));
    if groups(moves).chain(edges).any(|group| inside.contains(group)) {
        return Ok(true);
    }
    for turn in users(moves) {
        let rows = [&turn.0, &turn.1].into_iter().flatten();
        let Some(id) = rows.clone().map(|row| row.user.id.as_str()).next() else { continue };
        // An edge that came or went with it was looked at above.
        let sits = !inside.is_empty() && turn.1.is_some() && work.memberships(id)?.iter().any(|group| inside.contains(group));
        if sits || posts.granted(id) || rows.into_iter().any(|row| posts.values(&row.user)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Users that were let in or out, renamed, linked, let go, deleted or brought back, or given other roles.
fn users(moves: &Moves) -> impl Iterator<Item = &Turn<UserRow>> {
    moves.users.iter().filter(|(before, after)| match (before, after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => changed(&before.user, &after.user),
        (None, Some(after)) => moves.tombstones.iter().any(|(id, before)| *id == after.user.id && before.is_some()),
        (None, None) => false,
    })
}

fn changed(before: &User, after: &User) -> bool {
    before.active.unwrap_or(false) != after.active.unwrap_or(false)
        || before.user_name != after.user_name
        || before.emails != after.emails
        || before.roles != after.roles
        || before.entitlements != after.entitlements
        || links::managers(before).ne(links::managers(after))
        // A connection lets go whom it never managed, too: that is a delete.
        || after.links.iter().any(|link| links::is_unlinked(after, &link.connection_id) && !links::is_unlinked(before, &link.connection_id))
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
