//! One change at a time, through the services as they stand in one process; and the questions after it.

use super::{
    dice::Dice,
    model::{Grant, Model, Person, SCOPES, Team},
};
use crate::harness::{
    roles::{grant, role},
    shapes::{add, any_principal, boolean, connection_update, group, list, operation, principal, principal_id, remove, text, user},
};
use prost_types::FieldMask;
use roster::{
    access::{Caller, Reach, Scopes},
    api::v1::{
        BatchCheckAccessRequest, Connection, CreateGroupRequest, CreateRoleRequest, CreateUserRequest, DeleteGroupRequest,
        DeleteUserRequest, ListEffectiveRolesRequest, ListRoleHoldersRequest, ModifyGroupMembersRequest, ModifyRoleAssignmentsRequest,
        PatchGroupRequest, PatchUserRequest, Role, RoleAssignment, UndeleteUserRequest, UpdateRoleRequest,
        batch_check_access_request::{Item, item::Asked},
        batch_check_access_response::result::Result as Outcome,
        group_service_server::GroupService as _,
        patch_operation::Op,
        provisioning_service_server::ProvisioningService as _,
        role_mapping::Source,
        role_service_server::RoleService as _,
        user_service_server::UserService as _,
    },
    directory::{Services, known_scopes},
};
use std::{collections::BTreeSet, sync::Arc};
use tonic::Request;

/// Few of each, so that changes meet. The first two names differ in letter case alone.
const PEOPLE: usize = 5;
const TEAMS: usize = 4;
const ROLES: usize = 4;
const NAMES: [&str; 3] = ["Ops", "OPS", "Staff"];
const VALUES: [&str; 2] = ["a", "A"];

/// Who does the changes in one organization.
pub struct Hand {
    services: Services,
    organization: String,
    connections: [Arc<Connection>; 2],
}

impl Hand {
    pub fn new(services: Services, organization: &str, connections: [Connection; 2]) -> Self {
        Hand { services, organization: organization.to_owned(), connections: connections.map(Arc::new) }
    }

    /// A call of a service, or of a connection.
    fn by<T>(&self, connection: Option<usize>, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(Caller {
            organization: self.organization.clone(),
            home: Arc::default(),
            principal: None,
            connection: connection.map(|place| self.connections[place].clone()),
            token_id: String::new(),
            scopes: Scopes::expand(known_scopes()),
            reach: Reach::Own,
            expires_at: i64::MAX,
        });
        request
    }

    fn call<T>(&self, message: T) -> Request<T> {
        self.by(None, message)
    }

    pub async fn define(&self, model: &mut Model) {
        for place in 0..ROLES {
            let key = format!("r{place}");
            let request = CreateRoleRequest { organization_id: self.organization.clone(), role: Some(role(&key, &[])), write: None };
            let role = self.services.roles.create_role(self.call(request)).await.unwrap().into_inner().role.unwrap();
            model.roles.push((role.id, key));
            model.includes.push(BTreeSet::new());
        }
    }

    /// Does one change; says which.
    pub async fn step(&self, model: &mut Model, dice: &mut Dice) -> String {
        let people: Vec<String> = model.people.keys().cloned().collect();
        let teams: Vec<String> = model.teams.keys().cloned().collect();
        if people.len() < 2 || (people.len() < PEOPLE && dice.below(6) == 0) {
            return self.create_person(model, dice).await;
        }
        if teams.len() < 2 || (teams.len() < TEAMS && dice.below(6) == 0) {
            return self.create_team(model, dice).await;
        }
        let (person, team, other) = (dice.one_of(&people).clone(), dice.one_of(&teams).clone(), dice.one_of(&teams).clone());
        let holder = if dice.coin() { &person } else { &team };
        match dice.below(20) {
            0 => self.delete_person(model, &person).await,
            1 if !model.gone.is_empty() && people.len() < PEOPLE + 2 => self.restore(model, dice).await,
            1..=3 => self.switch(model, dice, &person).await,
            4 => self.value(model, dice, &person).await,
            5 => self.delete_team(model, &team).await,
            6 | 7 => self.rename(model, dice, &team).await,
            8..=10 => self.edge(model, dice, &team, &person).await,
            11..=13 => self.edge(model, dice, &team, &other).await,
            14 | 15 => self.map(model, dice).await,
            16 => self.include(model, dice).await,
            _ => self.assign(model, dice, holder).await,
        }
    }

