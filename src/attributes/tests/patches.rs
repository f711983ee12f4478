//! PATCH as clients send it, on messages.

use super::super::table::ENTERPRISE_URN;
use super::super::value::AnyValue;
use super::*;
use crate::api::v1::{ErrorReason, PatchOperation, PrincipalRef, patch_operation::Op, principal_ref::Principal};
use crate::limits;
use proptest::prelude::*;
use serde::de::DeserializeSeed as _;
use serde_json::json;
use std::collections::BTreeMap;

const BOAT: &str = "urn:example:Boat:2.0:User";

/// Reads operations as they stand in a PATCH document.
fn operations(document: &Value) -> Vec<PatchOperation> {
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

fn patch(before: &Value, document: &Value) -> Result<(Value, Patched)> {
    let mut user = user(before);
    let done = patch_user(&mut user, &operations(document), &CX)?;
    check_user(&mut user)?;
    let mut after = shown_user(&user);
    after.as_object_mut().unwrap().retain(|name, _| name != "schemas" && name != "meta" && name != "userName");
    Ok((after, done))
}

/// A user with these attributes becomes one with those.
#[track_caller]
fn becomes(mut before: Value, document: &Value, after: &Value) {
    before["userName"] = json!("ines");
    let (found, done) = patch(&before, document).unwrap_or_else(|e| panic!("{document}: {e}"));
    assert_eq!(&found, after, "{document}");
    before.as_object_mut().unwrap().retain(|name, _| name != "userName");
    assert_eq!(done.changed, found != before, "{document}");
}

#[track_caller]
fn refused(before: &Value, document: &Value, reason: ErrorReason, operation: usize) -> AttributeError {
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
    becomes(
        json!({}),
        &one("add", "roles[primary eq \"True\"].value", json!("lead")),
        &json!({"roles": [{"primary": true, "value": "lead"}]}),
    );
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
}

#[test]
fn without_a_path_each_member_is_an_operation() {
    let value = json!({
        "displayName": "Ines O.", "name.familyName": "Okafor", "emails[type eq \"work\"].value": "io@corp.example", "id": "x", "meta": {"version": "y"},
        "schemas": ["z"], "groups": [{"value": "g"}], "shoeSize": 44,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Yard",
        ENTERPRISE_URN: {"division": "North"}, "urn:ietf:params:scim:schemas:core:2.0:User:title": "Pilot", BOAT: {"name": "Petrel"},
        "nickName": null, "password": "Tidal-9-wrench",
    });
    let before = json!({"userName": "ines", "nickName": "In"});
    let (after, done) = patch(&before, &json!([{"op": "add", "value": value}])).unwrap();
    let expected = json!({
        "displayName": "Ines O.", "name": {"familyName": "Okafor"}, "emails": [{"type": "work", "value": "io@corp.example"}], "title": "Pilot",
        ENTERPRISE_URN: {"department": "Yard", "division": "North"}, BOAT: {"name": "Petrel"},
    });
    assert_eq!(after, expected);
    assert_eq!(
        done,
        Patched { changed: true, password: Some("Tidal-9-wrench".into()), password_removed: false, unknown: vec!["shoeSize".into()] }
    );
    let none = json!([{"op": "replace", "value": {"id": "x", "password": null, "shoeSize": 1}}]);
    let (_, done) = patch(&before, &none).unwrap();
    assert_eq!((done.changed, done.password, done.password_removed), (false, None, true));
}

#[test]
fn managers_come_in_many_shapes() {
    let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    let set = json!({ENTERPRISE_URN: {"manager": {"value": "9b1f"}}});
    for value in [json!("9b1f"), json!({"value": "9b1f", "displayName": "ignored"}), json!([{"value": "9b1f"}]), json!(["9b1f"])] {
        becomes(json!({}), &json!([{"op": "add", "path": path, "value": value}]), &set);
        becomes(json!({}), &json!([{"op": "replace", "value": {path: value}}]), &set);
        becomes(json!({}), &json!([{"op": "replace", "path": ENTERPRISE_URN, "value": {"manager": value}}]), &set);
    }
    for value in [json!(""), json!(null), json!([])] {
        becomes(set.clone(), &json!([{"op": "replace", "path": path, "value": value}]), &json!({}));
    }
    becomes(set.clone(), &json!([{"op": "remove", "path": format!("{path}.value")}]), &json!({}));
    becomes(set, &json!([{"op": "remove", "path": ENTERPRISE_URN}]), &json!({}));
}

#[test]
fn extensions_that_no_schema_describes_are_kept_and_edited() {
    let boat = json!({BOAT: {"name": "Petrel", "crew": ["a"], "hull": {"length": 9}}});
    let one = |op: &str, path: String, value: Value| json!([{"op": op, "path": path, "value": value}]);
    becomes(json!({}), &one("add", BOAT.to_owned(), json!({"name": "Petrel"})), &json!({BOAT: {"name": "Petrel"}}));
    becomes(json!({}), &one("add", format!("{BOAT}:name"), json!("Petrel")), &json!({BOAT: {"name": "Petrel"}}));
    becomes(json!({}), &one("add", format!("{BOAT}:hull.length"), json!(9.5)), &json!({BOAT: {"hull": {"length": 9.5}}}));
    becomes(
        boat.clone(),
        &json!([
            {"op": "add", "path": format!("{}:CREW", BOAT.to_uppercase()), "value": ["a", "b"]},
            {"op": "replace", "path": format!("{BOAT}:hull.length"), "value": 10},
            {"op": "remove", "path": format!("{BOAT}:name")},
        ]),
        &json!({BOAT: {"crew": ["a", "b"], "hull": {"length": 10}}}),
    );
    becomes(boat.clone(), &json!([{"op": "remove", "path": BOAT}]), &json!({}));
    becomes(boat.clone(), &one("add", format!("{BOAT}:crew"), json!([])), &boat);
    becomes(boat, &one("replace", BOAT.to_owned(), json!({"name": null, "hull": null, "crew": []})), &json!({}));
    becomes(
        json!({ENTERPRISE_URN: {"badge": {"level": 3}}}),
        &one("replace", format!("{ENTERPRISE_URN}:badge.level"), json!(4)),
        &json!({ENTERPRISE_URN: {"badge": {"level": 4}}}),
    );
    refused(&json!({"userName": "i"}), &one("add", BOAT.to_owned(), json!("sloop")), ErrorReason::InvalidValue, 0);
}

#[test]
fn what_may_not_be_written_is_refused_with_its_operation() {
    let before = json!({"userName": "ines", "title": "Guide"});
    let second = |op: &str, path: &str, value: Value| json!([{"op": "add", "path": "title", "value": "x"}, {"op": op, "path": path, "value": value}]);
    for path in [
        "id",
        "meta",
        "meta.version",
        "groups",
        "groups[value eq \"x\"]",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
    ] {
        refused(&before, &second("replace", path, json!("x")), ErrorReason::Mutability, 1);
    }
    refused(&before, &json!([{"op": "remove", "path": "userName"}]), ErrorReason::Mutability, 0);
    for (path, value) in [
        ("userName", json!("")),
        ("userName", json!(null)),
        ("active", json!("True")),
        ("title", json!(5)),
        ("title", json!({"value": "x"})),
        ("title", json!(["x", "y"])),
        ("name", json!("Ines")),
        ("emails", json!(5)),
        ("emails", json!([["x"]])),
        ("emails", json!([{"primary": "yes"}])),
        ("password", json!(5)),
    ] {
        refused(&before, &second("replace", path, value), ErrorReason::InvalidValue, 1);
    }
    for path in [
        "shoeSize",
        "name.shoeSize",
        "emails[",
        "emails[shoe eq 1]",
        "title[value eq \"x\"]",
        "emails[type eq \"work\"].shoe",
        "emails[type eq \"work\"]x",
        "a b",
        "[",
        "urn:ietf:params:scim:schemas:core:2.0:User",
    ] {
        refused(&before, &second("replace", path, json!("x")), ErrorReason::InvalidPath, 1);
    }
    refused(&before, &json!([{"op": "replace", "value": {"emails[": "x"}}]), ErrorReason::InvalidPath, 0);
    refused(&before, &json!([{"op": "remove"}]), ErrorReason::NoTarget, 0);
    refused(&before, &json!([{"op": "add", "path": "title"}]), ErrorReason::InvalidValue, 0);
    refused(&before, &json!([{"op": "add", "value": "x"}]), ErrorReason::InvalidValue, 0);
    refused(&before, &json!([{"op": "put", "path": "title", "value": "x"}]), ErrorReason::InvalidSyntax, 0);
    refused(&before, &second("add", &"a".repeat(limits::PATH_BYTES + 1), json!(1)), ErrorReason::TooLarge, 1);
    let many = vec![PatchOperation::default(); limits::PATCH_OPERATIONS + 1];
    assert_eq!(patch_user(&mut user(&before), &many, &CX).unwrap_err().limit, Some(limits::PATCH_OPERATIONS));
    let full = json!({"userName": "i", BOAT: (0..512).map(|n| (format!("a{n}"), json!(n))).collect::<serde_json::Map<_, _>>()});
    refused(&full, &json!([{"op": "add", "path": BOAT, "value": {"one": 1}}]), ErrorReason::InvalidValue, 0);
}

#[test]
fn members_are_lifted_out_in_order() {
    let mut group = Group { display_name: "Night Shift".into(), ..Group::default() };
    let any = |id: &str| PrincipalRef { principal: Some(Principal::AnyId(id.into())) };
    let user = |id: &str| PrincipalRef { principal: Some(Principal::UserId(id.into())) };
    let document = json!([
        {"op": "add", "path": "members", "value": [{"$ref": null, "value": "a", "display": "x"}, {"value": "b", "type": "User"}]},
        {"op": "remove", "path": "members[value eq \"a\" or value eq \"b\"]"},
        {"op": "remove", "path": "members", "value": [{"value": "c"}]},
        {"op": "remove", "path": "members", "value": []},
        {"op": "add", "path": "members", "value": []},
        {"op": "add", "path": "members[value eq \"d\"]"},
        {"op": "replace", "value": {"id": "g", "displayName": "Day Shift", "members": [{"value": "e"}]}},
        {"op": "replace", "path": "members", "value": []},
        {"op": "remove", "path": "members"},
        {"op": "remove", "path": "members", "value": null},
    ]);
    let (done, edits) = patch_group(&mut group, &operations(&document), &CX).unwrap();
    assert_eq!((done.changed, group.display_name.as_str()), (true, "Day Shift"));
    let expected = [
        MemberEdit::Add(vec![any("a"), user("b")]),
        MemberEdit::Remove(vec!["a".into(), "b".into()]),
        MemberEdit::Remove(vec!["c".into()]),
        MemberEdit::Add(vec![any("d")]),
        MemberEdit::Replace(vec![any("e")]),
        MemberEdit::Clear,
        MemberEdit::Clear,
        MemberEdit::Clear,
    ];
    assert_eq!(edits, expected);
    for (document, reason) in [
        (json!([{"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "b"}}]), ErrorReason::Mutability),
        (json!([{"op": "replace", "path": "members.display", "value": "b"}]), ErrorReason::Mutability),
        (json!([{"op": "add", "path": "members[value eq \"a\"].type", "value": "b"}]), ErrorReason::Mutability),
        (json!([{"op": "remove", "path": "members[display eq \"a\"]"}]), ErrorReason::InvalidPath),
        (json!([{"op": "remove", "path": "members[value pr]"}]), ErrorReason::InvalidPath),
        (json!([{"op": "remove", "path": "members[value ne \"a\"]"}]), ErrorReason::InvalidPath),
        (json!([{"op": "add", "path": "members"}]), ErrorReason::InvalidValue),
        (json!([{"op": "add", "path": "members", "value": [{"display": "b"}]}]), ErrorReason::InvalidValue),
        (json!([{"op": "remove", "path": "displayName"}]), ErrorReason::Mutability),
        (json!([{"op": "replace", "path": "displayName", "value": ""}]), ErrorReason::InvalidValue),
    ] {
        let error = patch_group(&mut group, &operations(&document), &CX).unwrap_err();
        assert_eq!((error.reason, error.operation), (reason, Some(0)), "{document}: {error}");
    }
}

fn operation() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(
        &[
            "title",
            "name",
            "name.givenName",
            "emails",
            "emails.type",
            "emails[type eq \"work\"]",
            "emails[type eq \"work\"].value",
            "emails[primary eq true].display",
            "addresses",
            "manager",
            "active",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:example:Boat:2.0:User:name",
            "urn:example:Boat:2.0:User",
            "",
        ][..],
    );
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("work")),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"type": "work", "value": "a", "primary": true})),
        Just(json!([{"type": "home", "value": "b"}, {"value": "c", "primary": true}])),
        Just(json!({"givenName": "Ines", "title": "Pilot"})),
        generate::open(3),
    ];
    let op = prop::sample::select(&["add", "replace", "remove"][..]);
    (op, path, prop::option::of(value)).prop_map(|(op, path, value)| match value {
        Some(value) => json!({"op": op, "path": path, "value": value}),
        None => json!({"op": op, "path": path}),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_patch_is_whole_or_nothing_and_says_truly_whether_it_changed(
        document in generate::user(), ops in prop::collection::vec(operation(), 0..5),
    ) {
        let mut before = user(&document);
        check_user(&mut before).unwrap();
        let mut after = before.clone();
        match patch_user(&mut after, &operations(&json!(ops)), &CX) {
            Err(error) => {
                prop_assert_eq!(&after, &before);
                prop_assert!(error.operation.is_some());
            }
            Ok(done) => {
                prop_assert_eq!(done.changed, after != before);
                let settled = after.clone();
                if check_user(&mut after).is_ok() {
                    prop_assert_eq!(&after, &settled, "what a patch leaves is settled");
                    let primaries = after.emails.iter().filter(|e| e.primary == Some(true)).count();
                    prop_assert!(primaries <= 1);
                }
            }
        }
    }

    #[test]
    fn doing_it_again_changes_nothing(document in generate::user(), op in operation()) {
        let mut user = user(&document);
        check_user(&mut user).unwrap();
        let ops = operations(&json!([op]));
        if patch_user(&mut user, &ops, &CX).is_ok() {
            let once = user.clone();
            // A filter may match no more after its own work; then the second time finds no target.
            if let Ok(done) = patch_user(&mut user, &ops, &CX) {
                prop_assert!(!done.changed, "{:?} then {:?}", once, user);
            }
        }
    }

    #[test]
    fn replacing_every_attribute_by_itself_changes_nothing(document in generate::user()) {
        let mut user = user(&document);
        check_user(&mut user).unwrap();
        let each = document.as_object().unwrap().iter().filter(|(name, _)| *name != "schemas");
        let ops: Vec<Value> = each.map(|(name, value)| json!({"op": "replace", "path": name, "value": value})).collect();
        let before = user.clone();
        let done = patch_user(&mut user, &operations(&json!(ops)), &CX).unwrap();
        let twins = document.as_object().unwrap().values().filter_map(Value::as_array).any(|list| list.iter().enumerate().any(|(k, v)| list[..k].contains(v)));
        prop_assert!(twins || !done.changed, "{:?} then {:?}", before, user);
    }
}
