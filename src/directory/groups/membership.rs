//! Edges under the lock: the cost of a change follows the change, never the size of the group.

use super::{
    super::{Error, core::Edit, sight::Sight},
    refer::{self, Named},
};
use crate::{
    api::v1::{ErrorReason, change_event::Action},
    attributes::roster::Roster,
    feed::append,
    limits,
    store::{GroupRow, MEMBER_GROUP, Work},
};
use std::{collections::BTreeSet, sync::Arc};

/// How many edges came, went and stayed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::directory) struct Moved {
    pub(super) added: i64,
    pub(super) removed: i64,
    pub(super) kept: i64,
    /// How many who were deleted softly do not come back into the group for it.
    pub(super) forgotten: i64,
    /// Whether the membership is set while somebody who was deleted softly might have come back.
    pub(super) set: bool,
    /// The first member for whom there was nothing to do.
    pub(super) redundant: Option<String>,
}

/// Stores a group again because its membership changed.
pub(in crate::directory) fn touch(work: &mut Work, group: &GroupRow, gained: i64) -> Arc<GroupRow> {
    work.put_group(group.group.clone(), gained)
}

/// Stores the groups again that a user is in and the caller sees: the user comes into what the caller reads of them, or goes from it.
pub(in crate::directory) fn show_again(work: &mut Work, sight: &Sight, member: &str) -> Edit<()> {
    let groups: Vec<_> = work.memberships(member)?.iter().map(|group| work.group(group)).collect();
    let groups = groups.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    for group in groups.into_iter().flatten().filter(|group| sight.sees(&group.group)) {
        let after = touch(work, &group, 0);
        append::group(work, Action::Updated, Some(&group.message()), Some(&after.message()), Vec::new());
    }
    Ok(())
}

/// Adds members; who is in already stays. Every member must exist in the organization, and be there for the caller.
pub(super) fn add(work: &mut Work, sight: &Sight, group: &str, members: &[Named]) -> Edit<Moved> {
    let ids: Vec<String> = members.iter().map(|m| m.id.clone()).collect();
    let (kinds, edges) = (kinds(work, sight, &ids), work.edges(group, &ids));
    let (kinds, edges) = (kinds?, edges?);
    let comes = |edge: &Option<i64>, kind: &Option<i64>| edge.is_none() && *kind == Some(MEMBER_GROUP);
    let groups = members.iter().zip(kinds.iter().zip(&edges)).filter(|(_, (kind, edge))| comes(edge, kind));
    check_cycles(work, group, groups.map(|(member, _)| member.id.as_str()))?;
    let (mut moved, mut seen) = (Moved::default(), BTreeSet::new());
    for ((member, kind), edge) in members.iter().zip(kinds).zip(edges) {
        let kind = check_kind(member, kind)?;
        // Who is named twice was in the second time.
        if edge.is_some() || !seen.insert(member.id.as_str()) {
            moved.kept += 1;
            moved.redundant.get_or_insert_with(|| member.id.clone());
            continue;
        }
        work.set_edge(group, &member.id, Some(kind));
        append::membership(work, Action::Added, group, &member.id, kind);
        moved.added += 1;
    }
    Ok(moved)
}

/// Brings one member into a group, whose times stay as they are: an import tells both. Answers whether it came, and nothing where
/// the group or the member is not there.
pub(in crate::directory) fn bring(work: &mut Work, group: &str, member: &str, kind: i64) -> Edit<Option<bool>> {
    let ids = [member.to_owned()];
    let (row, kinds, edges) = (work.group(group), work.kinds(&ids), work.edges(group, &ids));
    let (row, mut kinds, mut edges) = (row?, kinds?, edges?);
    if row.is_none() || kinds.pop().flatten() != Some(kind) {
        return Ok(None);
    }
    if edges.pop().flatten().is_some() {
        return Ok(Some(false));
    }
    if kind == MEMBER_GROUP {
        check_cycles(work, group, [member])?;
    }
    work.set_edge(group, member, Some(kind));
    append::membership(work, Action::Added, group, member, kind);
    if let Some(after) = work.gain_member(group) {
        check_size(&after)?;
    }
    Ok(Some(true))
}

/// The kind of each principal; none for one that does not exist, or is not there for the caller.
pub(super) fn kinds(work: &mut Work, sight: &Sight, ids: &[String]) -> Edit<Vec<Option<i64>>> {
    let (kinds, seen) = (work.kinds(ids), sight.seen_in(work, ids));
    let (kinds, seen) = (kinds?, seen?);
    Ok(ids.iter().zip(kinds).map(|(id, kind)| kind.filter(|_| seen.contains(id))).collect())
}

/// Refuses groups that hold the one they come into, where the organization will have no circles.
fn check_cycles<'m>(work: &mut Work, group: &str, coming: impl IntoIterator<Item = &'m str>) -> Edit<()> {
    let mut coming = coming.into_iter().peekable();
    if !work.refuses_cycles() || coming.peek().is_none() {
        return Ok(());
    }
    let holding = work.holding(group)?;
    match coming.find(|member| holding.contains(*member)) {
        Some(_) => Err(Error::value("members.value", "The group would be in itself, which this organization refuses.").into()),
        None => Ok(()),
    }
}