    async fn create_person(&self, model: &mut Model, dice: &mut Dice) -> String {
        let linked = [None, Some(0), Some(1)][dice.place(3)];
        let request = CreateUserRequest {
            organization_id: self.organization.clone(),
            user: Some(user(&format!("p{}-{}", model.gone.len() + model.people.len(), dice.below(u64::MAX)))),
            ..CreateUserRequest::default()
        };
        let id = self.services.users.create_user(self.by(linked, request)).await.unwrap().into_inner().user.unwrap().id;
        model.people.insert(id, Person { active: true, linked, value: None });
        format!("a person comes by {linked:?}")
    }

    async fn create_team(&self, model: &mut Model, dice: &mut Dice) -> String {
        let linked = [None, Some(0), Some(1)][dice.place(3)];
        let name = *dice.one_of(&NAMES);
        let members: Vec<String> = model.people.keys().filter(|_| dice.coin()).cloned().collect();
        let request = CreateGroupRequest {
            organization_id: self.organization.clone(),
            group: Some(group(name)),
            members: members.iter().map(|id| any_principal(id)).collect(),
            ..CreateGroupRequest::default()
        };
        let id = self.services.groups.create_group(self.by(linked, request)).await.unwrap().into_inner().group.unwrap().id;
        model.edges.extend(members.into_iter().map(|member| (id.clone(), member)));
        model.teams.insert(id, Team { name, linked });
        format!("a team {name} comes by {linked:?}")
    }

    async fn delete_person(&self, model: &mut Model, id: &str) -> String {
        let request =
            DeleteUserRequest { organization_id: self.organization.clone(), user_id: id.to_owned(), ..DeleteUserRequest::default() };
        self.services.users.delete_user(self.call(request)).await.unwrap();
        model.remove_person(id);
        format!("{id} is deleted")
    }

    async fn restore(&self, model: &mut Model, dice: &mut Dice) -> String {
        let place = dice.place(model.gone.len());
        let user_id = model.gone[place].0.clone();
        let said = format!("{user_id} is restored");
        let request = UndeleteUserRequest { organization_id: self.organization.clone(), user_id, ..UndeleteUserRequest::default() };
        self.services.users.undelete_user(self.call(request)).await.unwrap();
        model.restore_person(place);
        said
    }

    async fn patch_person(&self, id: &str, operations: Vec<roster::api::v1::PatchOperation>) {
        let request = PatchUserRequest {
            organization_id: self.organization.clone(),
            user_id: id.to_owned(),
            operations,
            ..PatchUserRequest::default()
        };
        self.services.users.patch_user(self.call(request)).await.unwrap();
    }

    async fn switch(&self, model: &mut Model, dice: &mut Dice, id: &str) -> String {
        let active = dice.below(3) > 0;
        self.patch_person(id, vec![operation(Op::Replace, "active", Some(boolean(active)))]).await;
        model.people.get_mut(id).unwrap().active = active;
        format!("{id} is active: {active}")
    }

    async fn value(&self, model: &mut Model, dice: &mut Dice, id: &str) -> String {
        let value = if dice.below(3) == 0 { None } else { Some(*dice.one_of(&VALUES)) };
        let values = value.map(|v| list(vec![crate::harness::shapes::complex([("value", text(v))])]));
        let change = values.map_or_else(|| operation(Op::Remove, "roles", None), |v| operation(Op::Replace, "roles", Some(v)));
        self.patch_person(id, vec![change]).await;
        model.people.get_mut(id).unwrap().value = value;
        format!("{id} has {value:?}")
    }

