//! Schemas, roles, connections, service accounts and grants, as they were elsewhere.

use super::{
    super::{core::Edit, ownership, record as records, record::Noun, roles, schemas},
    bring::{Bringing, Verdict},
    record::Travels,
};
use crate::{
    api::v1::{Connection, Role, Schema, ServiceAccount, change_event::Action},
    store::{Grant, Work},
};

impl Bringing {
    pub(super) fn schema(&self, work: &mut Work, schema: &Schema) -> Edit<Verdict> {
        let before = work.schemas();
        let there = before.named(&schema.urn);
        if there == Some(schema) {
            return Ok(Verdict::Unchanged);
        }
        let (action, verdict) = if there.is_some() { (Action::Updated, Verdict::Replaced) } else { (Action::Created, Verdict::Created) };
        if let Some(verdict) = there.and_then(|there| self.differs(&there.urn)) {
            return Ok(verdict);
        }
        let after = before.with(schema).map_err(super::super::Error::from)?;
        schemas::register(work, &before, after, &schema.urn, action)?;
        Ok(verdict)
    }

    pub(super) fn role(&self, work: &mut Work, role: &Role) -> Edit<Verdict> {
        let id = &role.id;
        let book = work.book()?;
        let before = book.role(id);
        if before.is_some_and(|row| row.role.says_the_same(role)) {
            return Ok(Verdict::Unchanged);
        }
        if let Some(other) = book.role_keyed(&role.key).filter(|other| other.role.id != *id) {
            return Ok(Verdict::Meets("key", other.role.id.clone()));
        }
        if let Some(verdict) = before.and_then(|_| self.differs(id)) {
            return Ok(verdict);
        }
        if role.included_role_ids.iter().any(|included| book.role(included).is_none()) {
            return Ok(self.dangles("included_role_ids"));
        }
        let verdict = if before.is_some() { Verdict::Replaced } else { Verdict::Created };
        roles::bring(work, role.clone())?;
        Ok(verdict)
    }

    pub(super) fn connection(&self, work: &mut Work, connection: &Connection) -> Edit<Verdict> {
        let (met, book) = (self.noun(work, connection), work.book());
        let (met, book) = (met?, book?);
        let action = match met {
            Ok(action) => action,
            Err(verdict) => return Ok(verdict),
        };
        if connection.role_mappings.iter().any(|mapping| book.role(&mapping.role_id).is_none()) {
            return Ok(self.dangles("role_id"));
        }
        if !self.dry {
            // What is owned may be an attribute of a schema that came before it.
            ownership::check(&work.schemas(), &connection.owned_attributes)?;
        }
        self.place(work, connection, action)
    }

    pub(super) fn service_account(&self, work: &mut Work, account: &ServiceAccount) -> Edit<Verdict> {
        match self.noun(work, account)? {
            Ok(action) => self.place(work, account, action),
            Err(verdict) => Ok(verdict),
        }
    }

    /// What is to happen to an administrative noun, or what came of it without.
    fn noun<N: Noun + Travels>(&self, work: &mut Work, noun: &N) -> Edit<Result<Action, Verdict>> {
        let id = Noun::id(noun);
        let Some(stored) = work.record(N::STORED, id)? else {
            return Ok(Ok(Action::Created));
        };
        let there: N = records::read(&self.directory, &stored)?;
        if there.says_the_same(noun) {
            return Ok(Err(Verdict::Unchanged));
        }
        Ok(self.differs(id).map_or(Ok(Action::Updated), Err))
    }

    fn place<N: Noun + Travels>(&self, work: &mut Work, noun: &N, action: Action) -> Edit<Verdict> {
        records::bring(&self.directory, work, noun.clone(), action)?;
        Ok(if action == Action::Created { Verdict::Created } else { Verdict::Replaced })
    }

    pub(super) fn grant(&self, work: &mut Work, grant: &Grant) -> Edit<Verdict> {
        let (there, book) = (work.grant(&grant.id), work.book());
        let (held, known) = (work.grants_of(&grant.principal_id), roles::is_holder(work, &grant.principal_id, grant.principal_kind));
        let (there, book, held, known) = (there?, book?, held?, known?);
        if there.as_ref().is_some_and(|there| Grant { created_at: grant.created_at, ..there.as_ref().clone() } == *grant) {
            return Ok(Verdict::Unchanged);
        }
        if let Some(same) = held.iter().find(|one| one.id != grant.id && one.role_id == grant.role_id && one.scope == grant.scope) {
            return Ok(Verdict::Meets("principal", same.id.clone()));
        }
        if let Some(verdict) = there.as_ref().and_then(|_| self.differs(&grant.id)) {
            return Ok(verdict);
        }
        if book.role(&grant.role_id).is_none() {
            return Ok(self.dangles("role_id"));
        }
        if !known {
            return Ok(self.dangles("principal"));
        }
        let verdict = if there.is_some() { Verdict::Replaced } else { Verdict::Created };
        roles::bring_grant(work, there.as_ref(), grant)?;
        Ok(verdict)
    }
}
