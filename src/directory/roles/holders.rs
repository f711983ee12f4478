//! Who holds a role, page by page.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
        page,
    },
    eyes::Eyes,
    mappings, principal,
    principal::Named,
    standing::standings,
};
use crate::{
    api::v1::{ListRoleHoldersRequest, ListRoleHoldersResponse},
    feed::append,
    limits,
    store::{Book, MEMBER_GROUP, Mapped, Reader},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) async fn list(directory: &Directory, call: &Call, request: ListRoleHoldersRequest) -> Result<ListRoleHoldersResponse> {
    let size = page::size(request.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX)?;
    if request.role_id.is_empty() {
        return Err(Error::missing("role_id"));
    }
    principal::check_scope(&request.scope, "scope")?;
    let query = [b"role holders", request.role_id.as_bytes(), request.scope.as_bytes()];
    let (binding, now) = (page::binding(call, &request.organization_id, &query), directory.clock.now());
    let from = page::open(&directory.store, &binding, &request.page_token, now)?.unwrap_or_default();
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let book = reader.book().await?;
    if book.role(&request.role_id).is_none() {
        return Err(Error::not_found("role"));
    }
    let giving = book.giving(&request.role_id);
    let eyes = Eyes::of(call, &mut reader).await?;
    let sources = Sources::find(directory, &mut reader, &book, &giving).await?;

    let (mut holders, mut after, mut done) = (Vec::new(), from.after, false);
    while holders.len() <= size && !done {
        let (candidates, last) = sources.after(&mut reader, &after, size + 1).await?;
        done = last;
        candidates.last().cloned().into_iter().for_each(|id| after = id);
        let named: Vec<Named> = candidates.into_iter().map(|id| Named { id, kind: None }).collect();
        // The same judgement as everywhere has the last word.
        let found = standings(directory, &mut reader, &book, &eyes, &named).await?;
        for (id, standing) in found {
            let here = |scope: &str| request.scope.is_empty() || scope.is_empty() || scope == request.scope;
            if standing.kind != MEMBER_GROUP && standing.causes().iter().any(|cause| giving.contains(&cause.role_id) && here(&cause.scope))
            {
                holders.push((id, standing.kind));
            }
        }
    }
    let more = holders.len() > size;
    holders.truncate(size);
    let after = holders.last().filter(|_| more).map(|(id, _)| id.clone());
    let seal = |after| page::seal(&directory.store, &binding, page::Position { after, ..Default::default() }, now);
    Ok(ListRoleHoldersResponse {
        next_page_token: after.map(seal).unwrap_or_default(),
        holders: holders.iter().map(|(id, kind)| append::principal(id, *kind)).collect(),
        read_at: directory.read_at(&reader),
    })
}

/// Where holders may come from.
struct Sources<'b> {
    /// The roles that bring the one asked for.
    roles: &'b BTreeSet<String>,
    /// The groups whose members hold it, those inside them too.
    groups: BTreeSet<String>,
    /// The mappings of values that bring it.
    values: Vec<Arc<Mapped>>,
}

impl<'b> Sources<'b> {
    async fn find(directory: &Directory, reader: &mut Reader, book: &Book, roles: &'b BTreeSet<String>) -> Result<Sources<'b>> {
        let mapped: Vec<_> = book.mappings().filter(|mapped| roles.contains(&mapped.mapping.role_id)).cloned().collect();
        let granted = reader.grants_to_groups(roles.iter().cloned().collect()).await?;
        let mut tops: BTreeSet<String> = granted.into_iter().map(|grant| grant.principal_id).collect();
        let names: BTreeSet<String> = mapped.iter().filter_map(|m| mappings::name_key(m)).collect();
        let mut candidates: BTreeSet<String> = reader.all_groups_named(names.into_iter().collect()).await?.into_iter().collect();
        let keys = mapped.iter().filter_map(|m| mappings::external_id_key(m)).collect();
        candidates.extend(reader.holders(keys).await?.into_iter().map(|(_, _, id)| id));
        let given = mappings::judge(reader, book, candidates).await?;
        let brings = |of: &Vec<Arc<Mapped>>| of.iter().any(|mapped| roles.contains(&mapped.mapping.role_id));
        tops.extend(given.into_iter().filter(|(_, of)| brings(of)).map(|(id, _)| id));
        let graph = directory.nesting.graph(reader).await?;
        let groups = tops.iter().flat_map(|group| graph.from_down(group)).collect();
        let values = mapped.into_iter().filter(|m| mappings::value_key(m).is_some()).collect();
        Ok(Sources { roles, groups, values })
    }

    /// Some who may hold it after this id, in id order, and whether there are no more. Groups are not among them.
    async fn after(&self, reader: &mut Reader, after: &str, limit: usize) -> Result<(Vec<String>, bool)> {
        let mut found: BTreeMap<String, bool> = BTreeMap::new();
        // Beyond the last one that a source gave, that source may have more: up to the least of these all is known.
        let mut until: Option<String> = None;
        let mut take = |ids: Vec<(String, bool)>, full: bool| {
            if let Some((last, _)) = ids.last().filter(|_| full)
                && until.as_ref().is_none_or(|until| last < until)
            {
                until = Some(last.clone());
            }
            found.extend(ids);
        };
        for role in self.roles {
            let grants = reader.holders_after(role, after, limit).await?;
            let full = grants.len() == limit;
            take(grants.into_iter().map(|g| (g.principal_id, g.principal_kind == MEMBER_GROUP)).collect(), full);
        }
        if !self.groups.is_empty() {
            let members = reader.members_of_any("", self.groups.iter().cloned().collect(), after, limit).await?;
            let full = members.len() == limit;
            take(members.into_iter().map(|(m, _)| (m.member_id, m.member_kind == MEMBER_GROUP)).collect(), full);
        }
        for (kind, value) in self.values.iter().filter_map(|m| mappings::value_key(m)) {
            let users = reader.value_holders_after(kind, value, after, limit).await?;
            let full = users.len() == limit;
            take(users.into_iter().map(|id| (id, false)).collect(), full);
        }
        let done = until.is_none();
        let last = until.clone();
        let known = found.into_iter().filter(|(id, _)| until.as_ref().is_none_or(|until| id <= until));
        let mut ids: Vec<String> = known.filter(|(_, is_group)| !is_group).map(|(id, _)| id).collect();
        // The place to go on from, also where it is a group's.
        ids.extend(last.filter(|last| ids.last() != Some(last)));
        Ok((ids, done))
    }
}
