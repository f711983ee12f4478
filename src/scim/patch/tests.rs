//! PATCH documents in the shapes identity providers send, and what becomes of them.

mod fuzz;

use super::*;
use crate::{
    api::v1::{connection::UnknownAttributes, patch_operation::Op},
    attributes::{ResourceType, Schemas, value::Out},
    scim::profiles::{Leeway, Noted, Tolerances},
};
use serde_json::{Value, json};
use std::sync::LazyLock;

static NONE: Schemas = Schemas::none();

fn rules(kind: ResourceType, tolerances: Tolerances) -> Rules<'static> {
    static NOTED: LazyLock<Noted> = LazyLock::new(Noted::default);
    Rules { kind, leeway: Leeway::new(tolerances, &NOTED), unknown: UnknownAttributes::Unspecified, schemas: &NONE }
}

/// Operations as `op path value`, the value absent where there is none.
fn shown(operations: &[v1::PatchOperation]) -> Vec<(Op, String, Option<Value>)> {
    let value = |operation: &v1::PatchOperation| operation.value.as_ref().map(|value| serde_json::to_value(Out(value)).unwrap());
    operations.iter().map(|operation| (operation.op(), operation.path.clone(), value(operation))).collect()
}

fn patched(kind: ResourceType, tolerances: Tolerances, operations: &Value) -> Result<Vec<(Op, String, Option<Value>)>, Refusal> {
    let document = json!({ "schemas": [PATCH], "Operations": operations });
    read(&rules(kind, tolerances), document.to_string().as_bytes()).map(|operations| shown(&operations))
}

fn user(operations: &Value) -> Vec<(Op, String, Option<Value>)> {
    patched(ResourceType::User, Tolerances::DEFAULT, operations).unwrap()
}

fn group(operations: &Value) -> Vec<(Op, String, Option<Value>)> {
    patched(ResourceType::Group, Tolerances::DEFAULT, operations).unwrap()
}

fn set(op: Op, path: &str, value: Value) -> (Op, String, Option<Value>) {
    (op, path.to_owned(), Some(value))
}

fn gone(path: &str) -> (Op, String, Option<Value>) {
    (Op::Remove, path.to_owned(), None)
}

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

