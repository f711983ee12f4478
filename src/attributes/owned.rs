//! Attributes of users that one connection keeps to itself: named as SCIM names them, compared and put back by row.

use super::ResourceType;
use super::canon::settle;
use super::custom::Schemas;
use super::error::{AttributeError, Result};
use super::mask::copy_rows;
use super::path::{Path, Tail, strip};
use super::row::{Extensions, Place};
use super::table::USER;
use crate::api::v1::{AttributeMap, User, attribute_map::Entry};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// As it was named.
    pub name: String,
    place: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    /// The rows on the way.
    Rows(Vec<usize>),
    /// A whole open extension, or one attribute of one: where its URN ends shows in the user.
    Extension,
}

impl Owned {
    /// An attribute (`title`, `emails`), a part of one that has one value (`name.givenName`), of the enterprise extension or the
    /// whole of it, another extension by its URN, or one attribute of that.
    ///
    /// # Errors
    /// `INVALID_PATH` for what names no attribute, `MUTABILITY` for what no connection can write for others: what is the
    /// server's own, the password, and `externalId`, of which each connection has one of its own.
    pub fn parse(schemas: &Schemas, name: &str) -> Result<Owned> {
        let path = Path::parse_in(ResourceType::User, schemas, name)?;
        let unknown = || AttributeError::path(name, format!("{name} names no attribute that can be owned."));
        let owned = |place| Ok(Owned { name: name.to_owned(), place });
        match &path.tail {
            Some(Tail::Extension(_)) => return owned(At::Extension),
            Some(Tail::Custom(custom)) if custom.steps.len() <= 1 => return owned(At::Extension),
            Some(Tail::Rest(_) | Tail::Custom(_)) => return Err(unknown()),
            None => {}
        }
        let within_a_list = path.steps.iter().rev().skip(1).any(|step| step.attribute.multi_valued);
        let own = |a: &super::row::Attribute| a.place == Place::Field && a.writable() && a.name != "externalId";
        if !path.steps.iter().all(|step| own(step.attribute)) {
            return Err(AttributeError::mutability(name, format!("{name} cannot be owned.")));
        }
        if within_a_list { Err(unknown()) } else { owned(At::Rows(path.rows())) }
    }

    /// The user as it would be with what it had here before; `None` if that is what it has.
    pub fn kept(&self, before: &User, after: &User) -> Option<User> {
        let mut kept = after.clone();
        match &self.place {
            At::Rows(rows) => {
                copy_rows(&USER, rows, Some(before), &mut kept);
                settle(&USER, &mut kept);
            }
            At::Extension => self.keep_extension(&before.extensions, &mut kept.extensions),
        }
        (kept != *after).then_some(kept)
    }

    fn keep_extension(&self, before: &Extensions, after: &mut Extensions) {
        let urns: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
        for urn in urns {
            let Some(below) = strip(&self.name, &urn) else { continue };
            let was = before.get(&urn);
            if below.is_empty() {
                put(after, &urn, was.cloned());
            } else if let Some(attribute) = below.strip_prefix(':') {
                let named = |map: &AttributeMap| map.entries.iter().filter(|e| e.name.eq_ignore_ascii_case(attribute)).cloned().collect();
                let was: Vec<Entry> = was.map(named).unwrap_or_default();
                let is: Vec<Entry> = after.get(&urn).map(named).unwrap_or_default();
                if was != is {
                    let mut map = after.get(&urn).cloned().unwrap_or_default();
                    map.entries.retain(|e| !e.name.eq_ignore_ascii_case(attribute));
                    map.entries.extend(was);
                    put(after, &urn, Some(map));
                }
            }
        }
    }
}

fn put(extensions: &mut Extensions, urn: &str, map: Option<AttributeMap>) {
    match map.filter(|map| !map.entries.is_empty()) {
        Some(map) => extensions.insert(urn.to_owned(), map),
        None => extensions.remove(urn),
    };
}

/// What `given` has is taken into `stored`, part by part of what has one value; what `given` lacks stays. Identifiers are
/// left alone.
pub fn merge_user(stored: &mut User, given: &User) {
    merge(&USER, given, stored);
    if let Some(extra) = given.enterprise.as_ref().and_then(|e| e.extra.as_ref()) {
        merge_open(stored.enterprise.get_or_insert_default().extra.get_or_insert_default(), extra);
    }
    for (urn, map) in &given.extensions {
        merge_open(stored.extensions.entry(urn.clone()).or_default(), map);
    }
}

fn merge_open(stored: &mut AttributeMap, given: &AttributeMap) {
    stored.entries.retain(|e| !given.entries.iter().any(|new| new.name.eq_ignore_ascii_case(&e.name)));
    stored.entries.extend(given.entries.iter().cloned());
}