/// The kind of a member, given what is there under its id: it must exist, and be what it is said to be.
pub(super) fn check_kind(member: &Named, there: Option<i64>) -> Edit<i64> {
    Ok(there.filter(|kind| member.kind.is_none_or(|said| said == *kind)).ok_or_else(|| unknown(&member.id))?)
}

/// Removes members; who is not in is no error, and who is another connection's and not there for the caller stays.
pub(super) fn remove(work: &mut Work, sight: &Sight, group: &str, ids: &[String]) -> Edit<Moved> {
    let (edges, there) = (work.edges(group, ids), sight.ended_in(work, ids));
    let (edges, there) = (edges?, there?);
    let forgotten = forget(work, group, ids.iter().zip(&edges).filter(|(_, edge)| edge.is_none()).map(|(id, _)| id));
    let (mut moved, mut seen) = (Moved::default(), BTreeSet::new());
    for (id, edge) in ids.iter().zip(edges) {
        let Some(kind) = edge.filter(|_| there.contains(id) && seen.insert(id.as_str())) else {
            moved.kept += 1;
            moved.redundant.get_or_insert_with(|| id.clone());
            continue;
        };
        work.set_edge(group, id, None);
        append::membership(work, Action::Removed, group, id, kind);
        moved.removed += 1;
    }
    Ok(Moved { forgotten: forgotten?, ..moved })
}

/// Who was deleted softly and is removed from a group meanwhile does not come back into it. Answers how many such there are.
pub(super) fn forget<'i>(work: &mut Work, group: &str, absent: impl Iterator<Item = &'i String>) -> Edit<i64> {
    if !work.group(group)?.is_some_and(|row| row.awaits_somebody()) {
        return Ok(0);
    }
    let found: Vec<_> = absent.map(|id| work.tombstone(id)).collect();
    let mut forgotten = 0;
    for tombstone in found.into_iter().collect::<std::result::Result<Vec<_>, _>>()?.into_iter().flatten() {
        if tombstone.groups.iter().any(|of| of == group) {
            let mut tombstone = tombstone.as_ref().clone();
            tombstone.groups.retain(|of| of != group);
            let id = tombstone.id().to_owned();
            work.set_tombstone(&id, Some(tombstone));
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

/// Makes these the members, and nobody else but whom the caller does not see and did not delete.
pub(super) fn replace(work: &mut Work, sight: &Sight, group: &str, members: &[Named]) -> Edit<Moved> {
    let ids: Vec<String> = members.iter().map(|m| m.id.clone()).collect();
    let (roster, kinds) = (work.roster(group), kinds(work, sight, &ids));
    let (roster, _) = (roster?, kinds?);
    let wanted: BTreeSet<&str> = members.iter().map(|m| m.id.as_str()).collect();
    let gone: Vec<String> = roster.into_iter().map(|(id, _)| id).filter(|id| !wanted.contains(id.as_str())).collect();
    let removed = remove(work, sight, group, &gone)?;
    let added = add(work, sight, group, members)?;
    if i64::try_from(gone.len()) == Ok(removed.removed) {
        work.name_members(group);
    }
    Ok(Moved { added: added.added, removed: removed.removed, kept: added.kept, ..Moved::default() })
}

/// The same for any number of them, and however many there were, in an edit that touches no other edge of the group and
/// stands by itself.
pub(super) fn replace_whole(work: &mut Work, sight: &Sight, group: &str, roster: &Arc<Roster>) -> Edit<Moved> {
    let there = work.group(group)?.map_or(0, |row| usize::try_from(row.member_count).unwrap_or(usize::MAX));
    if roster.len().saturating_add(there) <= limits::MEMBERS_PER_REQUEST {
        return replace(work, sight, group, &refer::named(roster));
    }
    let view = sight.view_in(work)?;
    let difference = work.difference(group, roster, &view, sight.ends())?;
    if let Some(id) = &difference.unknown {
        return Err(unknown(id).into());
    }
    check_cycles(work, group, difference.groups_added(roster))?;
    work.set_whole(append::one_of_many);
    if i64::try_from(roster.len()) == Ok(difference.added() + difference.kept) {
        work.name_members(group);
    }
    Ok(Moved { added: difference.added(), removed: difference.removed(), kept: difference.kept, ..Moved::default() })
}

/// Refuses a group that would outgrow the bound.
pub(super) fn check_size(group: &GroupRow) -> Edit<()> {
    if usize::try_from(group.member_count).unwrap_or(0) > limits::MEMBERS_PER_GROUP {
        return Err(Error::new(ErrorReason::TooMany, format!("A group has at most {} members.", limits::MEMBERS_PER_GROUP))
            .with("limit", limits::MEMBERS_PER_GROUP.to_string())
            .into());
    }
    Ok(())
}

pub(super) fn unknown(id: &str) -> Error {
    // The id was the caller's own word, so that saying it again tells nothing new; it is cut, since it may be anything.
    let shown: String = id.chars().filter(|c| !c.is_control()).take(64).collect();
    Error::value("members.value", format!("No user or group of this organization has the id \"{shown}\"."))
}
