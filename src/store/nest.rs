//! Which groups are in which groups, as edits ask for it: kept in memory under the revision that last changed it.

use super::{Connection, Fault, members};
use crate::limits;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Group → the groups that are its members.
pub(super) type Nest = HashMap<String, Vec<String>>;

/// The nests of the organizations asked about lately, each with the revision it was read for.
#[derive(Debug, Default)]
pub(super) struct Nests(Mutex<HashMap<String, (i64, Arc<Nest>)>>);

impl Nests {
    /// The nest at a revision of the head, as the transaction has it.
    pub(super) async fn at(&self, on: &mut Connection<'_>, organization: &str, revision: i64) -> Result<Arc<Nest>, Fault> {
        if let Some(nest) = self.locked().get(organization).filter(|(at, _)| *at == revision).map(|(_, nest)| nest.clone()) {
            return Ok(nest);
        }
        let mut nest = Nest::new();
        for (group, member) in on.statement(members::NESTED).bind(organization.to_owned()).all::<(String, String)>().await? {
            nest.entry(group).or_default().push(member);
        }
        let nest = Arc::new(nest);
        let mut known = self.locked();
        if known.len() >= limits::NESTING_GRAPHS {
            known.clear();
        }
        known.insert(organization.to_owned(), (revision, nest.clone()));
        Ok(nest)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, Arc<Nest>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
