//! Granting and withdrawing.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit, answering},
        sight::Sight,
        times,
    },
    ends,
    principal::{self, Named},
};
use crate::{
    api::v1::{ErrorReason, ModifyRoleAssignmentsRequest, ModifyRoleAssignmentsResponse, RoleAssignment, change_event::Action},
    clock::Micros,
    feed::append,
    limits,
    store::{GRANTEE_ACCOUNT, Grant, NEVER, RecordKind, Work},
};
use std::{collections::BTreeSet, sync::Arc};

/// A grant to make, under the id it gets if it is a new one.
#[derive(Debug, Clone)]
struct Wanted {
    id: String,
    role_id: String,
    holder: Named,
    scope: String,
    expires_at: Micros,
}

/// What came of a call.
#[derive(Debug, Default)]
struct Outcome {
    added: Vec<Grant>,
    removed: i64,
    redundant: i64,
}

pub(super) async fn modify(
    directory: &Directory,
    call: &Call,
    request: ModifyRoleAssignmentsRequest,
) -> Result<ModifyRoleAssignmentsResponse> {
    if request.add.is_empty() && request.remove_assignment_ids.is_empty() {
        return Err(Error::missing("add"));
    }
    for (field, count) in [("add", request.add.len()), ("remove_assignment_ids", request.remove_assignment_ids.len())] {
        if count > limits::ROLE_CHANGES {
            return Err(Error::too_large(field, limits::ROLE_CHANGES, "grants"));
        }
    }
    let wanted = request.add.into_iter().map(|given| read(directory, given)).collect::<Result<Vec<_>>>()?;
    let gone: BTreeSet<String> = request.remove_assignment_ids.iter().cloned().collect();
    let twice = request.remove_assignment_ids.len() - gone.len();
    let sight = Sight::of(call);
    let edit = move |work: &mut Work| -> Edit<Outcome> {
        let mut outcome = Outcome { redundant: i64::try_from(twice).unwrap_or(0), ..Outcome::default() };
        ask(work, &sight, &wanted, &gone)?;
        withdraw(work, &sight, &gone, &mut outcome)?;
        for one in &wanted {
            grant(work, &sight, one, &mut outcome)?;
        }
        Ok(outcome)
    };
    let edit = answering(edit, |Outcome { added, removed, redundant }| ModifyRoleAssignmentsResponse {
        added: added.iter().map(append::assignment).collect(),
        removed,
        redundant,
        committed_at: None,
    });
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(ModifyRoleAssignmentsResponse { committed_at: written.committed_at, ..written.answer })
}

fn read(directory: &Directory, given: RoleAssignment) -> Result<Wanted> {
    if given.role_id.is_empty() {
        return Err(Error::missing("add.role_id"));
    }
    principal::check_scope(&given.scope, "add.scope")?;
    let expires_at = times::given("add.expire_time", given.expire_time.as_ref())?.unwrap_or(NEVER);
    if expires_at <= directory.clock.now() {
        return Err(Error::value("add.expire_time", "add.expire_time is not in the future."));
    }
    let holder = principal::named(given.principal.as_ref(), "add.principal")?;
    Ok(Wanted { id: directory.clock.new_id(), role_id: given.role_id, holder, scope: given.scope, expires_at })
}

/// Asks for all that will be needed, so that one round is enough.
fn ask(work: &mut Work, sight: &Sight, wanted: &[Wanted], gone: &BTreeSet<String>) -> Edit<()> {
    let ids: Vec<String> = wanted.iter().map(|w| w.holder.id.clone()).collect();
    let (book, kinds, seen) = (work.book().map(drop), work.kinds(&ids).map(drop), sight.seen_in(work, &ids).map(drop));
    let grants: Vec<_> = ids.iter().map(|id| work.grants_of(id).map(drop)).collect();
    let accounts = wanted.iter().filter(|w| w.holder.kind.is_none_or(|kind| kind == GRANTEE_ACCOUNT));
    let accounts: Vec<_> = accounts.map(|w| work.record(RecordKind::ServiceAccount, &w.holder.id).map(drop)).collect();
    let gone: Vec<_> = gone.iter().map(|id| work.grant(id).map(drop)).collect();
    [book, kinds].into_iter().chain(grants).chain(accounts).chain(gone).collect::<std::result::Result<(), _>>()?;
    seen
}

