//! PATCH as clients send it, on messages.

use super::super::value::AnyValue;
use super::*;
use crate::api::v1::{ErrorReason, PatchOperation, patch_operation::Op};
use serde::de::DeserializeSeed as _;
use serde_json::json;
use std::collections::BTreeMap;

/// Reads operations as they stand in a PATCH document.
pub fn operations(document: &Value) -> Vec<PatchOperation> {
    let one = |o: &Value| PatchOperation {
        op: match o["op"].as_str() {
            Some("add") => Op::Add,
            Some("replace") => Op::Replace,
            Some("remove") => Op::Remove,
            _ => Op::Unspecified,
        } as i32,
        path: o["path"].as_str().unwrap_or_default().to_owned(),
        value: o.get("value").map(|v| AnyValue::default().deserialize(v).unwrap()),
        parameters: BTreeMap::new(),
    };
    document.as_array().unwrap().iter().map(one).collect()
}

pub fn patch(before: &Value, document: &Value) -> Result<(Value, Patched)> {
    let mut user = user(before);
    let done = patch_user(&mut user, &operations(document), &CX)?;
    check_user(&mut user)?;
    let mut after = shown_user(&user);
    after.as_object_mut().unwrap().retain(|name, _| name != "schemas" && name != "meta" && name != "userName");
    Ok((after, done))
}

/// A user with these attributes becomes one with those.
#[track_caller]
pub fn becomes(mut before: Value, document: &Value, after: &Value) {
    before["userName"] = json!("ines");
    let (found, done) = patch(&before, document).unwrap_or_else(|e| panic!("{document}: {e}"));
    assert_eq!(&found, after, "{document}");
    before.as_object_mut().unwrap().retain(|name, _| name != "userName");
    assert_eq!(done.changed, found != before, "{document}");
}

#[track_caller]
pub fn refused(before: &Value, document: &Value, reason: ErrorReason, operation: usize) -> AttributeError {
    let mut now = user(before);
    let error = patch_user(&mut now, &operations(document), &CX).expect_err(&document.to_string());
    assert_eq!((error.reason, error.operation), (reason, Some(operation)), "{document}: {error}");
    assert_eq!(now, user(before), "{document}: a refused patch changes nothing");
    error
}

#[test]
fn single_values_are_set_and_taken_away() {
    let op = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    becomes(json!({}), &op("add", "Title", json!("Pilot")), &json!({"title": "Pilot"}));
    becomes(json!({"title": "Guide"}), &op("replace", "title", json!("Pilot")), &json!({"title": "Pilot"}));
    becomes(json!({"title": "Pilot"}), &op("replace", "title", json!("Pilot")), &json!({"title": "Pilot"}));
    for nothing in [json!(null), json!(""), json!([])] {
        becomes(json!({"title": "Pilot", "active": true}), &op("replace", "title", nothing), &json!({"active": true}));
    }
    becomes(json!({"title": "Pilot"}), &json!([{"op": "remove", "path": "title"}, {"op": "remove", "path": "nickName"}]), &json!({}));
    becomes(json!({}), &op("add", "externalId", json!("X1")), &json!({"externalId": "X1"}));
    becomes(json!({"externalId": "X1"}), &json!([{"op": "remove", "path": "externalId"}]), &json!({}));
    becomes(json!({"active": true}), &op("replace", "active", json!(false)), &json!({"active": false}));
    becomes(json!({"active": true}), &json!([{"op": "remove", "path": "active"}]), &json!({}));
    becomes(json!({}), &op("add", "name.givenName", json!("Ines")), &json!({"name": {"givenName": "Ines"}}));
    becomes(json!({"name": {"givenName": "Ines"}}), &json!([{"op": "remove", "path": "name.givenName"}]), &json!({}));
    becomes(
        json!({"name": {"givenName": "Ines", "familyName": "Okafor"}}),
        &op("replace", "name", json!({"givenName": "Inès", "formatted": null})),
        &json!({"name": {"givenName": "Inès", "familyName": "Okafor"}}),
    );
}

