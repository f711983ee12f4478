//! JSON to message to JSON.

use super::super::table::{ENTERPRISE_URN, GROUP_URN, USER_URN};
use super::*;
use crate::api::v1::{ErrorReason, GroupMember, PrincipalRef, ReadSelection, principal_ref::Principal};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::json;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_document_comes_back_equal_in_value_case_and_type(document in generate::user()) {
        let parsed = read_user(&document, Leniency::strict()).unwrap();
        prop_assert_eq!(&parsed.unknown, &Vec::<String>::new());
        let mut checked = parsed.resource.clone();
        check_user(&mut checked).unwrap();
        for user in [&parsed.resource, &checked, &User::decode(&*checked.encode_to_vec()).unwrap()] {
            let mut back = shown_user(user);
            prop_assert_eq!(back["meta"].take(), json!({"resourceType": "User"}));
            back.as_object_mut().unwrap().remove("meta");
            prop_assert_eq!(&back, &document);
        }
    }

    #[test]
    fn letter_case_of_names_and_their_order_do_not_matter(document in generate::user()) {
        let shouted = |m: &serde_json::Map<String, Value>| -> Value {
            Value::Object(m.iter().rev().map(|(k, v)| (if k.starts_with("urn:example") { k.clone() } else { k.to_uppercase() }, v.clone())).collect())
        };
        let (mut loud, mut quiet) = (user(&shouted(document.as_object().unwrap())), user(&document));
        check_user(&mut loud).unwrap();
        check_user(&mut quiet).unwrap();
        prop_assert_eq!(loud, quiet);
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]{}:,\"a-z0-9\\\\ntu]{0,64}") {
        let _ = parse_user(&mut Deserializer::from_str(&text), &CX, Leniency::default());
        let _ = parse_group(&mut Deserializer::from_str(&text), &CX, Leniency::default());
    }
}

#[test]
fn the_server_adds_bookkeeping_and_the_version_tells_of_groups() {
    let mut user = stored(user(&json!({"userName": "ines", "externalId": "x1"})));
    let meta = json!({
        "resourceType": "User", "created": "2026-01-01T00:00:00.000000Z", "lastModified": "2026-01-02T00:00:00.123456Z",
        "location": "https://host/scim/v2/acme/Users/2819c223", "version": "W/\"7\"",
    });
    assert_eq!(shown_user(&user), json!({"schemas": [USER_URN], "id": "2819c223", "externalId": "x1", "userName": "ines", "meta": meta}));
    user.groups_version = 9;
    assert_eq!(shown_user(&user)["meta"]["version"], "W/\"7-9\"");
    assert_eq!(render::stored_version("W/\"7-9\""), "W/\"7\"");
    let other = Context { connection: "entra", ..CX };
    let mut out = Vec::new();
    render(&mut out, &user, &Projection::all(ResourceType::User), &other);
    assert!(!String::from_utf8(out).unwrap().contains("externalId"), "another connection's name is not shown");
}

#[test]
fn what_clients_send_beside_the_rfc_is_understood_unless_strict() {
    let odd = json!({
        "schemas": [USER_URN], "userName": "ines", "active": "False", "displayName": null, "title": "", "addresses": null,
        "emails": {"value": "a@b.example", "primary": "True"}, "roles": ["dock-lead"], "groups": [{"value": "stale"}], "meta": {"version": 5},
        "id": "chosen", "shoeSize": 44, "name": {"givenName": "Ines", "mood": "fair"},
        ENTERPRISE_URN: {"manager": [{"value": "9b1f", "displayName": "ignored"}], "department": null},
        "password": "Tidal-9-wrench",
    });
    let parsed = read_user(&odd, Leniency::default()).unwrap();
    let user = parsed.resource;
    assert_eq!((user.active, &user.display_name, &user.title, &user.id), (Some(false), &None, &None, &String::new()));
    assert_eq!((user.emails[0].value.as_deref(), user.emails[0].primary), (Some("a@b.example"), Some(true)));
    assert_eq!(user.roles[0].value.as_deref(), Some("dock-lead"));
    assert_eq!(user.enterprise.unwrap().manager.unwrap(), crate::api::v1::Manager { value: Some("9b1f".into()), ..Default::default() });
    assert!(user.groups.is_empty());
    assert_eq!(parsed.password.as_deref(), Some("Tidal-9-wrench"));
    assert_eq!(parsed.unknown, ["name.mood", "shoeSize"]);
    for (wrong, path) in [
        (json!({"active": "False"}), "active"),
        (json!({"emails": {"value": "x"}}), "emails"),
        (json!({"emails": ["x"]}), "emails"),
        (json!({"userName": ["x"]}), "userName"),
        (json!({ENTERPRISE_URN: {"manager": "9b1f"}}), "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"),
    ] {
        let refused = read_user(&wrong, Leniency::strict()).unwrap_err();
        assert_eq!((refused.reason, refused.path.as_str()), (ErrorReason::InvalidValue, path), "{wrong}");
    }
}