#[test]
fn entra_writes_one_attribute_per_operation_with_capitals_and_text_booleans() {
    let operations = json!([
        { "op": "Replace", "path": "active", "value": "False" },
        { "op": "Replace", "path": "name.givenName", "value": "Inès" },
        { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "ines@corp.example" },
        { "op": "Replace", "path": "phoneNumbers[type eq \"mobile\"].Value", "value": "+31 6 0000 0000" },
        { "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "dock-lead" },
        { "op": "Add", "path": MANAGER, "value": "9b1f" },
        { "op": "Remove", "path": "title" },
    ]);
    let expected = [
        set(Op::Replace, "active", json!(false)),
        set(Op::Replace, "name.givenName", json!("Inès")),
        set(Op::Add, "emails[type eq \"work\"].value", json!("ines@corp.example")),
        set(Op::Add, "phoneNumbers[type eq \"mobile\"].Value", json!("+31 6 0000 0000")),
        set(Op::Add, "roles[primary eq true].value", json!("dock-lead")),
        set(Op::Add, MANAGER, json!({ "value": "9b1f" })),
        gone("title"),
    ];
    assert_eq!(user(&operations), expected);
}

#[test]
fn a_manager_comes_as_text_object_or_list_and_goes_in_three_ways() {
    for value in [json!("9b1f"), json!({ "value": "9b1f" }), json!([{ "value": "9b1f" }]), json!(["9b1f"])] {
        let operations = json!([{ "op": "Replace", "path": MANAGER, "value": value }]);
        assert_eq!(user(&operations), [set(Op::Replace, MANAGER, json!({ "value": "9b1f" }))]);
    }
    for value in [json!(""), json!(null), json!([])] {
        assert_eq!(user(&json!([{ "op": "Replace", "path": MANAGER, "value": value }])), [gone(MANAGER)]);
    }
    assert_eq!(user(&json!([{ "op": "Remove", "path": MANAGER }])), [gone(MANAGER)]);
}

#[test]
fn without_a_path_every_key_is_an_operation_and_what_cannot_be_written_is_left_out() {
    let operations = json!([{ "op": "replace", "value": {
        "id": "41c2", "schemas": ["urn:x:y"], "meta": { "resourceType": "User" }, "groups": [],
        "displayName": "Ines O.", "name.familyName": "Okafor-Lind", "active": "True", "shoeSize": 44,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Yard",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": "9b1f", "division": "" },
    } }]);
    let expected = [
        set(Op::Replace, "displayName", json!("Ines O.")),
        set(Op::Replace, "name.familyName", json!("Okafor-Lind")),
        set(Op::Replace, "active", json!(true)),
        set(Op::Replace, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", json!("Yard")),
        set(
            Op::Replace,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            json!({ "manager": { "value": "9b1f" }, "division": null }),
        ),
    ];
    let mut got = user(&operations);
    got.sort_by_key(|(_, path, _)| expected.iter().position(|(_, known, _)| known == path));
    assert_eq!(got, expected);
}

#[test]
fn okta_renames_a_group_with_its_id_in_the_value() {
    let operations = json!([{ "op": "replace", "value": { "id": "7d10", "displayName": "Night Shift" } }]);
    assert_eq!(group(&operations), [set(Op::Replace, "displayName", json!("Night Shift"))]);
}

#[test]
fn members_are_added_and_removed_in_every_shape_that_is_sent() {
    let add = |value: Value| group(&json!([{ "op": "Add", "path": "members", "value": value }]));
    for value in [json!([{ "$ref": null, "value": "41c2" }]), json!({ "$ref": null, "value": "41c2" })] {
        assert_eq!(add(value), [set(Op::Add, "members", json!([{ "$ref": null, "value": "41c2" }]))]);
    }
    assert_eq!(add(json!(["41c2"])), [set(Op::Add, "members", json!([{ "value": "41c2" }]))]);
    assert_eq!(add(json!([])), []);
    // Not a list of anything: the engine refuses it.
    assert_eq!(add(json!("41c2")), [set(Op::Add, "members", json!("41c2"))]);
    let named = json!([{ "value": "41c2" }]);
    assert_eq!(group(&json!([{ "op": "Remove", "path": "members", "value": named }])), [set(Op::Remove, "members", named)]);
    let path = "members[value eq \"41c2\"]";
    assert_eq!(group(&json!([{ "op": "remove", "path": path, "value": null }])), [gone(path)]);
    assert_eq!(group(&json!([{ "op": "add", "path": path }])), [set(Op::Add, "members", json!([{ "value": "41c2" }]))]);
}

#[test]
fn only_what_says_so_empties_a_group() {
    assert_eq!(group(&json!([{ "op": "remove", "path": "members" }])), [gone("members")]);
    assert_eq!(group(&json!([{ "op": "remove", "path": "members", "value": null }])), [gone("members")]);
    assert_eq!(group(&json!([{ "op": "replace", "path": "members", "value": [] }])), [set(Op::Replace, "members", json!([]))]);
    assert_eq!(group(&json!([{ "op": "remove", "path": "members", "value": [] }])), []);
    assert_eq!(group(&json!([{ "op": "replace", "value": { "displayName": "x" } }])).len(), 1);
    // Left to the engine, which refuses it.
    let odd = json!([{ "op": "replace", "path": "members", "value": "" }]);
    assert_eq!(group(&odd), [set(Op::Replace, "members", json!(""))]);
}

#[test]
fn an_empty_value_unsets_but_never_what_is_required() {
    let replace = |path: &str, value: Value| user(&json!([{ "op": "replace", "path": path, "value": value }]));
    assert_eq!(replace("title", json!("")), [gone("title")]);
    assert_eq!(replace("emails", json!(null)), [set(Op::Replace, "emails", json!([]))]);
    assert_eq!(replace("userName", json!("")), [set(Op::Replace, "userName", json!(""))]);
    assert_eq!(replace("name", json!({ "middleName": "" })), [set(Op::Replace, "name", json!({ "middleName": null }))]);
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_type() {
    let kind = |operation: Value| {
        let refused = patched(ResourceType::User, Tolerances::DEFAULT, &json!([operation])).unwrap_err();
        assert!(refused.detail().ends_with("(operation 1)"), "{}", refused.detail());
        refused.scim_type().unwrap()
    };
    assert_eq!(kind(json!({ "path": "title", "value": "x" })), "invalidSyntax");
    assert_eq!(kind(json!({ "op": "move", "path": "title", "value": "x" })), "invalidSyntax");
    assert_eq!(kind(json!({ "op": 1, "path": "title" })), "invalidSyntax");
    assert_eq!(kind(json!({ "op": "remove" })), "noTarget");
    assert_eq!(kind(json!({ "op": "replace", "path": "shoeSize", "value": 44 })), "invalidPath");
    assert_eq!(kind(json!({ "op": "replace", "path": "emails[type eq", "value": 44 })), "invalidPath");
    assert_eq!(kind(json!({ "op": "replace", "path": 4, "value": 44 })), "invalidSyntax");
    assert_eq!(kind(json!({ "op": "replace", "value": { "emails[type eq": "x" } })), "invalidPath");
    assert_eq!(kind(json!({ "op": "replace", "path": "title" })), "invalidValue");
    assert_eq!(kind(json!({ "op": "add", "value": "x" })), "invalidValue");
    assert_eq!(kind(json!({ "op": "add" })), "invalidValue");
}

#[test]
fn strict_takes_the_rfc_and_nothing_else() {
    let strict = |operations: Value| patched(ResourceType::User, Tolerances::STRICT, &operations);
    assert!(strict(json!([])).is_err());
    assert!(strict(json!([{ "op": "Replace", "path": "title", "value": "x" }])).is_err());
    let untouched = [set(Op::Replace, "active", json!("False")), set(Op::Replace, "emails[type eq \"work\"].value", json!("x"))];
    let operations = json!([
        { "op": "replace", "path": "active", "value": "False" },
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "x" },
    ]);
    assert_eq!(strict(operations).unwrap(), untouched);
    let refused = strict(json!([{ "op": "replace", "value": { "id": "41c2" } }])).unwrap_err();
    assert_eq!(refused.scim_type(), Some("mutability"));
    // The engine behind forgives shapes, so these are refused here.
    for (path, value) in [
        (MANAGER, json!("9b1f")),
        (MANAGER, json!([{ "value": "9b1f" }])),
        ("title", json!(["x"])),
        ("emails", json!(["x"])),
        ("emails", json!("x")),
    ] {
        let refused = strict(json!([{ "op": "replace", "path": path, "value": value }])).unwrap_err();
        assert_eq!(refused.scim_type(), Some("invalidValue"), "{path} {value}");
    }
}

#[test]
fn what_no_schema_knows_is_kept_by_its_urn_or_rejected_where_the_policy_says_so() {
    let operations = json!([{ "op": "add", "path": "urn:example:x:badge", "value": "7" }]);
    assert_eq!(user(&operations), [set(Op::Add, "urn:example:x:badge", json!("7"))]);
    let document = json!({ "schemas": [PATCH], "Operations": operations }).to_string();
    let rejecting = Rules { unknown: UnknownAttributes::Reject, ..rules(ResourceType::User, Tolerances::DEFAULT) };
    assert_eq!(read(&rejecting, document.as_bytes()).unwrap_err().scim_type(), Some("invalidPath"));
    let ignoring = Rules { unknown: UnknownAttributes::Ignore, ..rejecting };
    assert_eq!(read(&ignoring, document.as_bytes()), Ok(vec![]));
    let gathered = json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "value": { "shoeSize": 44 } }] }).to_string();
    assert_eq!(read(&rejecting, gathered.as_bytes()).unwrap_err().scim_type(), Some("invalidSyntax"), "as in a document");
}

