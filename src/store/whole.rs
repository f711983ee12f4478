//! Setting a group's whole membership, however large: the difference is found page by page, kept packed, and written piece
//! by piece within the one commit. What is held follows what differs, at some fifty bytes a member.
//!
//! An edit that does so stands alone in its transaction, so that no edit beside it needs to see its edges one by one.

use super::{
    Connection, Fault, MEMBER_GROUP, MEMBER_USER, Miss, RecordKind, Rows, Text, View, Work,
    difference::{Difference, PIECE},
    load::RECORDS,
    members::PRINCIPAL_KINDS,
    moves::WholeMoves,
    records, users,
    writes::{DROP_EDGES, PUT_CHANGES, PUT_EDGES},
};
use crate::{
    api::v1::{User, link::State},
    attributes::roster::{Roster, Said},
};
use prost::Message as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

// PostgreSQL compares both columns, so that no index of members by member looks as good.
pub(super) const EDGES_AFTER: Text = Text::twin(
    "SELECT member_id, member_kind FROM members WHERE organization_id = $1 AND group_id = $2 AND member_id > $3 ORDER BY member_id LIMIT $4",
    "SELECT member_id, member_kind FROM members WHERE organization_id = $1 AND group_id = $2 AND (group_id, member_id) > ($2, $3) \
     ORDER BY member_id LIMIT $4",
);

/// The contract's numbers of a change, and its encoded event: of an edge that came (or went), at this index of its commit.
pub type Tell = fn(index: u32, came: bool, group: &str, member: &str, kind: i64) -> (i32, i32, Vec<u8>);

/// What a batch knows of a whole membership: one at most.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// Group, members, what is there, and whose deletes count.
    wanted: Option<(String, Arc<Roster>, View, String)>,
    found: Option<(String, Arc<Roster>, Arc<Difference>)>,
    /// What the edit set, and the index of its first change.
    set: Option<(u32, Tell)>,
}

impl Whole {
    pub(super) fn wants(&self) -> bool {
        self.wanted.is_some()
    }

    pub(super) fn undo(&mut self) {
        self.set = None;
    }

    /// Changes that the edit makes this way.
    pub(super) fn changes(&self) -> usize {
        match (&self.set, &self.found) {
            (Some(_), Some((_, _, difference))) => difference.came.len() + difference.gone.len(),
            _ => 0,
        }
    }

    /// Edges that the edit ends this way.
    pub(super) fn removals(&self) -> usize {
        match (&self.set, &self.found) {
            (Some(_), Some((_, _, difference))) => difference.gone.len(),
            _ => 0,
        }
    }

    /// Whether an edge between groups comes or goes.
    pub(super) fn nests(&self) -> bool {
        self.set.is_some() && self.found.as_ref().is_some_and(|(_, _, difference)| difference.nests())
    }
}

impl Work {
    /// What making these the members of a group comes to, for a caller that does not see all: who is not there for it cannot
    /// come, and stays unless it was deleted by the connection `ends` and is managed by no other. Only for an edit that touches no other edge of the group; it is run again, alone in its transaction, if
    /// others are beside it.
    ///
    /// # Errors
    /// [`Miss`] until it was found.
    pub fn difference(&mut self, group: &str, roster: &Arc<Roster>, view: &View, ends: Option<&str>) -> Result<Arc<Difference>, Miss> {
        if !self.alone {
            self.wants_alone = true;
            return Err(Miss);
        }
        if let Some((of, with, difference)) = &self.whole.found
            && of == group
            && (Arc::ptr_eq(with, roster) || with == roster)
        {
            return Ok(Arc::clone(difference));
        }
        self.whole.wanted = Some((group.to_owned(), Arc::clone(roster), view.clone(), ends.unwrap_or_default().to_owned()));
        Err(Miss)
    }

    /// Makes them the members, as [`Work::difference`] found it; `tell` is asked for the event of each change.
    pub fn set_whole(&mut self, tell: Tell) {
        self.whole.set = Some((self.next_index(), tell));
    }

    /// What the running edit sets whole, if it does.
    pub(super) fn whole_moves(&self) -> Option<WholeMoves> {
        let (group, roster, difference) = self.whole.set.as_ref().and(self.whole.found.as_ref())?;
        let (gone, came) = (0..difference.gone.len(), 0..difference.came.len());
        let gone = gone.step_by(PIECE).flat_map(|from| difference.leaving(from)).map(|(id, _)| id.to_owned()).collect();
        let came = came.step_by(PIECE).flat_map(|from| difference.coming(roster, from)).map(|(id, kind)| (id.to_owned(), kind)).collect();
        Some(WholeMoves { group: group.clone(), gone, came })
    }