#[test]
fn lists_grow_without_duplicates_and_have_one_primary() {
    let work = json!({"type": "work", "value": "a@b.example", "primary": true});
    let home = json!({"type": "home", "value": "c@d.example", "primary": true});
    let add = |value: Value| json!([{"op": "add", "path": "emails", "value": value}]);
    becomes(json!({}), &add(json!([work])), &json!({"emails": [work]}));
    becomes(json!({"emails": [work]}), &add(work.clone()), &json!({"emails": [work]}));
    becomes(json!({"emails": [work]}), &add(json!([{"value": "a@b.example"}])), &json!({"emails": [work]}));
    becomes(json!({"emails": [work]}), &add(json!(null)), &json!({"emails": [work]}));
    becomes(
        json!({"emails": [work]}),
        &add(json!([home, home])),
        &json!({"emails": [{"type": "work", "value": "a@b.example", "primary": false}, home]}),
    );
    becomes(
        json!({"emails": [work]}),
        &add(json!([{"type": "WORK", "value": "A@b.example", "display": "Ines"}])),
        &json!({"emails": [{"type": "WORK", "value": "A@b.example", "display": "Ines", "primary": true}]}),
    );
    let replace = |value: Value| json!([{"op": "replace", "path": "emails", "value": value}]);
    becomes(json!({"emails": [work]}), &replace(json!([home])), &json!({"emails": [home]}));
    becomes(json!({"emails": [work]}), &replace(json!([])), &json!({}));
    becomes(json!({"emails": [work, {"value": "x"}]}), &json!([{"op": "remove", "path": "emails"}]), &json!({}));
    becomes(
        json!({"emails": [work, {"value": "x", "type": "other"}]}),
        &json!([{"op": "remove", "path": "emails", "value": [{"value": "x"}, {"value": "y"}]}]),
        &json!({"emails": [work]}),
    );
    for nothing in [json!([{}]), json!([{"value": "x"}, {"value": null}])] {
        let remove = json!([{"op": "remove", "path": "emails", "value": nothing}]);
        refused(&json!({"userName": "i", "emails": [work]}), &remove, ErrorReason::InvalidValue, 0);
    }
    let two = refused(&json!({"userName": "i", "emails": []}), &add(json!([home, work])), ErrorReason::InvalidValue, 0);
    assert_eq!(two.path, "emails.primary");
}

#[test]
fn filters_choose_elements_and_make_those_that_add_misses() {
    let before = json!({"emails": [{"type": "work", "value": "a@b"}, {"type": "home", "value": "c@d", "primary": true}]});
    let one = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    becomes(
        before.clone(),
        &one("replace", "emails[type eq \"WORK\"].Value", json!("x@y")),
        &json!({"emails": [{"type": "work", "value": "x@y"}, {"type": "home", "value": "c@d", "primary": true}]}),
    );
    becomes(
        before.clone(),
        &one("replace", "emails[type eq \"work\"].primary", json!(true)),
        &json!({"emails": [{"type": "work", "value": "a@b", "primary": true}, {"type": "home", "value": "c@d", "primary": false}]}),
    );
    becomes(
        before.clone(),
        &one("replace", "emails[type eq \"work\"]", json!([{"value": "x@y"}])),
        &json!({"emails": [{"type": "work", "value": "x@y"}, {"type": "home", "value": "c@d", "primary": true}]}),
    );
    for path in ["emails[type eq \"work\"]", "emails[type eq \"work\"].value", "emails[value co \"a@\" and not (type eq \"home\")]"] {
        becomes(
            before.clone(),
            &json!([{"op": "remove", "path": path}]),
            &json!({"emails": [{"type": "home", "value": "c@d", "primary": true}]}),
        );
    }
    becomes(before.clone(), &json!([{"op": "remove", "path": "emails[type eq \"other\"]"}]), &before);
    becomes(
        json!({}),
        &one("add", "emails[type eq \"work\" and primary eq true].value", json!("a@b")),
        &json!({"emails": [{"type": "work", "value": "a@b", "primary": true}]}),
    );
    becomes(
        json!({}),
        &one("add", "addresses[type eq \"work\"].formatted", json!("Gate 4, Hall C")),
        &json!({"addresses": [{"type": "work", "formatted": "Gate 4, Hall C"}]}),
    );
    becomes(json!({}), &one("add", "roles[primary eq true].value", json!("lead")), &json!({"roles": [{"primary": true, "value": "lead"}]}));
    becomes(json!({}), &one("add", "emails[type eq \"work\"].value", json!("")), &json!({}));
    becomes(json!({}), &one("add", "emails.value", json!("a@b")), &json!({"emails": [{"value": "a@b"}]}));
    becomes(
        json!({"emails": [{"value": "a", "display": "A"}, {"value": "b", "display": "B"}]}),
        &json!([{"op": "remove", "path": "emails.display"}]),
        &json!({"emails": [{"value": "a"}, {"value": "b"}]}),
    );
    let before = json!({"userName": "i"});
    refused(&before, &one("replace", "emails[type eq \"work\"].value", json!("x")), ErrorReason::NoTarget, 0);
    refused(&before, &one("add", "emails[type ne \"work\"].value", json!("x")), ErrorReason::NoTarget, 0);
    refused(&before, &one("add", "emails[type eq \"work\" or type eq \"home\"].value", json!("x")), ErrorReason::NoTarget, 0);
    refused(&before, &one("add", "emails[type eq \"other\" and type eq \"fax\"].value", json!("x")), ErrorReason::NoTarget, 0);
}
