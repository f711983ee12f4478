//! The border: what may be stored, and the one form it is stored in. Inside, this is trusted.

use super::access::{Items, View};
use super::canon::{is_base64, settle};
use super::error::{AttributeError, Result};
use super::fold;
use super::number::Number;
use super::path::Step;
use super::row::{Attribute, Fold, Kind as Type, Place, Table};
use super::table::{ENTERPRISE_URN, GROUP, GROUP_URN, USER, USER_URN};
use crate::api::v1::{AttributeMap, AttributeValue, ExternalId, Group, User, attribute_value::Kind};
use crate::limits;
use prost::Message as _;
use std::{any::Any, collections::BTreeSet};

/// Checks a user and brings it into canonical form (empty values vanish, identifiers sort by connection).
///
/// # Errors
/// `INVALID_VALUE` naming the attribute and the bound: required and absent, too long, too many, too deep, control
/// characters, two primaries; `TOO_LARGE` when the whole is over [`limits::RESOURCE_BYTES`].
pub fn check_user(user: &mut User) -> Result<()> {
    settle(&USER, user);
    object(&USER, user, "")?;
    size(user.encoded_len())
}

/// The same for a group.
///
/// # Errors
/// As [`check_user`].
pub fn check_group(group: &mut Group) -> Result<()> {
    settle(&GROUP, group);
    object(&GROUP, group, "")?;
    size(group.encoded_len())
}

fn size(bytes: usize) -> Result<()> {
    if bytes > limits::RESOURCE_BYTES { Err(AttributeError::too_large("resource", limits::RESOURCE_BYTES, "bytes")) } else { Ok(()) }
}

fn object(table: &'static dyn Table, from: &dyn Any, above: &str) -> Result<()> {
    for row in 0..table.len() {
        let Some(attribute) = table.attribute(row).filter(|a| a.place == Place::Field) else { continue };
        let view = table.view(row, from);
        if attribute.required && matches!(view, View::Absent) {
            return Err(AttributeError::required(attribute.name));
        }
        field(attribute, view, &format!("{above}{}", attribute.name))?;
    }
    if let Some(rest) = table.rest(from) {
        if let Some(entry) = rest.entries.iter().find(|e| table.find(&e.name, 0).is_some()) {
            let path = format!("{above}{}", entry.name);
            return Err(AttributeError::value(path.clone(), format!("{path} has a field of its own.")));
        }
        map(rest, limits::VALUE_DEPTH, above)?;
    }
    if let Some(extensions) = table.extensions(from) {
        let mut urns = BTreeSet::from([USER_URN, GROUP_URN, ENTERPRISE_URN].map(str::to_lowercase));
        if extensions.len() > limits::MAP_ENTRIES {
            return Err(AttributeError::bound("extensions", limits::MAP_ENTRIES, "schemas"));
        }
        for (urn, attributes) in extensions {
            name(urn, urn)?;
            if !urn.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("urn:")) || !urns.insert(urn.to_lowercase()) {
                return Err(AttributeError::value(
                    urn,
                    "An extension has a URN of its own, which no schema of the server and no other extension has.",
                ));
            }
            // The extension itself is the first level.
            map(attributes, limits::VALUE_DEPTH - 1, &prefix(urn, urn))?;
        }
    }
    Ok(())
}

/// What the paths of sub-attributes begin with.
fn prefix(path: &str, name: &str) -> String {
    format!("{path}{}", if name.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("urn:")) { ':' } else { '.' })
}

fn field(attribute: &Attribute, view: View<'_>, path: &str) -> Result<()> {
    match (view, attribute.sub) {
        (View::Text(value), _) => {
            if attribute.fold == Fold::UserName {
                return fold::user_name(value).map(drop);
            }
            text(value, path)?;
            if attribute.index.is_some() {
                key(value, attribute.fold, path)?;
            }
            if attribute.kind == Type::Binary && !is_base64(value) {
                return Err(AttributeError::value(path, format!("{path} is binary: base64 text.")));
            }
            Ok(())
        }
        (View::ExternalId(ids), _) => external_ids(ids),
        (View::One(one), Some(sub)) => object(sub, one, &prefix(path, attribute.name)),
        (View::Many(items), Some(sub)) => list(items, sub, path),
        _ => Ok(()),
    }
}

fn list(items: &dyn Items, sub: &'static dyn Table, path: &str) -> Result<()> {
    if items.len() > limits::VALUES_PER_ATTRIBUTE {
        return Err(AttributeError::bound(path, limits::VALUES_PER_ATTRIBUTE, "values"));
    }
    let primary = Step::find(sub, "primary");
    let mut primaries = 0;
    for item in (0..items.len()).filter_map(|k| items.at(k)) {
        object(sub, item, &prefix(path, path))?;
        primaries += usize::from(primary.is_some_and(|p| matches!(p.view(item), View::Bool(true))));
    }
    if primaries > 1 {
        return Err(AttributeError::value(format!("{path}.primary"), format!("Only one value of {path} can be primary.")));
    }
    Ok(())
}

