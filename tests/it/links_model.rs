//! Random deeds of a program and three identity providers on one organization, against a plain map: whom each of them sees,
//! who is linked to whom, who comes back and with which memberships, on both engines.

use crate::harness::{
    Engine, World,
    deeds::Desk,
    sequences::{accepted, hold},
    shapes::{add, boolean, by_external_id, external, group, operation, page, principal, text, user},
};
use proptest::prelude::*;
use roster::api::v1::{
    Connection, CreateConnectionRequest, DeleteUserRequest, ListUsersRequest, PurgeUserRequest, ReplaceGroupRequest, UndeleteUserRequest,
    connection::Deprovision, link::State, patch_operation::Op,
};
use std::collections::{BTreeMap, BTreeSet};

/// Sequences per engine, and deeds per sequence at most.
const CASES: u32 = 8;
const DEEDS: usize = 30;
/// Place 0 is a program without a connection; the others are connections with these policies.
const POLICIES: [Deprovision; 3] = [Deprovision::Deactivate, Deprovision::SoftDelete, Deprovision::Unlink];

#[derive(Debug, Clone)]
enum Deed {
    Create { name: u8, external: u8, active: Option<bool> },
    Claim { user: usize, external: u8 },
    Activate { user: usize, active: bool },
    Delete { user: usize },
    Join { user: usize },
    SetTeam { users: Vec<usize> },
    Undelete { user: usize },
    Purge { user: usize },
}

