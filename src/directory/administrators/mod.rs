//! What holds for every write, whichever it is: what was granted to a principal ends and comes back with it; administrators are
//! nobody's to change whose token does not say so; and the last one stays.
//!
//! All of it is judged after the edit has run, by what it did, so that no road into the data can pass it by. Organizations
//! without administrators pay nothing: whether there are any stands in what is in memory.

mod plant;
mod posts;
mod shield;

use super::{Error, core::Edit, roles};
use crate::{
    access::Caller,
    api::v1::ErrorReason,
    store::{Moves, UserRow, Work},
};
use posts::Posts;

/// The scope with which a caller may change who the administrators are.
pub(super) const SCOPE: &str = "administrators.write";

/// What a caller's writes are held against.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// The caller that may not change who the administrators are: its connection, empty for one without.
    bound: Option<String>,
}

impl Guard {
    pub(super) fn of(caller: &Caller) -> Self {
        let bound = !caller.scopes.has(SCOPE);
        Guard { bound: bound.then(|| caller.connection_id().to_owned()) }
    }

    /// Runs an edit and judges it. Since edits are pure, one is taken back and run again where it matters how things stood
    /// before it.
    pub(super) fn run<T>(&self, work: &mut Work, edit: &mut impl FnMut(&mut Work) -> Edit<T>) -> Edit<T> {
        let mut again = |work: &mut Work| -> Edit<T> {
            let answer = edit(work)?;
            if work.changed() && work.has_roles() {
                roles::follow_principals(work)?;
            }
            Ok(answer)
        };
        let mut answer = again(work)?;
        if !work.changed() || !work.has_roles() {
            return Ok(answer);
        }
        let moves = work.moves();
        let now = Posts::of(work)?;
        let before = moves.book.as_ref().map_or_else(|| now.clone(), |book| Posts::read(book, work.now()));
        if before.is_empty() && now.is_empty() {
            return Ok(answer);
        }
        if let Some(connection) = &self.bound
            && shield::concerns(&moves, connection)
        {
            answer = held(work, (&before, &now), &moves, connection, answer, &mut again)?;
        }
        if before.is_empty() || !may_lose(work, &before, &moves)? || now.lasting().somebody(work)? {
            return Ok(answer);
        }
        // Who administers for a time does not stand in for one who did so without end.
        let (lasting, stays) = (before.lasting(), now.somebody(work)?);
        if stays && lasting.is_empty() {
            return Ok(answer);
        }
        work.retract();
        if lasting.somebody(work)? || (!stays && before.somebody(work)?) {
            return Err(last_administrator().into());
        }
        again(work)
    }
}

/// Whether a token of this connection makes administrators: by its mappings.
///
/// # Errors
/// A miss until what decides about roles was read.
pub(super) fn are_made_by(work: &mut Work, connection: &str) -> Edit<bool> {
    Ok(!Posts::of(work)?.of_its_own(connection).is_empty())
}

/// Holds what an edit of a bound caller did against what it may not do. Answers the edit's answer, or the same of another run.
fn held<T>(
    work: &mut Work,
    (before, now): (&Posts, &Posts),
    moves: &Moves,
    connection: &str,
    answer: T,
    again: &mut impl FnMut(&mut Work) -> Edit<T>,
) -> Edit<T> {
    if before != now {
        return Err(administrator().into());
    }
    let (others, own) = (now.of_others(connection), now.of_its_own(connection));
    if plant::takes_on(&own, moves, connection) {
        return Err(planted().into());
    }
    if !shield::shifts(moves) {
        return if shield::crossed(work, &others, moves, connection)? { Err(administrator().into()) } else { Ok(answer) };
    }
    let (crossed, reach) = (shield::crossed(work, &others, moves, connection), own.groups(work));
    work.retract();
    let (crossed_before, reach_before) = (shield::crossed(work, &others, moves, connection), own.groups(work));
    if crossed? || crossed_before? {
        return Err(administrator().into());
    }
    let reach_before = reach_before?;
    let gained: Vec<String> = reach?.into_iter().filter(|group| !reach_before.contains(group)).collect();
    if plant::is_peopled(work, &gained, moves, connection)? {
        return Err(planted().into());
    }
    again(work)
}

/// Whether what an edit did can have taken an administrator away.
fn may_lose(work: &mut Work, before: &Posts, moves: &Moves) -> Edit<bool> {
    if moves.book.is_some() {
        return Ok(true);
    }
    let changed = moves.groups.iter().filter_map(|(was, is)| was.as_ref().map(|was| (was, is)));
    for (was, is) in changed {
        if before.names(&was.group) && !is.as_ref().is_some_and(|is| before.names(&is.group)) {
            return Ok(true);
        }
    }
    let mut departed = Vec::new();
    for (was, is) in &moves.users {
        let Some(was) = was.as_ref().filter(|was| is_active(was)) else { continue };
        let stays = is.as_ref().filter(|is| is_active(is));
        if before.values(&was.user) && !stays.is_some_and(|is| before.values(&is.user)) {
            return Ok(true);
        }
        if stays.is_none() {
            departed.push((&was.user.id, is.is_some()));
        }
    }
    let left = moves.edges.iter().filter(|(_, _, came)| !came).map(|(group, _, _)| group);
    let emptied = moves.whole.iter().filter(|whole| !whole.gone.is_empty()).map(|whole| &whole.group);
    let mut left = left.chain(emptied).peekable();
    // Most writes end nothing, and ask for nothing here.
    if left.peek().is_none() && departed.is_empty() {
        return Ok(false);
    }
    let reached = before.groups(work)?;
    if left.any(|group| reached.contains(group)) {
        return Ok(true);
    }
    for (id, is_there) in departed {
        // Who is deleted has left its groups by now, and those edges were looked at.
        let inside = !reached.is_empty() && is_there && work.memberships(id)?.iter().any(|group| reached.contains(group));
        if inside || before.granted(id) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_active(row: &UserRow) -> bool {
    row.user.active.unwrap_or(false)
}

fn administrator() -> Error {
    Error::new(ErrorReason::Policy, "This would change who administers the organization, which takes the scope administrators.write.")
        .with("policy", "ADMINISTRATOR")
}

fn planted() -> Error {
    let detail = "This would make administrators of people whom others wrote, which this connection may not; a token with the scope \
                  administrators.write may, and so may an administrator.";
    Error::new(ErrorReason::Policy, detail).with("policy", "ADMINISTRATOR")
}

fn last_administrator() -> Error {
    Error::new(ErrorReason::Policy, "This would leave the organization without an administrator, or with none who stays one.")
        .with("policy", "LAST_ADMINISTRATOR")
}
