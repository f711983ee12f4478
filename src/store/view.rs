//! What of an organization's resources is there for a reader: connections may not see all of them.

use super::{Connection, Fault, KEY_GROUP_LINKED, KEY_GROUP_UNLINKED, KEY_USER_LINKED, KEY_USER_UNLINKED, Miss, Reader, Rows, Text, Work};
use std::collections::BTreeSet;

/// Which resources are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum View {
    /// All of them.
    #[default]
    All,
    /// Those that this connection has not let go.
    Except(String),
    /// Those that this connection manages.
    Only(String),
}

/// Users and groups, by the kinds of their link keys.
const LINKED: [i64; 2] = [KEY_USER_LINKED, KEY_GROUP_LINKED];
const UNLINKED: [i64; 2] = [KEY_USER_UNLINKED, KEY_GROUP_UNLINKED];

const LET_GO: Text = Text::same("SELECT kind FROM resource_keys WHERE organization_id = $1 AND kind = $2 AND key = $3 LIMIT 1");
const COUNT: Text = Text::same("SELECT COUNT(*) FROM resource_keys WHERE organization_id = $1 AND kind = $2 AND key = $3");
pub(super) const ANY: Text = Text::twin(
    "SELECT e.value->>0, e.value->>1 FROM json_each($2) e \
     WHERE EXISTS (SELECT 1 FROM resource_keys WHERE organization_id = $1 AND kind = e.value->>0 AND key = e.value->>1)",
    "SELECT e.* FROM unnest($2::bigint[], $3::text[]) AS e(kind, key), LATERAL (SELECT 1 FROM resource_keys \
     WHERE organization_id = $1 AND kind = e.kind AND key = e.key LIMIT 1) k",
);
pub(super) const HELD: Text = Text::twin(
    "SELECT k.kind, k.key, k.resource_id FROM json_each($2) e CROSS JOIN resource_keys k \
     ON k.organization_id = $1 AND k.kind = e.value->>0 AND k.key = e.value->>1 AND k.resource_id = e.value->>2",
    "SELECT k.* FROM unnest($2::bigint[], $3::text[], $4::text[]) AS e(kind, key, id), LATERAL (SELECT kind, key, resource_id \
     FROM resource_keys WHERE organization_id = $1 AND kind = e.kind AND key = e.key AND resource_id = e.id LIMIT 1) k",
);

impl View {
    /// The kind of key that decides of users (or groups), and whose; `None` where all are there.
    pub(super) fn key(&self, groups: bool) -> Option<(i64, &str)> {
        let of = |[users, of_groups]: [i64; 2]| if groups { of_groups } else { users };
        match self {
            View::All => None,
            View::Except(connection) => Some((of(UNLINKED), connection)),
            View::Only(connection) => Some((of(LINKED), connection)),
        }
    }

    /// Which of these resources are there, users and groups alike.
    pub(super) async fn seen(&self, on: &mut Connection<'_>, organization: &str, ids: Vec<String>) -> Result<BTreeSet<String>, Fault> {
        let (kinds, connection) = match self {
            View::All => return Ok(ids.into_iter().collect()),
            View::Except(connection) => (UNLINKED, connection),
            View::Only(connection) => (LINKED, connection),
        };
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let asked = || kinds.iter().flat_map(|kind| ids.iter().map(move |id| (*kind, id)));
        let rows = Rows::new().integer(asked().map(|a| a.0)).text(asked().map(|_| connection.as_str())).text(asked().map(|a| a.1.as_str()));
        let held: Vec<(i64, String, String)> = on.statement(HELD).bind(organization.to_owned()).rows(rows).all().await?;
        let held: BTreeSet<String> = held.into_iter().map(|(_, _, id)| id).collect();
        let only = matches!(self, View::Only(_));
        Ok(ids.into_iter().filter(|id| held.contains(id) == only).collect())
    }
}

