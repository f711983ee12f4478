//! The edit that changes one group: its attributes, its edges, or both.

use super::{
    super::{
        Error, Result, actions,
        core::{Call, Edit},
        links, precondition,
        sight::Sight,
    },
    membership::{self, Moved},
    net,
    refer::{self, Named},
};
use crate::{
    api::v1::{Group, MemberDelta, Precondition, change_event::Action, connection::AllowedAction, member_delta},
    attributes::{ResourceType, Schemas, check, fold, patch::MemberEdit, roster::Roster},
    feed::append,
    store::{GroupRow, KEY_GROUP_EXTERNAL_ID, Work},
};
use std::sync::Arc;

/// A group after a change, and what moved.
pub(in crate::directory) type Changed = (Arc<GroupRow>, Moved);

/// One thing to do to a group's edges.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Add(Vec<Named>),
    Remove(Vec<String>),
    Replace(Vec<Named>),
    /// The only one of an edit that stands by itself: however many they are.
    Whole(Arc<Roster>),
}

/// Whether an edit has its commit to itself, or others may be a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::directory) enum Standing {
    /// What takes more than memory should hold can be done piece by piece.
    Alone,
    /// It has to see what the others do, and they what it does.
    Among,
}

/// These steps, or the way to do them piece by piece, where there is one.
pub(super) fn stand(steps: Vec<Step>, standing: Standing) -> Result<Vec<Step>> {
    match (steps.as_slice(), standing) {
        ([Step::Replace(members)], Standing::Alone) => Ok(vec![Step::Whole(Arc::new(refer::roster(members)?))]),
        _ => Ok(steps),
    }
}

pub(super) fn step(edit: MemberEdit) -> Result<Step> {
    Ok(match edit {
        MemberEdit::Add(members) => Step::Add(refer::principals(members, "members")?),
        MemberEdit::Remove(ids) => Step::Remove(ids),
        MemberEdit::Clear => Step::Replace(Vec::new()),
        MemberEdit::Replace(members) => Step::Replace(refer::principals(members, "members")?),
    })
}

/// Neighbouring deltas of one direction become one step.
pub(super) fn deltas(deltas: Vec<MemberDelta>) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for delta in deltas {
        let action = delta.action();
        let member = refer::principal(delta.member.ok_or_else(|| Error::missing("deltas.member"))?, "deltas.member")?;
        match (action, steps.last_mut()) {
            (member_delta::Action::Add, Some(Step::Add(members))) => members.push(member),
            (member_delta::Action::Add, _) => steps.push(Step::Add(vec![member])),
            (member_delta::Action::Remove, Some(Step::Remove(ids))) => ids.push(member.id),
            (member_delta::Action::Remove, _) => steps.push(Step::Remove(vec![member.id])),
            (member_delta::Action::Unspecified, _) => return Err(Error::value("deltas.action", "deltas.action is none of its values.")),
        }
    }
    Ok(steps)
}

pub(super) fn take(work: &mut Work, sight: &Sight, group: &str, steps: &[Step]) -> Edit<Moved> {
    if steps.len() > 1 && !steps.iter().any(|step| matches!(step, Step::Replace(_))) {
        return net::take(work, sight, group, steps);
    }
    let mut moved = Moved::default();
    // Whoever was deleted softly before the membership is set does not come back into it.
    let sets = steps.iter().any(|step| matches!(step, Step::Replace(_) | Step::Whole(_)));
    moved.set = sets && work.group(group)?.is_some_and(|row| row.awaits_somebody());
    for step in steps {
        let one = match step {
            Step::Add(members) => membership::add(work, sight, group, members)?,
            Step::Remove(ids) => membership::remove(work, sight, group, ids)?,
            Step::Replace(members) => membership::replace(work, sight, group, members)?,
            Step::Whole(roster) => membership::replace_whole(work, sight, group, roster)?,
        };
        moved.added += one.added;
        moved.removed += one.removed;
        moved.kept += one.kept;
        moved.forgotten += one.forgotten;
        moved.redundant = moved.redundant.or(one.redundant);
    }
    Ok(moved)
}

