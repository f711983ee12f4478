//! What a principal holds, and why.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
        page,
    },
    causes::Included,
    eyes::Eyes,
    list::shown,
    principal,
    standing::standings,
};
use crate::{
    api::v1::{Derivation, ListEffectiveRolesRequest, ListEffectiveRolesResponse, list_effective_roles_response::EffectiveRole},
    clock::{Micros, timestamp},
    limits,
    store::{Book, NEVER},
};
use prost::Message as _;
use std::collections::BTreeMap;

/// A role in a scope, until when, and why.
#[derive(Debug, Default)]
struct Held {
    role_id: String,
    until: Micros,
    why: Vec<Derivation>,
}

pub(super) async fn list(directory: &Directory, call: &Call, request: ListEffectiveRolesRequest) -> Result<ListEffectiveRolesResponse> {
    let size = page::size(request.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX)?;
    principal::check_scope(&request.scope, "scope")?;
    let named = principal::named(request.principal.as_ref(), "principal")?;
    let query = [b"effective roles", named.id.as_bytes(), request.scope.as_bytes()];
    let (binding, now) = (page::binding(call, &request.organization_id, &query), directory.clock.now());
    let from = page::open(&directory.store, &binding, &request.page_token, now)?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let book = reader.book().await?;
    let eyes = Eyes::of(call, &mut reader).await?;
    let found = standings(directory, &mut reader, &book, &eyes, std::slice::from_ref(&named)).await?;
    let standing = found.get(&named.id).ok_or_else(|| Error::not_found("principal"))?;

    let mut held: BTreeMap<(&str, String), Held> = BTreeMap::new();
    let mut included = Included::new(&book);
    for cause in standing.causes().iter().filter(|cause| request.scope.is_empty() || cause.holds_in(&request.scope)) {
        for (role_id, way) in included.of(&cause.role_id) {
            let one = held.entry((key_of(&book, role_id), cause.scope.clone())).or_default();
            one.role_id.clone_from(role_id);
            one.until = one.until.max(cause.expires_at);
            if request.explain {
                one.why.extend(cause.derivation(way.clone()));
            }
        }
    }
    let place = |(key, scope): &(&str, String)| format!("{key}\u{1}{scope}");
    let mut roles = Vec::new();
    let (mut last, mut bytes) = (String::new(), 0);
    let mut rest = held.into_iter().filter(|(at, _)| from.as_ref().is_none_or(|from| place(at) > from.after)).peekable();
    while roles.len() < size && bytes < limits::PAGE_BYTES {
        let Some((at, Held { role_id, until, why })) = rest.next() else { break };
        last = place(&at);
        let role = book.role(&role_id).map(|row| shown(directory.store.life(), &request.organization_id, row));
        let expire_time = (until != NEVER).then(|| timestamp(until));
        let one = EffectiveRole { role, scope: at.1, expire_time, derivations: why };
        bytes += one.encoded_len();
        roles.push(one);
    }
    let after = rest.peek().map(|_| last);
    let seal = |after| page::seal(&directory.store, &binding, page::Position { after, ..Default::default() }, now);
    let next_page_token = after.map(seal).unwrap_or_default();
    Ok(ListEffectiveRolesResponse { roles, next_page_token, read_at: directory.read_at(&reader) })
}

fn key_of<'b>(book: &'b Book, role_id: &str) -> &'b str {
    book.role(role_id).map_or("", |row| row.role.key.as_str())
}