    pub(super) async fn load_whole(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let Some((group, roster, view, ends)) = self.whole.wanted.take() else { return Ok(()) };
        let mut search = Search {
            organization: &self.organization,
            view: &view,
            ends: &ends,
            roster: &roster,
            asked: Vec::new(),
            found: Difference::default(),
        };
        search.run(on, &group).await?;
        let found = Arc::new(search.found);
        self.whole.found = Some((group, roster, found));
        Ok(())
    }

    /// Who goes, before the group itself may.
    pub(super) async fn flush_whole_away(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let (Some((mut index, tell)), Some((group, _, difference))) = (self.whole.set, self.whole.found.clone()) else { return Ok(()) };
        for from in (0..difference.gone.len()).step_by(PIECE) {
            let some: Vec<_> = difference.leaving(from).collect();
            let rows = Rows::new().text(some.iter().map(|_| group.as_str())).text(some.iter().map(|one| one.0));
            on.statement(DROP_EDGES).bind(self.organization.clone()).rows(rows).execute().await?;
            self.tell(on, &mut index, tell, false, &group, &some).await?;
        }
        Ok(())
    }

    /// Who comes, when the group is there.
    pub(super) async fn flush_whole(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let (Some((first, tell)), Some((group, roster, difference))) = (self.whole.set.take(), self.whole.found.take()) else {
            return Ok(());
        };
        let planted = i64::from(self.plants(&group));
        let mut index = first.saturating_add(u32::try_from(difference.gone.len()).unwrap_or(u32::MAX));
        for from in (0..difference.came.len()).step_by(PIECE) {
            let some: Vec<_> = difference.coming(&roster, from).collect();
            let rows = Rows::new().text(some.iter().map(|_| group.as_str())).text(some.iter().map(|one| one.0));
            let rows = rows.integer(some.iter().map(|one| one.1)).integer(some.iter().map(|_| planted));
            on.statement(PUT_EDGES).bind(self.organization.clone()).rows(rows).execute().await?;
            self.tell(on, &mut index, tell, true, &group, &some).await?;
        }
        Ok(())
    }

    async fn tell(
        &self,
        on: &mut Connection<'_>,
        index: &mut u32,
        tell: Tell,
        came: bool,
        group: &str,
        some: &[(&str, i64)],
    ) -> Result<(), Fault> {
        let told: Vec<_> = (*index..).zip(some).map(|(index, (member, kind))| (index, tell(index, came, group, member, *kind))).collect();
        *index = index.saturating_add(u32::try_from(some.len()).unwrap_or(u32::MAX));
        let rows = Rows::new()
            .integer(told.iter().map(|_| self.made))
            .integer(told.iter().map(|t| i64::from(t.0)))
            .integer(told.iter().map(|t| i64::from(t.1.0)))
            .integer(told.iter().map(|t| i64::from(t.1.1)))
            .text(told.iter().map(|_| group))
            .blob(told.into_iter().map(|t| Some(t.1.2)));
        on.statement(PUT_CHANGES).bind(self.organization.clone()).rows(rows).execute().await?;
        Ok(())
    }
}

/// Walks the edges and the roster side by side: both are in the order of the ids.
struct Search<'a> {
    organization: &'a str,
    view: &'a View,
    ends: &'a str,
    roster: &'a Roster,
    /// Places of those who would come and whose kind is not known yet.
    asked: Vec<u32>,
    found: Difference,
}