/// The group's version follows its membership.
pub(super) fn settle(work: &mut Work, row: Arc<GroupRow>, moved: &Moved) -> Edit<Arc<GroupRow>> {
    if moved.added == 0 && moved.removed == 0 && moved.forgotten == 0 && !moved.set {
        return Ok(row);
    }
    let after = membership::touch(work, &row, moved.added - moved.removed);
    membership::check_size(&after)?;
    if moved.set {
        work.await_nobody(&after.group.id);
    }
    if moved.added == 0 && moved.removed == 0 {
        // Nobody moves, and yet somebody will not come back: a change like any other.
        append::group(work, Action::Updated, Some(&row.message()), Some(&after.message()), Vec::new());
    }
    Ok(after)
}

/// The edit that changes a group's attributes and edges together. What comes to nothing makes no revision.
pub(super) fn modification<C: Fn(&mut Group, &Schemas) -> Result<Vec<Step>> + Send>(
    call: &Call,
    id: String,
    condition: Option<Precondition>,
    change: C,
) -> Result<impl FnMut(&mut Work) -> Edit<Changed> + Send + use<C>> {
    actions::require(&call.caller, AllowedAction::WriteGroups)?;
    precondition::check_form(condition.as_ref())?;
    let (sight, unique_names) = (Sight::of(call), unique_names(call));
    Ok(move |work: &mut Work| -> Edit<Changed> {
        let before = work.group(&id)?.ok_or_else(|| Error::not_found("group"))?;
        sight.check(&before.group, "group")?;
        precondition::check(condition.as_ref(), work, &before.group.id, before.version)?;
        let mut group = before.group.clone();
        let schemas = work.schemas();
        let steps = change(&mut group, &schemas)?;
        schemas.check_shapes(ResourceType::Group, &group.extensions).map_err(Error::from)?;
        check::check_group(&mut group).map_err(Error::from)?;
        if group != before.group {
            schemas.admit(ResourceType::Group, &mut group.extensions, Some(&before.group.extensions)).map_err(Error::from)?;
        }
        links::follow_external_id(&mut group, sight.connection(), work.now());
        let unique = check_unique(work, &group, Some(&before));
        let named = check_name(work, unique_names, &group, Some(&before));
        let moved = take(work, &sight, &id, &steps);
        unique?;
        named?;
        let moved = moved?;
        if group == before.group {
            return Ok((settle(work, before, &moved)?, moved));
        }
        let after = work.put_group(group, moved.added - moved.removed);
        membership::check_size(&after)?;
        if moved.set {
            work.await_nobody(&id);
        }
        append::group(work, Action::Updated, Some(&before.message()), Some(&after.message()), changed(&before.group, &after.group));
        Ok((after, moved))
    })
}

/// Within a connection an externalId names one group. Display names may repeat (RFC 7643 section 4.2).
pub(super) fn check_unique(work: &mut Work, group: &Group, before: Option<&GroupRow>) -> Edit<()> {
    let external: Vec<_> = GroupRow::external_keys(group)
        .into_iter()
        .filter(|key| !before.is_some_and(|b| b.keys.contains(&(KEY_GROUP_EXTERNAL_ID, key.clone()))))
        .map(|key| work.holders(KEY_GROUP_EXTERNAL_ID, &key))
        .collect();
    for holders in external {
        if holders?.iter().any(|holder| *holder != group.id) {
            return Err(Error::taken("externalId").into());
        }
    }
    Ok(())
}

/// Whether the caller's connection gives no name twice.
pub(super) fn unique_names(call: &Call) -> bool {
    call.caller.connection.as_deref().is_some_and(|connection| connection.unique_group_names)
}

/// Refuses a name that another group has, where the connection says so; a group keeps the one it has.
pub(super) fn check_name(work: &mut Work, unique: bool, group: &Group, before: Option<&GroupRow>) -> Edit<()> {
    let key = fold::caseless(&group.display_name);
    if !unique || before.is_some_and(|before| before.name_key == key) {
        return Ok(());
    }
    if work.groups_named(&key)?.iter().any(|holder| *holder != group.id) {
        return Err(Error::taken("displayName").into());
    }
    Ok(())
}

pub(in crate::directory) fn changed(before: &Group, after: &Group) -> Vec<String> {
    append::changed_of_group(before, after)
}