fn deed() -> impl Strategy<Value = (usize, Deed)> {
    use Deed as D;
    let user = 0..5_usize;
    let deed = prop_oneof![
        5 => (0..3_u8, 0..3_u8, any::<Option<bool>>()).prop_map(|(name, external, active)| D::Create { name, external, active }),
        2 => (user.clone(), 1..3_u8).prop_map(|(user, external)| D::Claim { user, external }),
        2 => (user.clone(), any::<bool>()).prop_map(|(user, active)| D::Activate { user, active }),
        5 => user.clone().prop_map(|user| D::Delete { user }),
        2 => user.clone().prop_map(|user| D::Join { user }),
        2 => proptest::collection::vec(user.clone(), 0..3).prop_map(|users| D::SetTeam { users }),
        1 => user.clone().prop_map(|user| D::Undelete { user }),
        1 => user.prop_map(|user| D::Purge { user }),
    ];
    (0..=POLICIES.len(), deed)
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Person {
    name: String,
    active: bool,
    /// By who calls them so; program and connections alike.
    called: BTreeMap<usize, String>,
    /// Whether the connection is linked; when that came about; and what it called whom it let go.
    links: BTreeMap<usize, (bool, usize, Option<String>)>,
    /// The connections that ever were: what one deletes without that is not its to bring back.
    held: BTreeSet<usize>,
}

impl Person {
    fn sees(&self, who: usize) -> bool {
        self.links.get(&who).is_none_or(|(linked, ..)| *linked)
    }

    fn linked(&self, who: usize) -> bool {
        self.links.get(&who).is_some_and(|(linked, ..)| *linked)
    }

    /// Whether this connection deleted them, does not leave it at that, and no other one manages them.
    fn ended_by(&self, who: usize) -> bool {
        who > 0 && POLICIES[who - 1] != Deprovision::Unlink && !self.links.values().any(|(linked, ..)| *linked)
    }

    fn unlink(&mut self, who: usize, now: usize) {
        let called = self.called.remove(&who);
        self.links.insert(who, (false, now, called));
    }
}

#[derive(Debug, Clone)]
struct Gone {
    person: Person,
    in_team: bool,
    by: usize,
    at: usize,
}

#[derive(Debug, Default)]
struct Model {
    people: BTreeMap<String, Person>,
    gone: BTreeMap<String, Gone>,
    team: BTreeSet<String>,
    ids: Vec<String>,
    now: usize,
}

impl Model {
    fn id(&self, place: usize) -> String {
        self.ids.get(place).cloned().unwrap_or_else(|| format!("nobody-{place}"))
    }

    fn seen(&self, who: usize, id: &str) -> bool {
        self.people.get(id).is_some_and(|p| p.sees(who))
    }

    fn named(&self, name: &str) -> Option<String> {
        self.people.iter().find(|(_, p)| p.name == name).map(|(id, _)| id.clone())
    }

    /// Whether somebody else has the name, or is called so by the same.
    fn taken(&self, id: &str, person: &Person) -> bool {
        let same =
            |other: &Person| other.name == person.name || person.called.iter().any(|(who, called)| other.called.get(who) == Some(called));
        self.people.iter().any(|(other, p)| other != id && same(p))
    }

    /// Whom a create of this connection brings back.
    fn recalled(&self, who: usize, name: &str, called: Option<&String>, wakes: bool) -> Option<String> {
        let let_go = |p: &Person| {
            let bring_back = |linked: bool| if linked { wakes && !p.active } else { p.held.contains(&who) };
            p.links.get(&who).is_some_and(|(linked, ..)| bring_back(*linked))
        };
        let alive = |of: &dyn Fn(&Person) -> bool| {
            let found = self.people.iter().filter(|(_, p)| let_go(p) && of(p));
            found.max_by_key(|(id, p)| (p.links[&who].1, (*id).clone())).map(|(id, _)| id.clone())
        };
        let dead = |of: &dyn Fn(&Person) -> bool| {
            let found = self.gone.iter().filter(|(_, g)| g.by == who && of(&g.person));
            found.max_by_key(|(id, g)| (g.at, (*id).clone())).map(|(id, _)| id.clone())
        };
        let so_called =
            |p: &Person| called.is_some() && (p.called.get(&who) == called || p.links.get(&who).is_some_and(|l| l.2.as_ref() == called));
        let still_called = |p: &Person| called.is_some() && p.called.get(&who) == called;
        let so_named = |p: &Person| p.name == name;
        let free = self.named(name).is_none();
        alive(&so_called).or_else(|| dead(&still_called)).or_else(|| alive(&so_named)).or_else(|| dead(&so_named).filter(|_| free))
    }

    /// The id of who lives again; of nobody if somebody new is made. An error if others have the names by now.
    fn create(&mut self, who: usize, name: &str, called: Option<String>, active: Option<bool>) -> Result<Option<String>, ()> {
        let recalled = (who > 0).then(|| self.recalled(who, name, called.as_ref(), active == Some(true))).flatten();
        let alive = recalled.as_ref().and_then(|id| self.people.get(id)).cloned();
        let gone = recalled.as_ref().and_then(|id| self.gone.get(id)).cloned();
        let mut person = alive.clone().or(gone.as_ref().map(|g| g.person.clone())).unwrap_or_default();
        if gone.is_some() {
            let others = self.people.clone();
            person.called.retain(|by, called| *by == who || !others.values().any(|o| o.called.get(by) == Some(called)));
        }
        (person.name, person.active) = (name.to_owned(), active.unwrap_or(true));
        person.called.remove(&who);
        person.called.extend(called.map(|called| (who, called)));
        if who > 0 && !alive.as_ref().is_some_and(|p| p.linked(who)) {
            person.links.insert(who, (true, self.now, None));
            person.held.insert(who);
        }
        let id = recalled.clone().unwrap_or_default();
        if self.taken(&id, &person) {
            return Err(());
        }
        if let Some(gone) = self.gone.remove(&id).filter(|_| gone.is_some())
            && gone.in_team
        {
            self.team.insert(id.clone());
        }
        // Who is new has its id from the server.
        self.people.insert(id, person);
        Ok(recalled)
    }

    fn delete(&mut self, who: usize, id: &str) {
        let (person, now) = (self.people.get_mut(id).unwrap(), self.now);
        let shared = who > 0 && person.links.iter().any(|(other, (linked, ..))| *other != who && *linked);
        let policy = if who == 0 { Deprovision::SoftDelete } else { POLICIES[who - 1] };
        match if shared { Deprovision::Unlink } else { policy } {
            Deprovision::Unlink => person.unlink(who, now),
            Deprovision::Deactivate => {
                person.unlink(who, now);
                person.active = false;
            }
            _ => {
                let person = self.people.remove(id).unwrap();
                let in_team = self.team.remove(id);
                self.gone.insert(id.to_owned(), Gone { person, in_team, by: who, at: now });
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    hold(Engine::Sqlite, CASES, deed(), 1..DEEDS, run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    hold(Engine::Postgres, CASES, deed(), 1..DEEDS, run).await;
}

/// Who is at work, and under which id.
struct Actors {
    desks: Vec<Desk>,
    ids: Vec<String>,
    team: String,
}

async fn run(world: &World, key: &str, deeds: Vec<(usize, Deed)>) -> Result<(), TestCaseError> {
    let tenant = world.tenant(key).await;
    let organization_id = tenant.organization.id.clone();
    let service = Desk::new(&organization_id, tenant.clients.clone());
    let team = service.create_group("Team", Vec::new()).await.id;
    let mut actors = Actors { desks: vec![service], ids: vec![String::new()], team };
    for on_delete in POLICIES {
        let connection = Connection { display_name: "IdP".to_owned(), on_delete: on_delete.into(), ..Connection::default() };
        let request =
            CreateConnectionRequest { organization_id: organization_id.clone(), connection: Some(connection), ..Default::default() };
        let id = world.grpc().provisioning.create_connection(request).await.unwrap().into_inner().connection.unwrap().id;
        let token = world.issue(&organization_id, &id, "", &["scim".to_owned()]).await.unwrap().secret;
        actors.desks.push(Desk::new(&organization_id, world.grpc_as(&token)));
        actors.ids.push(id);
    }
    let mut model = Model::default();
    for (who, deed) in deeds {
        model.now += 1;
        step(&actors, &mut model, who, &deed).await?;
        agree(&actors, &model).await?;
    }
    crate::changes::mirror::agrees(&actors.desks[0]).await;
    Ok(())
}

async fn step(actors: &Actors, model: &mut Model, who: usize, deed: &Deed) -> Result<(), TestCaseError> {
    let desk = &actors.desks[who];
    let organization_id = desk.organization.clone();
    match deed {
        Deed::Create { name, external: called, active } => {
            let (name, called) = (format!("name{name}"), (*called > 0).then(|| format!("called{called}")));
            let mut given = user(&name);
            given.active = *active;
            given.external_ids = called.iter().map(|called| external(&actors.ids[who], called)).collect();
            let answer = desk.try_create_user(given).await;
            let expected = model.create(who, &name, called, *active);
            prop_assert_eq!(accepted(&answer), expected.is_ok(), "{:?} by {}: {:?}", deed, who, answer);
            if let (Ok((user, _)), Ok(back)) = (answer, expected) {
                if let Some(id) = back {
                    prop_assert_eq!(user.id, id, "{:?} by {}", deed, who);
                } else {
                    prop_assert!(!model.ids.contains(&user.id), "{:?} by {}: an old one came back", deed, who);
                    let person = model.people.remove("").unwrap();
                    model.people.insert(user.id.clone(), person);
                    model.ids.push(user.id);
                }
            }
        }
        Deed::Claim { user, external: called } if who > 0 => {
            let (id, called) = (model.id(*user), format!("called{called}"));
            let answer = desk.patch_user(&id, vec![operation(Op::Add, "externalId", Some(text(&called)))]).await;
            let mut person = model.people.get(&id).cloned().unwrap_or_default();
            let changes = person.called.insert(who, called.clone()) != Some(called);
            if changes && !person.linked(who) {
                person.links.insert(who, (true, model.now, None));
                person.held.insert(who);
            }
            let possible = model.seen(who, &id) && !model.taken(&id, &person);
            prop_assert_eq!(accepted(&answer), possible, "{:?} by {}: {:?}", deed, who, answer);
            if possible {
                model.people.insert(id, person);
            }
        }
        Deed::Activate { user, active } => {
            let id = model.id(*user);
            let answer = desk.patch_user(&id, vec![operation(Op::Replace, "active", Some(boolean(*active)))]).await;
            prop_assert_eq!(accepted(&answer), model.seen(who, &id), "{:?} by {}", deed, who);
            if answer.is_ok() {
                model.people.get_mut(&id).unwrap().active = *active;
            }
        }
        Deed::Delete { user } => {
            let id = model.id(*user);
            let request = DeleteUserRequest { organization_id, user_id: id.clone(), ..DeleteUserRequest::default() };
            let answer = desk.grpc().users.delete_user(request).await;
            prop_assert_eq!(accepted(&answer), model.seen(who, &id), "{:?} by {}", deed, who);
            if answer.is_ok() {
                model.delete(who, &id);
            }
        }
        Deed::Join { user } => {
            let id = model.id(*user);
            let answer = desk.modify(&actors.team, vec![add(principal(&id))]).await;
            prop_assert_eq!(accepted(&answer), model.seen(who, &id), "{:?} by {}", deed, who);
            if answer.is_ok() {
                model.team.insert(id);
            }
        }
        Deed::SetTeam { users } => {
            let ids: BTreeSet<String> = users.iter().map(|&user| model.id(user)).collect();
            let (group_id, group) = (actors.team.clone(), Some(group("Team")));
            let members = ids.iter().map(|id| principal(id)).collect();
            let request = ReplaceGroupRequest { organization_id, group_id, group, members, ..ReplaceGroupRequest::default() };
            let answer = desk.grpc().groups.replace_group(request).await;
            prop_assert_eq!(accepted(&answer), ids.iter().all(|id| model.seen(who, id)), "{:?} by {}", deed, who);
            if answer.is_ok() {
                let hidden = model.team.iter().filter(|id| !model.seen(who, id) && !model.people[*id].ended_by(who));
                model.team = ids.into_iter().chain(hidden.cloned()).collect::<BTreeSet<_>>();
                // And nobody who is gone comes back into it.
                model.gone.values_mut().for_each(|gone| gone.in_team = false);
            }
        }
        Deed::Undelete { user } => {
            let id = model.id(*user);
            let request = UndeleteUserRequest { organization_id, user_id: id.clone(), ..UndeleteUserRequest::default() };
            let answer = desk.grpc().users.undelete_user(request).await;
            let gone = model.gone.get(&id).filter(|gone| (who == 0 || gone.by == who) && !model.taken(&id, &gone.person)).cloned();
            prop_assert_eq!(accepted(&answer), gone.is_some(), "{:?} by {}: {:?}", deed, who, answer);
            if let Some(gone) = gone {
                model.gone.remove(&id);
                model.people.insert(id.clone(), gone.person);
                model.team.extend(gone.in_team.then_some(id));
            }
        }
        Deed::Purge { user } if who == 0 => {
            let id = model.id(*user);
            let request = PurgeUserRequest { organization_id, user_id: id.clone(), ..PurgeUserRequest::default() };
            let answer = desk.grpc().users.purge_user(request).await;
            let there = model.people.remove(&id).is_some() | model.gone.remove(&id).is_some();
            prop_assert_eq!(accepted(&answer), there, "{:?}", deed);
            model.team.remove(&id);
        }
        // A connection purges nobody, and a program claims nobody.
        Deed::Claim { .. } | Deed::Purge { .. } => {}
    }
    Ok(())
}

/// Each of them sees what the map says, and nothing else.
async fn agree(actors: &Actors, model: &Model) -> Result<(), TestCaseError> {
    for (who, desk) in actors.desks.iter().enumerate() {
        let request =
            ListUsersRequest { organization_id: desk.organization.clone(), list: page(1_000, "", ""), ..ListUsersRequest::default() };
        let listed = desk.grpc().users.list_users(request).await.unwrap().into_inner();
        let seen: BTreeMap<&String, &Person> = model.people.iter().filter(|(_, p)| p.sees(who)).collect();
        prop_assert_eq!(listed.total_size, Some(i64::try_from(seen.len()).unwrap()), "what {} counts", who);
        let ids: BTreeSet<&String> = listed.users.iter().map(|u| &u.id).collect();
        prop_assert_eq!(ids, seen.keys().copied().collect::<BTreeSet<_>>(), "whom {} sees", who);
        for user in &listed.users {
            let person = seen[&user.id];
            prop_assert_eq!((&user.user_name, user.active), (&person.name, Some(person.active)));
            let links: BTreeMap<&str, bool> = user.links.iter().map(|l| (l.connection_id.as_str(), l.state() == State::Linked)).collect();
            let expected: BTreeMap<&str, bool> = person
                .links
                .iter()
                .filter(|(of, _)| who == 0 || **of == who)
                .map(|(of, (linked, ..))| (actors.ids[*of].as_str(), *linked))
                .collect();
            prop_assert_eq!(links, expected);
            if let Some(called) = person.called.get(&who) {
                let found = desk.try_get_user(by_external_id(&actors.ids[who], called)).await.unwrap();
                prop_assert_eq!(&found.id, &user.id);
            }
        }
        let members: BTreeSet<String> = desk.members(&actors.team).await.into_iter().collect();
        let expected: BTreeSet<String> = model.team.iter().filter(|id| model.seen(who, id)).cloned().collect();
        prop_assert_eq!(members, expected, "whom {} sees in the team", who);
    }
    Ok(())
}
