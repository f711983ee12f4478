//! Documents as clients could send them, for property tests.

use super::super::table::{ENTERPRISE_URN, USER_URN};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

/// An extension that no schema describes.
pub const BOAT_URN: &str = "urn:example:params:scim:schemas:Boat:2.0:User";

/// Text with everything that needs care on its way.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z0-9 .@_'\"\\\\/-]{1,16}".prop_filter("no value", |t| !t.is_empty()),
        1 => "\\PC{1,8}",
        1 => Just("Zoë O'Brien-Ünal 🦑 \u{212b}\te\u{301}".to_owned()),
    ]
}

pub fn user_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z][a-zA-Z0-9.]{0,10}@[a-z]{1,8}\\.example", "[A-Z][a-z]{1,8} [A-Z][a-zé]{1,8}"]
}

/// An object of some of these members, in any order of presence.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let members: Vec<_> = members.into_iter().map(|(name, value)| (Just(name), prop::option::of(value))).collect();
    members.prop_map(|m| Value::Object(m.into_iter().filter_map(|(n, v)| Some((n.to_owned(), v?))).collect()))
}

fn texts() -> BoxedStrategy<Value> {
    text().prop_map(Value::String).boxed()
}

fn booleans() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::Bool).boxed()
}

fn values(value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let element = object(vec![("value", value), ("display", texts()), ("type", texts()), ("$ref", texts()), ("remark", open(2).boxed())]);
    prop::collection::vec(element.prop_filter("empty", |e| e != &json!({})), 1..4).prop_map(with_one_primary).boxed()
}

/// At most one is primary; the others say so or say nothing.
fn with_one_primary(mut elements: Vec<Value>) -> Value {
    for (k, element) in elements.iter_mut().enumerate() {
        if k % 2 == 0 {
            element["primary"] = Value::Bool(k == 0);
        }
    }
    Value::Array(elements)
}

fn base64() -> BoxedStrategy<Value> {
    "([A-Za-z0-9+/]{4}){1,8}".prop_map(Value::String).boxed()
}

/// What an extension may hold: any JSON but empty values, names distinct.
pub fn open(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        texts(),
        booleans(),
        any::<i64>().prop_map(|v| Value::Number(v.into())),
        (i64::MAX as u64..).prop_map(|v| Value::Number(v.into())),
        (-1e9..1e9_f64).prop_filter_map("finite", |v| Number::from_f64(v).map(Value::Number)),
    ];
    leaf.prop_recursive(depth, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{1,5}", inner, 1..3).prop_map(|m| Value::Object(m.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A whole user, every kind of attribute in it. `schemas` is what an answer says.
pub fn user() -> impl Strategy<Value = Value> {
    let name = object(vec![("formatted", texts()), ("familyName", texts()), ("givenName", texts()), ("middleName", texts())]);
    let address =
        object(vec![("formatted", texts()), ("locality", texts()), ("type", texts()), ("planet", texts())]).prop_map(|a| json!([a]));
    let manager = object(vec![("value", texts()), ("$ref", texts())]);
    let enterprise =
        object(vec![("employeeNumber", texts()), ("department", texts()), ("manager", manager.boxed()), ("badge", open(2).boxed())]);
    let extension = prop::collection::btree_map("[a-zA-Z]{1,6}", open(3), 1..3)
        .prop_filter("caseless twins", |m| m.keys().map(|k| k.to_lowercase()).collect::<std::collections::BTreeSet<_>>().len() == m.len())
        .prop_map(|m| Value::Object(m.into_iter().collect()));
    let some = object(vec![
        ("externalId", texts()),
        ("name", name.boxed()),
        ("displayName", texts()),
        ("nickName", texts()),
        ("profileUrl", texts()),
        ("title", texts()),
        ("userType", texts()),
        ("preferredLanguage", texts()),
        ("locale", texts()),
        ("timezone", texts()),
        ("active", booleans()),
        ("emails", values(texts())),
        ("phoneNumbers", values(texts())),
        ("ims", values(texts())),
        ("photos", values(texts())),
        ("addresses", address.boxed()),
        ("entitlements", values(texts())),
        ("roles", values(texts())),
        ("x509Certificates", values(base64())),
        (ENTERPRISE_URN, enterprise.boxed()),
        (BOAT_URN, extension.boxed()),
    ]);
    (some, user_name()).prop_map(|(mut user, name)| {
        user["userName"] = Value::String(name);
        vanish(&mut user);
        let urns = [ENTERPRISE_URN, BOAT_URN].into_iter().filter(|urn| user.get(urn).is_some());
        user["schemas"] = std::iter::once(USER_URN).chain(urns).map(|urn| json!(urn)).collect();
        user
    })
}

/// Empty objects and lists are no values.
pub fn vanish(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(vanish);
            map.retain(|_, v| !matches!(v, Value::Object(m) if m.is_empty()) && !matches!(v, Value::Array(a) if a.is_empty()));
        }
        Value::Array(list) => {
            list.iter_mut().for_each(vanish);
            list.retain(|v| !matches!(v, Value::Object(m) if m.is_empty()));
        }
        _ => {}
    }
}
