//! Who sits in groups, as far as an edit needs it to know whether anybody does: by names of groups, by values.
//! As everywhere, what the edits before did comes on top of what the database has.

#![allow(clippy::missing_errors_doc, reason = "every question answers `Miss` until what it asks for was read")]

use super::{Connection, Fault, GroupRow, MEMBER_USER, Miss, Text, UserRow, Work, cells::Cells, users::by_keys};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) const NAMED: Text = Text::twin(
    "SELECT name_key, id FROM groups WHERE organization_id = $1 AND name_key IN (SELECT value->>0 FROM json_each($2))",
    "SELECT name_key, id FROM groups WHERE organization_id = $1 AND name_key = ANY($2)",
);
pub(super) const SITTING: Text = Text::twin(
    "SELECT m.member_id FROM members m CROSS JOIN users u WHERE m.organization_id = $1 AND m.group_id = $2 AND m.member_kind = 1 \
     AND u.organization_id = $1 AND u.id = m.member_id AND u.active = 1 LIMIT $3",
    "SELECT m.member_id FROM members m, LATERAL (SELECT 1 FROM users WHERE organization_id = $1 AND id = m.member_id AND active = 1 LIMIT 1) u \
     WHERE m.organization_id = $1 AND m.group_id = $2 AND m.member_kind = 1 LIMIT $3",
);
pub(super) const VALUED: Text =
    Text::same("SELECT resource_id FROM resource_keys WHERE organization_id = $1 AND kind = $2 AND key = $3 LIMIT $4");

/// How many are looked at, one step after the other: mostly the first is somebody.
const STEPS: [i64; 3] = [32, 4_096, i64::MAX];

/// What a batch knows of seats.
#[derive(Debug)]
pub(super) struct Seats {
    /// Folded display name → groups.
    named: Cells<String, BTreeSet<String>>,
    /// Group and how many at most → active users that are members.
    sitting: Cells<(String, i64), Vec<String>>,
    /// Kind and key and how many at most → users.
    valued: Cells<(i64, String, i64), Vec<String>>,
}

impl Seats {
    pub(super) fn new() -> Self {
        Seats { named: Cells::new(), sitting: Cells::new(), valued: Cells::new() }
    }

    pub(super) fn wants(&self) -> bool {
        self.named.wants() || self.sitting.wants() || self.valued.wants()
    }
}

impl Work {
    /// The groups with one of these folded display names.
    pub fn groups_called(&mut self, keys: &BTreeSet<String>) -> Result<Vec<Arc<GroupRow>>, Miss> {
        let found: Vec<_> = keys.iter().map(|key| self.seats.named.get(key)).collect();
        let mut ids: BTreeSet<String> = found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        ids.extend(self.groups.written().filter(|(_, row)| row.is_some()).map(|(id, _)| id.clone()));
        let rows: Vec<_> = ids.iter().map(|id| self.group(id)).collect();
        let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().flatten().filter(|row| keys.contains(&row.name_key)).collect())
    }

    /// Whether an active user is a direct member of the group.
    pub fn seats_somebody(&mut self, group: &str) -> Result<bool, Miss> {
        let whole = self.whole_moves().filter(|whole| whole.group == group);
        for most in STEPS {
            let ids = self.seats.sitting.get(&(group.to_owned(), most))?;
            let sits = |id: &&String| {
                let stays = self.edges.peek(&(group.to_owned(), (*id).clone())) != Some(&None);
                let kept = whole.as_ref().is_none_or(|whole| !whole.gone.contains(*id));
                // Of whom nothing is known here the database says that it is active.
                stays && kept && self.users.peek(*id).is_none_or(|row| row.as_deref().is_some_and(is_active))
            };
            if ids.iter().any(|id| sits(&id)) {
                return Ok(true);
            }
            if i64::try_from(ids.len()).is_ok_and(|found| found < most) {
                break;
            }
        }
        let from = (group.to_owned(), String::new());
        let came = self.edges.range(&from).take_while(|((g, _), _)| g == group).filter(|(_, kind)| **kind == Some(MEMBER_USER));
        let mut came: Vec<String> = came.map(|((_, member), _)| member.clone()).collect();
        came.extend(whole.into_iter().flat_map(|whole| whole.came).filter(|(_, kind)| *kind == MEMBER_USER).map(|(id, _)| id));
        self.some_active(&came)
    }

    /// Whether one of these users is active.
    pub fn some_active(&mut self, ids: &[String]) -> Result<bool, Miss> {
        let rows: Vec<_> = ids.iter().map(|id| self.user(id)).collect();
        // One who is known to be is enough.
        if rows.iter().flatten().flatten().any(|row| is_active(row)) {
            return Ok(true);
        }
        rows.into_iter().collect::<Result<Vec<_>, _>>().map(|_| false)
    }

    /// Whether a user with this value (see the kinds of keys) passes.
    pub fn some_valued(&mut self, kind: i64, value: &str, passes: impl Fn(&UserRow) -> bool) -> Result<bool, Miss> {
        let key = (kind, value.to_owned());
        for most in STEPS {
            let mut ids: BTreeSet<String> = self.seats.valued.get(&(kind, value.to_owned(), most))?.into_iter().collect();
            let full = i64::try_from(ids.len()).is_ok_and(|found| found >= most);
            ids.extend(self.users.written().filter(|(_, row)| row.is_some()).map(|(id, _)| id.clone()));
            let rows: Vec<_> = ids.iter().map(|id| self.user(id)).collect();
            let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
            if rows.iter().flatten().any(|row| row.keys.contains(&key) && passes(row)) {
                return Ok(true);
            }
            if !full {
                break;
            }
        }
        Ok(false)
    }

    pub(super) async fn load_seats(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let organization = self.organization.clone();
        let wanted = self.seats.named.take_wanted();
        let rows: Vec<(String, String)> = by_keys(on, NAMED, organization.clone(), wanted.clone()).await?;
        let mut found: BTreeMap<String, BTreeSet<String>> = wanted.into_iter().map(|key| (key, BTreeSet::new())).collect();
        for (key, id) in rows {
            found.entry(key).or_default().insert(id);
        }
        for (key, ids) in found {
            self.seats.named.load(key, ids);
        }
        for (group, most) in self.seats.sitting.take_wanted() {
            let rows: Vec<(String,)> = on.statement(SITTING).bind(organization.clone()).bind(group.clone()).bind(most).all().await?;
            self.seats.sitting.load((group, most), rows.into_iter().map(|(id,)| id).collect());
        }
        for (kind, key, most) in self.seats.valued.take_wanted() {
            let statement = on.statement(VALUED).bind(organization.clone()).bind(kind).bind(key.clone()).bind(most);
            let rows: Vec<(String,)> = statement.all().await?;
            self.seats.valued.load((kind, key, most), rows.into_iter().map(|(id,)| id).collect());
        }
        Ok(())
    }
}

/// Whether the user may be let in.
pub(super) fn is_active(row: &UserRow) -> bool {
    row.user.active.unwrap_or(false)
}
