//! What may be registered: names that filters and paths can say, facts that are served. All else is refused by name.

use super::{Definition, Extension, Registered, Schemas};
use crate::api::v1::{AttributeDefinition, Schema};
use crate::attributes::error::{AttributeError, Result};
use crate::attributes::path::strip;
use crate::attributes::row::{Fold, Kind, Mutability, Returned};
use crate::attributes::schemas;
use crate::attributes::table::{ENTERPRISE_URN, GROUP_URN, USER_URN};
use crate::limits;
use prost::Message;
use std::{collections::BTreeSet, sync::Arc};

impl Schemas {
    /// Of schemas as they were registered.
    ///
    /// # Errors
    /// As [`Schemas::with`].
    pub fn read(all: &[Schema]) -> Result<Schemas> {
        all.iter().try_fold(Schemas::none(), |schemas, schema| schemas.with(schema))
    }

    /// With one more, or one in the place of another with its URN. What the schema leaves open gets RFC 7643's defaults.
    ///
    /// # Errors
    /// `INVALID_VALUE` naming the field: a URN that is malformed, reserved or begins with another's, a name that is
    /// malformed or stands twice, a complex attribute inside another, a characteristic that is unknown or not served;
    /// also over [`limits::SCHEMAS`], [`limits::SCHEMA_ATTRIBUTES`] and the bounds of texts.
    pub fn with(&self, schema: &Schema) -> Result<Schemas> {
        let mut told = schema.clone();
        let extension = Arc::new(extension(&mut told)?);
        let without = self.without(&told.urn).unwrap_or_else(|| self.clone());
        let (mut extensions, mut all) = without.0.map_or_else(Default::default, |r| (r.extensions.clone(), r.told.clone()));
        let within = |one: &str, other: &str| strip(one, other).is_some_and(|below| below.starts_with(':'));
        if let Some(other) = all.iter().find(|other| within(&told.urn, &other.urn) || within(&other.urn, &told.urn)) {
            return Err(AttributeError::value(
                "schema.urn",
                format!("schema.urn and {} begin alike: paths could not tell them apart.", other.urn),
            ));
        }
        if all.len() >= limits::SCHEMAS {
            return Err(AttributeError::bound("schemas", limits::SCHEMAS, "schemas"));
        }
        if all.iter().chain([&told]).map(Message::encoded_len).sum::<usize>() > limits::SCHEMAS_BYTES {
            return Err(AttributeError::bound("schemas", limits::SCHEMAS_BYTES, "bytes"));
        }
        let at = all.partition_point(|other| other.urn < told.urn);
        extensions.insert(at, extension);
        all.insert(at, told);
        Ok(Schemas(Some(Arc::new(Registered { extensions, told: all }))))
    }

    /// Without this one; `None` if there is none with this URN.
    pub fn without(&self, urn: &str) -> Option<Schemas> {
        let registered = self.0.as_ref()?;
        let at = registered.told.iter().position(|s| s.urn.eq_ignore_ascii_case(urn))?;
        let (mut extensions, mut told) = (registered.extensions.clone(), registered.told.clone());
        extensions.remove(at);
        told.remove(at);
        Some(Schemas((!told.is_empty()).then(|| Arc::new(Registered { extensions, told }))))
    }

    /// The schema with this URN, as it is told.
    pub fn named(&self, urn: &str) -> Option<&Schema> {
        self.told().iter().find(|s| s.urn.eq_ignore_ascii_case(urn))
    }
}

fn extension(schema: &mut Schema) -> Result<Extension> {
    urn(&schema.urn)?;
    words("schema.display_name", &schema.display_name, limits::NAME_CHARS)?;
    words("schema.description", &schema.description, limits::DESCRIPTION_CHARS)?;
    let mut extends = [None, None];
    for (name, required) in &schema.extends {
        match name.as_str() {
            "User" => extends[0] = Some(*required),
            "Group" => extends[1] = Some(*required),
            _ => return Err(AttributeError::value("schema.extends", "schema.extends names User, Group or both.")),
        }
    }
    if schema.extends.is_empty() {
        return Err(AttributeError::value("schema.extends", "schema.extends is required: User, Group or both."));
    }
    let attributes = definitions(&mut schema.attributes, "schema.attributes", None)?;
    Ok(Extension { urn: schema.urn.clone(), attributes, extends })
}

fn urn(urn: &str) -> Result<()> {
    let refuse = |why: &str| Err(AttributeError::value("schema.urn", format!("schema.urn {why}.")));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if urn.len() > limits::ATTRIBUTE_NAME_BYTES {
        return Err(AttributeError::bound("schema.urn", limits::ATTRIBUTE_NAME_BYTES, "bytes"));
    }
    let parts: Vec<&str> = urn.split(':').collect();
    if parts.len() < 3 || !parts.first().is_some_and(|p| p.eq_ignore_ascii_case("urn")) || !parts.iter().all(|p| plain(p)) {
        return refuse("is a URN such as urn:example:params:scim:2.0:Badge: letters, digits, '-', '_' and '.' between its colons");
    }
    let extends = strip(urn, "urn:ietf:params:scim:schemas:extension:").is_some();
    let own = [USER_URN, GROUP_URN, ENTERPRISE_URN].iter().any(|own| strip(urn, own).is_some_and(|b| b.is_empty() || b.starts_with(':')));
    if own || (strip(urn, "urn:ietf:params:scim:").is_some() && !extends) {
        return refuse("is reserved");
    }
    Ok(())
}

