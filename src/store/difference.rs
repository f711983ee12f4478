//! What setting a whole membership comes to, packed.

use super::MEMBER_GROUP;
use crate::attributes::roster::Roster;

/// Rows that are read or written by one statement.
pub(super) const PIECE: usize = 2_000;

/// What setting a membership comes to.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Who is in already and stays.
    pub kept: i64,
    /// The first who is no principal of the organization, or not of the kind that was said.
    pub unknown: Option<String>,
    /// Place in the roster, and kind.
    pub(super) came: Vec<(u32, i64)>,
    /// Ids, one after another; where each ends, and its kind.
    gone_text: String,
    pub(super) gone: Vec<(u32, i64)>,
}

impl Difference {
    /// How many come.
    pub fn added(&self) -> i64 {
        i64::try_from(self.came.len()).unwrap_or(i64::MAX)
    }

    /// How many go.
    pub fn removed(&self) -> i64 {
        i64::try_from(self.gone.len()).unwrap_or(i64::MAX)
    }

    /// The groups that come.
    pub fn groups_added<'a>(&'a self, roster: &'a Roster) -> impl Iterator<Item = &'a str> {
        let groups = self.came.iter().filter(|(_, kind)| *kind == MEMBER_GROUP);
        groups.filter_map(|(at, _)| usize::try_from(*at).ok().and_then(|at| roster.get(at)).map(|(id, _)| id))
    }

    pub(super) fn go(&mut self, id: &str, kind: i64) {
        self.gone_text.push_str(id);
        self.gone.push((u32::try_from(self.gone_text.len()).unwrap_or(u32::MAX), kind));
    }

    /// Some of those who go, from a place on.
    pub(super) fn leaving(&self, from: usize) -> impl Iterator<Item = (&str, i64)> {
        let end = |at: usize| self.gone.get(at).map_or(0, |(end, _)| usize::try_from(*end).unwrap_or(usize::MAX));
        let start = move |at: usize| if at == 0 { 0 } else { end(at - 1) };
        let some = self.gone.iter().enumerate().skip(from).take(PIECE);
        some.map(move |(at, (_, kind))| (self.gone_text.get(start(at)..end(at)).unwrap_or_default(), *kind))
    }

    /// Some of those who come, from a place on.
    pub(super) fn coming<'a>(&'a self, roster: &'a Roster, from: usize) -> impl Iterator<Item = (&'a str, i64)> {
        let some = self.came.iter().skip(from).take(PIECE);
        some.map(|(at, kind)| (roster.get(usize::try_from(*at).unwrap_or(usize::MAX)).map_or("", |(id, _)| id), *kind))
    }

    pub(super) fn nests(&self) -> bool {
        self.came.iter().chain(&self.gone).any(|(_, kind)| *kind == MEMBER_GROUP)
    }
}
