//! Resources as SCIM documents: reading what a client sends, and showing what it asked to see.

use super::{
    error::Refusal,
    profiles::{Tolerance, Tolerances},
    query::Query,
    session::Session,
};
use crate::{
    api::v1::{self, connection::UnknownAttributes},
    attributes::{
        AttributeError, Context, ResourceType,
        parse::{Leniency, Parsed, parse_group, parse_user},
        projection::Projection,
        render::{render, render_member, render_open},
    },
};

/// What of a resource an answer shows, and for whom.
#[derive(Debug, Clone)]
pub struct Shown {
    projection: Projection,
    connection: String,
    base: String,
}

impl Shown {
    /// From the query.
    ///
    /// # Errors
    /// 400 for a selection that contradicts itself.
    pub fn new(kind: ResourceType, query: &Query, session: &Session) -> Result<Shown, Refusal> {
        let projection = Projection::new(kind, &query.selection(kind))?;
        Ok(Shown { projection, connection: session.connection.clone(), base: session.base.clone() })
    }

    /// Whether an attribute is shown, wholly or in part.
    pub fn has(&self, path: &str) -> bool {
        self.projection.has(path)
    }

    /// Writes a user.
    pub fn user(&self, out: &mut Vec<u8>, user: &v1::User) {
        render(out, user, &self.projection, &self.context());
    }

    /// Writes a group, ready for its members.
    pub fn open_group(&self, out: &mut Vec<u8>, group: &v1::Group) {
        render_open(out, group, &self.projection, &self.context());
    }

    /// Writes some of its members; `any` says whether there were some before. Service accounts are not SCIM's business.
    pub fn members(&self, out: &mut Vec<u8>, any: &mut bool, members: &[v1::GroupMember]) {
        use v1::principal_ref::Principal;
        let is_shown = |member: &&v1::GroupMember| {
            let principal = member.member.as_ref().and_then(|m| m.principal.as_ref());
            matches!(principal, Some(Principal::UserId(_) | Principal::GroupId(_)))
        };
        for member in members.iter().filter(is_shown) {
            let before: &[u8] = match (*any, out.last()) {
                (true, _) => b",",
                (false, Some(b'{')) => b"\"members\":[",
                (false, _) => b",\"members\":[",
            };
            out.extend_from_slice(before);
            *any = true;
            render_member(out, member, &self.projection, &self.context());
        }
    }

    /// Ends a group. Without members there is no list of them (RFC 7643 section 2.5).
    pub fn close_group(&self, out: &mut Vec<u8>, any_members: bool) {
        out.extend_from_slice(if any_members { b"]}" } else { b"}" });
    }

    fn context(&self) -> Context<'_> {
        Context { connection: &self.connection, base: &self.base }
    }
}

impl From<AttributeError> for Refusal {
    fn from(error: AttributeError) -> Self {
        let refusal = Refusal::because(error.reason, error.detail);
        match error.operation {
            Some(index) => refusal.in_operation(index),
            None => refusal,
        }
    }
}

/// Reads a user's document.
///
/// # Errors
/// 400 for what is no document of a user.
pub fn read_user(bytes: &[u8], session: &Session) -> Result<Parsed<v1::User>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = parse_user(&mut json, &context(session), leniency(session.tolerances))?;
    let extension = parsed.resource.extensions.keys().next().cloned();
    check(&mut json, ResourceType::User, parsed, extension, session)
}

/// Reads a group's document.
///
/// # Errors
/// 400 for what is no document of a group.
pub fn read_group(bytes: &[u8], session: &Session) -> Result<Parsed<v1::Group>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = parse_group(&mut json, &context(session), leniency(session.tolerances))?;
    let extension = parsed.resource.extensions.keys().next().cloned();
    check(&mut json, ResourceType::Group, parsed, extension, session)
}

fn context(session: &Session) -> Context<'_> {
    Context { connection: &session.connection, base: &session.base }
}

fn leniency(tolerances: Tolerances) -> Leniency {
    Leniency {
        text_booleans: tolerances.has(Tolerance::TextBooleans),
        one_for_many: tolerances.has(Tolerance::OneForMany),
        empty_is_absent: tolerances.has(Tolerance::EmptyIsAbsent),
        text_for_value: tolerances.has(Tolerance::BareValue),
    }
}

/// What can be said only once the document was read to its end. `extension` is one that no schema describes, if there is any.
fn check<M>(
    json: &mut serde_json::Deserializer<serde_json::de::SliceRead<'_>>,
    kind: ResourceType,
    parsed: Parsed<M>,
    extension: Option<String>,
    session: &Session,
) -> Result<Parsed<M>, Refusal> {
    json.end().map_err(|_| Refusal::syntax("Something follows the document."))?;
    check_schemas(kind, &parsed.schemas, session.tolerances)?;
    if let (UnknownAttributes::Reject, Some(name)) = (session.unknown, parsed.unknown.first().or(extension.as_ref())) {
        return Err(Refusal::syntax(format!("No attribute is called {}.", clip(name))));
    }
    Ok(parsed)
}

/// `schemas` is there and names no other type; strictly, it names this one.
fn check_schemas(kind: ResourceType, schemas: &[String], tolerances: Tolerances) -> Result<(), Refusal> {
    let own = |urn: &String| urn.eq_ignore_ascii_case(kind.schema());
    let other = match kind {
        ResourceType::User => ResourceType::Group,
        ResourceType::Group => ResourceType::User,
    };
    if schemas.is_empty() {
        return Err(Refusal::syntax("schemas is required."));
    }
    if schemas.iter().any(own) {
        return Ok(());
    }
    let foreign = schemas.iter().any(|urn| urn.eq_ignore_ascii_case(other.schema()));
    if foreign || !tolerances.has(Tolerance::UnknownSchemas) {
        return Err(Refusal::syntax(format!("schemas does not name {}.", kind.schema())));
    }
    Ok(())
}

/// A client's word, short enough to be said back.
pub fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas(kind: ResourceType, schemas: &[&str], tolerances: Tolerances) -> bool {
        check_schemas(kind, &schemas.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), tolerances).is_ok()
    }

    #[test]
    fn schemas_name_the_type_whatever_else_they_name() {
        let entra =
            ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"];
        for tolerances in [Tolerances::DEFAULT, Tolerances::STRICT] {
            assert!(schemas(ResourceType::Group, &entra, tolerances));
            assert!(!schemas(ResourceType::User, &entra, tolerances));
            assert!(!schemas(ResourceType::User, &[], tolerances));
        }
        assert!(schemas(ResourceType::User, &["urn:scim:schemas:core:2.0"], Tolerances::DEFAULT));
        assert!(!schemas(ResourceType::User, &["urn:scim:schemas:core:2.0"], Tolerances::STRICT));
    }
}
