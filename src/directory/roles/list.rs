//! Reading definitions and grants as they are stored.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
        page, revision,
    },
    eyes::Eyes,
    principal,
};
use crate::{
    api::v1::{
        GetRoleRequest, GetRoleResponse, ListRoleAssignmentsRequest, ListRoleAssignmentsResponse, ListRolesRequest, ListRolesResponse,
        Role, get_role_request,
    },
    feed::append,
    limits,
    store::{Grant, Life, Reader, RoleRow},
};
use prost::Message as _;

/// A role as callers see it.
pub(in crate::directory) fn shown(life: Life, organization: &str, row: &RoleRow) -> Role {
    let mut role = row.role.clone();
    organization.clone_into(&mut role.organization_id);
    let meta = role.meta.get_or_insert_default();
    meta.etag = life.etag(row.version);
    meta.last_revision = Some(revision::plain(row.version));
    role
}

pub(super) async fn get(directory: &Directory, request: GetRoleRequest) -> Result<GetRoleResponse> {
    let asked = request.role.ok_or_else(|| Error::missing("role"))?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let book = reader.book().await?;
    let row = match &asked {
        get_role_request::Role::RoleId(id) => book.role(id),
        get_role_request::Role::RoleKey(key) => book.role_keyed(key),
    };
    let role = shown(directory.store.life(), &request.organization_id, row.ok_or_else(|| Error::not_found("role"))?);
    Ok(GetRoleResponse { role: Some(role), read_at: directory.read_at(&reader) })
}

pub(super) async fn roles(directory: &Directory, call: &Call, request: ListRolesRequest) -> Result<ListRolesResponse> {
    let size = page::size(request.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX)?;
    let binding = page::binding(call, &request.organization_id, &[b"roles"]);
    let now = directory.clock.now();
    let from = page::open(&directory.store, &binding, &request.page_token, now)?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let book = reader.book().await?;
    let mut rows: Vec<_> = book.roles().filter(|row| from.as_ref().is_none_or(|from| row.role.key > from.after)).collect();
    rows.sort_by(|a, b| a.role.key.cmp(&b.role.key));
    let mut bytes = 0;
    let fitting = rows.iter().take(size).take_while(|row| {
        let before = bytes;
        bytes += row.role.encoded_len();
        before < limits::PAGE_BYTES
    });
    let roles: Vec<Role> = fitting.map(|row| shown(directory.store.life(), &request.organization_id, row)).collect();
    let after = roles.last().filter(|_| roles.len() < rows.len()).map(|role| role.key.clone());
    let seal = |after| page::seal(&directory.store, &binding, page::Position { after, ..Default::default() }, now);
    Ok(ListRolesResponse { next_page_token: after.map(seal).unwrap_or_default(), roles, read_at: directory.read_at(&reader) })
}

pub(super) async fn grants(directory: &Directory, call: &Call, request: ListRoleAssignmentsRequest) -> Result<ListRoleAssignmentsResponse> {
    let size = page::size(request.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX)?;
    let holder = request.principal.as_ref().map(|p| principal::named(Some(p), "principal")).transpose()?;
    let named = request.principal.as_ref().map(prost::Message::encode_to_vec).unwrap_or_default();
    let binding = page::binding(call, &request.organization_id, &[b"grants", request.role_id.as_bytes(), &named]);
    let now = directory.clock.now();
    let from = page::open(&directory.store, &binding, &request.page_token, now)?.unwrap_or_default();
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let eyes = Eyes::of(call, &mut reader).await?;
    let mut grants = match &holder {
        // A principal has few: all are read.
        Some(holder) => {
            let mut grants = reader.grants_of(vec![holder.id.clone()]).await?;
            grants.retain(|g| g.id > from.after && holder.kind.is_none_or(|kind| kind == g.principal_kind));
            grants.retain(|g| request.role_id.is_empty() || g.role_id == request.role_id);
            grants.sort_by(|a, b| a.id.cmp(&b.id));
            eyes.keep_grants(&mut reader, &mut grants).await?;
            grants
        }
        None => told(&mut reader, &eyes, &request.role_id, from.after, size + 1).await?,
    };
    let more = grants.len() > size;
    grants.truncate(size);
    let after = grants.last().filter(|_| more).map(|grant| grant.id.clone());
    let seal = |after| page::seal(&directory.store, &binding, page::Position { after, ..Default::default() }, now);
    Ok(ListRoleAssignmentsResponse {
        next_page_token: after.map(seal).unwrap_or_default(),
        assignments: grants.iter().map(append::assignment).collect(),
        read_at: directory.read_at(&reader),
    })
}

/// So many grants after this id, in id order, of one role or of all, to those who are there for the caller.
async fn told(reader: &mut Reader, eyes: &Eyes, role: &str, mut after: String, wanted: usize) -> Result<Vec<Grant>> {
    let mut found = Vec::new();
    loop {
        let mut grants = reader.grants_after(role, &after, wanted).await?;
        let last = grants.len() < wanted;
        grants.last().into_iter().for_each(|grant| after.clone_from(&grant.id));
        eyes.keep_grants(reader, &mut grants).await?;
        found.extend(grants);
        if last || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
    }
}