impl Search<'_> {
    async fn run(&mut self, on: &mut Connection<'_>, group: &str) -> Result<(), Fault> {
        let (mut at, mut after) = (0, String::new());
        loop {
            let page = on.statement(EDGES_AFTER).bind(self.organization.to_owned()).bind(group.to_owned()).bind(after.clone());
            let edges: Vec<(String, i64)> = page.bind(i64::try_from(PIECE).unwrap_or(i64::MAX)).all().await?;
            let mut gone = Vec::new();
            for (member, kind) in &edges {
                while self.roster.get(at).is_some_and(|(id, _)| id < member.as_str()) {
                    self.ask(on, at).await?;
                    at += 1;
                }
                match self.roster.get(at).filter(|(id, _)| id == member) {
                    Some((_, said)) => {
                        self.found.kept += 1;
                        at += 1;
                        if !fits(said, *kind) {
                            self.miss(member);
                        }
                    }
                    None => gone.push((member, *kind)),
                }
            }
            let there = match self.view {
                View::All => None,
                view => Some(view.seen(on, self.organization, gone.iter().map(|(member, _)| (*member).clone()).collect()).await?),
            };
            let hidden =
                gone.iter().map(|(member, _)| *member).filter(|member| there.as_ref().is_some_and(|there| !there.contains(*member)));
            let ended = self.ended(on, hidden.cloned().collect()).await?;
            for (member, kind) in gone {
                if there.as_ref().is_none_or(|there| there.contains(member)) || ended.contains(member) {
                    self.found.go(member, kind);
                } else {
                    self.found.kept += 1;
                }
            }
            match edges.into_iter().last() {
                Some((last, _)) => after = last,
                None => break,
            }
        }
        while at < self.roster.len() {
            self.ask(on, at).await?;
            at += 1;
        }
        self.answer(on).await
    }

    /// Of members who are not there for the caller those whom its connection deleted and no other one manages.
    async fn ended(&self, on: &mut Connection<'_>, hidden: Vec<String>) -> Result<BTreeSet<String>, Fault> {
        if self.ends.is_empty() || hidden.is_empty() {
            return Ok(BTreeSet::new());
        }
        let foreign = View::Except(self.ends.to_owned()).seen(on, self.organization, hidden.clone()).await?;
        let let_go = hidden.into_iter().filter(|id| !foreign.contains(id)).collect();
        let rows: Vec<(String, String, i64, Vec<u8>)> = users::by_keys(on, users::BY_IDS, self.organization.to_owned(), let_go).await?;
        let mut managers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (id, _, _, body) in rows {
            let linked = User::decode(body.as_slice())?.links.into_iter().filter(|link| link.state() == State::Linked);
            managers.insert(id, linked.map(|link| link.connection_id).collect());
        }
        let all: BTreeSet<&str> = managers.values().flatten().map(String::as_str).collect();
        // A connection that is deleted manages nothing any more.
        let keys = Rows::new().integer(all.iter().map(|_| RecordKind::Connection as i64)).text(all);
        let there: Vec<records::Columns> = on.statement(RECORDS).bind(self.organization.to_owned()).rows(keys).all().await?;
        let there: BTreeSet<String> = there.into_iter().map(|(_, id, ..)| id).collect();
        Ok(managers.into_iter().filter(|(_, by)| by.is_disjoint(&there)).map(|(id, _)| id).collect())
    }

    async fn ask(&mut self, on: &mut Connection<'_>, at: usize) -> Result<(), Fault> {
        self.asked.push(u32::try_from(at).unwrap_or(u32::MAX));
        if self.asked.len() < PIECE { Ok(()) } else { self.answer(on).await }
    }

    /// Learns the kinds of those who would come.
    async fn answer(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let (asked, roster) = (std::mem::take(&mut self.asked), self.roster);
        let named = |at: u32| usize::try_from(at).ok().and_then(|at| roster.get(at)).unwrap_or(("", Said::Any));
        let mut ids: Vec<String> = asked.iter().map(|at| named(*at).0.to_owned()).collect();
        if *self.view != View::All {
            ids = self.view.seen(on, self.organization, ids).await?.into_iter().collect();
        }
        let kinds: Vec<(String, i64)> = users::by_keys(on, PRINCIPAL_KINDS, self.organization.to_owned(), ids).await?;
        let kinds: BTreeMap<String, i64> = kinds.into_iter().collect();
        for at in asked {
            let (id, said) = named(at);
            match kinds.get(id).filter(|kind| fits(said, **kind)) {
                Some(kind) => self.found.came.push((at, *kind)),
                None => self.miss(id),
            }
        }
        Ok(())
    }

    fn miss(&mut self, id: &str) {
        if self.found.unknown.as_deref().is_none_or(|first| id < first) {
            self.found.unknown = Some(id.to_owned());
        }
    }
}

fn fits(said: Said, kind: i64) -> bool {
    match said {
        Said::Any => true,
        Said::User => kind == MEMBER_USER,
        Said::Group => kind == MEMBER_GROUP,
    }
}