#[test]
fn the_document_is_judged_before_its_operations() {
    let read = |text: &str| read(&rules(ResourceType::User, Tolerances::DEFAULT), text.as_bytes()).map(|operations| operations.len());
    let kind = |text: &str| read(text).unwrap_err().scim_type();
    assert_eq!(read(r#"{"Operations":[],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}"#), Ok(0));
    assert_eq!(read(r#"{"operations":[{"OP":"remove","Path":"title"}],"x":{"y":[1]}}"#), Ok(1));
    for text in ["", "[]", "{", "null", r#"{"schemas":[]}"#, r#"{"Operations":{}}"#, r#"{"Operations":[1]}"#, r#"{"Operations":[]} x"#] {
        assert_eq!(kind(text), Some("invalidSyntax"), "{text}");
    }
    assert_eq!(kind(r#"{"Operations":[],"operations":[]}"#), Some("invalidSyntax"));
    assert_eq!(kind(r#"{"Operations":[{"op":"add","op":"remove","path":"title"}]}"#), Some("invalidSyntax"));
    assert_eq!(kind(r#"{"Operations":[],"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]}"#), Some("invalidSyntax"));
    let many = vec![json!({ "op": "remove", "path": "title" }); limits::PATCH_OPERATIONS + 1];
    let refused = patched(ResourceType::User, Tolerances::DEFAULT, &json!(many)).unwrap_err();
    assert_eq!(refused.status().as_u16(), 413);
    assert_eq!(patched(ResourceType::User, Tolerances::DEFAULT, &json!(many[1..])).unwrap().len(), limits::PATCH_OPERATIONS);
}
