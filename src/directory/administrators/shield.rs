//! What of an edit touches administrators that are not the caller's own to make.

use super::{super::core::Edit, super::links, posts::Posts};
use crate::{
    api::v1::{Group, User},
    store::{GroupRow, Moves, Turn, UserRow, Work, maker},
};

/// Whether an edit of a bound caller did something that may not be done to administrators, whoever it was done to.
/// `connection` is the caller's; empty for one without.
pub(super) fn concerns(moves: &Moves, connection: &str) -> bool {
    moves.book.is_some()
        || moves.whole.is_some()
        || !moves.edges.is_empty()
        || users(moves, connection).next().is_some()
        || groups(moves).next().is_some()
}

/// Whether what makes administrators is another after the edit than before it: what decides about roles, which groups there
/// are and how they are called, or which groups they are in. If not, one look is enough for both.
pub(super) fn shifts(moves: &Moves) -> bool {
    moves.book.is_some() || moves.whole.is_some() || moves.nests || groups(moves).next().is_some()
}

/// Whether it was done to an administrator, or to a group whose members are, as the work has them now. `posts` are those that
/// are not the caller's own to make.
pub(super) fn crossed(work: &mut Work, posts: &Posts, moves: &Moves, connection: &str) -> Edit<bool> {
    if moves.groups.iter().any(|turn| is_passed_off(turn, posts, connection)) {
        return Ok(true);
    }
    let inside = posts.groups(work)?;
    let edges = moves.edges.iter().map(|(group, _, _)| group.as_str()).chain(moves.whole.iter().map(|whole| whole.group.as_str()));
    if groups(moves).chain(edges).any(|group| inside.contains(group)) {
        return Ok(true);
    }
    for turn in users(moves, connection) {
        let rows = [&turn.0, &turn.1].into_iter().flatten();
        let Some(id) = rows.clone().map(|row| row.user.id.as_str()).next() else { continue };
        // An edge that came or went with it was looked at above; who is new has no other.
        let is_new = turn.0.is_none() && !is_back(moves, id);
        let sits = !inside.is_empty() && !is_new && turn.1.is_some() && work.memberships(id)?.iter().any(|group| inside.contains(group));
        if sits || posts.granted(id) || rows.into_iter().any(|row| posts.values(&row.user)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Users that were let in or out, renamed, linked, let go, deleted or brought back, or given other roles; and new ones that come
/// with a link which is not the caller's own, and so with what the mappings of others give.
fn users<'m>(moves: &'m Moves, connection: &'m str) -> impl Iterator<Item = &'m Turn<UserRow>> {
    moves.users.iter().filter(move |(before, after)| match (before, after) {
        (Some(_), None) => true,
        (Some(before), Some(after)) => changed(&before.user, &after.user),
        (None, Some(after)) => is_back(moves, &after.user.id) || after.user.links.iter().any(|link| link.connection_id != connection),
        (None, None) => false,
    })
}

/// Whether somebody was brought back.
fn is_back(moves: &Moves, id: &str) -> bool {
    moves.tombstones.iter().any(|(tombstone, before)| tombstone == id && before.is_some())
}

/// Whether a group with members is made to look as if another connection had made it: what that one's mappings would give its
/// members later nobody would look at any more (`plant`). Members that come after the link are marked as somebody else's.
fn is_passed_off((before, after): &Turn<GroupRow>, posts: &Posts, connection: &str) -> bool {
    let Some(after) = after.as_deref().filter(|row| row.member_count > 0) else { return false };
    let (was, is) = (before.as_deref().and_then(|row| maker(&row.group)), maker(&after.group));
    before.is_some() && is != was && is.is_some_and(|is| is != connection && posts.maps_groups_of(is))
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
