//! Reading the feed from its table: commits in their order, large ones piece by piece.

use super::{Counters, Fault, Reader, Store, Text};
use crate::{
    api::v1::{Actor, ChangeEvent},
    clock::Micros,
    limits,
};
use prost::Message as _;

/// How far a reader of the feed is: past every commit up to `revision`, and past the events before `index` of the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The last commit that is wholly behind.
    pub revision: i64,
    /// The index of the next event of the commit after it; 0 unless that is a large one, read in part.
    pub index: i64,
}

impl Place {
    /// Behind a whole commit.
    pub fn behind(revision: i64) -> Place {
        Place { revision, index: 0 }
    }
}

/// A commit, or a part of a large one.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where a reader is before it.
    pub from: Place,
    /// Where it is behind it.
    pub to: Place,
    /// The commit's revision.
    pub revision: i64,
    /// When it was asked for.
    pub committed_at: Micros,
    /// Who asked.
    pub actor: Actor,
    /// What changed, in order of index.
    pub events: Vec<ChangeEvent>,
    /// Encoded bytes of the events.
    pub bytes: usize,
}

impl Piece {
    /// Whether nothing of the commit follows.
    pub fn last(&self) -> bool {
        self.to.index == 0
    }
}

const CHANGES: Text = Text::same(
    "SELECT revision, idx, body FROM changes WHERE organization_id = $1 AND (revision, idx) >= ($2, $3) ORDER BY revision, idx LIMIT $4",
);
const COMMITS: Text = Text::same(
    "SELECT revision, committed_at, actor FROM commits WHERE organization_id = $1 AND revision >= $2 AND revision <= $3 ORDER BY revision",
);
const HEAD: Text = Text::same("SELECT revision FROM heads WHERE organization_id = $1");

/// The statements that follow the feed, for the test that reads their plans.
pub(super) const FEED_READS: &[(&str, Text)] = &[("changes", CHANGES), ("commits", COMMITS)];

type Change = (i64, i64, Vec<u8>);

impl Reader {
    /// What follows this place: whole commits, or the next pieces of a large one. Empty at the end of the feed.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn feed_after(&mut self, place: Place) -> Result<Vec<Piece>, Fault> {
        let organization = self.organization().to_owned();
        let rows = i64::try_from(limits::FEED_EVENTS).unwrap_or(i64::MAX).saturating_add(1);
        let mut on = self.connection();
        let changes = on.statement(CHANGES).bind(organization.clone()).bind(place.revision.saturating_add(1));
        let changes = changes.bind(place.index).bind(rows);
        let (mut changes, cut) = changes.up_to(limits::FEED_READ_BYTES, |change: &Change| change.2.len()).await?;
        // The one too many tells whether the commit before it goes on.
        let next = if changes.len() > limits::FEED_EVENTS || (cut && changes.len() > 1) { changes.pop() } else { None };
        let (Some(first), Some(last)) = (changes.first().map(|c| c.0), changes.last().map(|c| c.0)) else { return Ok(Vec::new()) };
        let goes_on = next.filter(|next| next.0 == last).map(|next| next.1);
        let commits = on.statement(COMMITS).bind(organization).bind(first).bind(last);
        let commits: Vec<(i64, Micros, Vec<u8>)> = commits.all().await?;
        pieces(place, commits, changes, goes_on)
    }

    /// Up to where the feed was compacted: nothing of it is kept up to this revision.
    pub fn compacted(&self) -> i64 {
        self.compacted_revision
    }
}

