//! Whatever is sent is understood or refused with a status of the client's; nothing panics.

use super::super::*;
use crate::{
    api::v1::connection::UnknownAttributes,
    attributes::ResourceType,
    scim::{profiles::Tolerances, search},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn path() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "",
        "members",
        "members[value eq \"x\"]",
        "members[value eq \"x\"].display",
        "emails[type eq \"work\"].value",
        "emails[",
        "roles[primary eq \"True\"].value",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager.value",
        "urn:example:x:a.b",
        "name.",
        "active",
        "id",
        "userName",
    ]);
    prop_oneof![known.prop_map(str::to_owned), any::<String>(), "[a-z\\[\\]\"\\\\ .:(é]{0,40}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(vec!["", "True", "x"]).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(path(), inner, 0..5).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop_oneof![prop::sample::select(vec!["add", "Remove", "REPLACE", "jump"]).prop_map(Value::from), value()];
    (op, prop::option::of(path()), prop::option::of(value())).prop_map(|(op, path, value)| {
        let mut operation = json!({ "op": op });
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        if let Some(value) = value {
            operation["value"] = value;
        }
        operation
    })
}

fn judged<T>(outcome: Result<T, Refusal>) {
    if let Err(refusal) = outcome {
        assert!(refusal.status().is_client_error(), "{refusal:?}");
    }
}

proptest! {
    #[test]
    fn every_patch_is_cleaned_or_refused(operations in prop::collection::vec(operation(), 0..4)) {
        let document = json!({ "schemas": [PATCH], "Operations": operations }).to_string();
        for kind in [ResourceType::User, ResourceType::Group] {
            for (tolerances, unknown) in [
                (Tolerances::DEFAULT, UnknownAttributes::Unspecified),
                (Tolerances::DEFAULT, UnknownAttributes::Ignore),
                (Tolerances::STRICT, UnknownAttributes::Reject),
            ] {
                judged(read(&Rules { unknown, ..super::rules(kind, tolerances) }, document.as_bytes()));
            }
        }
    }

    #[test]
    fn every_body_and_query_is_read_or_refused(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let rules = super::rules(ResourceType::User, Tolerances::DEFAULT);
        for body in [text.as_bytes(), &bytes] {
            judged(read(&rules, body));
            judged(search::read(body, true));
        }
        judged(Query::parse(&text));
        judged(Query::parse(&format!("filter={text}")));
    }

    #[test]
    fn a_text_without_a_boolean_in_it_is_left_alone(text in "[a-z \\[\\]()\"\\\\é.]{0,60}") {
        if !text.contains("true") && !text.contains("false") {
            prop_assert_eq!(literals::unquote_booleans(|_| true, &text), (text, 0));
        }
    }
}
