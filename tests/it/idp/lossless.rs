//! Any SCIM document → gRPC → SCIM comes back equal in value, case and type.

use crate::harness::{
    Engine, World,
    scim::{ENTERPRISE, USER},
    shapes::by_id,
    tenant::Tenant,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use roster::api::v1::{CreateUserRequest, User};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

/// Documents per engine.
const CASES: u32 = 48;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    story(World::start(Engine::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    story(World::start(Engine::Postgres).await).await;
}

async fn story(world: World) {
    let other = world.tenant("other").await;
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() });
        runner.run(&document(), |document| Handle::current().block_on(there_and_back(&world, &other, document))).unwrap();
    });
}

/// POST over SCIM, read over gRPC, write that message over gRPC into another organization, read it there over SCIM.
async fn there_and_back(world: &World, other: &Tenant, mut sent: Value) -> Result<(), TestCaseError> {
    let created = world.scim().post("/Users", &sent).await;
    prop_assert_eq!(created.status, 201, "{}", created.body);
    let read = world.scim().get(&format!("/Users/{}", created.id())).await.expect(200);
    sent["schemas"] = read["schemas"].clone();
    prop_assert_eq!(&own(&read), &sent, "SCIM to SCIM");

    let message = world.try_get_user(by_id(&created.id())).await.unwrap();
    // The copy keeps what a client writes; another organization has another connection.
    let external_ids = message
        .external_ids
        .iter()
        .map(|e| roster::api::v1::ExternalId { connection_id: other.connection.id.clone(), value: e.value.clone() })
        .collect();
    let copy = User { id: String::new(), organization_id: String::new(), meta: None, links: vec![], external_ids, ..message };
    let request = CreateUserRequest { organization_id: other.organization.id.clone(), user: Some(copy), ..CreateUserRequest::default() };
    let copied = world.grpc().users.create_user(request).await.unwrap().into_inner().user.unwrap();
    let read = other.scim.get(&format!("/Users/{}", copied.id)).await.expect(200);
    prop_assert_eq!(&own(&read), &sent, "SCIM to gRPC to SCIM");

    // The next document may hold the same names.
    world.scim().delete(&format!("/Users/{}", created.id())).await.expect(204);
    other.scim.delete(&format!("/Users/{}", copied.id)).await;
    Ok(())
}

/// The document without what the server adds.
fn own(resource: &Value) -> Value {
    crate::scim::as_sent(resource)
}

/// A user as a client may send it: every attribute there or not, in any letters.
fn document() -> impl Strategy<Value = Value> {
    let core = (user_name(), proptest::option::of(text()), proptest::collection::btree_map(simple_name(), text(), 0..6), any::<bool>());
    let lists = proptest::collection::btree_map(list_name(), proptest::collection::vec(element(), 1..4), 0..4);
    let rest = (
        proptest::option::of(person_name()),
        proptest::option::of(enterprise()),
        proptest::collection::btree_map("urn:example:[a-z]{1,6}:[0-9]\\.[0-9]", open_map(), 0..2),
    );
    (core, lists, rest).prop_map(|((user_name, external_id, simple, active), lists, (name, enterprise, extensions))| {
        let mut user = Map::new();
        let mut schemas = vec![json!(USER)];
        user.insert("userName".to_owned(), json!(user_name));
        user.insert("active".to_owned(), json!(active));
        user.extend(external_id.map(|id| ("externalId".to_owned(), json!(id))));
        user.extend(simple.into_iter().map(|(name, value)| (name, json!(value))));
        user.extend(lists.into_iter().map(|(name, values)| (name, one_primary(values))));
        user.extend(name.map(|name| ("name".to_owned(), name)));
        if let Some(enterprise) = enterprise {
            schemas.push(json!(ENTERPRISE));
            user.insert(ENTERPRISE.to_owned(), enterprise);
        }
        for (urn, values) in extensions {
            schemas.push(json!(urn));
            user.insert(urn, values);
        }
        user.insert("schemas".to_owned(), Value::Array(schemas));
        Value::Object(user)
    })
}

