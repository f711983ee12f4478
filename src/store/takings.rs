//! The recorded takeovers of a user, as an edit sees them: their keys begin with the user's id.

#![allow(clippy::missing_errors_doc, reason = "the question answers `Miss` until what it asks for was read")]

use super::{Connection, Fault, Miss, RecordKind, Text, Work, cells::Cells, users::by_keys};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const TAKINGS: Text = Text::twin(
    "SELECT e.value->>0, r.id FROM json_each($2) e CROSS JOIN records r ON r.organization_id = $1 AND r.kind = 12 \
     AND r.key > (e.value->>0 || ' ') AND r.key < (e.value->>0 || '!')",
    "SELECT k.id, r.id FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM records \
     WHERE organization_id = $1 AND kind = 12 AND key > (k.id || ' ') AND key < (k.id || '!') ORDER BY key LIMIT 10000) r",
);
const _: () = assert!(RecordKind::Takeover as i64 == 12, "TAKINGS names the kind");

/// User → the ids of the takeovers of it that the database has.
#[derive(Debug)]
pub(super) struct Takings(Cells<String, BTreeSet<String>>);

impl Takings {
    pub(super) fn new() -> Self {
        Takings(Cells::new())
    }

    pub(super) fn wants(&self) -> bool {
        self.0.wants()
    }

    pub(super) async fn load(&mut self, on: &mut Connection<'_>, organization: &str) -> Result<(), Fault> {
        let wanted = self.0.take_wanted();
        let rows: Vec<(String, String)> = by_keys(on, TAKINGS, organization.to_owned(), wanted.clone()).await?;
        let mut found: BTreeMap<String, BTreeSet<String>> = wanted.into_iter().map(|user| (user, BTreeSet::new())).collect();
        for (user, id) in rows {
            found.entry(user).or_default().insert(id);
        }
        for (user, ids) in found {
            self.0.load(user, ids);
        }
        Ok(())
    }
}

impl Work {
    /// The ids of the recorded takeovers of a user.
    pub fn takeovers_of(&mut self, user: &str) -> Result<Vec<String>, Miss> {
        let (mut ids, kind, key) = (self.takings.0.get(user)?, RecordKind::Takeover as i64, format!("{user} "));
        for ((_, id), record) in self.records.written().filter(|((of, _), _)| *of == kind) {
            match record {
                Some(record) if record.key.as_ref().is_some_and(|of| of.starts_with(&key)) => ids.insert(id.clone()),
                Some(_) => false,
                None => ids.remove(id),
            };
        }
        Ok(ids.into_iter().collect())
    }
}
