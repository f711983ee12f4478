//! Resources as SCIM documents: reading what a client sends, and showing what it asked to see.

use super::{
    error::Refusal,
    profiles::{Leeway, Tolerance},
    query::Query,
    session::Session,
    unknown::{self, Open},
};
use crate::{
    api::v1::{self, connection::UnknownAttributes},
    attributes::{
        AttributeError, Context, ResourceType, Schemas,
        parse::{Gather, Leniency, Parsed, Tolerated, parse_group, parse_group_with, parse_user},
        projection::Projection,
        render::{render, render_member, render_open},
        row::Extensions,
        table::ENTERPRISE_URN,
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
        let mut selection = query.selection(kind);
        if kind == ResourceType::Group && session.members_on_request && selection.attributes.is_empty() {
            selection.excluded_attributes.push("members".to_owned());
        }
        let projection = Projection::new(kind, &selection)?.among(session.schemas.clone());
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
    let parsed = parse_user(&mut json, &context(session), leniency(session.leeway()))?;
    check(&mut json, ResourceType::User, parsed, session)
}

/// Reads a group's document and hands over its members one by one; of these the result has none.
///
/// # Errors
/// 400 for what is no document of a group, and what `gather` refuses.
pub fn read_group_with<'de>(
    json: &mut serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    session: &Session,
    gather: &mut Gather<'_>,
) -> Result<Parsed<v1::Group>, Refusal> {
    let parsed = parse_group_with(&mut *json, &context(session), leniency(session.leeway()), gather)?;
    check(json, ResourceType::Group, parsed, session)
}

/// Reads a group's document.
///
/// # Errors
/// 400 for what is no document of a group.
pub fn read_group(bytes: &[u8], session: &Session) -> Result<Parsed<v1::Group>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = parse_group(&mut json, &context(session), leniency(session.leeway()))?;
    check(&mut json, ResourceType::Group, parsed, session)
}

fn context(session: &Session) -> Context<'_> {
    Context { connection: &session.connection, base: &session.base }
}

/// What is forgiven in a document's values.
pub fn leniency(leeway: Leeway<'_>) -> Leniency {
    Leniency {
        text_booleans: leeway.has(Tolerance::TextBooleans),
        one_for_many: leeway.has(Tolerance::OneForMany),
        empty_is_absent: leeway.has(Tolerance::EmptyIsAbsent),
        text_for_value: leeway.has(Tolerance::BareValue),
    }
}

/// What can be said only once the document was read to its end.
fn check<'de, M: Open>(
    json: &mut serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    kind: ResourceType,
    mut parsed: Parsed<M>,
    session: &Session,
) -> Result<Parsed<M>, Refusal> {
    json.end().map_err(|_| Refusal::syntax("Something follows the document."))?;
    let leeway = session.leeway();
    let keeps = matches!(session.unknown, UnknownAttributes::Keep | UnknownAttributes::Unspecified);
    let kept = Some(&*parsed.resource.extensions()).filter(|_| keeps);
    check_schemas(kind, &parsed.schemas, leeway, &session.schemas, kept)?;
    note(parsed.tolerated, leeway);
    note(session.schemas.fit(kind, parsed.resource.extensions(), leniency(leeway)), leeway);
    session.schemas.check_shapes(kind, parsed.resource.extensions())?;
    if !leeway.has(Tolerance::EmptyIsAbsent)
        && let Some(name) = session.schemas.empty_text(kind, parsed.resource.extensions())
    {
        return Err(Refusal::value(format!("{}: an empty text is no value.", clip(&name))));
    }
    unknown::apply(session.unknown, &mut parsed.resource, &parsed.unknown, &session.schemas)
        .map_err(|name| Refusal::syntax(format!("No attribute is called {}.", clip(&name))))?;
    Ok(parsed)
}

/// Notes what was forgiven.
pub fn note(used: Tolerated, leeway: Leeway<'_>) {
    leeway.note(Tolerance::TextBooleans, used.text_booleans);
    leeway.note(Tolerance::OneForMany, used.one_for_many);
    leeway.note(Tolerance::EmptyIsAbsent, used.empty_is_absent);
    leeway.note(Tolerance::BareValue, used.text_for_value);
}

