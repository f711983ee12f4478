//! Creating and changing users. Every change is an edit: pure, run under the organization's lock.

use super::{
    super::{
        Error, Result, actions,
        core::{Call, Directory, Edit, answering},
        links, ownership, precondition,
        sight::Sight,
        takeovers::{self, Met},
        touch::{self, Deed},
    },
    answer::Shown,
    manager,
    restore::Recall,
};
use crate::{
    api::v1::{
        CreateUserRequest, CreateUserResponse, PatchOperation, PatchUserRequest, PatchUserResponse, Precondition, ReplaceUserRequest,
        ReplaceUserResponse, UpdateUserRequest, UpdateUserResponse, User, change_event::Action, connection::AllowedAction,
        create_user_response::Outcome, link::Reason, user::SetupState,
    },
    attributes::{Context, ResourceType, Schemas, check, fold, mask, patch, replace},
    feed::append,
    limits,
    store::{KEY_USER_EXTERNAL_ID, UserRow, Work},
};
use std::sync::Arc;

/// How an edit is told whose externalId is meant.
fn context(connection: &str) -> Context<'_> {
    Context { connection, base: "" }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what an edit answers")]
fn message(row: Arc<UserRow>) -> User {
    row.user.clone()
}

/// A user as a client gave it: what is the server's own is dropped, identifiers get their connection.
fn given(call: &Call, user: Option<User>) -> Result<User> {
    let mut user = user.ok_or_else(|| Error::missing("user"))?;
    if call.caller.connection.is_some() {
        user.external_ids
            .iter_mut()
            .filter(|e| e.connection_id.is_empty())
            .for_each(|e| call.connection().clone_into(&mut e.connection_id));
        if user.external_ids.iter().any(|e| e.connection_id != call.connection()) {
            return Err(Error::value("external_ids", "A connection writes its own externalId only.").at_part("external_ids"));
        }
        user.set_setup_state(SetupState::Unspecified);
    }
    if SetupState::try_from(user.setup_state).is_err() {
        return Err(Error::value("setup_state", "setup_state is PROVISIONED or COMPLETE.").at_part("setup_state"));
    }
    user.meta = None;
    user.groups = Vec::new();
    user.groups_truncated = false;
    user.links = Vec::new();
    user.groups_version = 0;
    Ok(user)
}

pub(super) async fn create(directory: &Directory, call: &Call, request: CreateUserRequest) -> Result<CreateUserResponse> {
    let organization = request.organization_id;
    let edit = creation(call, &organization, directory.clock.new_id(), request.user)?;
    let edit = answering(edit, |Made { row, outcome }| {
        let user = row.map(|row| row.user.clone());
        CreateUserResponse { user, outcome: outcome as i32, committed_at: None }
    });
    let written = directory.write(call, &organization, request.write, edit).await?;
    let mut answer = CreateUserResponse { committed_at: written.committed_at, ..written.answer };
    let is_new = answer.outcome() == Outcome::Created;
    if let Some(user) = &mut answer.user {
        // Who was there before may be in groups.
        let shown = Shown::new(None)?;
        let shown = if is_new { shown } else { shown.with_groups() };
        shown.finish_written(directory, call, &organization, user).await?;
    }
    Ok(answer)
}

/// What came of a create.
pub(in crate::directory) struct Made {
    /// The user, whose id may be an older one than the one that was offered; none while a person has to agree.
    pub(in crate::directory) row: Option<Arc<UserRow>>,
    /// How it came about.
    pub(in crate::directory) outcome: Outcome,
}

