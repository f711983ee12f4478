//! Defining roles. All of an organization are one book, so that what a role includes is judged as a whole.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit, answering},
        fields::{self, Field},
        precondition, record,
        record::Noun,
    },
    ends, list,
};
use crate::{
    api::v1::{
        CreateRoleRequest, CreateRoleResponse, DeleteRoleRequest, DeleteRoleResponse, ErrorReason, ResourceKind, ResourceMeta, Role,
        UpdateRoleRequest, UpdateRoleResponse, change_event::Action,
    },
    clock::timestamp,
    feed::append,
    limits,
    store::{ADMIN, Book, RecordKind, RoleRow, Work},
};
use std::collections::BTreeSet;

impl Noun for Role {
    const STORED: RecordKind = RecordKind::Role;
    const KIND: ResourceKind = ResourceKind::Role;
    const NAME: &'static str = "role";

    fn id(&self) -> &str {
        &self.id
    }

    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>> {
        Some(&mut self.meta)
    }

    fn key(&self) -> Option<String> {
        Some(self.key.clone())
    }
}

const FIELDS: &[Field<Role>] = &[
    ("key", |to, from| to.key.clone_from(&from.key)),
    ("display_name", |to, from| to.display_name.clone_from(&from.display_name)),
    ("description", |to, from| to.description.clone_from(&from.description)),
    ("permissions", |to, from| to.permissions.clone_from(&from.permissions)),
    ("included_role_ids", |to, from| to.included_role_ids.clone_from(&from.included_role_ids)),
];
const OUTPUT_ONLY: &[&str] = &["id", "organization_id", "meta", "built_in"];

pub(super) async fn create(directory: &Directory, call: &Call, request: CreateRoleRequest) -> Result<CreateRoleResponse> {
    let given = request.role.ok_or_else(|| Error::missing("role"))?;
    let organization_id = request.organization_id.clone();
    let role = Role { id: directory.clock.new_id(), organization_id, meta: None, built_in: false, ..given };
    check(&role)?;
    let edit = move |work: &mut Work| -> Edit<RoleRow> {
        let mut book = work.book()?.as_ref().clone();
        check_count(&book)?;
        let row = put(work, &mut book, role.clone())?;
        append::role(work, Action::Created, None, Some(&row.role), Vec::new());
        work.set_book(book);
        Ok(row)
    };
    let (life, organization) = (directory.store.life(), request.organization_id.clone());
    let edit = answering(edit, move |row: RoleRow| list::shown(life, &organization, &row));
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let role = Some(written.answer);
    Ok(CreateRoleResponse { role, committed_at: written.committed_at })
}

pub(super) async fn update(directory: &Directory, call: &Call, request: UpdateRoleRequest) -> Result<UpdateRoleResponse> {
    let given = request.role.ok_or_else(|| Error::missing("role"))?;
    let (mask, condition) = (request.update_mask, request.precondition);
    precondition::check_form(condition.as_ref())?;
    let edit = move |work: &mut Work| -> Edit<RoleRow> {
        let mut book = work.book()?.as_ref().clone();
        let row = book.role(&given.id).cloned().ok_or_else(|| Error::not_found("role"))?;
        precondition::check(condition.as_ref(), work, &row.role.id, row.version)?;
        let mut role = row.role.clone();
        let changed = fields::take(&mut role, &given, mask.as_ref(), FIELDS, OUTPUT_ONLY)?;
        refuse_built_in(&row)?;
        check(&role)?;
        if changed.is_empty() {
            return Ok(row.as_ref().clone());
        }
        let giving = book.giving(ADMIN);
        let after = put(work, &mut book, role)?;
        ends::follow_admin(work, &mut book, &giving)?;
        append::role(work, Action::Updated, Some(&row.role), Some(&after.role), changed);
        work.set_book(book);
        Ok(after)
    };
    let (life, organization) = (directory.store.life(), request.organization_id.clone());
    let edit = answering(edit, move |row: RoleRow| list::shown(life, &organization, &row));
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let role = Some(written.answer);
    Ok(UpdateRoleResponse { role, committed_at: written.committed_at })
}