#[test]
fn wrong_types_name_the_attribute_and_broken_documents_are_syntax() {
    for (wrong, path) in [
        (json!({"userName": 5}), "userName"),
        (json!({"active": "perhaps"}), "active"),
        (json!({"name": "Ines"}), "name"),
        (json!({"emails": [{"type": true}]}), "emails.type"),
        (json!({"emails": [["x"]]}), "emails"),
        (json!({"password": {}}), "password"),
        (json!({"urn:example:Boat": "sloop"}), "urn:example:Boat"),
        (json!({"urn:example:Boat": {"a": [[[[[[[[1]]]]]]]]}}), "urn:example:Boat"),
    ] {
        let refused = read_user(&wrong, Leniency::default()).unwrap_err();
        assert_eq!((refused.reason, refused.path.as_str()), (ErrorReason::InvalidValue, path), "{wrong}: {refused}");
    }
    for text in
        ["", "[]", "5", "{\"userName\":", "{\"userName\":\"a\",\"USERNAME\":\"b\"}", "{\"urn:x:Y\":{\"a\":1},\"URN:x:y\":{\"a\":1}}"]
    {
        let refused = parse_user(&mut Deserializer::from_str(text), &CX, Leniency::default()).unwrap_err();
        assert_eq!(refused.reason, ErrorReason::InvalidSyntax, "{text}: {refused}");
    }
}

#[test]
fn members_are_lifted_out_of_a_group() {
    let document = json!({
        "schemas": [GROUP_URN], "displayName": "Night Shift",
        "members": [{"value": "u1", "type": "User", "$ref": null, "display": "Ines"}, {"value": "g1", "type": "group"}, {"value": "x"},
                    {"$ref": "../Users/u2"}, "u3"],
    });
    let parsed = read_group(&document, Leniency::default()).unwrap();
    let of = |principal| PrincipalRef { principal: Some(principal) };
    let expected = [
        of(Principal::UserId("u1".into())),
        of(Principal::GroupId("g1".into())),
        of(Principal::AnyId("x".into())),
        of(Principal::AnyId("u2".into())),
        of(Principal::AnyId("u3".into())),
    ];
    assert_eq!(parsed.members.as_deref(), Some(&expected[..]));
    assert_eq!(read_group(&json!({"members": []}), Leniency::default()).unwrap().members, Some(Vec::new()));
    assert_eq!(read_group(&json!({"members": null}), Leniency::default()).unwrap().members, None);
    for wrong in
        [json!({"members": [{"display": "x"}]}), json!({"members": [7]}), json!({"members": 7}), json!({"members": [{"value": ""}]})]
    {
        assert_eq!(read_group(&wrong, Leniency::default()).unwrap_err().reason, ErrorReason::InvalidValue, "{wrong}");
    }
}

#[test]
fn a_group_is_rendered_open_so_that_members_can_stream() {
    let group = Group { id: "g1".into(), display_name: "Night Shift".into(), ..Group::default() };
    let projection = Projection::all(ResourceType::Group);
    let mut out = Vec::new();
    render_open(&mut out, &group, &projection, &CX);
    out.extend(b",\"members\":[");
    let member = Some(PrincipalRef { principal: Some(Principal::UserId("u1".into())) });
    render_member(&mut out, &GroupMember { member, display: "Ines".into(), ..GroupMember::default() }, &projection, &CX);
    out.extend(b"]}");
    let members = json!([{"value": "u1", "$ref": "https://host/scim/v2/acme/Users/u1", "type": "User"}]);
    let whole: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(whole["members"], members);
    assert_eq!(whole["displayName"], "Night Shift");
}

