//! Random commands against a plain map: whatever was asked for in whatever order, the directory and the map agree after
//! each step, on both engines.

use crate::harness::{
    Engine, World,
    deeds::Desk,
    sequences::{accepted, hold},
    shapes::{add, any_principal, by_name, filter, group, operation, page, remove, text, user},
};
use proptest::prelude::*;
use roster::api::v1::{
    DeleteGroupRequest, DeleteUserRequest, ListGroupsRequest, ListUsersRequest, PatchGroupRequest, PurgeUserRequest, ReplaceGroupRequest,
    UndeleteUserRequest, patch_operation::Op,
};
use std::collections::{BTreeMap, BTreeSet};

/// Sequences per engine, and commands per sequence at most.
const CASES: u32 = 12;
const COMMANDS: usize = 30;

/// Few names, so that commands meet. Even ones are upper case: the same name in other letters.
const NAMES: usize = 8;

#[derive(Debug, Clone)]
enum Command {
    CreateUser { name: usize },
    Rename { user: usize, name: usize },
    Title { user: usize, title: u8 },
    DeleteUser { user: usize },
    Undelete { user: usize },
    Purge { user: usize },
    CreateGroup { name: usize, members: Vec<usize> },
    RenameGroup { group: usize, name: usize },
    DeleteGroup { group: usize },
    Modify { group: usize, deltas: Vec<(bool, usize)> },
    Replace { group: usize, members: Vec<usize> },
    PatchMembers { group: usize, members: Vec<usize> },
    Nest { group: usize, inner: usize },
}

fn command() -> impl Strategy<Value = Command> {
    use Command as C;
    let (user, group, name) = (0..6_usize, 0..3_usize, 0..NAMES);
    let some = proptest::collection::vec(0..6_usize, 0..4);
    prop_oneof![
        4 => name.clone().prop_map(|name| C::CreateUser { name }),
        2 => (user.clone(), name.clone()).prop_map(|(user, name)| C::Rename { user, name }),
        1 => (user.clone(), any::<u8>()).prop_map(|(user, title)| C::Title { user, title: title % 3 }),
        2 => user.clone().prop_map(|user| C::DeleteUser { user }),
        1 => user.clone().prop_map(|user| C::Undelete { user }),
        1 => user.clone().prop_map(|user| C::Purge { user }),
        2 => (name.clone(), some.clone()).prop_map(|(name, members)| C::CreateGroup { name, members }),
        1 => (group.clone(), name).prop_map(|(group, name)| C::RenameGroup { group, name }),
        1 => group.clone().prop_map(|group| C::DeleteGroup { group }),
        4 => (group.clone(), proptest::collection::vec((any::<bool>(), user), 1..5)).prop_map(|(group, deltas)| C::Modify { group, deltas }),
        1 => (group.clone(), some.clone()).prop_map(|(group, members)| C::Replace { group, members }),
        1 => (group.clone(), some).prop_map(|(group, members)| C::PatchMembers { group, members }),
        1 => (group.clone(), group).prop_map(|(group, inner)| C::Nest { group, inner }),
    ]
}

/// What the directory ought to hold.
#[derive(Debug, Default)]
struct Model {
    users: BTreeMap<String, Person>,
    deleted: BTreeMap<String, (Person, BTreeSet<String>)>,
    groups: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Every id ever made, in order: commands name users and groups by their place here.
    user_ids: Vec<String>,
    group_ids: Vec<String>,
    revision: u64,
}

#[derive(Debug, Clone, PartialEq)]
struct Person {
    name: String,
    title: Option<String>,
}

fn name_of(name: usize) -> String {
    let name_ = format!("name{}", name / 2);
    if name.is_multiple_of(2) { name_.to_uppercase() } else { name_ }
}

impl Model {
    fn holder(&self, name: &str) -> Option<&String> {
        self.users.iter().find(|(_, p)| p.name.eq_ignore_ascii_case(name)).map(|(id, _)| id)
    }

    fn user_id(&self, place: usize) -> String {
        self.user_ids.get(place).cloned().unwrap_or_else(|| format!("nobody-{place}"))
    }

    fn group_id(&self, place: usize) -> String {
        self.group_ids.get(place).cloned().unwrap_or_else(|| format!("nothing-{place}"))
    }