impl Reader {
    /// What is there for a connection that sees all it has not let go. One probe of an index for each kind of resource.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn view_except(&mut self, connection: &str) -> Result<View, Fault> {
        let organization = self.organization().to_owned();
        for kind in UNLINKED {
            let mut on = self.connection();
            let probe = on.statement(LET_GO).bind(organization.clone()).bind(kind).bind(connection.to_owned());
            let found: Option<(i64,)> = probe.optional().await?;
            if found.is_some() {
                return Ok(View::Except(connection.to_owned()));
            }
        }
        Ok(View::All)
    }

    /// How many users (or groups) are there.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn count(&mut self, view: &View, groups: bool) -> Result<i64, Fault> {
        let all = if groups { self.group_count() } else { self.user_count() };
        let Some((kind, connection)) = view.key(groups) else { return Ok(all) };
        let organization = self.organization().to_owned();
        let row: Option<(i64,)> =
            self.connection().statement(COUNT).bind(organization).bind(kind).bind(connection.to_owned()).optional().await?;
        let counted = row.map_or(0, |(count,)| count);
        Ok(if matches!(view, View::Only(_)) { counted } else { all - counted })
    }

    /// Which of these resources are there, users and groups alike.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn seen(&mut self, view: &View, ids: Vec<String>) -> Result<BTreeSet<String>, Fault> {
        let organization = self.organization().to_owned();
        view.seen(&mut self.connection(), &organization, ids).await
    }
}

impl Work {
    /// What is there for a connection that sees all it has not let go.
    ///
    /// # Errors
    /// [`Miss`] until it was read.
    pub fn view_except(&mut self, connection: &str) -> Result<View, Miss> {
        let found: Vec<_> = UNLINKED.iter().map(|kind| self.any.get(&(*kind, connection.to_owned()))).collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(if found.contains(&true) { View::Except(connection.to_owned()) } else { View::All })
    }

    /// Which of these resources are there, users and groups alike. All are asked for before it stops.
    ///
    /// # Errors
    /// [`Miss`] until it was read.
    pub fn seen(&mut self, view: &View, ids: &[String]) -> Result<BTreeSet<String>, Miss> {
        let (kinds, connection, only) = match view {
            View::All => return Ok(ids.iter().cloned().collect()),
            View::Except(connection) => (UNLINKED, connection, false),
            View::Only(connection) => (LINKED, connection, true),
        };
        let mut held = |id: &String| {
            let found = kinds.map(|kind| self.held.get(&(kind, connection.clone(), id.clone())));
            let [user, group] = found;
            Ok(user? | group?)
        };
        let found: Vec<Result<bool, Miss>> = ids.iter().map(&mut held).collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(ids.iter().zip(found).filter(|(_, held)| *held == only).map(|(id, _)| id.clone()).collect())
    }

    /// A resource gains or loses a key.
    pub(super) fn follow_view(&mut self, id: &str, key: &(i64, String), gained: bool) {
        if LINKED.contains(&key.0) || UNLINKED.contains(&key.0) {
            self.held.follow((key.0, key.1.clone(), id.to_owned()), |_| gained);
            // That the last one goes is noticed by the next batch.
            if gained {
                self.any.follow(key.clone(), |_| true);
            }
        }
    }

    /// Reads what was missed of it.
    pub(super) async fn load_view(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let wanted = self.any.take_wanted();
        if !wanted.is_empty() {
            let keys = Rows::new().integer(wanted.iter().map(|k| k.0)).text(wanted.iter().map(|k| k.1.as_str()));
            let rows: Vec<(i64, String)> = on.statement(ANY).bind(self.organization.clone()).rows(keys).all().await?;
            for key in wanted {
                let found = rows.contains(&key);
                self.any.load(key, found);
            }
        }
        let wanted = self.held.take_wanted();
        if !wanted.is_empty() {
            let keys = Rows::new()
                .integer(wanted.iter().map(|k| k.0))
                .text(wanted.iter().map(|k| k.1.as_str()))
                .text(wanted.iter().map(|k| k.2.as_str()));
            let rows: Vec<(i64, String, String)> = on.statement(HELD).bind(self.organization.clone()).rows(keys).all().await?;
            for key in wanted {
                self.held.load(key, false);
            }
            for key in rows {
                self.held.load(key, true);
            }
        }
        Ok(())
    }
}