/// `schemas` is there and names no other type; strictly, it names this one, its extensions, and the containers of the document
/// that no schema knows and that are `kept`: what was read can be sent back.
fn check_schemas(
    kind: ResourceType,
    schemas: &[String],
    leeway: Leeway<'_>,
    registered: &Schemas,
    kept: Option<&Extensions>,
) -> Result<(), Refusal> {
    let is = |known: &'static str| move |urn: &&String| urn.eq_ignore_ascii_case(known);
    let (other, extension) = match kind {
        ResourceType::User => (ResourceType::Group, Some(ENTERPRISE_URN)),
        ResourceType::Group => (ResourceType::User, None),
    };
    let named = schemas.iter().any(|urn| is(kind.schema())(&urn));
    if schemas.is_empty() {
        return Err(Refusal::syntax("schemas is required."));
    }
    // Version 1 has other attributes and other ways: read as version 2 it would be understood by half.
    if let Some(old) = schemas.iter().find(|urn| urn.to_ascii_lowercase().starts_with("urn:scim:schemas:") && urn.ends_with(":1.0")) {
        return Err(Refusal::syntax(format!("{} is of version 1 of the protocol; only version 2 is served.", clip(old))));
    }
    let is_kept = |urn: &str| kept.is_some_and(|kept| kept.keys().any(|key| key.eq_ignore_ascii_case(urn)));
    let extends = |urn: &str| registered.extension(kind, urn).is_some() || is_kept(urn);
    let unknown = schemas.iter().find(|urn| !is(kind.schema())(urn) && !extension.is_some_and(|known| is(known)(urn)) && !extends(urn));
    if leeway.has(Tolerance::UnknownSchemas) {
        if named || !schemas.iter().any(|urn| is(other.schema())(&urn)) {
            leeway.note(Tolerance::UnknownSchemas, u32::from(unknown.is_some() || !named));
            return Ok(());
        }
    } else if let Some(unknown) = unknown {
        return Err(Refusal::syntax(format!("No schema of a {} is called {}.", kind.name(), clip(unknown))));
    } else if named {
        return Ok(());
    }
    Err(Refusal::syntax(format!("schemas does not name {}.", kind.schema())))
}

/// A client's word, short enough to be said back.
pub fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::profiles::{Noted, Tolerances};

    fn schemas(kind: ResourceType, schemas: &[&str], tolerances: Tolerances) -> bool {
        let noted = Noted::default();
        check_schemas(
            kind,
            &schemas.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(),
            Leeway::new(tolerances, &noted),
            &Schemas::none(),
            None,
        )
        .is_ok()
    }

    #[test]
    fn schemas_name_the_type_whatever_else_they_name() {
        let entra =
            ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"];
        assert!(schemas(ResourceType::Group, &entra, Tolerances::DEFAULT));
        assert!(!schemas(ResourceType::User, &entra, Tolerances::DEFAULT));
        assert!(!schemas(ResourceType::User, &[], Tolerances::DEFAULT));
        assert!(schemas(ResourceType::User, &["urn:scim:schemas:core:2.0"], Tolerances::DEFAULT));
    }

    #[test]
    fn version_1_is_never_understood_by_half() {
        for old in ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0", "URN:SCIM:schemas:core:1.0"] {
            assert!(!schemas(ResourceType::User, &[old], Tolerances::DEFAULT), "{old}");
            assert!(!schemas(ResourceType::User, &[ResourceType::User.schema(), old], Tolerances::DEFAULT), "{old}");
        }
    }

    #[test]
    fn strictly_schemas_name_the_type_and_its_extensions_alone() {
        let user = [ResourceType::User.schema(), ENTERPRISE_URN];
        assert!(schemas(ResourceType::User, &user, Tolerances::STRICT) && schemas(ResourceType::User, &user[..1], Tolerances::STRICT));
        for wrong in [&[][..], &user[1..], &[user[0], "urn:example:x"], &[user[0], ResourceType::Group.schema()]] {
            assert!(!schemas(ResourceType::User, wrong, Tolerances::STRICT), "{wrong:?}");
        }
        assert!(!schemas(ResourceType::Group, &[ResourceType::Group.schema(), ENTERPRISE_URN], Tolerances::STRICT));
    }
}
