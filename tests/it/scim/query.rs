//! Filters (RFC 7644 section 3.4.2.2), each on the same few people.

use super::scene::group;
use crate::harness::{
    World, faces,
    schema::attribute,
    scim::{ENTERPRISE, Scim, USER},
};
use roster::api::v1::{AttributeDefinition, Schema};
use serde_json::json;

const OPEN: &str = "urn:example:badge:1.0";

/// Six people who differ in what filters look at. Their ids, in order of name.
async fn people(scim: &Scim) -> Vec<String> {
    let work = |value: &str| json!({"value": value, "type": "work"});
    let home = |value: &str| json!({"value": value, "type": "home"});
    let mut ids = Vec::new();
    for user in [
        json!({"userName": "ada", "externalId": "X1", "displayName": "Ada", "name": {"familyName": "Lovelace"}, "title": "Dr", "active": true,
            "emails": [work("ada@corp.example"), home("ada@home.example")], ENTERPRISE: {"department": "R&D"},
            OPEN: {"level": 7, "since": "2026-01-31T08:00:00Z", "flags": ["a", "b"]}}),
        json!({"userName": "bob", "externalId": "x1", "displayName": "bob", "name": {"familyName": "Byron"}, "active": false,
            "emails": [home("bob@corp.example"), work("bob@home.example")], ENTERPRISE: {"department": "Sales"}, OPEN: {"level": 10}}),
        json!({"userName": "cy", "displayName": "C \"Quote\" (x] and y", "emails": [], "title": ""}),
        json!({"userName": "DAN", "displayName": "\u{c9}mile", "nickName": "back\\slash", "phoneNumbers": [{"value": "1"}]}),
        json!({"userName": "eve", "displayName": "Eve", "title": "Mr", "roles": [{"value": "admin", "primary": true}, {"value": "reader"}]}),
        json!({"userName": "fay", "displayName": "Fay", "title": "dr", "active": true, "emails": [{"value": "fay@corp.example"}]}),
    ] {
        let mut body = json!({"schemas": [USER]});
        body.as_object_mut().unwrap().extend(user.as_object().unwrap().clone());
        ids.push(scim.post("/Users", &body).await.id());
    }
    ids
}

/// The first letters of the names of those who match, in order.
async fn found(scim: &Scim, filter: &str) -> String {
    let list = scim.list("/Users", &[("filter", filter), ("sortBy", "userName")]).await;
    assert_eq!(list.status, 200, "{filter}: {}", list.body);
    let names = list.body["Resources"].as_array().unwrap().iter().map(|u| u["userName"].as_str().unwrap()[..1].to_lowercase());
    let names: String = names.collect();
    assert_eq!(list.body["totalResults"], names.len(), "{filter}");
    names
}

async fn check(scim: &Scim, cases: &[(&str, &str)]) {
    for (filter, expected) in cases {
        assert_eq!(found(scim, filter).await, *expected, "{filter}");
    }
}

/// Row 24 (JupiterOne)
/// Requirements 46, 51 (RFC 7644 section 3.4.2.2, table 3): each operator, on text of either kind.
async fn each_operator_compares_as_its_attribute_does(world: World) {
    let scim = world.scim();
    people(scim).await;
    let cases = [
        ("userName eq \"ADA\"", "a"),
        ("userName eq \"dan\"", "d"),
        ("userName ne \"ada\"", "bcdef"),
        ("userName co \"A\"", "adf"),
        ("userName sw \"D\"", "d"),
        ("userName ew \"Y\"", "cf"),
        ("userName gt \"cy\"", "def"),
        ("userName ge \"CY\"", "cdef"),
        ("userName lt \"bob\"", "a"),
        ("userName le \"BOB\"", "ab"),
        ("title pr", "aef"),
        ("title eq \"DR\"", "af"),
        ("externalId eq \"X1\"", "a"),
        ("externalId eq \"x1\"", "b"),
        ("externalId co \"X\"", "a"),
        ("externalId pr", "ab"),
        ("externalId ne \"X1\"", "bcdef"),
        ("active eq false", "b"),
        ("active ne false", "acdef"),
        ("active eq true and title pr", "aef"),
        ("displayName eq \"\u{c9}MILE\"", "d"),
        ("displayName eq \"E\u{301}mile\"", "d"),
        ("displayName gt \"eve\"", "df"),
        ("userName sw \"\"", "abcdef"),
        ("userName co \"%\"", ""),
        ("userName co \"_\"", ""),
    ];
    check(scim, &cases).await;
}