fn external_ids(ids: &[ExternalId]) -> Result<()> {
    for pair in ids.windows(2) {
        if let [one, other] = pair
            && one.connection_id == other.connection_id
        {
            return Err(AttributeError::value("externalId", "A connection has one externalId of a resource."));
        }
    }
    for id in ids {
        text(&id.value, "externalId")?;
        key(&id.value, Fold::Exact, "externalId")?;
        name(&id.connection_id, "external_ids.connection_id").or_else(|e| if id.connection_id.is_empty() { Ok(()) } else { Err(e) })?;
    }
    Ok(())
}

fn text(value: &str, path: &str) -> Result<()> {
    if value.len() > limits::STRING_BYTES {
        return Err(AttributeError::bound(path, limits::STRING_BYTES, "bytes"));
    }
    // Lines of an address end in LF, or in CR LF.
    if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(AttributeError::value(path, format!("{path} has a control character.")));
    }
    Ok(())
}

fn key(value: &str, folding: Fold, path: &str) -> Result<()> {
    if value.len().max(fold::apply(folding, value).len()) > limits::KEY_BYTES {
        return Err(AttributeError::bound(path, limits::KEY_BYTES, "bytes"));
    }
    Ok(())
}

fn name(value: &str, path: &str) -> Result<()> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(AttributeError::value(path, "An attribute's name is a text without control characters."));
    }
    if value.len() > limits::ATTRIBUTE_NAME_BYTES {
        return Err(AttributeError::bound(path.chars().take(80).collect::<String>(), limits::ATTRIBUTE_NAME_BYTES, "bytes"));
    }
    Ok(())
}

/// `depth` is how many levels may still open below the map.
fn map(attributes: &AttributeMap, depth: usize, above: &str) -> Result<()> {
    if attributes.entries.len() > limits::MAP_ENTRIES {
        return Err(AttributeError::bound(above.trim_end_matches(['.', ':']), limits::MAP_ENTRIES, "attributes"));
    }
    let mut names = BTreeSet::new();
    for entry in &attributes.entries {
        name(&entry.name, above)?;
        let path = format!("{above}{}", entry.name);
        if !names.insert(entry.name.to_ascii_lowercase()) {
            return Err(AttributeError::value(path.clone(), format!("{path} stands twice.")));
        }
        if let Some(held) = &entry.value {
            value(held, depth, &path)?;
        }
    }
    Ok(())
}

