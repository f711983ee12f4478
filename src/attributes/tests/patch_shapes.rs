//! The shapes in which clients send patches, and what is refused.

use super::super::table::ENTERPRISE_URN;
use super::patches::{becomes, operations, patch, refused};
use super::*;
use crate::api::v1::{ErrorReason, PatchOperation, PrincipalRef, principal_ref::Principal};
use crate::limits;
use serde_json::json;

const BOAT: &str = "urn:example:Boat:2.0:User";

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
    refused(&before, &second("add", &"a".repeat(limits::PATH_BYTES + 1), json!(1)), ErrorReason::InvalidPath, 1);
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