/// The edit that creates a user under this id.
pub(in crate::directory) fn creation(
    call: &Call,
    organization: &str,
    id: String,
    user: Option<User>,
) -> Result<impl FnMut(&mut Work) -> Edit<Made> + Send + use<>> {
    actions::require(&call.caller, AllowedAction::CreateUsers)?;
    let mut user = given(call, user)?;
    let caller = call.caller.clone();
    let recall = Recall::of(&caller, user.active);
    user.id = id;
    organization.clone_into(&mut user.organization_id);
    let says_active = user.active.is_some();
    user.active.get_or_insert(true);
    if user.setup_state() == SetupState::Unspecified {
        user.set_setup_state(SetupState::Provisioned);
    }
    check::check_user(&mut user)?;
    let name_key = fold::user_name(&user.user_name)?;
    Ok(move |work: &mut Work| {
        let mut user = user.clone();
        work.schemas().admit(ResourceType::User, &mut user.extensions, None).map_err(Error::from)?;
        if let Some(recall) = &recall
            && let Some(made) = recall.restore(work, &caller, &user, &name_key)?
        {
            return Ok(made);
        }
        // What a create does not say is no reason to let somebody in again.
        let said = User { active: user.active.filter(|_| says_active), ..user.clone() };
        let met = takeovers::meet(work, &caller, &user.id, &said, &name_key);
        let unique = check_unique(work, &user, &name_key, None);
        match met? {
            Met::Nobody => {}
            Met::Waits => return Ok(Made { row: None, outcome: Outcome::PendingApproval }),
            Met::Taken(row) => return Ok(Made { row: Some(row), outcome: Outcome::Linked }),
        }
        unique?;
        links::link(&mut user, caller.connection_id(), Reason::Created, "", work.now());
        let row = work.put_user(user, name_key.clone());
        append::user(work, Action::Created, None, Some(&row.user), changed(&User::default(), &row.user));
        Ok(Made { row: Some(row), outcome: Outcome::Created })
    })
}

pub(super) async fn update(directory: &Directory, call: &Call, request: UpdateUserRequest) -> Result<UpdateUserResponse> {
    let paths = request.update_mask.map(|m| m.paths).filter(|p| !p.is_empty()).ok_or_else(|| Error::missing("update_mask"))?;
    let source = given(call, request.user)?;
    let id = required(&source.id, "user.id")?;
    let connection = call.connection().to_owned();
    let change = move |user: &mut User, _: &Schemas| mask::mask_user(user, &source, &paths, &context(&connection)).map_err(Error::of_mask);
    let shown = Shown::new(request.selection.as_ref())?;
    let edit = answering(modification(call, id, request.precondition, change)?, message);
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let mut user = written.answer;
    shown.finish_written(directory, call, &request.organization_id, &mut user).await?;
    Ok(UpdateUserResponse { user: Some(user), committed_at: written.committed_at })
}

pub(super) async fn replace(directory: &Directory, call: &Call, request: ReplaceUserRequest) -> Result<ReplaceUserResponse> {
    let organization = request.organization_id;
    let edit = answering(replacement(call, request.user, request.precondition)?, message);
    let shown = Shown::new(request.selection.as_ref())?;
    let written = directory.write(call, &organization, request.write, edit).await?;
    let mut user = written.answer;
    shown.finish_written(directory, call, &organization, &mut user).await?;
    Ok(ReplaceUserResponse { user: Some(user), committed_at: written.committed_at })
}

/// The edit that makes the user's document this one.
pub(in crate::directory) fn replacement(
    call: &Call,
    user: Option<User>,
    condition: Option<Precondition>,
) -> Result<impl FnMut(&mut Work) -> Edit<Arc<UserRow>> + Send + use<>> {
    let source = given(call, user)?;
    let id = required(&source.id, "user.id")?;
    let connection = call.connection().to_owned();
    modification(call, id, condition, move |user: &mut User, _: &Schemas| {
        replace::replace_user(user, source.clone(), &context(&connection));
        Ok(())
    })
}

pub(super) async fn patch(directory: &Directory, call: &Call, request: PatchUserRequest) -> Result<PatchUserResponse> {
    let organization = request.organization_id;
    let edit = answering(patching(call, &request.user_id, request.operations, request.precondition)?, message);
    let shown = Shown::new(request.selection.as_ref())?;
    let written = directory.write(call, &organization, request.write, edit).await?;
    let mut user = written.answer;
    shown.finish_written(directory, call, &organization, &mut user).await?;
    Ok(PatchUserResponse { user: Some(user), changed: written.changed, committed_at: written.committed_at })
}

