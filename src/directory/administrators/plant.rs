//! What others wrote becomes administrators through a connection's own mappings: by a link to a user, or by a group that the
//! mappings begin to reach. Whoever may write groups could otherwise prepare one for a provider to adopt.

use super::{super::core::Edit, super::links, posts::Posts};
use crate::{
    api::v1::{
        User,
        link::{Reason, State},
    },
    limits,
    store::{GroupRow, Moves, Work, is_made_by},
};
use std::collections::BTreeSet;

/// Whether the connection comes to manage somebody who administers by its mappings from then on.
pub(super) fn takes_on(own: &Posts, moves: &Moves, connection: &str) -> bool {
    let turns = moves.users.iter().filter_map(|(before, after)| Some((&before.as_ref()?.user, &after.as_ref()?.user)));
    let mut linked = turns.filter(|(before, after)| !links::is_linked(*before, connection) && links::is_linked(*after, connection));
    linked.any(|(before, after)| !comes_back(before, connection) && own.values(after))
}

/// Whether the connection wrote the user before it let it go, and nobody else manages it since.
fn comes_back(user: &User, connection: &str) -> bool {
    let wrote = links::was_linked(user, connection)
        && links::link_of(user, connection).is_some_and(|link| matches!(link.reason(), Reason::Created | Reason::Restored));
    wrote && !user.links.iter().any(|link| link.state() == State::Linked)
}

/// Whether one of the groups, as the work has them before the edit, has members that stay and that the connection did not put
/// there: others did, or made the group itself. Where the edit names all members, those whom it manages are its own all the same.
pub(super) fn is_peopled(work: &mut Work, groups: &[String], moves: &Moves, connection: &str) -> Edit<bool> {
    let rows: Vec<_> = groups.iter().map(|id| work.group(id)).collect();
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    let strangers: Vec<_> = rows.into_iter().flatten().map(|row| has_strangers(work, &row, moves, connection)).collect();
    Ok(strangers.into_iter().collect::<Edit<Vec<_>>>()?.contains(&true))
}

fn has_strangers(work: &mut Work, row: &GroupRow, moves: &Moves, connection: &str) -> Edit<bool> {
    let (id, named) = (&row.group.id, moves.named.contains(&row.group.id));
    let left = moves.edges.iter().filter(|(group, _, came)| group == id && !came).map(|(_, member, _)| member);
    let emptied = moves.whole.iter().filter(|whole| whole.group == *id).flat_map(|whole| &whole.gone);
    let gone: BTreeSet<&str> = left.chain(emptied).map(String::as_str).collect();
    let stay = usize::try_from(row.member_count).unwrap_or(usize::MAX).saturating_sub(gone.len());
    if stay == 0 {
        return Ok(false);
    }
    let strangers: Vec<String> = if is_made_by(&row.group, connection) {
        let enough = if named { limits::NAMED_AGAIN + 1 } else { 1 };
        work.planted_in(id, &gone, enough)?.into_iter().collect()
    } else if named && stay <= limits::NAMED_AGAIN && gone.len() <= limits::MEMBERS_PER_REQUEST {
        work.roster(id)?.into_iter().map(|(member, _)| member).filter(|member| !gone.contains(member.as_str())).collect()
    } else {
        return Ok(true);
    };
    if strangers.is_empty() || !named || strangers.len() > limits::NAMED_AGAIN {
        return Ok(!strangers.is_empty());
    }
    let users: Vec<_> = strangers.iter().map(|member| work.user(member)).collect();
    let users = users.into_iter().collect::<Result<Vec<_>, _>>()?;
    // A group among them is somebody else's word, too.
    Ok(users.iter().any(|user| !user.as_ref().is_some_and(|row| links::is_linked(&row.user, connection))))
}
