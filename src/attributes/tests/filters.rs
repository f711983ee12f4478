//! Filters against messages.

use super::super::table::ENTERPRISE_URN;
use super::*;
use crate::api::v1::{AttributeDefinition, AttributeList, AttributeValue, ErrorReason, Schema, attribute_value::Kind};
use crate::limits;
use prost::Message as _;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

pub fn parse(expression: &str) -> Result<Filter> {
    parse_with(expression, &BTreeMap::new())
}

fn parse_with(expression: &str, parameters: &BTreeMap<String, AttributeValue>) -> Result<Filter> {
    Filter::parse_in(ResourceType::User, &registered(), expression, parameters, false)
}

/// A schema for what [`barbara`] has beside the server's own attributes.
fn registered() -> Schemas {
    let one = |name: &str, of_type: &str| AttributeDefinition {
        name: name.into(),
        r#type: of_type.into(),
        description: "x".into(),
        ..AttributeDefinition::default()
    };
    let desk = AttributeDefinition { sub_attributes: vec![one("value", "string")], ..one("desk", "complex") };
    let tags = AttributeDefinition { multi_valued: true, ..one("tags", "string") };
    let schema = Schema {
        urn: "urn:example:params:2.0:User".into(),
        display_name: "Boat".into(),
        attributes: vec![one("rank", "decimal"), one("vip", "boolean"), tags, one("since", "dateTime"), desk, one("nothing", "integer")],
        extends: [("User".to_owned(), false)].into(),
        ..Schema::default()
    };
    Schemas::read(&[schema]).unwrap()
}

fn barbara() -> User {
    stored(user(&json!({
        "userName": "BJensen@Example.com", "externalId": "701984", "active": true, "title": "Tour Guide", "nickName": "straße",
        "name": {"familyName": "Jensen", "givenName": "Barbara"}, "profileUrl": "https://img.example/B",
        "emails": [{"value": "BJ@work.example", "type": "work", "primary": true}, {"value": "bj@home.example", "type": "home"}],
        "x509Certificates": [{"value": "MIID"}],
        ENTERPRISE_URN: {"department": "Dock", "manager": {"value": "9B1f"}, "badge": {"level": 3}},
        "urn:example:params:2.0:User": {"Rank": 7.50, "vip": true, "tags": ["red", "Blue"], "since": "2026-01-01T00:00:00Z", "desk": {"value": "D1"}},
    })))
}