/// Puts changes back into their commits. `goes_on` is the index of the last commit's next event, if it is not read to its end.
fn pieces(place: Place, commits: Vec<(i64, Micros, Vec<u8>)>, changes: Vec<Change>, goes_on: Option<i64>) -> Result<Vec<Piece>, Fault> {
    let mut commits = commits.into_iter();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = place;
    for (revision, index, body) in changes {
        let event = ChangeEvent::decode(body.as_slice())?;
        match pieces.last_mut().filter(|piece| piece.revision == revision) {
            Some(piece) if piece.bytes + body.len() <= limits::FEED_MESSAGE_BYTES => {
                piece.bytes += body.len();
                piece.events.push(event);
            }
            before => {
                let (committed_at, actor) = if let Some(before) = before {
                    before.to = Place { revision: revision - 1, index };
                    at = before.to;
                    (before.committed_at, before.actor.clone())
                } else {
                    let commit = commits.find(|commit| commit.0 == revision);
                    let (_, committed_at, actor) = commit.ok_or_else(|| Fault::broken("a change without its commit"))?;
                    (committed_at, Actor::decode(actor.as_slice())?)
                };
                let to = Place::behind(revision);
                pieces.push(Piece { from: at, to, revision, committed_at, actor, events: vec![event], bytes: body.len() });
            }
        }
        at = Place::behind(revision);
    }
    if let (Some(index), Some(last)) = (goes_on, pieces.last().map(|piece| piece.revision)) {
        if pieces.first().is_some_and(|first| first.revision < last) {
            // It is read from its beginning the next time.
            pieces.retain(|piece| piece.revision < last);
        } else if let Some(piece) = pieces.last_mut() {
            piece.to = Place { revision: last - 1, index };
        }
    }
    Ok(pieces)
}

impl Store {
    /// The organization's latest revision; `None` when there is no such organization. For whoever asks again and again.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn head(&self, organization: &str) -> Result<Option<i64>, Fault> {
        let uncounted = Counters::default();
        let mut pooled = self.inner.reader().await?;
        let head: Option<(i64,)> = pooled.on(&uncounted).statement(HEAD).bind(organization.to_owned()).optional().await?;
        Ok(head.map(|(revision,)| revision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commits(revisions: &[i64]) -> Vec<(i64, Micros, Vec<u8>)> {
        revisions.iter().map(|revision| (*revision, revision * 10, Vec::new())).collect()
    }

    fn change(revision: i64, index: u32, bytes: usize) -> Change {
        let event = ChangeEvent { index, resource_id: "x".repeat(bytes), ..ChangeEvent::default() };
        (revision, i64::from(index), event.encode_to_vec())
    }

    fn told(pieces: &[Piece]) -> Vec<(Place, Place, Vec<u32>)> {
        pieces.iter().map(|piece| (piece.from, piece.to, piece.events.iter().map(|event| event.index).collect())).collect()
    }

    #[test]
    fn changes_come_back_as_their_commits() {
        let changes = vec![change(3, 0, 1), change(3, 1, 1), change(4, 0, 1)];
        let found = pieces(Place::behind(2), commits(&[3, 4]), changes, None).unwrap();
        let (two, three, four) = (Place::behind(2), Place::behind(3), Place::behind(4));
        assert_eq!(told(&found), [(two, three, vec![0, 1]), (three, four, vec![0])]);
        assert_eq!(found[1].committed_at, 40);
    }

    #[test]
    fn a_commit_that_is_not_read_to_its_end_waits_unless_it_is_the_first() {
        let changes = vec![change(3, 0, 1), change(4, 0, 1), change(4, 1, 1)];
        let found = pieces(Place::behind(2), commits(&[3, 4]), changes, Some(2)).unwrap();
        assert_eq!(told(&found), [(Place::behind(2), Place::behind(3), vec![0])]);
        let changes = vec![change(4, 5, 1), change(4, 6, 1)];
        let (from, to) = (Place { revision: 3, index: 5 }, Place { revision: 3, index: 7 });
        let found = pieces(from, commits(&[4]), changes, Some(7)).unwrap();
        assert_eq!(told(&found), [(from, to, vec![5, 6])]);
        assert!(!found[0].last());
    }

    #[test]
    fn a_commit_of_many_bytes_comes_in_pieces() {
        let half = limits::FEED_MESSAGE_BYTES / 2;
        let changes = vec![change(3, 0, half), change(3, 1, half), change(3, 2, 1)];
        let found = pieces(Place::behind(2), commits(&[3]), changes, None).unwrap();
        let between = Place { revision: 2, index: 1 };
        assert_eq!(told(&found), [(Place::behind(2), between, vec![0]), (between, Place::behind(3), vec![1, 2])]);
        assert_eq!((found[0].last(), found[1].last()), (false, true));
    }
}
