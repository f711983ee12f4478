//! Yes or no, many at once.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory},
    },
    causes::Included,
    eyes::Eyes,
    principal::{self, Named},
    standing::{Standing, standings},
};
use crate::{
    api::v1::{
        BatchCheckAccessRequest, BatchCheckAccessResponse, Derivation,
        batch_check_access_request::{Item, item::Asked},
        batch_check_access_response::{self as answer, Decision, result::Result as Outcome},
    },
    clock::{Micros, timestamp},
    limits,
    store::{Book, MEMBER_GROUP, NEVER},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn batch(directory: &Directory, call: &Call, request: BatchCheckAccessRequest) -> Result<BatchCheckAccessResponse> {
    if request.items.is_empty() {
        return Err(Error::missing("items"));
    }
    if request.items.len() > limits::ACCESS_CHECKS {
        return Err(Error::too_large("items", limits::ACCESS_CHECKS, "questions"));
    }
    let mut named = Vec::with_capacity(request.items.len());
    let mut groups = BTreeSet::new();
    for (k, item) in request.items.iter().enumerate() {
        let at = |error: Error| {
            let field = format!("items[{k}].{}", error.field);
            error.at(field)
        };
        principal::check_scope(&item.scope, "scope").map_err(at)?;
        named.push(principal::named(item.principal.as_ref(), "principal").map_err(at)?);
        match &item.asked {
            Some(Asked::GroupId(id)) => groups.extend([id.clone()]),
            Some(_) => {}
            None => return Err(at(Error::missing("asked"))),
        }
    }
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let book = reader.book().await?;
    let eyes = Eyes::of(call, &mut reader).await?;
    let found = standings(directory, &mut reader, &book, &eyes, &named).await?;
    let mut groups = reader.kinds(groups.into_iter().collect()).await?.into_iter().collect();
    eyes.keep(&mut reader, &mut groups).await?;
    let groups = groups.into_iter().filter(|(_, kind)| *kind == MEMBER_GROUP).map(|(id, _)| id).collect();
    let mut judge = Judge { book: &book, included: Included::new(&book), wanted: BTreeMap::new(), groups, explain: request.explain };
    let results = request.items.iter().zip(&named).map(|(item, named)| {
        let decided = judge.decide(item, named, found.get(&named.id));
        answer::Result { result: Some(decided.map_or_else(|error| Outcome::Error(error.to_rpc()), Outcome::Decision)) }
    });
    Ok(BatchCheckAccessResponse { results: results.collect(), checked_at: directory.read_at(&reader) })
}

struct Judge<'b> {
    book: &'b Book,
    included: Included<'b>,
    /// The roles that answer a question, each question looked up once.
    wanted: BTreeMap<Question, BTreeSet<String>>,
    /// The groups asked for that are there.
    groups: BTreeSet<String>,
    explain: bool,
}

/// A question about roles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Key(String),
    Permission(String),
}

impl Judge<'_> {
    fn decide(&mut self, item: &Item, named: &Named, standing: Option<&Standing>) -> Result<Decision> {
        let standing = standing.filter(|s| named.kind.is_none_or(|kind| kind == s.kind));
        let standing = standing.ok_or_else(|| Error::not_found("principal"))?;
        let question = match &item.asked {
            Some(Asked::GroupId(group)) => return self.is_in(standing, group),
            Some(Asked::RoleKey(key)) => Question::Key(key.clone()),
            Some(Asked::Permission(permission)) => Question::Permission(permission.clone()),
            None => return Err(Error::missing("items.asked")),
        };
        let book = self.book;
        let wanted = self.wanted.entry(question.clone()).or_insert_with(|| answering(book, &question));
        if wanted.is_empty() && matches!(question, Question::Key(_)) {
            return Err(Error::not_found("role"));
        }
        let (mut allowed, mut until, mut derivations) = (false, 0, Vec::new());
        for cause in standing.causes().iter().filter(|cause| cause.holds_in(&item.scope)) {
            let Some(way) = self.included.way(&cause.role_id, wanted) else { continue };
            allowed = true;
            until = until.max(cause.expires_at);
            if self.explain {
                derivations.extend(cause.derivation(way));
            }
        }
        Ok(decision(allowed, until, derivations))
    }

    fn is_in(&self, standing: &Standing, group: &str) -> Result<Decision> {
        if !self.groups.contains(group) {
            return Err(Error::not_found("group"));
        }
        let way = standing.way(group);
        let why = way
            .clone()
            .filter(|way| self.explain && standing.may_tell(way))
            .map(|group_path| Derivation { group_path, ..Derivation::default() });
        Ok(decision(way.is_some(), NEVER, why.into_iter().collect()))
    }
}

fn answering(book: &Book, question: &Question) -> BTreeSet<String> {
    match question {
        Question::Key(key) => book.role_keyed(key).map(|row| row.role.id.clone()).into_iter().collect(),
        Question::Permission(permission) => {
            book.roles().filter(|row| row.role.permissions.contains(permission)).map(|row| row.role.id.clone()).collect()
        }
    }
}

fn decision(allowed: bool, until: Micros, derivations: Vec<Derivation>) -> Decision {
    let valid_until = (allowed && until != NEVER).then(|| timestamp(until));
    Decision { allowed, valid_until, derivations }
}
