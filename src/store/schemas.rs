//! What organizations have registered: one record each, kept in memory under the revision that last changed it. An
//! organization without schemas costs nothing: its head says so.

use super::{Connection, Fault, RecordKind, Store, Text};
use crate::{api::v1::ListSchemasResponse, attributes::Schemas, limits};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const BODY: Text = Text::same("SELECT body FROM records WHERE organization_id = $1 AND kind = $2 AND id = $1");

/// The schemas of the organizations asked about lately, each with the revision it was read for.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<String, (i64, Schemas)>>);

impl Known {
    /// What was registered at a revision of the head.
    pub(super) async fn at(&self, on: &mut Connection<'_>, organization: &str, revision: i64) -> Result<Schemas, Fault> {
        if revision == 0 {
            return Ok(Schemas::none());
        }
        if let Some(schemas) = self.locked().get(organization).filter(|(at, _)| *at == revision).map(|(_, schemas)| schemas.clone()) {
            return Ok(schemas);
        }
        let body: Option<(Vec<u8>,)> = on.statement(BODY).bind(organization.to_owned()).bind(RecordKind::Schemas as i64).optional().await?;
        let stored = ListSchemasResponse::decode(body.unwrap_or_default().0.as_slice())?;
        let schemas = Schemas::read(&stored.schemas).map_err(|_| Fault::broken("registered schemas cannot be read"))?;
        self.note(organization, revision, schemas.clone());
        Ok(schemas)
    }

    /// What is registered since a revision. An older snapshot does not put older schemas back.
    pub(super) fn note(&self, organization: &str, revision: i64, schemas: Schemas) {
        let mut known = self.locked();
        if known.len() >= limits::SCHEMA_SETS && !known.contains_key(organization) {
            // Any will do: what is asked for again is read again.
            let some: Vec<String> = known.keys().take(limits::SCHEMA_SETS / 2).cloned().collect();
            for organization in some {
                known.remove(&organization);
            }
        }
        let entry = known.entry(organization.to_owned()).or_insert_with(|| (revision, schemas.clone()));
        if entry.0 < revision {
            *entry = (revision, schemas);
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, Schemas)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// The latest revision at which this process has seen an organization's schemas change, and what they are since; the
    /// revision is 0 for an organization that never had any. It reads nothing.
    pub fn schemas_seen(&self, organization: &str) -> (i64, Schemas) {
        self.inner.schemas.locked().get(organization).cloned().unwrap_or_default()
    }
}