fn withdraw(work: &mut Work, sight: &Sight, gone: &BTreeSet<String>, outcome: &mut Outcome) -> Edit<()> {
    let mut there: Vec<Arc<Grant>> = Vec::new();
    for id in gone {
        there.extend(work.grant(id)?);
    }
    // A grant to whom the caller does not see is none to it.
    let holders: Vec<String> = there.iter().filter(|g| g.principal_kind != GRANTEE_ACCOUNT).map(|g| g.principal_id.clone()).collect();
    let seen = sight.seen_in(work, &holders)?;
    there.retain(|grant| grant.principal_kind == GRANTEE_ACCOUNT || seen.contains(&grant.principal_id));
    outcome.redundant += i64::try_from(gone.len() - there.len()).unwrap_or(i64::MAX);
    outcome.removed = i64::try_from(there.len()).unwrap_or(i64::MAX);
    ends::change(work, &there, &[])
}

fn grant(work: &mut Work, sight: &Sight, wanted: &Wanted, outcome: &mut Outcome) -> Edit<()> {
    if work.book()?.role(&wanted.role_id).is_none() {
        return Err(unknown("add.role_id", "role", &wanted.role_id).into());
    }
    let kind = kind_of(work, sight, &wanted.holder)?;
    let held = work.grants_of(&wanted.holder.id)?;
    if let Some(same) = held.iter().find(|g| g.role_id == wanted.role_id && g.scope == wanted.scope) {
        if same.expires_at == wanted.expires_at {
            outcome.redundant += 1;
            return Ok(());
        }
        let after = Grant { expires_at: wanted.expires_at, ..same.as_ref().clone() };
        ends::prolong(work, &after)?;
        append::grant(work, Action::Updated, &after);
        outcome.added.push(after);
        return Ok(());
    }
    if held.len() >= limits::GRANTS_PER_PRINCIPAL {
        let detail = format!("A principal has at most {} grants.", limits::GRANTS_PER_PRINCIPAL);
        return Err(Error::new(ErrorReason::TooMany, detail).with("limit", limits::GRANTS_PER_PRINCIPAL.to_string()).into());
    }
    let new = Grant {
        id: wanted.id.clone(),
        role_id: wanted.role_id.clone(),
        principal_id: wanted.holder.id.clone(),
        principal_kind: kind,
        scope: wanted.scope.clone(),
        expires_at: wanted.expires_at,
        created_at: work.now(),
    };
    ends::change(work, &[], &[Arc::new(new.clone())])?;
    outcome.added.push(new);
    Ok(())
}

/// What the holder is, if it is there for the caller and what it is said to be.
fn kind_of(work: &mut Work, sight: &Sight, holder: &Named) -> Edit<i64> {
    let id = std::slice::from_ref(&holder.id);
    let seen = sight.seen_in(work, id)?;
    let member = work.kinds(id)?.pop().flatten().filter(|_| seen.contains(&holder.id));
    let account = if holder.kind.is_none_or(|kind| kind == GRANTEE_ACCOUNT) {
        work.record(RecordKind::ServiceAccount, &holder.id)?.map(|_| GRANTEE_ACCOUNT)
    } else {
        None
    };
    let found = member.or(account).filter(|kind| holder.kind.is_none_or(|said| said == *kind));
    Ok(found.ok_or_else(|| unknown("add.principal", "user, group or service account", &holder.id))?)
}

fn unknown(field: &str, what: &str, id: &str) -> Error {
    // The id was the caller's own word, so that saying it again tells nothing new; it is cut, since it may be anything.
    let shown: String = id.chars().filter(|c| !c.is_control()).take(64).collect();
    Error::value(field, format!("{field}: there is no {what} with the id \"{shown}\"."))
}