/// Requirement 46 (RFC 7644 section 3.4.2.2): grouping binds first, then not, then and, then or.
async fn grouping_binds_before_not_and_and_or(world: World) {
    let scim = world.scim();
    people(scim).await;
    let cases = [
        ("userName eq \"ada\" or userName eq \"bob\" and userName eq \"cy\"", "a"),
        ("(userName eq \"ada\" or userName eq \"bob\") and active eq false", "b"),
        ("userName eq \"ada\" and userName eq \"bob\" or userName eq \"cy\"", "c"),
        ("not (userName eq \"ada\") and title pr", "ef"),
        ("not (userName eq \"ada\" or title pr)", "bcd"),
        ("not (not (title pr))", "aef"),
        ("not (title pr) or userName eq \"eve\"", "bcde"),
        ("((((userName eq \"ada\"))))", "a"),
        ("userName eq \"ada\" OR NOT (title PR) AND active EQ FALSE", "ab"),
        ("emails[type eq \"work\"] and not (title pr) or userName eq \"fay\"", "bf"),
        ("not(userName eq\"ada\")and(title pr)", "ef"),
    ];
    check(scim, &cases[..cases.len() - 1]).await;
    // Without blanks around its value the last is no filter of the grammar: whatever it is, it is never everybody.
    let odd = scim.list("/Users", &[("filter", cases[cases.len() - 1].0)]).await;
    assert!(odd.status == 400 || odd.body["totalResults"] == 2, "{}", odd.body);
}

/// Requirement 49 (RFC 7644 section 3.4.2.2): one element satisfies the whole of a value path; a bare list means its values.
async fn a_value_path_is_about_one_element(world: World) {
    let scim = world.scim();
    people(scim).await;
    let cases = [
        ("emails eq \"ADA@corp.example\"", "a"),
        ("emails co \"@corp.example\"", "abf"),
        ("emails.value ew \"home.example\"", "ab"),
        ("emails.type eq \"WORK\"", "ab"),
        ("emails.type eq \"work\" and emails.value co \"@home\"", "ab"),
        ("emails[type eq \"work\" and value co \"@home\"]", "b"),
        ("emails[type eq \"work\" and value co \"@corp\"]", "a"),
        ("emails[type eq \"work\"]", "ab"),
        ("emails[not (type pr)]", "f"),
        ("emails[type eq \"work\" or value sw \"fay\"]", "abf"),
        ("emails[not (type eq \"work\" or type eq \"home\")]", "f"),
        ("not (emails[type eq \"work\"])", "cdef"),
        ("emails[type eq \"work\" and value co \"@corp\"] or userName eq \"cy\"", "ac"),
        ("emails[type eq \"work\"] and emails[type eq \"home\" and value co \"corp\"]", "b"),
        ("emails[type eq \"work\"].value co \"@home\"", "b"),
        ("emails pr", "abf"),
        ("not (emails pr)", "cde"),
        ("roles[value eq \"reader\" and primary eq true]", ""),
        ("roles[value eq \"admin\" and primary eq true]", "e"),
        ("emails ne \"ada@corp.example\"", "bcdef"),
        ("name[familyName sw \"l\"]", "a"),
        ("roles eq \"admin\" and roles eq \"reader\"", "e"),
    ];
    check(scim, &cases).await;
}

/// Requirement 50 (RFC 7644 section 3.10): names in full, dots inside a URN, and what the server keeps itself.
async fn names_in_full_lead_where_short_ones_do(world: World) {
    let scim = world.scim();
    let flags = AttributeDefinition { multi_valued: true, ..attribute("flags", "string") };
    let registered = Schema {
        urn: OPEN.to_owned(),
        display_name: "Badge".to_owned(),
        attributes: vec![attribute("level", "decimal"), attribute("since", "dateTime"), flags],
        extends: [("User".to_owned(), false)].into(),
        ..Schema::default()
    };
    world.register(registered).await.unwrap();
    let ids = people(scim).await;
    let team = group(scim, json!({"displayName": "Team", "members": [{"value": ids[0]}, {"value": ids[4]}]})).await.id();
    let cases = [
        (format!("{USER}:userName eq \"ada\""), "a"),
        (format!("{USER}:name.familyName sw \"l\""), "a"),
        (format!("{USER}:emails[type eq \"work\"]"), "ab"),
        (format!("{ENTERPRISE}:department eq \"r&d\""), "a"),
        (format!("{ENTERPRISE}:department pr"), "ab"),
        (format!("not ({ENTERPRISE}:department pr)"), "cdef"),
        (format!("{OPEN}:level eq 7"), "a"),
        (format!("{OPEN}:level gt 7"), "b"),
        (format!("{OPEN}:level ge 7.0 and {OPEN}:level lt 10"), "a"),
        (format!("{OPEN}:flags eq \"B\""), "a"),
        (format!("{OPEN}:since gt \"2026-01-31T07:59:00Z\""), "a"),
        (format!("id eq \"{}\"", ids[3]), "d"),
        (format!("id eq \"{}\" or id eq \"{}\"", ids[3], ids[4]), "de"),
        (format!("groups eq \"{team}\""), "ae"),
        (format!("groups.value eq \"{team}\" and title eq \"Mr\""), "e"),
        (format!("groups[value eq \"{team}\"]"), "ae"),
        ("meta.resourceType eq \"User\" and userName eq \"ada\"".to_owned(), "a"),
        ("meta.resourceType eq \"Group\"".to_owned(), ""),
        ("meta.location ew \"/nobody\"".to_owned(), ""),
        (format!("schemas eq \"{ENTERPRISE}\""), "ab"),
    ];
    for (filter, expected) in &cases {
        assert_eq!(found(scim, filter).await, *expected, "{filter}");
    }
}