    /// The ids of these members, if all of them live.
    fn living(&self, members: &[usize]) -> Option<BTreeSet<String>> {
        members.iter().map(|&m| self.user_id(m)).map(|id| self.users.contains_key(&id).then_some(id)).collect()
    }

    /// A member's row is gone from every group.
    fn forget(&mut self, member: &str) {
        self.groups.values_mut().for_each(|(_, members)| members.retain(|m| m != member));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    hold(Engine::Sqlite, CASES, command(), 1..COMMANDS, run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    hold(Engine::Postgres, CASES, command(), 1..COMMANDS, run).await;
}

async fn run(world: &World, key: &str, commands: Vec<Command>) -> Result<(), TestCaseError> {
    let tenant = world.tenant(key).await;
    let desk = world.within(&tenant.organization.id);
    let mut model = Model { revision: desk.head().await, ..Model::default() };
    for command in commands {
        step(&desk, &mut model, &command).await?;
        agree(&desk, &model).await?;
    }
    crate::changes::mirror::agrees(&desk).await;
    Ok(())
}

#[allow(clippy::too_many_lines, reason = "one command, one arm")]
async fn step(desk: &Desk, model: &mut Model, command: &Command) -> Result<(), TestCaseError> {
    let organization_id = desk.organization.clone();
    let before = model.revision;
    match command {
        Command::CreateUser { name } => {
            let name = name_of(*name);
            let answer = desk.try_create_user(user(&name)).await;
            prop_assert_eq!(accepted(&answer), model.holder(&name).is_none(), "{:?}", command);
            if let Ok((user, _)) = answer {
                model.users.insert(user.id.clone(), Person { name, title: None });
                model.user_ids.push(user.id);
                model.revision += 1;
            }
        }
        Command::Rename { user, name } => {
            let (id, name) = (model.user_id(*user), name_of(*name));
            let free = model.holder(&name).is_none_or(|holder| *holder == id);
            let answer = desk.patch_user(&id, vec![operation(Op::Replace, "userName", Some(text(&name)))]).await;
            prop_assert_eq!(accepted(&answer), model.users.contains_key(&id) && free, "{:?}", command);
            if let Ok(answer) = answer {
                let person = model.users.get_mut(&id).unwrap();
                prop_assert_eq!(answer.changed, person.name != name);
                model.revision += u64::from(person.name != name);
                person.name = name;
            }
        }
        Command::Title { user, title } => {
            let id = model.user_id(*user);
            let title = (*title > 0).then(|| format!("T{title}"));
            let edit = match &title {
                Some(title) => operation(Op::Replace, "title", Some(text(title))),
                None => operation(Op::Remove, "title", None),
            };
            let answer = desk.patch_user(&id, vec![edit]).await;
            prop_assert_eq!(accepted(&answer), model.users.contains_key(&id), "{:?}", command);
            if answer.is_ok() {
                let person = model.users.get_mut(&id).unwrap();
                model.revision += u64::from(person.title != title);
                person.title = title;
            }
        }
        Command::DeleteUser { user } => {
            let id = model.user_id(*user);
            let request = DeleteUserRequest { organization_id, user_id: id.clone(), ..DeleteUserRequest::default() };
            let answer = desk.grpc().users.delete_user(request).await;
            prop_assert_eq!(accepted(&answer), model.users.contains_key(&id), "{:?}", command);
            if let Some(person) = model.users.remove(&id) {
                let of = model.groups.iter().filter(|(_, (_, members))| members.contains(&id)).map(|(group, _)| group.clone()).collect();
                model.forget(&id);
                model.deleted.insert(id, (person, of));
                model.revision += 1;
            }
        }
        Command::Undelete { user } => {
            let id = model.user_id(*user);
            let request = UndeleteUserRequest { organization_id, user_id: id.clone(), ..UndeleteUserRequest::default() };
            let answer = desk.grpc().users.undelete_user(request).await;
            let free = model.deleted.get(&id).is_some_and(|(person, _)| model.holder(&person.name).is_none());
            prop_assert_eq!(accepted(&answer), free, "{:?} {:?}", command, answer);
            if free {
                let (person, of) = model.deleted.remove(&id).unwrap();
                for group in of {
                    if let Some((_, members)) = model.groups.get_mut(&group) {
                        members.insert(id.clone());
                    }
                }
                model.users.insert(id, person);
                model.revision += 1;
            }
        }
        Command::Purge { user } => {
            let id = model.user_id(*user);
            let request = PurgeUserRequest { organization_id, user_id: id.clone(), ..PurgeUserRequest::default() };
            let answer = desk.grpc().users.purge_user(request).await;
            let there = model.users.remove(&id).is_some() | model.deleted.remove(&id).is_some();
            prop_assert_eq!(accepted(&answer), there, "{:?}", command);
            if there {
                model.forget(&id);
                model.revision += 1;
            }
        }
        Command::CreateGroup { name, members } => {
            let living = model.living(members);
            let request = roster::api::v1::CreateGroupRequest {
                organization_id,
                group: Some(group(&name_of(*name))),
                members: members.iter().map(|&m| any_principal(&model.user_id(m))).collect(),
                ..Default::default()
            };
            let answer = desk.grpc().groups.create_group(request).await;
            prop_assert_eq!(accepted(&answer), living.is_some(), "{:?}", command);
            if let Ok(answer) = answer {
                let id = answer.into_inner().group.unwrap().id;
                model.groups.insert(id.clone(), (name_of(*name), living.unwrap()));
                model.group_ids.push(id);
                model.revision += 1;
            }
        }
        Command::RenameGroup { group, name } => {
            let (group_id, name) = (model.group_id(*group), name_of(*name));
            let operations = vec![operation(Op::Replace, "displayName", Some(text(&name)))];
            let request = PatchGroupRequest { organization_id, group_id: group_id.clone(), operations, ..PatchGroupRequest::default() };
            let answer = desk.grpc().groups.patch_group(request).await;
            prop_assert_eq!(accepted(&answer), model.groups.contains_key(&group_id), "{:?}", command);
            if let Some((old, _)) = model.groups.get_mut(&group_id) {
                model.revision += u64::from(*old != name);
                *old = name;
            }
        }
        Command::DeleteGroup { group } => {
            let group_id = model.group_id(*group);
            let request = DeleteGroupRequest { organization_id, group_id: group_id.clone(), ..DeleteGroupRequest::default() };
            let answer = desk.grpc().groups.delete_group(request).await;
            prop_assert_eq!(accepted(&answer), model.groups.remove(&group_id).is_some(), "{:?}", command);
            if answer.is_ok() {
                model.forget(&group_id);
                model.revision += 1;
            }
        }
        Command::Modify { group, deltas } => {
            let group_id = model.group_id(*group);
            let sent = deltas.iter().map(|&(plus, m)| {
                let member = any_principal(&model.user_id(m));
                if plus { add(member) } else { remove(member) }
            });
            let answer = desk.modify(&group_id, sent.collect()).await;
            let adds: Vec<usize> = deltas.iter().filter(|(plus, _)| *plus).map(|&(_, m)| m).collect();
            let possible = model.groups.contains_key(&group_id) && model.living(&adds).is_some();
            prop_assert_eq!(accepted(&answer), possible, "{:?}", command);
            if possible {
                let ids: Vec<(bool, String)> = deltas.iter().map(|&(plus, m)| (plus, model.user_id(m))).collect();
                let (_, members) = model.groups.get_mut(&group_id).unwrap();
                let (old, mut effects) = (members.clone(), 0);
                for (plus, id) in ids {
                    effects += i64::from(if plus { members.insert(id) } else { members.remove(&id) });
                }
                let answer = answer.unwrap();
                prop_assert_eq!(answer.members_added + answer.members_removed, effects);
                prop_assert_eq!(answer.redundant, i64::try_from(deltas.len()).unwrap() - effects);
                // Someone who came and went is no change that is left.
                model.revision = if old == *members { desk.head().await.clamp(before, before + 1) } else { before + 1 };
            }
        }
        Command::Replace { group: place, members } => {
            let (group_id, living) = (model.group_id(*place), model.living(members));
            let name = model.groups.get(&group_id).map_or("Any".to_owned(), |(name, _)| name.clone());
            let request = ReplaceGroupRequest {
                organization_id,
                group_id: group_id.clone(),
                group: Some(group(&name)),
                members: members.iter().map(|&m| any_principal(&model.user_id(m))).collect(),
                ..ReplaceGroupRequest::default()
            };
            let answer = desk.grpc().groups.replace_group(request).await;
            prop_assert_eq!(accepted(&answer), model.groups.contains_key(&group_id) && living.is_some(), "{:?}", command);
            if answer.is_ok() {
                let (_, old) = model.groups.get_mut(&group_id).unwrap();
                let new = living.unwrap();
                model.revision += u64::from(*old != new);
                *old = new;
            }
        }
        Command::PatchMembers { group, members } => {
            let (group_id, living) = (model.group_id(*group), model.living(members));
            let values = members.iter().map(|&m| crate::harness::shapes::complex([("value", text(&model.user_id(m)))])).collect();
            let operations = vec![operation(Op::Add, "members", Some(crate::harness::shapes::list(values)))];
            let request = PatchGroupRequest { organization_id, group_id: group_id.clone(), operations, ..PatchGroupRequest::default() };
            let answer = desk.grpc().groups.patch_group(request).await;
            prop_assert_eq!(accepted(&answer), model.groups.contains_key(&group_id) && living.is_some(), "{:?}", command);
            if answer.is_ok() {
                let (_, old) = model.groups.get_mut(&group_id).unwrap();
                let count = old.len();
                old.extend(living.unwrap());
                model.revision += u64::from(old.len() > count);
            }
        }
        Command::Nest { group, inner } => {
            let (group_id, inner) = (model.group_id(*group), model.group_id(*inner));
            let answer = desk.modify(&group_id, vec![add(any_principal(&inner))]).await;
            prop_assert_eq!(accepted(&answer), model.groups.contains_key(&group_id) && model.groups.contains_key(&inner), "{:?}", command);
            if answer.is_ok() {
                model.revision += u64::from(model.groups.get_mut(&group_id).unwrap().1.insert(inner));
            }
        }
    }
    Ok(())
}

/// Everything that can be read says what the map says.
async fn agree(desk: &Desk, model: &Model) -> Result<(), TestCaseError> {
    let organization_id = desk.organization.clone();
    let mut clients = desk.grpc();
    let request = ListUsersRequest { organization_id: organization_id.clone(), list: page(1_000, "", ""), ..ListUsersRequest::default() };
    let listed = clients.users.list_users(request).await.unwrap().into_inner();
    prop_assert_eq!(listed.read_at.unwrap().number, model.revision);
    prop_assert_eq!(listed.total_size, Some(i64::try_from(model.users.len()).unwrap()));
    let users: BTreeMap<String, Person> = listed.users.into_iter().map(|u| (u.id, Person { name: u.user_name, title: u.title })).collect();
    prop_assert_eq!(&users, &model.users);
    for (id, person) in &model.users {
        prop_assert_eq!(&desk.try_get_user(by_name(&person.name.to_lowercase())).await.unwrap().id, id);
    }
    let request = ListGroupsRequest { organization_id: organization_id.clone(), list: page(1_000, "", ""), ..ListGroupsRequest::default() };
    let listed = clients.groups.list_groups(request).await.unwrap().into_inner();
    let counts: BTreeMap<String, (String, usize)> =
        listed.groups.into_iter().map(|g| (g.id, (g.display_name, usize::try_from(g.direct_member_count).unwrap()))).collect();
    let expected: BTreeMap<String, (String, usize)> =
        model.groups.iter().map(|(id, (name, members))| (id.clone(), (name.clone(), members.len()))).collect();
    prop_assert_eq!(counts, expected);
    for (id, (_, members)) in &model.groups {
        prop_assert_eq!(&desk.members(id).await.into_iter().collect::<BTreeSet<_>>(), members);
    }
    // From the member's side as well.
    for id in model.user_ids.iter().take(2) {
        let request = ListGroupsRequest {
            organization_id: organization_id.clone(),
            filter: filter(&format!("members eq \"{id}\"")),
            ..ListGroupsRequest::default()
        };
        let found: BTreeSet<String> =
            clients.groups.list_groups(request).await.unwrap().into_inner().groups.into_iter().map(|g| g.id).collect();
        let expected: BTreeSet<String> =
            model.groups.iter().filter(|(_, (_, members))| members.contains(id)).map(|(group, _)| group.clone()).collect();
        prop_assert_eq!(found, expected);
    }
    Ok(())
}