    async fn delete_team(&self, model: &mut Model, id: &str) -> String {
        let request =
            DeleteGroupRequest { organization_id: self.organization.clone(), group_id: id.to_owned(), ..DeleteGroupRequest::default() };
        self.services.groups.delete_group(self.call(request)).await.unwrap();
        model.remove_team(id);
        format!("team {id} is deleted")
    }

    async fn rename(&self, model: &mut Model, dice: &mut Dice, id: &str) -> String {
        let name = *dice.one_of(&NAMES);
        let request = PatchGroupRequest {
            organization_id: self.organization.clone(),
            group_id: id.to_owned(),
            operations: vec![operation(Op::Replace, "displayName", Some(text(name)))],
            ..PatchGroupRequest::default()
        };
        self.services.groups.patch_group(self.call(request)).await.unwrap();
        model.teams.get_mut(id).unwrap().name = name;
        format!("team {id} is called {name}")
    }

    async fn edge(&self, model: &mut Model, dice: &mut Dice, team: &str, member: &str) -> String {
        let comes = dice.below(3) > 0;
        let delta = if comes { add(any_principal(member)) } else { remove(any_principal(member)) };
        let request = ModifyGroupMembersRequest {
            organization_id: self.organization.clone(),
            group_id: team.to_owned(),
            deltas: vec![delta],
            ..ModifyGroupMembersRequest::default()
        };
        self.services.groups.modify_group_members(self.call(request)).await.unwrap();
        let edge = (team.to_owned(), member.to_owned());
        if comes {
            model.edges.insert(edge);
        } else {
            model.edges.remove(&edge);
        }
        format!("{member} is in {team}: {comes}")
    }

    async fn map(&self, model: &mut Model, dice: &mut Dice) -> String {
        let connection = dice.place(2);
        let mapping = |dice: &mut Dice| {
            let source = if dice.coin() {
                Source::GroupDisplayName((*dice.one_of(&NAMES)).to_owned())
            } else {
                Source::RoleValue((*dice.one_of(&VALUES)).to_owned())
            };
            (source, dice.place(ROLES), *dice.one_of(&SCOPES))
        };
        model.mappings[connection] = (0..dice.below(4)).map(|_| mapping(dice)).collect();
        let changed = Connection {
            id: self.connections[connection].id.clone(),
            role_mappings: model.mappings_of(connection),
            ..Connection::default()
        };
        let request = connection_update(&self.organization, changed, &["role_mappings"]);
        self.services.provisioning.update_connection(self.call(request)).await.unwrap();
        format!("connection {connection} maps {:?}", model.mappings[connection])
    }

    async fn include(&self, model: &mut Model, dice: &mut Dice) -> String {
        let place = dice.place(ROLES);
        let wanted: BTreeSet<usize> = (0..ROLES).filter(|_| dice.below(3) == 0).collect();
        let circle = wanted.iter().any(|role| model.included(*role).contains(&place));
        let included_role_ids = wanted.iter().map(|role| model.roles[*role].0.clone()).collect();
        let request = UpdateRoleRequest {
            organization_id: self.organization.clone(),
            role: Some(Role { id: model.roles[place].0.clone(), included_role_ids, ..Role::default() }),
            update_mask: Some(FieldMask { paths: vec!["included_role_ids".to_owned()] }),
            ..UpdateRoleRequest::default()
        };
        let answer = self.services.roles.update_role(self.call(request)).await;
        assert_eq!(answer.is_err(), circle, "role {place} including {wanted:?}: {answer:?}");
        if !circle {
            model.includes[place].clone_from(&wanted);
        }
        format!("role {place} includes {wanted:?}")
    }