fn merge(table: &'static dyn super::row::Table, given: &dyn std::any::Any, stored: &mut dyn std::any::Any) {
    use super::access::{Slot, View};
    for row in 0..table.len() {
        let Some(attribute) = table.attribute(row).filter(|a| a.place == Place::Field && a.writable() && a.name != "externalId") else {
            continue;
        };
        match (table.view(row, given), attribute.sub.filter(|_| !attribute.multi_valued)) {
            (View::Absent, _) => {}
            (View::One(from), Some(sub)) => {
                if let Slot::One(one) = table.slot(row, stored) {
                    merge(sub, from, one.make());
                }
            }
            (View::Many(items), _) if items.len() == 0 => {}
            _ => table.copy(row, given, stored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::{EnterpriseUser, ErrorReason, MultiValue, PersonName, attribute_value::Kind};

    fn user(title: &str, given: Option<&str>, department: Option<&str>) -> User {
        User {
            user_name: "ada".into(),
            title: Some(title.into()),
            name: given.map(|given| PersonName { given_name: Some(given.into()), ..PersonName::default() }),
            enterprise: department.map(|d| EnterpriseUser { department: Some(d.into()), ..EnterpriseUser::default() }),
            ..User::default()
        }
    }

    fn badge(pairs: &[(&str, &str)]) -> Extensions {
        let entry = |(name, text): &(&str, &str)| Entry { name: (*name).into(), value: Some(Kind::StringValue((*text).into()).into()) };
        [("urn:x:badge".to_owned(), AttributeMap { entries: pairs.iter().map(entry).collect() })].into()
    }

    fn owned(name: &str) -> Owned {
        Owned::parse(&Schemas::none(), name).unwrap()
    }

    #[test]
    fn what_is_owned_is_put_back_and_nothing_else() {
        let (before, after) = (user("Countess", Some("Ada"), Some("A")), user("Baroness", Some("Augusta"), None));
        assert_eq!(owned("TITLE").kept(&before, &after), Some(user("Countess", Some("Augusta"), None)));
        assert_eq!(owned("name.givenName").kept(&before, &after), Some(user("Baroness", Some("Ada"), None)));
        let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        assert_eq!(owned(department).kept(&before, &after), Some(user("Baroness", Some("Augusta"), Some("A"))));
        assert_eq!(owned(department).kept(&user("x", None, None), &user("y", None, None)), None);
        assert_eq!(owned("name.givenName").kept(&user("x", None, None), &user("y", Some("Z"), None)), Some(user("y", None, None)));
        assert_eq!(owned("displayName").kept(&before, &after), None);
    }

    #[test]
    fn an_extension_is_owned_whole_or_by_attribute() {
        let before = User { extensions: badge(&[("color", "red"), ("size", "1")]), ..User::default() };
        let after = User { extensions: badge(&[("color", "blue"), ("size", "2")]), ..User::default() };
        let kept = |name: &str| owned(name).kept(&before, &after).map(|u| u.extensions);
        assert_eq!(kept("urn:x:badge"), Some(before.extensions.clone()));
        assert_eq!(kept("URN:X:badge:color"), Some(badge(&[("size", "2"), ("color", "red")])));
        assert_eq!(kept("urn:x:badg"), None);
        let gone = User::default();
        assert_eq!(owned("urn:x:badge:size").kept(&before, &gone).map(|u| u.extensions), Some(badge(&[("size", "1")])));
        assert_eq!(owned("urn:x:badge:size").kept(&gone, &after).map(|u| u.extensions), Some(badge(&[("color", "blue")])));
    }

    #[test]
    fn what_cannot_be_owned_is_refused() {
        for (name, reason) in [
            ("shoeSize", ErrorReason::InvalidPath),
            ("", ErrorReason::InvalidPath),
            ("emails.value", ErrorReason::InvalidPath),
            ("emails[type eq \"work\"]", ErrorReason::InvalidPath),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:departmnt", ErrorReason::InvalidPath),
            ("id", ErrorReason::Mutability),
            ("meta.created", ErrorReason::Mutability),
            ("groups", ErrorReason::Mutability),
            ("externalId", ErrorReason::Mutability),
            ("password", ErrorReason::Mutability),
        ] {
            assert_eq!(Owned::parse(&Schemas::none(), name).unwrap_err().reason, reason, "{name}");
        }
    }

    #[test]
    fn a_merge_takes_what_is_given_and_keeps_the_rest() {
        let phone = |text: &str| MultiValue { value: Some(text.into()), ..MultiValue::default() };
        let mut stored = User {
            phone_numbers: vec![phone("1")],
            emails: vec![phone("a@x")],
            nick_name: Some("A".into()),
            active: Some(false),
            extensions: badge(&[("color", "red"), ("size", "1")]),
            ..user("Countess", Some("Ada"), Some("A"))
        };
        stored.name.get_or_insert_default().family_name = Some("King".into());
        let given = User { emails: vec![phone("b@x")], extensions: badge(&[("color", "blue")]), ..user("Dr", Some("Augusta"), None) };

        merge_user(&mut stored, &given);

        assert_eq!((stored.title.as_deref(), stored.nick_name.as_deref(), stored.active), (Some("Dr"), Some("A"), Some(false)));
        assert_eq!((stored.emails.clone(), stored.phone_numbers.clone()), (vec![phone("b@x")], vec![phone("1")]));
        let name = stored.name.unwrap();
        assert_eq!((name.given_name.as_deref(), name.family_name.as_deref()), (Some("Augusta"), Some("King")));
        assert_eq!(stored.enterprise.unwrap().department.as_deref(), Some("A"));
        assert_eq!(stored.extensions, badge(&[("size", "1"), ("color", "blue")]));
    }
}