pub(super) async fn delete(directory: &Directory, call: &Call, request: DeleteRoleRequest) -> Result<DeleteRoleResponse> {
    let (id, condition) = (request.role_id, request.precondition);
    precondition::check_form(condition.as_ref())?;
    let edit = move |work: &mut Work| -> Edit<()> {
        let (book, grants, there) = (work.book(), work.grants_to(&id), work.record(RecordKind::Role, &id));
        let (mut book, grants, _) = (book?.as_ref().clone(), grants?, there?);
        let row = book.role(&id).cloned().ok_or_else(|| Error::not_found("role"))?;
        precondition::check(condition.as_ref(), work, &row.role.id, row.version)?;
        refuse_built_in(&row)?;
        refuse_in_use(&book, &id)?;
        if grants.len() > limits::GRANTS_PER_DELETED_ROLE {
            let detail = format!("The role has more than {} grants; withdraw some before.", limits::GRANTS_PER_DELETED_ROLE);
            return Err(Error::new(ErrorReason::TooMany, detail).with("limit", limits::GRANTS_PER_DELETED_ROLE.to_string()).into());
        }
        for grant in &grants {
            work.drop_grant(grant);
            append::grant(work, Action::Removed, grant);
        }
        work.drop_record(RecordKind::Role, &id);
        let giving = book.giving(ADMIN);
        book.drop_role(&id);
        ends::follow_admin(work, &mut book, &giving)?;
        append::role(work, Action::Purged, Some(&row.role), None, Vec::new());
        work.set_book(book);
        Ok(())
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(DeleteRoleResponse { committed_at: written.committed_at })
}

/// Refuses another role where there are as many as there may be.
pub(super) fn check_count(book: &Book) -> Result<()> {
    // The server's own is not counted.
    if book.roles().count() > limits::ROLES {
        let detail = format!("An organization has at most {} roles.", limits::ROLES);
        return Err(Error::new(ErrorReason::TooMany, detail).with("limit", limits::ROLES.to_string()));
    }
    Ok(())
}

/// Stores a role that changes now, if it fits with the others.
fn put(work: &mut Work, book: &mut Book, mut role: Role) -> Edit<RoleRow> {
    role.meta.get_or_insert_default().update_time = None;
    place(work, book, role)
}

/// Stores a role with the times it has, if it fits with the others.
pub(super) fn place(work: &mut Work, book: &mut Book, mut role: Role) -> Edit<RoleRow> {
    if book.role_keyed(&role.key).is_some_and(|other| other.role.id != role.id) {
        return Err(Error::taken("role.key").into());
    }
    if let Some(unknown) = role.included_role_ids.iter().find(|id| book.role(id).is_none()) {
        let shown: String = unknown.chars().filter(|c| !c.is_control()).take(64).collect();
        return Err(Error::value(INCLUDED, format!("{INCLUDED}: there is no role with the id \"{shown}\".")).into());
    }
    let meta = role.meta.get_or_insert_default();
    meta.create_time.get_or_insert(timestamp(work.now()));
    meta.update_time.get_or_insert(timestamp(work.now()));
    let row = RoleRow { role, version: work.revision() };
    book.put_role(row.clone());
    let id = &row.role.id;
    if row.role.included_role_ids.iter().any(|included| book.included(included).contains_key(id)) {
        return Err(Error::value(INCLUDED, format!("{INCLUDED}: a role may not include itself, directly or through others.")).into());
    }
    if book.bytes() > limits::ROLES_BYTES {
        return Err(Error::too_large("roles", limits::ROLES_BYTES, "bytes together").into());
    }
    record::keep(work, &row.role, None);
    Ok(row)
}

const INCLUDED: &str = "role.included_role_ids";

fn refuse_built_in(row: &RoleRow) -> Result<()> {
    if row.role.built_in {
        return Err(Error::new(ErrorReason::Mutability, "This role is the server's own.").at("role").with("attribute", "role"));
    }
    Ok(())
}

fn refuse_in_use(book: &Book, id: &str) -> Result<()> {
    let in_use = |detail: String| Error::new(ErrorReason::Policy, detail).with("policy", "ROLE_IN_USE");
    if let Some(other) = book.roles().find(|row| row.role.included_role_ids.iter().any(|included| included == id)) {
        return Err(in_use(format!("The role {} includes this one.", other.role.key)));
    }
    if let Some(mapped) = book.mappings().find(|mapped| mapped.mapping.role_id == id) {
        return Err(in_use(format!("The connection {} maps to this role.", mapped.connection_id)));
    }
    Ok(())
}

/// The border: what is stored is valid.
pub(in crate::directory) fn check(role: &Role) -> Result<()> {
    let key = &role.key;
    if key.is_empty() {
        return Err(Error::missing("role.key"));
    }
    if key.len() > limits::ROLE_KEY_CHARS {
        return Err(Error::too_large("role.key", limits::ROLE_KEY_CHARS, "characters"));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) || !key.chars().all(allowed) {
        return Err(Error::value("role.key", "role.key takes a-z, 0-9, \".\", \"_\" and \"-\", beginning with a letter."));
    }
    record::check_name("role.display_name", &role.display_name, false)?;
    if role.description.as_ref().is_some_and(|text| text.chars().count() > limits::DESCRIPTION_CHARS) {
        return Err(Error::too_large("role.description", limits::DESCRIPTION_CHARS, "characters"));
    }
    if role.permissions.len() > limits::ROLE_PERMISSIONS {
        return Err(Error::too_large("role.permissions", limits::ROLE_PERMISSIONS, "permissions"));
    }
    if role.included_role_ids.len() > limits::INCLUDED_ROLES {
        return Err(Error::too_large(INCLUDED, limits::INCLUDED_ROLES, "roles"));
    }
    for permission in &role.permissions {
        if permission.len() > limits::PERMISSION_BYTES {
            return Err(Error::too_large("role.permissions", limits::PERMISSION_BYTES, "bytes each"));
        }
        if permission.is_empty() || permission.chars().any(char::is_control) {
            return Err(Error::value("role.permissions", "role.permissions: one is empty or holds a control character."));
        }
    }
    for (field, values) in [("role.permissions", &role.permissions), (INCLUDED, &role.included_role_ids)] {
        if values.iter().collect::<BTreeSet<_>>().len() < values.len() {
            return Err(Error::value(field, format!("{field} names one twice.")));
        }
    }
    Ok(())
}
