//! What ought to be, and who holds what by it: as plainly as it can be said.

use roster::api::v1::{RoleMapping, role_mapping::Source};
use std::collections::{BTreeMap, BTreeSet};

pub const SCOPES: [&str; 2] = ["", "here"];

#[derive(Debug, Clone, Default)]
pub struct Person {
    pub active: bool,
    /// The connection that made it, by its place.
    pub linked: Option<usize>,
    pub value: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
pub struct Team {
    pub name: &'static str,
    pub linked: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Grant {
    pub id: String,
    pub role: usize,
    pub holder: String,
    pub scope: &'static str,
}

#[derive(Debug, Default)]
pub struct Model {
    /// By id.
    pub people: BTreeMap<String, Person>,
    pub teams: BTreeMap<String, Team>,
    /// Team and member.
    pub edges: BTreeSet<(String, String)>,
    pub grants: Vec<Grant>,
    /// Deleted people with their teams and grants.
    pub gone: Vec<(String, Person, Vec<String>, Vec<Grant>)>,
    /// Ids and keys of the roles, and what each includes directly.
    pub roles: Vec<(String, String)>,
    pub includes: Vec<BTreeSet<usize>>,
    /// For each connection its mappings: source, role, scope.
    pub mappings: [Vec<(Source, usize, &'static str)>; 2],
}

impl Model {
    /// Every team the member is in, found by asking again until nothing is added.
    fn teams_of(&self, member: &str) -> BTreeSet<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        loop {
            let before = found.len();
            for (team, inside) in &self.edges {
                if inside == member || found.contains(inside.as_str()) {
                    found.insert(team);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// The places of a role and all it includes.
    pub fn included(&self, role: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([role]);
        loop {
            let more: BTreeSet<usize> = found.iter().flat_map(|role| &self.includes[*role]).copied().collect();
            let before = found.len();
            found.extend(more);
            if found.len() == before {
                return found;
            }
        }
    }

    /// Role and scope of all that a person holds.
    pub fn held(&self, id: &str) -> BTreeSet<(usize, &'static str)> {
        let Some(person) = self.people.get(id).filter(|person| person.active) else { return BTreeSet::new() };
        let teams = self.teams_of(id);
        let mut own = BTreeSet::new();
        for grant in &self.grants {
            if grant.holder == id || teams.contains(grant.holder.as_str()) {
                own.insert((grant.role, grant.scope));
            }
        }
        for (connection, mappings) in self.mappings.iter().enumerate() {
            for (source, role, scope) in mappings {
                let applies = match source {
                    Source::GroupDisplayName(name) => {
                        teams.iter().any(|team| self.teams[*team].linked == Some(connection) && self.teams[*team].name == name)
                    }
                    Source::RoleValue(value) => person.linked == Some(connection) && person.value == Some(value.as_str()),
                    _ => unreachable!("the dice make no others"),
                };
                if applies {
                    own.insert((*role, *scope));
                }
            }
        }
        own.into_iter().flat_map(|(role, scope)| self.included(role).into_iter().map(move |role| (role, scope))).collect()
    }

    pub fn mappings_of(&self, connection: usize) -> Vec<RoleMapping> {
        let mapping = |(source, role, scope): &(Source, usize, &str)| RoleMapping {
            source: Some(source.clone()),
            role_id: self.roles[*role].0.clone(),
            scope: (*scope).to_owned(),
        };
        self.mappings[connection].iter().map(mapping).collect()
    }

    /// A person is out of sight.
    pub fn remove_person(&mut self, id: &str) {
        let person = self.people.remove(id).unwrap();
        let teams = self.edges.iter().filter(|(_, member)| member == id).map(|(team, _)| team.clone()).collect();
        self.edges.retain(|(_, member)| member != id);
        let (ended, kept) = self.grants.drain(..).partition(|grant| grant.holder == id);
        self.grants = kept;
        self.gone.push((id.to_owned(), person, teams, ended));
    }

    /// The last one that went is back.
    pub fn restore_person(&mut self, place: usize) {
        let (id, person, teams, grants) = self.gone.remove(place);
        for team in teams.into_iter().filter(|team| self.teams.contains_key(team)) {
            self.edges.insert((team, id.clone()));
        }
        self.grants.extend(grants);
        self.people.insert(id, person);
    }

    pub fn remove_team(&mut self, id: &str) {
        self.teams.remove(id);
        self.edges.retain(|(team, member)| team != id && member != id);
        self.grants.retain(|grant| grant.holder != id);
    }
}