/// Text as people write it, no control characters; never empty, which would mean absent.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}[!-~]",
        "[a-zA-Z0-9@._%+-]{1,30}",
        "[\\p{L}\\p{N}\\p{P}\\p{S}]{1,12}",
        Just("e\u{301}\u{1F469}\u{200D}\u{1F4BB}".to_owned()),
        Just("İ ß ſ ǅ".to_owned())
    ]
}

/// What RFC 8265 lets into a user name: letters and digits of scripts that do not mix directions.
fn user_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9][a-zA-Z0-9@._+-]{0,30}", "[a-zA-Zà-öø-ÿА-я0-9]{1,20}", "[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}"]
}

fn simple_name() -> impl Strategy<Value = String> {
    proptest::sample::select(&["displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"][..])
        .prop_map(str::to_owned)
}

fn list_name() -> impl Strategy<Value = String> {
    proptest::sample::select(&["emails", "phoneNumbers", "ims", "photos", "entitlements", "roles"][..]).prop_map(str::to_owned)
}

fn element() -> impl Strategy<Value = Value> {
    (text(), proptest::option::of(text()), proptest::option::of("[a-z]{1,8}"), proptest::option::of(any::<bool>())).prop_map(
        |(value, display, kind, primary)| {
            let mut element = Map::from_iter([("value".to_owned(), json!(value))]);
            element.extend(display.map(|d| ("display".to_owned(), json!(d))));
            element.extend(kind.map(|k| ("type".to_owned(), json!(k))));
            element.extend(primary.map(|p| ("primary".to_owned(), json!(p))));
            Value::Object(element)
        },
    )
}

/// At most one value is primary, and no value stands twice.
fn one_primary(values: Vec<Value>) -> Value {
    let mut found = false;
    let mut kept: Vec<Value> = Vec::new();
    for mut value in values {
        if value["primary"] == json!(true) && std::mem::replace(&mut found, true) {
            value["primary"] = json!(false);
        }
        if !kept.iter().any(|k| k["value"] == value["value"] && k.get("type") == value.get("type")) {
            kept.push(value);
        }
    }
    Value::Array(kept)
}

fn person_name() -> impl Strategy<Value = Value> {
    let parts = proptest::sample::select(&["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"][..])
        .prop_map(str::to_owned);
    proptest::collection::btree_map(parts, text(), 1..4).prop_map(|parts| json!(parts))
}

fn enterprise() -> impl Strategy<Value = Value> {
    let parts =
        proptest::sample::select(&["employeeNumber", "costCenter", "organization", "division", "department"][..]).prop_map(str::to_owned);
    proptest::collection::btree_map(parts, text(), 1..4).prop_map(|parts| json!(parts))
}

/// The attributes of a schema nobody knows: every JSON type, nested, in the order they were sent.
fn open_map() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        Just(json!(9_007_199_254_740_993_i64)),
        (-1_000_000_i64..1_000_000).prop_map(|n| json!(n)),
        Just(json!(0.5)),
        Just(json!(-2.25))
    ];
    let leaf = prop_oneof![
        text().prop_map(|t| json!(t)),
        any::<bool>().prop_map(|b| json!(b)),
        number,
        Just(json!("2026-02-03T04:05:06.789+01:00"))
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-zA-Z][a-zA-Z0-9]{0,8}", inner, 1..4).prop_map(distinct),
        ]
    });
    proptest::collection::btree_map("[a-zA-Z][a-zA-Z0-9]{0,8}", value, 1..5).prop_map(distinct)
}

/// Names that differ in letter case alone are the same attribute: one of them stays.
fn distinct(map: std::collections::BTreeMap<String, Value>) -> Value {
    let mut seen = std::collections::BTreeSet::new();
    Value::Object(map.into_iter().filter(|(name, _)| seen.insert(name.to_lowercase())).collect())
}
