//! What an organization has registered, as the façade needs it: asked for once for each time it changes.

use super::{
    document,
    error::Refusal,
    operations::Rules,
    profiles::Tolerance,
    values::{read_only, unknown},
};
use crate::{
    api::v1::{self, AttributeValue, attribute_value::Kind, connection::UnknownAttributes},
    attributes::{
        self, Schemas,
        path::Target,
        row::{Extensions, Kind as Type},
    },
    limits,
};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
};
use tonic::{Code, Response, Status};

/// The schemas of the organizations served lately, each with the revision that `GetCaller` told.
#[derive(Debug, Default)]
pub struct Registered(Mutex<HashMap<String, (u64, Schemas)>>);

impl Registered {
    /// What is registered at a revision; `ask` lists it. A caller that may not list schemas is served as if there were
    /// none: the directory holds its writes against them all the same.
    ///
    /// # Errors
    /// What else the directory answers.
    pub async fn at<F>(&self, organization: &str, revision: u64, ask: impl FnOnce() -> F) -> Result<Schemas, Refusal>
    where
        F: Future<Output = Result<Response<v1::ListSchemasResponse>, Status>>,
    {
        if revision == 0 {
            return Ok(Schemas::none());
        }
        let known = self.locked().get(organization).filter(|(at, _)| *at == revision).map(|(_, schemas)| schemas.clone());
        if let Some(schemas) = known {
            return Ok(schemas);
        }
        let all = match ask().await {
            Ok(answer) => answer.into_inner().schemas,
            Err(status) if status.code() == Code::PermissionDenied => return Ok(Schemas::none()),
            Err(status) => return Err(status.into()),
        };
        let own = attributes::schemas();
        let registered: Vec<v1::Schema> = all.into_iter().filter(|schema| own.iter().all(|own| own.urn != schema.urn)).collect();
        let schemas = Schemas::read(&registered)?;
        let mut known = self.locked();
        if known.len() >= limits::SCHEMA_SETS {
            known.clear();
        }
        known.insert(organization.to_owned(), (revision, schemas.clone()));
        Ok(schemas)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, (u64, Schemas)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fits a value to a registered attribute, or to a whole extension; what of it the schema does not define goes the
/// connection's way.
///
/// # Errors
/// `invalidSyntax` for what no schema knows, where the connection rejects that; `mutability` for what no client writes;
/// `invalidValue` for another shape than the schema's that the profile does not forgive, an empty text among them.
pub fn fit(rules: &Rules<'_>, target: &Target, value: AttributeValue, path: &str) -> Result<AttributeValue, Refusal> {
    let value = writable(rules, target, value)?;
    let is_text = target.definition().is_some_and(|d| (!d.multi_valued || target.has_filter()) && d.kind != Type::Complex);
    let is_empty = matches!(&value.kind, Some(Kind::StringValue(text)) if text.is_empty());
    if is_empty && !is_text && !rules.leeway.has(Tolerance::EmptyIsAbsent) {
        return Err(Refusal::value("An empty text is neither a list nor an object."));
    }
    let (value, used) = target.fit(value, document::leniency(rules.leeway));
    document::note(used, rules.leeway);
    target.check_shape(&value, path)?;
    let Some((urn, map)) = target.extension_of(&value) else { return Ok(value) };
    let mut extensions = Extensions::from([(urn, map)]);
    match rules.unknown {
        UnknownAttributes::Reject => match rules.schemas.unknown(rules.kind, &extensions) {
            Some(name) => Err(unknown(&name)),
            None => Ok(value),
        },
        UnknownAttributes::Ignore => {
            rules.schemas.drop_unknown(rules.kind, &mut extensions);
            let left = extensions.into_values().next().unwrap_or_default();
            Ok(match target.definition() {
                None => Kind::ComplexValue(left).into(),
                Some(_) => left.entries.into_iter().next().and_then(|e| e.value).unwrap_or(value),
            })
        }
        UnknownAttributes::Unspecified | UnknownAttributes::Keep => Ok(value),
    }
}

/// What of the value of a whole extension may be written.
fn writable(rules: &Rules<'_>, target: &Target, mut value: AttributeValue) -> Result<AttributeValue, Refusal> {
    if let Some(Kind::ComplexValue(map)) = &mut value.kind
        && let Some(name) = map.entries.iter().find(|e| target.is_read_only_key(&e.name)).map(|e| e.name.clone())
    {
        if !rules.leeway.takes(Tolerance::ReadOnlyKeys) {
            return Err(read_only(&name));
        }
        map.entries.retain(|e| !target.is_read_only_key(&e.name));
    }
    Ok(value)
}