fn words(field: &str, text: &str, chars: usize) -> Result<()> {
    if text.chars().count() > chars {
        return Err(AttributeError::bound(field, chars, "characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(AttributeError::value(field, format!("{field} holds a control character.")));
    }
    Ok(())
}

/// `within` is the complex attribute they are parts of.
fn definitions(all: &mut [AttributeDefinition], field: &str, within: Option<&str>) -> Result<Vec<Arc<Definition>>> {
    let bound = if within.is_some() { limits::SCHEMA_SUB_ATTRIBUTES } else { limits::SCHEMA_ATTRIBUTES };
    if all.len() > bound {
        return Err(AttributeError::bound(field, bound, "attributes"));
    }
    if all.is_empty() {
        return Err(AttributeError::value(field, format!("{field}: at least one is required.")));
    }
    let mut names = BTreeSet::new();
    let mut read = Vec::with_capacity(all.len());
    for given in all {
        name(&given.name, field)?;
        let field = within.map_or_else(|| given.name.clone(), |above| format!("{above}.{}", given.name));
        if !names.insert(given.name.to_ascii_lowercase()) {
            return Err(AttributeError::value(field.clone(), format!("{field} is defined twice.")));
        }
        read.push(Arc::new(definition(given, &field, within.is_some())?));
    }
    Ok(read)
}

fn name(name: &str, field: &str) -> Result<()> {
    if name.len() > limits::SCHEMA_NAME_BYTES {
        return Err(AttributeError::bound(format!("{field}.name"), limits::SCHEMA_NAME_BYTES, "bytes"));
    }
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'$');
    if !begins || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$')) {
        let detail = format!("{field}.name is a letter or '$', then letters, digits, '-', '_' and '$' (RFC 7643 section 2.1).");
        return Err(AttributeError::value(format!("{field}.name"), detail));
    }
    Ok(())
}

fn definition(given: &mut AttributeDefinition, field: &str, is_part: bool) -> Result<Definition> {
    let refuse = |what: &str, why: &str| Err(AttributeError::value(format!("{field}.{what}"), format!("{field}.{what} {why}.")));
    words(&format!("{field}.description"), &given.description, limits::DESCRIPTION_CHARS)?;
    let Some(kind) = one_of(&mut given.r#type, &KINDS, schemas::kind) else { return refuse("type", "is no type of RFC 7643 section 2.3") };
    let Some(mutability) = one_of(&mut given.mutability, &MUTABILITIES, schemas::mutability) else {
        return refuse("mutability", "is none of readWrite, readOnly, immutable, writeOnly");
    };
    if mutability == Mutability::WriteOnly && given.returned.is_empty() {
        schemas::returned(Returned::Never).clone_into(&mut given.returned);
    }
    let Some(returned) = one_of(&mut given.returned, &RETURNED, schemas::returned) else {
        return refuse("returned", "is none of default, always, never, request");
    };
    match given.uniqueness.as_str() {
        "" | "none" => "none".clone_into(&mut given.uniqueness),
        "server" | "global" => return refuse("uniqueness", "other than none is not served in this version"),
        _ => return refuse("uniqueness", "is none of none, server, global"),
    }
    if is_part && mutability != Mutability::ReadWrite {
        return refuse("mutability", "of a sub-attribute other than readWrite is not served in this version");
    }
    if is_part && returned != Returned::Default {
        return refuse("returned", "of a sub-attribute other than default is not served in this version");
    }
    if mutability == Mutability::WriteOnly && returned != Returned::Never {
        return refuse("returned", "of a writeOnly attribute is never");
    }
    if given.required && mutability == Mutability::ReadOnly {
        return refuse("required", "and readOnly exclude each other");
    }
    if kind != Kind::Reference && !given.reference_types.is_empty() {
        return refuse("reference_types", "are for references");
    }
    for (what, texts) in [("canonical_values", &given.canonical_values), ("reference_types", &given.reference_types)] {
        if texts.len() > limits::SCHEMA_SUGGESTIONS {
            return Err(AttributeError::bound(format!("{field}.{what}"), limits::SCHEMA_SUGGESTIONS, "values"));
        }
        texts.iter().try_for_each(|text| words(&format!("{field}.{what}"), text, limits::NAME_CHARS))?;
    }
    // References and bytes are compared as they are (RFC 7643 sections 2.3.6 and 2.3.7).
    given.case_exact = matches!(kind, Kind::Reference | Kind::Binary) || (given.case_exact && kind == Kind::String);
    let fold = if given.case_exact { Fold::Exact } else { Fold::Caseless };
    let sub = match kind {
        Kind::Complex if is_part => return refuse("type", "complex inside a complex attribute is not possible (RFC 7643 section 2.3.8)"),
        Kind::Complex => definitions(&mut given.sub_attributes, &format!("{field}.sub_attributes"), Some(field))?,
        _ if !given.sub_attributes.is_empty() => return refuse("sub_attributes", "are for complex attributes"),
        _ => Vec::new(),
    };
    let (name, multi_valued, required) = (given.name.clone(), given.multi_valued, given.required);
    Ok(Definition { name, kind, multi_valued, required, fold, mutability, returned, sub })
}

// The first of each is what an empty word stands for.
const KINDS: [Kind; 8] =
    [Kind::String, Kind::Boolean, Kind::Decimal, Kind::Integer, Kind::DateTime, Kind::Binary, Kind::Reference, Kind::Complex];
const MUTABILITIES: [Mutability; 4] = [Mutability::ReadWrite, Mutability::ReadOnly, Mutability::Immutable, Mutability::WriteOnly];
const RETURNED: [Returned; 4] = [Returned::Default, Returned::Always, Returned::Never, Returned::Request];

/// The one that a word names; an empty word becomes the first one's.
fn one_of<T: Copy>(word: &mut String, all: &[T], told: fn(T) -> &'static str) -> Option<T> {
    if word.is_empty() {
        told(*all.first()?).clone_into(word);
    }
    all.iter().copied().find(|one| told(*one) == word)
}