pub fn matches(user: &User, expression: &str) -> bool {
    let filter = parse(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
    let whole = filter.matches(user, &CX, &NoEdges);
    let part: User = filter.decode(&user.encode_to_vec()).unwrap();
    assert_eq!(filter.matches(&part, &CX, &NoEdges), whole, "{expression}: the decoded fields decide otherwise");
    whole
}

#[test]
fn filters_find_what_they_name() {
    let user = barbara();
    for yes in [
        "userName eq \"bjensen@example.COM\"",
        "USERNAME Eq \"BJENSEN@EXAMPLE.COM\"",
        "urn:ietf:params:scim:schemas:core:2.0:user:userName sw \"bJ\"",
        "userName sw \"\"",
        "userName ew \".COM\"",
        "userName co \"sen@\" and title pr",
        "name.familyName eq \"jensen\" AND NOT (name.givenName eq \"x\")",
        "title eq \"x\" or title eq \"tour guide\" and active eq true",
        "(title eq \"x\" or title eq \"tour guide\") and active eq true",
        "emails eq \"bj@WORK.example\"",
        "emails.type eq \"home\"",
        "emails[type eq \"work\" and value co \"@work\"]",
        "emails[type eq \"work\" and (value co \"@home\" or primary eq true)]",
        "emails[type eq \"work\"].value eq \"bj@work.example\"",
        "emails[not (type eq \"work\")].value ew \"home.example\" and id eq \"2819c223\"",
        "not (emails[type eq \"other\"])",
        "emails[type eq \"home\"].primary ne true",
        "nickName eq \"STRAßE\"",
        "profileUrl sw \"https://\"",
        "userType ne \"Employee\"",
        "userType eq null",
        "title ne null",
        "name pr and emails pr and meta pr and schemas pr",
        "externalId eq \"701984\"",
        "meta.created eq \"2026-01-01T01:00:00+01:00\"",
        "meta.lastModified gt \"2026-01-01T23:59:59Z\" and meta.lastModified le \"2026-01-02T00:00:00.123456Z\"",
        "meta.resourceType eq \"User\" and meta.version eq \"W/\\\"7\\\"\"",
        "meta.location eq \"https://host/scim/v2/acme/Users/2819c223\"",
        "schemas eq \"URN:ietf:params:scim:schemas:core:2.0:USER\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"dock\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"9B1f\"",
        "manager eq \"9B1f\" and department pr",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr",
        "urn:EXAMPLE:params:2.0:User:rank eq 7.5",
        "urn:example:params:2.0:User:rank gt 7 and urn:example:params:2.0:User:vip eq true",
        "urn:example:params:2.0:User:tags eq \"blue\"",
        "urn:example:params:2.0:User:since ge \"2026-01-01T00:00:00Z\"",
        "urn:example:params:2.0:User:desk eq \"d1\"",
        "urn:example:params:2.0:User pr",
        "urn:example:params:2.0:User:nothing eq null",
        "x509Certificates.value eq \"MIID\"",
        "title gt \"tour\" and title lt \"TOURS\"",
    ] {
        assert!(matches(&user, yes), "{yes}");
    }
    for no in [
        "userName eq \"bjensen\"",
        "externalId eq \"701984 \"",
        "id eq \"2819C223\"",
        "manager.value eq \"9b1f\"",
        "emails[type eq \"work\" and value co \"@home\"]",
        "emails[type eq \"home\"].primary eq true",
        "userType eq \"Employee\"",
        "userType pr",
        "active ne true",
        "title eq null",
        "roles pr",
        "emails ne \"bj@home.example\"",
        "meta.created lt \"2026-01-01T01:00:00+01:00\"",
        "urn:example:params:2.0:User:rank eq 7.49",
        "urn:example:params:2.0:User:nothing pr",
        "not (userName pr)",
    ] {
        assert!(!matches(&user, no), "{no}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused_and_says_where() {
    let deep = format!("{}title pr{}", "(".repeat(33), ")".repeat(33));
    let long = format!("title eq \"{}\"", "x".repeat(limits::FILTER_BYTES));
    let wide = vec!["a"; 300].join(" or ").replace('a', "id pr");
    for (bad, at) in [
        ("", 0),
        ("userName", 8),
        ("userName eq", 11),
        ("userName is \"x\"", 9),
        ("userName eq x", 12),
        ("userName eq \"x", 14),
        ("userName eq \"x\" and", 19),
        ("userName eq \"x\" nor title pr", 16),
        ("(title pr", 9),
        ("title pr)", 8),
        ("not title pr", 4),
        ("shoeSize eq 44", 0),
        ("name.shoeSize eq \"4\"", 0),
        ("title.value eq \"4\"", 0),
        ("emails[shoe eq \"4\"]", 7),
        ("emails[type eq \"4\"", 18),
        ("emails[type eq \"4\"].shoe pr", 19),
        ("title[type eq \"4\"]", 0),
        ("password eq \"x\"", 0),
        ("password pr", 0),
        ("active gt true", 10),
        ("active eq \"maybe\"", 10),
        ("active co true", 10),
        ("title eq 5", 9),
        ("title eq true", 9),
        ("title gt null", 9),
        ("meta.created co \"2026\"", 16),
        ("meta.created gt \"yesterday\"", 16),
        ("meta.created eq 5", 16),
        ("name eq \"x\"", 0),
        ("x509Certificates.value gt \"MIID\"", 26),
        ("x509Certificates.value co \"MIID\"", 26),
        ("userName eq :who", 12),
        ("urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr", 0),
        ("urn:x:y:z pr", 0),
        ("not (urn:x:y:z eq 5)", 5),
        ("urn:example:params:2.0:User:bogus ne 5", 0),
        ("urn:example:params:2.0:User.rank ne 5", 0),
        ("urn:example:params:2.0:User:rank eq \"7.5\"", 36),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:badge.level ne 3", 0),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.bogus ne 3", 0),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department ne \"x\"", 0),
        ("urn:ietf:params:scim:schemas:core:2.0:Usr:userName ne \"x\"", 0),
        ("emails.bogus ne 3", 0),
        ("active eq \"True\"", 10),
        ("active eq True", 10),
        ("title eq NULL", 9),
        ("title eq\"t1\"", 8),
        ("title eq \"t1\"and active pr", 13),
        ("members eq \"x\"", 0),
        ("groups.display eq \"x\"", 0),
        ("groups ne \"x\"", 0),
        ("groups[value eq \"x\" and value eq \"y\"]", 7),
        ("groups[display eq \"x\"]", 7),
        ("userName eq 01", 12),
        (&deep, 32),
        (&long, limits::FILTER_BYTES),
    ] {
        let refused = parse(bad).expect_err(bad);
        assert_eq!((refused.reason, refused.offset), (ErrorReason::InvalidFilter, Some(at)), "{bad}: {refused}");
    }
    assert_eq!(parse(&wide).unwrap_err().limit, Some(limits::FILTER_NODES));
}

#[test]
fn parameters_are_values_and_never_grammar() {
    let kinds = [
        ("name", Kind::StringValue("BJensen@example.com".into())),
        ("trick", Kind::StringValue("x\" or title pr or title eq \"".into())),
        ("on", Kind::BoolValue(true)),
        ("from", Kind::DateTimeValue("2025-12-31T00:00:00Z".into())),
        ("rank", Kind::IntegerValue(7)),
        ("exact", Kind::DecimalValue("7.5".into())),
        ("list", Kind::ListValue(AttributeList::default())),
    ];
    let parameters: BTreeMap<String, AttributeValue> = kinds.map(|(n, k)| (n.to_owned(), k.into())).into();
    let matches = |e: &str| parse_with(e, &parameters).map(|f| f.matches(&barbara(), &CX, &NoEdges));
    assert_eq!(matches("userName eq :name and active eq :on and meta.created gt :from"), Ok(true));
    assert_eq!(matches("urn:example:params:2.0:User:rank gt :rank and urn:example:params:2.0:User:rank eq :exact"), Ok(true));
    assert_eq!(matches("title eq :trick"), Ok(false));
    assert!(matches("title eq :list").is_err() && matches("title eq :on").is_err());
}

#[test]
fn long_needles_are_found_as_short_ones_are() {
    let user = user(&json!({"userName": "i", "title": format!("{}NEEDLE", "Hay".repeat(400))}));
    for length in [1, 31, 32, 33, 500] {
        let needle = format!("{}needle", "hay".repeat(length));
        let found = matches(&user, &format!("title co \"{needle}\""));
        assert_eq!(found, length <= 400, "{length}");
    }
}

struct Held(BTreeSet<usize>);
impl Edges for Held {
    fn holds(&self, leaf: usize, resource_id: &str) -> bool {
        resource_id == "2819c223" && self.0.contains(&leaf)
    }
}

#[test]
fn membership_is_left_to_the_edges() {
    let group = Group { id: "2819c223".into(), display_name: "Night Shift".into(), ..Group::default() };
    let filter = |e: &str| Filter::parse(ResourceType::Group, e, &BTreeMap::new()).unwrap();
    let found =
        filter("displayName eq \"night shift\" and (members eq \"u1\" or members[value eq \"u2\" or value eq \"u3\"] or members pr)");
    let leaf = |id: &str| EdgeLeaf::Member(id.to_owned());
    assert_eq!(found.edges(), [leaf("u1"), leaf("u2"), leaf("u3"), EdgeLeaf::AnyMember]);
    assert!(found.matches(&group, &CX, &Held([2].into())) && !found.matches(&group, &CX, &NoEdges));
    let part: Group = found.decode(&group.encode_to_vec()).unwrap();
    assert!(found.matches(&part, &CX, &Held([0].into())));
    assert_eq!(
        filter("id eq \"g\" and members.value eq \"u1\" and not (members eq \"u2\")").narrow(),
        [Condition::Id("g".into()), Condition::Member("u1".into())]
    );
    assert_eq!(filter("displayName eq \"NIGHT\"").narrow(), [Condition::DisplayName("night".into())]);
    assert_eq!(parse("groups[value eq \"g1\"]").unwrap().narrow(), [Condition::InGroup("g1".into())]);
    assert_eq!((parse("groups pr").unwrap().edges(), parse("groups pr").unwrap().narrow()), (&[EdgeLeaf::InAnyGroup][..], vec![]));
}

#[test]
fn narrowing_says_what_every_match_must_have() {
    let narrowed = |e: &str| parse(e).unwrap().narrow();
    assert_eq!(
        narrowed(
            "userName eq \"A@B.example\" and (externalId eq \"X\" and active eq false) and emails[value eq \"C@d\" and type eq \"work\"]"
        ),
        [
            Condition::UserName("a@b.example".into()),
            Condition::ExternalId("X".into()),
            Condition::Active(false),
            Condition::Email("c@d".into())
        ]
    );
    assert_eq!(narrowed("userName sw \"Bj\""), [Condition::UserNamePrefix("bj".into())]);
    assert_eq!(narrowed("userName eq \"a\" or id eq \"b\""), []);
    assert_eq!(narrowed("not (userName eq \"a\") and id ne \"x\" and displayName eq \"x\""), []);
}

#[test]
fn what_only_the_other_type_has_is_understood_and_has_no_value() {
    let none = BTreeMap::new();
    let user = barbara();
    let spanning = |expression: &str| {
        let filter = Filter::parse_spanning(ResourceType::User, expression, &none).unwrap_or_else(|e| panic!("{expression}: {e}"));
        assert!(filter.edges().is_empty() && Filter::parse_spanning(ResourceType::Group, expression, &none).is_ok(), "{expression}");
        filter.matches(&user, &CX, &NoEdges)
    };
    for yes in [
        "not (members eq \"x\")",
        "userName sw \"b\" or members eq \"x\"",
        "userName sw \"b\" and not (members[value eq \"x\" or value eq \"y\"])",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName ne \"x\"",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName eq null",
        "meta.resourceType eq \"User\" and not (members pr)",
    ] {
        assert!(spanning(yes), "{yes}");
    }
    for no in [
        "members eq \"x\"",
        "members pr",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName ne null",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName co \"\"",
        "userName sw \"b\" and members eq \"x\"",
        "not (userName pr or members pr)",
    ] {
        assert!(!spanning(no), "{no}");
    }
    let group = Filter::parse_spanning(ResourceType::Group, "emails[type eq \"work\"] or not (userName pr)", &none).unwrap();
    assert!(group.matches(&Group::default(), &CX, &NoEdges));
    for wrong in ["shoeSize eq 4", "members co \"x\"", "members.display eq \"x\"", "active gt true", "password eq \"x\"", "emails eq 7"] {
        for kind in [ResourceType::User, ResourceType::Group] {
            assert_eq!(Filter::parse_spanning(kind, wrong, &none).unwrap_err().reason, ErrorReason::InvalidFilter, "{wrong}");
        }
    }
    assert!(parse("members pr").is_err());
}