/// Requirements 47, 48 (RFC 7644 section 3.4.2.2): instants compare as instants, absence by pr and null, and what has no order is refused one.
async fn values_compare_as_their_type_does(world: World) {
    let scim = world.scim();
    let ids = people(scim).await;
    let read = scim.get(&format!("/Users/{}", ids[2])).await.expect(200);
    let at = read["meta"]["lastModified"].as_str().unwrap();
    let east = format!("{}+00:00", at.trim_end_matches('Z'));
    for (filter, expected) in [
        (format!("meta.lastModified eq \"{at}\" and userName eq \"cy\""), "c"),
        (format!("meta.lastModified eq \"{east}\" and userName eq \"cy\""), "c"),
        (format!("meta.lastModified ge \"{at}\" and userName ge \"cy\""), "cdef"),
        (format!("meta.created lt \"{at}\" and userName lt \"cy\""), "ab"),
        ("meta.created gt \"2020-01-01T00:00:00-12:00\"".to_owned(), "abcdef"),
        ("meta.created lt \"2020-01-01T00:00:00Z\"".to_owned(), ""),
        ("title eq null".to_owned(), "bcd"),
        ("title ne null".to_owned(), "aef"),
        ("not (title eq null)".to_owned(), "aef"),
        ("title ne \"Dr\"".to_owned(), "bcde"),
        ("name pr".to_owned(), "ab"),
        ("name.familyName pr".to_owned(), "ab"),
        ("name.givenName pr".to_owned(), ""),
        ("addresses pr".to_owned(), ""),
        (format!("{ENTERPRISE} pr"), "ab"),
        ("name.familyName gt \"byron\"".to_owned(), "a"),
    ] {
        assert_eq!(found(scim, &filter).await, expected, "{filter}");
    }
    for operator in ["gt", "ge", "lt", "le"] {
        for operand in ["active", "x509Certificates.value", "emails.primary"] {
            let value = if operand.ends_with("value") { "\"MIID\"" } else { "true" };
            scim.list("/Users", &[("filter", &format!("{operand} {operator} {value}"))]).await.is_error(400, "invalidFilter");
        }
    }
    for filter in [
        "active co true",
        "meta.created gt \"yesterday\"",
        "meta.created co \"2026\"",
        "title gt null",
        "active eq 1",
        "userName eq 7",
        "name eq \"x\"",
    ] {
        scim.list("/Users", &[("filter", filter)]).await.is_error(400, "invalidFilter");
    }
}

/// Requirement 52 (RFC 7644 section 3.4.2.2): a text is JSON's, whatever stands in it.
async fn a_text_in_a_filter_is_json_s(world: World) {
    let scim = world.scim();
    people(scim).await;
    let cases = [
        ("displayName eq \"C \\\"Quote\\\" (x] and y\"", "c"),
        ("displayName co \"(x] and\"", "c"),
        ("nickName eq \"back\\\\slash\"", "d"),
        ("displayName eq \"\\u00c9mile\"", "d"),
        ("displayName co \"\\u0022\"", "c"),
        ("displayName eq \"\\/\"", ""),
        ("displayName eq \" or title pr\"", ""),
        ("phoneNumbers[value eq \"1\"]", "d"),
        ("displayName sw \"c \\\"\" and not (title pr)", "c"),
    ];
    check(scim, &cases).await;
}

faces! {
    each_operator_compares_as_its_attribute_does
    grouping_binds_before_not_and_and_or
    a_value_path_is_about_one_element
    names_in_full_lead_where_short_ones_do
    values_compare_as_their_type_does
    a_text_in_a_filter_is_json_s
}
