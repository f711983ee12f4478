//! What principals hold at one snapshot: grants and mappings, found through indexed edges and the nesting of groups.

use super::{
    super::{Directory, Result, links, record, users},
    causes::{Cause, Origin},
    eyes::Eyes,
    mappings::{self, Given},
    principal::Named,
};
use crate::{
    api::v1::{ServiceAccount, User},
    membership::Ways,
    store::{Book, GRANTEE_ACCOUNT, Grant, MEMBER_USER, NEVER, Reader, RecordKind},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A principal and all it has.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) kind: i64,
    /// Whether it may hold anything: an active user, an account that is not disabled, any group.
    able: bool,
    causes: Vec<Cause>,
    ways: Ways,
    /// The groups that are not there for the caller, of all that anybody asked about is in.
    hidden: Arc<BTreeSet<String>>,
}

impl Standing {
    /// Why it holds what it holds; nothing for one that may not.
    pub(super) fn causes(&self) -> &[Cause] {
        if self.able { &self.causes } else { &[] }
    }

    /// The way to a group it is in, outermost first.
    pub(super) fn way(&self, group: &str) -> Option<Vec<String>> {
        self.ways.to(group).filter(|_| self.able)
    }

    /// Whether the caller may be told of the way.
    pub(super) fn may_tell(&self, way: &[String]) -> bool {
        !way.iter().any(|group| self.hidden.contains(group))
    }
}

/// What each principal has; one that is not there for the caller, or not what it is said to be, is left out. A fixed number of
/// statements, whatever the number of principals, but for one each for service accounts.
pub(super) async fn standings(
    directory: &Directory,
    reader: &mut Reader,
    book: &Book,
    eyes: &Eyes,
    named: &[Named],
) -> Result<BTreeMap<String, Standing>> {
    let ids: BTreeSet<String> = named.iter().map(|one| one.id.clone()).collect();
    let mut kinds: BTreeMap<String, i64> = reader.kinds(ids.iter().cloned().collect()).await?.into_iter().collect();
    eyes.keep(reader, &mut kinds).await?;
    let mut able: BTreeSet<String> = kinds.iter().filter(|(_, kind)| **kind != MEMBER_USER).map(|(id, _)| id.clone()).collect();
    for one in named.iter().filter(|one| one.kind.is_none_or(|kind| kind == GRANTEE_ACCOUNT)) {
        if kinds.contains_key(&one.id) {
            continue;
        }
        if let Some(found) = reader.record(RecordKind::ServiceAccount, &one.id).await? {
            kinds.insert(one.id.clone(), GRANTEE_ACCOUNT);
            let account: ServiceAccount = record::read(directory, &found)?;
            able.extend((!account.disabled).then(|| one.id.clone()));
        }
    }
    let of_kind = |kind: i64| kinds.iter().filter(move |(_, k)| **k == kind).map(|(id, _)| id.clone());
    let mut people: BTreeMap<String, User> = BTreeMap::new();
    for (id, body) in reader.users(of_kind(MEMBER_USER).collect()).await? {
        people.insert(id, users::decode(reader.life(), &body)?);
    }
    able.extend(people.values().filter(|user| user.active.unwrap_or(false)).map(|user| user.id.clone()));

    let members: Vec<String> = kinds.iter().filter(|(_, kind)| **kind != GRANTEE_ACCOUNT).map(|(id, _)| id.clone()).collect();
    let mut direct: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (group, member) in reader.memberships(members).await? {
        direct.entry(member).or_default().push(group);
    }
    let graph = directory.nesting.graph(reader).await?;
    let mut ways: BTreeMap<String, Ways> = BTreeMap::new();
    for id in kinds.keys() {
        let mut of = graph.ways(direct.get(id).map_or(&[][..], Vec::as_slice));
        // A group is not in itself, even where a cycle leads back to it.
        of.forget(id);
        ways.insert(id.clone(), of);
    }
    let groups: BTreeSet<String> = ways.values().flat_map(Ways::groups).cloned().collect();

    let hidden = Arc::new(eyes.hidden(reader, groups.iter().cloned().collect()).await?);
    let asked: Vec<String> = groups.iter().chain(kinds.keys()).cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let now = directory.clock.now();
    let mut granted: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for grant in reader.grants_of(asked.clone()).await?.into_iter().filter(|grant| grant.expires_at > now) {
        granted.entry(grant.principal_id.clone()).or_default().push(grant);
    }
    let given = mappings::of_groups(reader, book, &asked).await?;
    let mut found = BTreeMap::new();
    for one in named {
        let Some(kind) = kinds.get(&one.id).copied().filter(|kind| one.kind.is_none_or(|said| said == *kind)) else { continue };
        if let Some(ways) = ways.remove(&one.id) {
            let mut causes = Vec::new();
            gather(&mut causes, &one.id, &[], &granted, &given);
            for group in ways.groups() {
                gather(&mut causes, group, &ways.to(group).unwrap_or_default(), &granted, &given);
            }
            if let Some(user) = people.get(&one.id) {
                causes.extend(of_values(book, user));
            }
            for cause in &mut causes {
                cause.told = eyes.may_tell(cause, &hidden);
            }
            found.insert(one.id.clone(), Standing { kind, able: able.contains(&one.id), causes, ways, hidden: Arc::clone(&hidden) });
        }
    }
    Ok(found)
}

/// What one holder on the way brings.
fn gather(causes: &mut Vec<Cause>, holder: &str, way: &[String], granted: &BTreeMap<String, Vec<Grant>>, given: &Given) {
    for grant in granted.get(holder).into_iter().flatten() {
        causes.push(Cause {
            role_id: grant.role_id.clone(),
            scope: grant.scope.clone(),
            expires_at: grant.expires_at,
            origin: Origin::Grant(grant.id.clone()),
            groups: way.to_vec(),
            told: true,
        });
    }
    // A group that is asked about is given what its members are given.
    for mapped in given.get(holder).into_iter().flatten() {
        causes.push(Cause {
            role_id: mapped.mapping.role_id.clone(),
            scope: mapped.mapping.scope.clone(),
            expires_at: NEVER,
            origin: Origin::Mapping(Arc::clone(mapped)),
            groups: way.to_vec(),
            told: true,
        });
    }
}

/// What a user's own values bring.
fn of_values(book: &Book, user: &User) -> Vec<Cause> {
    let holds = |mapped: &&Arc<crate::store::Mapped>| mappings::holds_value(user, mapped) && links::is_linked(user, &mapped.connection_id);
    book.mappings()
        .filter(holds)
        .map(|mapped| Cause {
            role_id: mapped.mapping.role_id.clone(),
            scope: mapped.mapping.scope.clone(),
            expires_at: NEVER,
            origin: Origin::Mapping(Arc::clone(mapped)),
            groups: Vec::new(),
            told: true,
        })
        .collect()
}
