//! What others wrote becomes administrators through a connection's own mappings: by a link to a user, or by a group that the
//! mappings begin to reach. Whoever may write groups could otherwise prepare one for a provider to adopt.

use super::{super::core::Edit, super::links, posts::Posts};
use crate::{
    api::v1::{
        Group, User,
        link::{Reason, State},
    },
    store::{Moves, Work},
};

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

/// Whether one of the groups, as the work has them before the edit, has members that stay and that the connection did not write:
/// it made the group itself, or all that is left in it came with the edit.
pub(super) fn is_peopled(work: &mut Work, groups: &[String], moves: &Moves, connection: &str) -> Edit<bool> {
    let rows: Vec<_> = groups.iter().map(|id| work.group(id)).collect();
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().flatten().any(|row| {
        let id = &row.group.id;
        let left = moves.edges.iter().filter(|(group, _, came)| group == id && !came).count();
        let emptied = moves.whole.iter().filter(|whole| whole.group == *id).map(|whole| whole.gone.len()).sum::<usize>();
        let gone = i64::try_from(left + emptied).unwrap_or(i64::MAX);
        row.member_count > gone && !is_made_by(&row.group, connection)
    }))
}

fn is_made_by(group: &Group, connection: &str) -> bool {
    links::is_linked(group, connection)
        && links::link_of(group, connection).is_some_and(|link| matches!(link.reason(), Reason::Created | Reason::Restored))
}