#[test]
fn a_member_s_display_is_shown_on_request_only() {
    let member = Some(PrincipalRef { principal: Some(Principal::UserId("u1".into())) });
    let member = GroupMember { member, display: "Ines".into(), ..GroupMember::default() };
    let shown = |attributes: &[&str], additional: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let selection = ReadSelection { attributes: list(attributes), additional_attributes: list(additional), ..ReadSelection::default() };
        let mut out = Vec::new();
        render_member(&mut out, &member, &Projection::new(ResourceType::Group, &selection).unwrap(), &CX);
        let object: Value = serde_json::from_slice(&out).unwrap();
        object.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&[], &[]), "$ref type value");
    assert_eq!(shown(&[], &["members.display"]), "$ref display type value");
    assert_eq!(shown(&["members"], &[]), "$ref type value");
    assert_eq!(shown(&["members", "members.display"], &[]), "$ref display type value");
    assert_eq!(shown(&["members.display", "members"], &[]), "$ref display type value");
    assert_eq!(shown(&["members.display"], &[]), "display");
    assert_eq!(shown(&["members.value"], &[]), "value");
}

#[test]
fn projections_choose_rows_parts_and_extensions() {
    let user = stored(user(&json!({
        "userName": "ines", "name": {"givenName": "Ines", "familyName": "Okafor"}, "title": "Pilot",
        "emails": [{"value": "a@b.example", "type": "work", "rank": 1}],
        ENTERPRISE_URN: {"department": "Dock", "division": "North"}, "urn:example:Boat": {"name": "Petrel", "length": 9},
    })));
    let urns = json!([USER_URN, ENTERPRISE_URN, "urn:example:Boat"]);
    let pick = |attributes: &[&str], excluded: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let selection = ReadSelection { attributes: list(attributes), excluded_attributes: list(excluded), ..Default::default() };
        let projection = Projection::new(ResourceType::User, &selection).unwrap();
        let mut pruned = user.clone();
        projection.apply_to_user(&mut pruned);
        let (mut whole, mut again) = (shown(&user, &projection), shown(&pruned, &projection));
        // A pruned message no longer knows of the extensions it lost.
        whole["schemas"] = Value::Null;
        again["schemas"] = Value::Null;
        assert_eq!(whole, again);
        let mut seen = shown(&user, &projection);
        assert_eq!(seen["schemas"], urns);
        assert_eq!(seen["id"], "2819c223");
        let object = seen.as_object_mut().unwrap();
        object.remove("schemas");
        object.remove("id");
        object.remove("meta");
        seen
    };
    assert_eq!(pick(&["USERNAME", "nonsense"], &[]), json!({"userName": "ines"}));
    assert_eq!(
        pick(&["name.givenName", "emails.value"], &[]),
        json!({"name": {"givenName": "Ines"}, "emails": [{"value": "a@b.example"}]})
    );
    assert_eq!(pick(&["name.givenName", "name"], &[])["name"], json!({"givenName": "Ines", "familyName": "Okafor"}));
    assert_eq!(
        pick(&[&format!("{ENTERPRISE_URN}:division"), "urn:EXAMPLE:boat:length"], &[]),
        json!({ENTERPRISE_URN: {"division": "North"}, "urn:example:Boat": {"length": 9}})
    );
    assert_eq!(pick(&["urn:example:Boat"], &[]), json!({"urn:example:Boat": {"name": "Petrel", "length": 9}}));
    assert_eq!(pick(&["password", &format!("{USER_URN}:title")], &[]), json!({"title": "Pilot"}));
    let without = pick(&[], &["emails.type", "name", "id", "schemas", ENTERPRISE_URN, "urn:example:Boat:length"]);
    assert_eq!(
        without,
        json!({"userName": "ines", "title": "Pilot", "emails": [{"value": "a@b.example", "rank": 1}], "urn:example:Boat": {"name": "Petrel"}})
    );
    let both = ReadSelection { attributes: vec!["id".into()], excluded_attributes: vec!["name".into()], ..Default::default() };
    assert!(Projection::new(ResourceType::User, &both).is_err());
    let projection =
        |a: &str| Projection::new(ResourceType::Group, &ReadSelection { attributes: vec![a.into()], ..Default::default() }).unwrap();
    assert!(projection("members.value").has("members") && !projection("displayName").has("members"));
}