/// The edit that applies operations to a user, all or none.
pub(in crate::directory) fn patching(
    call: &Call,
    id: &str,
    operations: Vec<PatchOperation>,
    condition: Option<Precondition>,
) -> Result<impl FnMut(&mut Work) -> Edit<Arc<UserRow>> + Send + use<>> {
    if operations.is_empty() {
        return Err(Error::missing("operations"));
    }
    if operations.len() > limits::PATCH_OPERATIONS {
        return Err(Error::too_large("operations", limits::PATCH_OPERATIONS, "operations"));
    }
    let id = required(id, "user_id")?;
    let connection = call.connection().to_owned();
    modification(call, id, condition, move |user: &mut User, schemas: &Schemas| {
        patch::patch_user_in(user, &operations, &context(&connection), schemas)?;
        Ok(())
    })
}

/// The edit that changes one user. A change that comes to nothing makes no revision.
fn modification<C: Fn(&mut User, &Schemas) -> Result<()> + Send + 'static>(
    call: &Call,
    id: String,
    condition: Option<Precondition>,
    change: C,
) -> Result<impl FnMut(&mut Work) -> Edit<Arc<UserRow>> + Send + use<C>> {
    precondition::check_form(condition.as_ref())?;
    let (sight, caller) = (Sight::of(call), call.caller.clone());
    Ok(move |work: &mut Work| {
        let row = work.user(&id)?.ok_or_else(|| Error::not_found("user"))?;
        sight.check(&row.user, "user")?;
        precondition::check(condition.as_ref(), work, &row.user.id, row.version)?;
        let mut user = row.user.clone();
        let schemas = work.schemas();
        change(&mut user, &schemas)?;
        schemas.check_shapes(ResourceType::User, &user.extensions).map_err(Error::from)?;
        manager::keep(work, &sight, &row.user, &mut user)?;
        check::check_user(&mut user).map_err(Error::from)?;
        if user == row.user {
            return Ok(row);
        }
        ownership::hold(work, &caller, &row.user, &mut user)?;
        schemas.admit(ResourceType::User, &mut user.extensions, Some(&row.user.extensions)).map_err(Error::from)?;
        if user == row.user {
            return Ok(row);
        }
        touch::may_touch(work, &caller, &row.user, Deed::Change(&user))?;
        links::follow_external_id(&mut user, sight.connection(), work.now());
        if links::is_linked(&user, sight.connection()) && !links::is_linked(&row.user, sight.connection()) {
            takeovers::may_link(work, sight.connection(), &row.user.id)?;
            touch::may_touch(work, &caller, &row.user, Deed::Link)?;
        }
        let name_key = fold::user_name(&user.user_name).map_err(Error::from)?;
        check_unique(work, &user, &name_key, Some(&row))?;
        // Who was cleared of it is not let in: a value that is gone must never undo a deactivation.
        let action = match (row.user.active.unwrap_or(false), user.active.unwrap_or(false)) {
            (true, false) => Action::Deactivated,
            (false, true) => Action::Activated,
            _ => Action::Updated,
        };
        let after = work.put_user(user, name_key);
        append::user(work, action, Some(&row.user), Some(&after.user), changed(&row.user, &after.user));
        Ok(after)
    })
}

/// Nobody else may hold the name or the connection's identifier. All is asked for before the first verdict.
pub(in crate::directory) fn check_unique(work: &mut Work, user: &User, name_key: &str, before: Option<&UserRow>) -> Edit<()> {
    let named = if before.is_some_and(|b| b.name_key == name_key) { Ok(None) } else { work.user_named(name_key) };
    let external: Vec<_> = UserRow::external_keys(user)
        .into_iter()
        .filter(|key| !before.is_some_and(|b| b.keys.contains(&(KEY_USER_EXTERNAL_ID, key.clone()))))
        .map(|key| work.holders(KEY_USER_EXTERNAL_ID, &key))
        .collect();
    if named?.is_some_and(|holder| holder != user.id) {
        return Err(Error::taken("userName").into());
    }
    for holders in external {
        if holders?.iter().any(|holder| *holder != user.id) {
            return Err(Error::taken("externalId").into());
        }
    }
    Ok(())
}

pub(in crate::directory) fn changed(before: &User, after: &User) -> Vec<String> {
    append::changed_of_user(before, after)
}

pub(in crate::directory) fn required(id: &str, field: &str) -> Result<String> {
    if id.is_empty() { Err(Error::missing(field)) } else { Ok(id.to_owned()) }
}