fn value(held: &AttributeValue, depth: usize, path: &str) -> Result<()> {
    let deeper = || depth.checked_sub(1).ok_or_else(|| AttributeError::bound(path, limits::VALUE_DEPTH, "levels"));
    match &held.kind {
        Some(Kind::StringValue(v) | Kind::DateTimeValue(v) | Kind::ReferenceValue(v)) => text(v, path),
        Some(Kind::DecimalValue(v)) => {
            text(v, path)?;
            Number::parse(v).map(drop).ok_or_else(|| AttributeError::value(path, format!("{path} is no decimal number.")))
        }
        Some(Kind::BinaryValue(v)) if v.len() > limits::STRING_BYTES => Err(AttributeError::bound(path, limits::STRING_BYTES, "bytes")),
        Some(Kind::ComplexValue(inner)) => map(inner, deeper()?, &prefix(path, "")),
        Some(Kind::ListValue(list)) if list.values.len() > limits::OPEN_VALUES => {
            Err(AttributeError::bound(path, limits::OPEN_VALUES, "values"))
        }
        Some(Kind::ListValue(list)) => {
            let depth = deeper()?;
            list.values.iter().try_for_each(|v| value(v, depth, path))
        }
        None | Some(Kind::NullValue(_) | Kind::BoolValue(_) | Kind::IntegerValue(_) | Kind::BinaryValue(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{AttributeList, ErrorReason, MultiValue, PersonName, attribute_map::Entry};

    fn named() -> User {
        User { user_name: "ines".to_owned(), ..User::default() }
    }

    fn refused(edit: impl FnOnce(&mut User)) -> (ErrorReason, String, Option<usize>) {
        let mut user = named();
        edit(&mut user);
        let error = check_user(&mut user).unwrap_err();
        (error.reason, error.path, error.limit)
    }

    fn email(value: &str) -> MultiValue {
        MultiValue { value: Some(value.to_owned()), ..MultiValue::default() }
    }

    fn nested(levels: usize) -> AttributeMap {
        let leaf = AttributeValue::from(Kind::BoolValue(true));
        let wrap = |value, _| Kind::ComplexValue(AttributeMap { entries: vec![Entry { name: "a".into(), value: Some(value) }] }).into();
        match (1..=levels).fold(leaf, wrap).kind {
            Some(Kind::ComplexValue(map)) => map,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_named_with_its_bound() {
        use ErrorReason::{InvalidValue, TooLarge};
        let long = |n: usize| Some("x".repeat(n));
        assert_eq!(refused(|u| u.user_name.clear()), (InvalidValue, "userName".into(), None));
        assert_eq!(refused(|u| u.title = long(limits::STRING_BYTES + 1)), (InvalidValue, "title".into(), Some(limits::STRING_BYTES)));
        assert_eq!(refused(|u| u.title = Some("a\0b".into())), (InvalidValue, "title".into(), None));
        assert_eq!(refused(|u| u.title = Some("a\u{85}b".into())), (InvalidValue, "title".into(), None));
        assert_eq!(refused(|u| u.emails = vec![email(&"x".repeat(1_025))]), (InvalidValue, "emails.value".into(), Some(limits::KEY_BYTES)));
        // One ligature of three bytes folds to thirty-three.
        assert_eq!(
            refused(|u| u.emails = vec![email(&"\u{fdfa}".repeat(100))]),
            (InvalidValue, "emails.value".into(), Some(limits::KEY_BYTES))
        );
        assert_eq!(refused(|u| u.emails = vec![email("a"); 201]), (InvalidValue, "emails".into(), Some(limits::VALUES_PER_ATTRIBUTE)));
        let primary = MultiValue { primary: Some(true), ..email("a") };
        assert_eq!(refused(|u| u.emails = vec![primary.clone(), primary]), (InvalidValue, "emails.primary".into(), None));
        assert_eq!(refused(|u| u.x509_certificates = vec![email("no base64!")]), (InvalidValue, "x509Certificates.value".into(), None));
        let twice = ExternalId { connection_id: "c".into(), value: "x".into() };
        assert_eq!(refused(|u| u.external_ids = vec![twice.clone(), twice]), (InvalidValue, "externalId".into(), None));
        let deep = refused(|u| drop(u.extensions.insert("urn:x:Y".into(), nested(limits::VALUE_DEPTH + 1))));
        assert_eq!((deep.0, deep.2), (InvalidValue, Some(limits::VALUE_DEPTH)));
        for key in
            ["userName", "urn:ietf:params:scim:schemas:core:2.0:user", "URN:ietf:params:scim:schemas:extension:enterprise:2.0:User", ""]
        {
            assert_eq!(refused(|u| drop(u.extensions.insert(key.into(), nested(1)))).0, InvalidValue, "{key}");
        }
        assert_eq!(
            refused(|u| u.emails = vec![MultiValue {
                extra: Some(AttributeMap { entries: vec![Entry { name: "VALUE".into(), value: Some(Kind::BoolValue(true).into()) }] }),
                ..email("a")
            }])
            .1,
            "emails.VALUE"
        );
        let photos = vec![MultiValue { value: long(limits::STRING_BYTES), ..MultiValue::default() }; 40];
        assert_eq!(refused(|u| u.photos = photos).0, TooLarge);
        assert_eq!(check_group(&mut Group::default()).unwrap_err().path, "displayName");
    }

    #[test]
    fn what_means_no_value_is_absent_and_the_rest_is_left_as_it_was() {
        let mut user = named();
        user.title = Some(String::new());
        user.name = Some(PersonName { given_name: Some(String::new()), ..PersonName::default() });
        user.emails = vec![MultiValue { display: Some(String::new()), ..MultiValue::default() }, email(" A@b ")];
        let nothing = AttributeValue::from(Kind::StringValue(String::new()));
        let empty = [None, Some(Kind::ListValue(AttributeList { values: vec![nothing.clone()] }).into()), Some(nothing)];
        let entries = ["a", "b", "c"].into_iter().zip(empty).map(|(name, value)| Entry { name: name.into(), value }).collect();
        user.extensions.insert("urn:x:Y".into(), AttributeMap { entries });
        user.external_ids =
            ["b", "a", "c"].map(|c| ExternalId { connection_id: c.into(), value: if c == "c" { "" } else { "X" }.into() }).into();
        user.addresses = vec![crate::api::v1::Address { formatted: Some("Gate 4\r\nHall C".into()), ..Default::default() }];
        check_user(&mut user).unwrap();
        let mut expected = User { emails: vec![email(" A@b ")], ..named() };
        expected.external_ids = ["a", "b"].map(|c| ExternalId { connection_id: c.into(), value: "X".into() }).into();
        expected.addresses.clone_from(&user.addresses);
        assert_eq!(user, expected);
        user.extensions.insert("urn:x:Y".into(), nested(limits::VALUE_DEPTH));
        assert_eq!(check_user(&mut user), Ok(()));
    }
}