    async fn assign(&self, model: &mut Model, dice: &mut Dice, holder: &str) -> String {
        let (role, scope) = (dice.place(ROLES), *dice.one_of(&SCOPES));
        let gone = (!model.grants.is_empty() && dice.coin()).then(|| model.grants.remove(dice.place(model.grants.len())));
        let is_there = model.grants.iter().any(|g| g.role == role && g.holder == holder && g.scope == scope);
        let new = RoleAssignment { scope: scope.to_owned(), ..grant(&model.roles[role].0, any_principal(holder)) };
        let request = ModifyRoleAssignmentsRequest {
            organization_id: self.organization.clone(),
            add: vec![new],
            remove_assignment_ids: gone.iter().map(|grant| grant.id.clone()).collect(),
            write: None,
        };
        let answer = self.services.roles.modify_role_assignments(self.call(request)).await.unwrap().into_inner();
        assert_eq!(answer.added.len(), usize::from(!is_there));
        if let Some(added) = answer.added.first() {
            model.grants.push(Grant { id: added.id.clone(), role, holder: holder.to_owned(), scope });
        }
        format!("{holder} is granted {role} in {scope:?}, {gone:?} is withdrawn")
    }

    /// Every person and every role by questions, one person by list, one role by holders. Answers how many hold something.
    pub async fn agree(&self, model: &Model, dice: &mut Dice, after: &str) -> usize {
        let organization_id = || self.organization.clone();
        let people: Vec<&String> = model.people.keys().collect();
        let mut items = Vec::new();
        let mut expected = Vec::new();
        for id in &people {
            let held = model.held(id);
            for (place, (_, key)) in model.roles.iter().enumerate() {
                for scope in SCOPES {
                    items.push(Item { principal: Some(principal(id)), asked: Some(Asked::RoleKey(key.clone())), scope: scope.to_owned() });
                    expected.push(held.contains(&(place, "")) || held.contains(&(place, scope)));
                }
            }
        }
        let request = BatchCheckAccessRequest { organization_id: organization_id(), items, ..BatchCheckAccessRequest::default() };
        let answer = self.services.roles.batch_check_access(self.call(request)).await.unwrap().into_inner();
        let read = |outcome: Option<Outcome>| match outcome {
            Some(Outcome::Decision(decision)) => decision.allowed,
            other => panic!("after {after}: {other:?}"),
        };
        let found: Vec<bool> = answer.results.into_iter().map(|result| read(result.result)).collect();
        assert_eq!(found, expected, "after {after}: {people:?} {model:?}");
        let allowed = found.iter().filter(|allowed| **allowed).count();

        let id = people[dice.place(people.len())];
        let request =
            ListEffectiveRolesRequest { organization_id: organization_id(), principal: Some(principal(id)), ..Default::default() };
        let answer = self.services.roles.list_effective_roles(self.call(request)).await.unwrap().into_inner();
        let found: BTreeSet<(String, String)> = answer.roles.into_iter().map(|held| (held.role.unwrap().key, held.scope)).collect();
        let expected: BTreeSet<(String, String)> =
            model.held(id).into_iter().map(|(place, scope)| (model.roles[place].1.clone(), scope.to_owned())).collect();
        assert_eq!(found, expected, "after {after}: {id} {model:?}");

        let place = dice.place(ROLES);
        let role_id = model.roles[place].0.clone();
        let request = ListRoleHoldersRequest { organization_id: organization_id(), role_id, ..ListRoleHoldersRequest::default() };
        let answer = self.services.roles.list_role_holders(self.call(request)).await.unwrap().into_inner();
        let found: Vec<&str> = answer.holders.iter().map(principal_id).collect();
        let expected: Vec<&String> =
            people.into_iter().filter(|id| SCOPES.iter().any(|scope| model.held(id).contains(&(place, scope)))).collect();
        assert_eq!(found, expected, "after {after}: holders of {place} {model:?}");
        allowed
    }
}
