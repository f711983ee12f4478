//! The edit that brings a chunk of records in.

use super::{
    super::{Directory, Error, core::Edit},
    admit::{Line, Ready, at_line},
};
use crate::{
    api::v1::{ErrorReason, ImportConflict, ImportDirectoryResponse},
    store::{Bearer, Claim, ERASED, Stop, Work},
};
use std::{collections::BTreeMap, sync::Arc};

/// What to do where a record meets something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnConflict {
    Fail,
    Skip,
    Replace,
}

/// What came of a record.
pub(super) enum Verdict {
    Created,
    Replaced,
    Unchanged,
    /// It meets something by this, of this id (empty = it is not there).
    Meets(&'static str, String),
}

/// A chunk to be brought in.
pub(super) struct Bringing {
    pub(super) directory: Arc<Directory>,
    pub(super) lines: Vec<Line>,
    pub(super) on_conflict: OnConflict,
    /// Whether nothing stays of it: then what a record refers to may come with the same import.
    pub(super) dry: bool,
    /// What has the ids of the lines.
    pub(super) bearers: BTreeMap<String, Vec<Bearer>>,
    /// Until the commit stands nobody else brings ids in.
    pub(super) _claim: Option<Claim>,
}

impl Bringing {
    /// Brings all lines in, or none.
    pub(super) fn run(&self, work: &mut Work) -> Edit<ImportDirectoryResponse> {
        let last_line = self.lines.last().map_or(0, |line| line.number);
        let mut answer = ImportDirectoryResponse { last_line, ..ImportDirectoryResponse::default() };
        let (mut missed, mut refused) = (false, None);
        let mut kinds = BTreeMap::new();
        // All is asked for before the first refusal.
        for line in &self.lines {
            let met = self.meets_another(&line.ready, &mut kinds);
            match met.map_or_else(|| self.one(work, &line.ready), Ok) {
                Ok(Verdict::Created) => answer.created += 1,
                Ok(Verdict::Replaced) => answer.replaced += 1,
                Ok(Verdict::Unchanged) => answer.unchanged += 1,
                Ok(Verdict::Meets(field, existing_id)) => answer.conflicts.push(ImportConflict {
                    line: line.number,
                    record: line.ready.name().to_owned(),
                    field: field.to_owned(),
                    record_id: line.ready.id().to_owned(),
                    existing_id,
                }),
                Err(Stop::Miss) => missed = true,
                Err(Stop::Refused(error)) => {
                    refused.get_or_insert_with(|| at_line(error, line.number));
                }
            }
        }
        if missed {
            return Err(Stop::Miss);
        }
        if let Some(error) = refused {
            return Err(error.into());
        }
        match answer.conflicts.first().filter(|_| self.on_conflict == OnConflict::Fail && !self.dry) {
            Some(conflict) => Err(refusal(conflict).into()),
            None => Ok(answer),
        }
    }

    fn one(&self, work: &mut Work, ready: &Ready) -> Edit<Verdict> {
        match ready {
            Ready::Schema(schema) => self.schema(work, schema),
            Ready::Role(role) => self.role(work, role),
            Ready::Connection(connection) => self.connection(work, connection),
            Ready::ServiceAccount(account) => self.service_account(work, account),
            Ready::User(user, name_key) => self.user(work, user, name_key),
            Ready::Group(group) => self.group(work, group),
            Ready::Membership(group, member, kind) => self.membership(work, group, member, *kind),
            Ready::Grant(grant) => self.grant(work, grant),
        }
    }

    /// Where something of the same id says something else.
    pub(super) fn differs(&self, id: &str) -> Option<Verdict> {
        (self.on_conflict != OnConflict::Replace).then(|| Verdict::Meets("id", id.to_owned()))
    }

    /// Where what a record refers to is not there.
    pub(super) fn dangles(&self, field: &'static str) -> Verdict {
        if self.dry { Verdict::Created } else { Verdict::Meets(field, String::new()) }
    }

    /// Whether something of another kind has the id, or something of another organization. `kinds` are those of the lines before.
    fn meets_another<'l>(&'l self, ready: &'l Ready, kinds: &mut BTreeMap<&'l str, i64>) -> Option<Verdict> {
        let (id, kind) = ready.own_id()?;
        let before = kinds.get(id).copied().unwrap_or(kind);
        let bearers = self.bearers.get(id).map_or(&[][..], Vec::as_slice);
        let mut here = bearers.iter().filter(|bearer| !bearer.elsewhere).map(|bearer| bearer.kind).peekable();
        if here.peek().is_none() && !bearers.is_empty() {
            return Some(Verdict::Meets("id", String::new()));
        }
        let Some(other) = here.chain([before]).find(|other| *other != kind) else {
            kinds.insert(id, kind);
            return None;
        };
        Some(Verdict::Meets("id", if other == ERASED { String::new() } else { id.to_owned() }))
    }
}

/// Whether a new user or group cannot have its id: one that was deleted softly has it.
pub(super) fn still_waits(work: &mut Work, id: &str) -> Edit<Option<Verdict>> {
    Ok(work.tombstone(id)?.map(|_| Verdict::Meets("id", id.to_owned())))
}

fn refusal(conflict: &ImportConflict) -> Error {
    let ImportConflict { line, record, field, record_id, existing_id } = conflict;
    let detail = format!("Line {line}: the {record} meets something else by its {field}; nothing of this chunk was taken in.");
    Error::new(ErrorReason::ImportConflict, detail)
        .with("line", line.to_string())
        .with("record", record)
        .with("attribute", field)
        .with("record_id", record_id)
        .with("existing_id", existing_id)
}
