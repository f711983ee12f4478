//! What others wrote makes no administrators through a connection's own mappings, unless its token may say so.

use crate::harness::{
    World, both,
    roles::mapping,
    scim::{Answer, GROUP, Scim, USER},
    shapes::{add, principal, resolve_takeover, user},
};
use roster::api::v1::{
    Connection,
    connection::{Deprovision, Takeover, Visibility},
    role_mapping::Source,
};
use serde_json::{Value, json};

both! {
    a_group_of_others_is_adopted_empty_or_by_a_token_that_may
    a_group_of_others_is_adopted_with_the_provider_s_own_members
    whom_others_put_into_a_provider_s_own_group_it_does_not_raise
    whom_a_provider_does_not_see_it_does_not_raise
    who_was_put_into_a_group_and_comes_back_is_not_raised
    a_group_of_others_is_neither_renamed_nor_nested_into_the_mapped_one
    a_user_of_others_who_has_the_mapped_value_is_not_linked
    a_provider_s_own_people_come_back_as_administrators
    a_person_may_approve_what_a_provider_may_not
    a_group_within_an_administrators_group_keeps_its_name
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.id()
}

async fn person(scim: &Scim, name: &str) -> String {
    id(&scim.post("/Users", &json!({ "schemas": [USER], "userName": name, "active": true })).await)
}

fn team(name: &str, external: Option<&str>, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let mut body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    if let Some(external) = external {
        body["externalId"] = json!(external);
    }
    body
}

async fn group(scim: &Scim, name: &str, members: &[&str]) -> String {
    id(&scim.post("/Groups", &team(name, None, members)).await)
}

async fn set(scim: &Scim, path: &str, attribute: &str, value: Value) -> Answer {
    scim.patch(path, &json!([{ "op": "replace", "path": attribute, "value": value }])).await
}

/// The provider whose group "Admins" administers, and another that may write groups too. Somebody else administers already.
async fn scene(world: &World) -> (Connection, Scim, Scim) {
    let spare = world.create_user(user("spare")).await.id;
    world.grant("admin", principal(&spare)).await;
    let (connection, scim) = world.scim_as("default").await;
    let mappings = vec![mapping(Source::GroupDisplayName("Admins".into()), "admin"), mapping(Source::RoleValue("Chief".into()), "admin")];
    world.map_roles(&connection.id, mappings).await.unwrap();
    let (_, other) = world.scim_as("default").await;
    (connection, scim, other)
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("people whom others wrote") && detail.contains("administrators.write"), "{detail}");
}

/// Row 6 (Jumper)
async fn a_group_of_others_is_adopted_empty_or_by_a_token_that_may(world: World) {
    let (connection, scim, other) = scene(&world).await;
    let eve = person(&other, "eve").await;
    let theirs = group(&other, "Admins", &[&eve]).await;
    let service = world.create_group("Admins", vec![principal(&eve)]).await.id;

    for planted in [&theirs, &service] {
        refused(&set(&scim, &format!("/Groups/{planted}"), "externalId", json!("G-1")).await);
    }
    assert!(!world.holds(&eve, "admin").await);
    // What makes no administrators is adopted as ever, and so is a group that nobody is in.
    let harmless = group(&other, "Engineers", &[&eve]).await;
    assert_eq!(set(&scim, &format!("/Groups/{harmless}"), "externalId", json!("G-2")).await.status, 200);
    let empty = group(&other, "Admins", &[]).await;
    assert_eq!(set(&scim, &format!("/Groups/{empty}"), "externalId", json!("G-3")).await.status, 200);
    // From then on it is the provider's alone to fill.
    assert_eq!(set(&other, &format!("/Groups/{empty}"), "members", json!([{ "value": eve }])).await.status, 403);

    let scopes = ["scim".to_owned(), "administrators.write".to_owned()];
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    assert_eq!(set(&scim.with_token(&token), &format!("/Groups/{theirs}"), "externalId", json!("G-1")).await.status, 200);
    assert!(world.holds(&eve, "admin").await);
}

/// Row 6 (Jumper)
async fn a_group_of_others_is_adopted_with_the_provider_s_own_members(world: World) {
    let (_, scim, other) = scene(&world).await;
    let (ada, eve) = (person(&scim, "ada").await, person(&other, "eve").await);
    let path = format!("/Groups/{}", group(&other, "Admins", &[&eve]).await);

    refused(&scim.put(&path, &team("Admins", Some("G-1"), &[&ada, &eve])).await);
    assert_eq!(scim.put(&path, &team("Admins", Some("G-1"), &[&ada])).await.status, 200);
    assert!(world.holds(&ada, "admin").await && !world.holds(&eve, "admin").await);
    // Of its own people one may have been in it before, whoever put her there.
    let path = format!("/Groups/{}", group(&other, "Admins", &[&ada, &eve]).await);
    refused(&scim.put(&path, &team("Admins", Some("G-2"), &[&ada, &eve])).await);
    assert_eq!(scim.put(&path, &team("Admins", Some("G-2"), &[&ada])).await.status, 200);
    assert!(world.holds(&ada, "admin").await && !world.holds(&eve, "admin").await);
}

async fn add_to(scim: &Scim, group: &str, id: &str) {
    let answer = scim.patch(&format!("/Groups/{group}"), &json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }])).await;
    assert!(answer.status < 300, "{}", answer.body);
}

/// Row 6 (Jumper)
async fn whom_others_put_into_a_provider_s_own_group_it_does_not_raise(world: World) {
    let (connection, scim, other) = scene(&world).await;
    let by_id = [("Admins", true), ("Staff", false)].map(|(text, name)| {
        let source = if name { Source::GroupDisplayName(text.into()) } else { Source::GroupExternalId(text.into()) };
        mapping(source, "admin")
    });
    world.map_roles(&connection.id, by_id.to_vec()).await.unwrap();
    let (ada, eve) = (person(&scim, "ada").await, person(&other, "eve").await);
    let theirs = group(&other, "Theirs", &[]).await;
    let admins = group(&scim, "Admins", &[]).await;
    let by_service = world.create_user(user("sue")).await.id;

    for planted in [&eve, &theirs, &by_service] {
        let own = group(&scim, "Own", &[&ada]).await;
        let around = group(&scim, "Around", &[&own]).await;
        if *planted == by_service {
            world.modify(&own, vec![add(principal(planted))]).await.unwrap();
        } else {
            add_to(&other, &own, planted).await;
        }
        if *planted == theirs {
            add_to(&other, &theirs, &eve).await;
        }
        let path = format!("/Groups/{own}");
        refused(&set(&scim, &path, "displayName", json!("Admins")).await);
        refused(&set(&scim, &path, "externalId", json!("Staff")).await);
        refused(&set(&scim, &format!("/Groups/{around}"), "displayName", json!("Admins")).await);
        refused(&set(&scim, &format!("/Groups/{admins}"), "members", json!([{ "value": around }])).await);
        refused(&scim.post("/Groups", &team("Admins", None, &[&own])).await);
        refused(&scim.put(&path, &team("Admins", None, &[&ada, planted])).await);
        assert!(!world.holds(&eve, "admin").await && !world.holds(&by_service, "admin").await);
        // Once they are out it is the provider's own, as it is by what the provider sets.
        let out = json!([{ "op": "remove", "path": format!("members[value eq \"{planted}\"]") }]);
        assert!(scim.patch(&path, &out).await.status < 300);
        assert_eq!(set(&scim, &path, "displayName", json!("Admins")).await.status, 200);
        assert!(world.holds(&ada, "admin").await);
        assert_eq!(scim.put(&path, &team("Own", None, &[&ada])).await.status, 200);
        add_to(&scim, &own, &eve).await;
        assert_eq!(set(&scim, &path, "displayName", json!("Admins")).await.status, 200);
        assert!(world.holds(&eve, "admin").await, "whom it puts there itself it means");
        assert_eq!(scim.delete(&path).await.status, 204);
    }
}

/// Row 6 (Jumper)
async fn whom_a_provider_does_not_see_it_does_not_raise(world: World) {
    let (_, _, other) = scene(&world).await;
    let (connection, scim) = world.scim_with(Connection { visibility: Visibility::Linked.into(), ..Connection::default() }).await;
    world.map_roles(&connection.id, vec![mapping(Source::GroupDisplayName("Chiefs".into()), "admin")]).await.unwrap();
    let (ada, bea, eve) = (person(&scim, "ada").await, person(&scim, "bea").await, person(&other, "eve").await);
    let path = format!("/Groups/{}", group(&scim, "Own", &[&ada]).await);
    add_to(&other, path.trim_start_matches("/Groups/"), &eve).await;

    refused(&scim.put(&path, &team("Chiefs", None, &[&ada, &bea])).await);
    refused(&set(&scim, &path, "displayName", json!("Chiefs")).await);
    assert!(!world.holds(&eve, "admin").await);
    let out = json!([{ "op": "remove", "path": format!("members[value eq \"{eve}\"]") }]);
    assert!(other.patch(&path, &out).await.status < 300);
    assert_eq!(scim.put(&path, &team("Chiefs", None, &[&ada, &bea])).await.status, 200);
    assert!(world.holds(&ada, "admin").await && world.holds(&bea, "admin").await);
}

/// Row 6 (Jumper)
async fn who_was_put_into_a_group_and_comes_back_is_not_raised(world: World) {
    let (_, scim, other) = scene(&world).await;
    let (ada, eve) = (person(&scim, "ada").await, person(&scim, "eve").await);
    let own = group(&scim, "Own", &[&ada]).await;
    add_to(&other, &own, &eve).await;
    let body = json!({ "schemas": [USER], "userName": "eve", "active": true });
    assert_eq!(scim.delete(&format!("/Users/{eve}")).await.status, 204);
    assert_eq!(id(&scim.post("/Users", &body).await), eve);
    assert_eq!(world.members(&own).await.len(), 2);

    refused(&set(&scim, &format!("/Groups/{own}"), "displayName", json!("Admins")).await);
    assert_eq!(scim.put(&format!("/Groups/{own}"), &team("Admins", None, &[&ada, &eve])).await.status, 200);
    assert!(world.holds(&eve, "admin").await, "she is the provider's own, and it names her");
}

/// Row 6 (Jumper)
async fn a_group_of_others_is_neither_renamed_nor_nested_into_the_mapped_one(world: World) {
    let (_, scim, other) = scene(&world).await;
    let (ada, eve) = (person(&scim, "ada").await, person(&other, "eve").await);
    let theirs = group(&other, "Theirs", &[&eve]).await;
    let around = group(&scim, "Around", &[&theirs]).await;
    let own = group(&scim, "Own", &[&ada]).await;
    let admins = group(&scim, "Admins", &[]).await;
    assert_eq!(set(&scim, &format!("/Groups/{theirs}"), "externalId", json!("G-1")).await.status, 200);

    refused(&set(&scim, &format!("/Groups/{theirs}"), "displayName", json!("Admins")).await);
    for outer in [&theirs, &around] {
        refused(&set(&scim, &format!("/Groups/{admins}"), "members", json!([{ "value": outer }])).await);
        refused(&scim.post("/Groups", &team("Admins", None, &[outer])).await);
    }
    refused(&set(&scim, &format!("/Groups/{around}"), "displayName", json!("Admins")).await);
    assert!(!world.holds(&eve, "admin").await);
    // What the provider made is its own, nested and renamed.
    assert!(set(&scim, &format!("/Groups/{admins}"), "members", json!([{ "value": own }])).await.status < 300);
    assert!(world.holds(&ada, "admin").await);
    assert_eq!(set(&scim, &format!("/Groups/{admins}"), "displayName", json!("Others")).await.status, 200);
    assert_eq!(set(&scim, &format!("/Groups/{own}"), "displayName", json!("Admins")).await.status, 200);
    assert!(world.holds(&ada, "admin").await);
}

/// Row 6 (Jumper)
async fn a_user_of_others_who_has_the_mapped_value_is_not_linked(world: World) {
    let (connection, scim, other) = scene(&world).await;
    let body = |name: &str| json!({ "schemas": [USER], "userName": name, "active": true, "roles": [{ "value": "Chief" }] });
    let eve = id(&other.post("/Users", &body("eve")).await);

    refused(&set(&scim, &format!("/Users/{eve}"), "externalId", json!("U-1")).await);
    let taking = Connection {
        id: connection.id.clone(),
        takeover: Takeover::Always.into(),
        takeover_match_attributes: vec!["userName".to_owned()],
        ..Connection::default()
    };
    world.update_connection(taking, &["takeover", "takeover_match_attributes"]).await.unwrap();
    refused(&scim.post("/Users", &json!({ "schemas": [USER], "userName": "eve", "externalId": "U-1" })).await);
    refused(&scim.post("/Users", &body("eve")).await);
    assert!(!world.holds(&eve, "admin").await && world.user(&eve).await.links.len() == 1);
    // Without the value she is taken over as anybody is.
    assert!(set(&other, &format!("/Users/{eve}"), "roles", json!([])).await.status < 300);
    assert_eq!(scim.post("/Users", &json!({ "schemas": [USER], "userName": "eve", "externalId": "U-1" })).await.id(), eve);
    // And is nobody else's to raise from then on.
    assert_eq!(set(&other, &format!("/Users/{eve}"), "roles", json!([{ "value": "Chief" }])).await.status, 403);
}

/// Row 6 (Jumper)
async fn a_provider_s_own_people_come_back_as_administrators(world: World) {
    let (connection, scim, _) = scene(&world).await;
    let body = json!({ "schemas": [USER], "userName": "ada", "externalId": "U-1", "active": true, "roles": [{ "value": "Chief" }] });
    let ada = id(&scim.post("/Users", &body).await);
    for on_delete in [Deprovision::Unlink, Deprovision::Deactivate, Deprovision::SoftDelete] {
        let ending = Connection { id: connection.id.clone(), on_delete: on_delete.into(), ..Connection::default() };
        world.update_connection(ending, &["on_delete"]).await.unwrap();
        assert!(world.holds(&ada, "admin").await);
        assert_eq!(scim.delete(&format!("/Users/{ada}")).await.status, 204);
        assert!(!world.holders("admin").await.contains(&ada));
        assert_eq!(id(&scim.post("/Users", &body).await), ada, "{on_delete:?}");
    }
    assert!(world.holds(&ada, "admin").await);
}

/// Row 29 (JumpCloud)
async fn a_person_may_approve_what_a_provider_may_not(world: World) {
    let (connection, scim, other) = scene(&world).await;
    let body = json!({ "schemas": [USER], "userName": "eve", "active": true, "roles": [{ "value": "Chief" }] });
    let eve = id(&other.post("/Users", &body).await);
    let waiting = Connection {
        id: connection.id.clone(),
        takeover: Takeover::RequireApproval.into(),
        takeover_match_attributes: vec!["userName".to_owned()],
        ..Connection::default()
    };
    world.update_connection(waiting, &["takeover", "takeover_match_attributes"]).await.unwrap();

    assert_eq!(scim.post("/Users", &body).await.status, 409);
    let request = resolve_takeover(&world.organization, &eve, &connection.id, true);
    world.grpc().takeovers.resolve_takeover(request).await.unwrap();
    assert!(world.holds(&eve, "admin").await);
}

/// Row 6 (Jumper)
async fn a_group_within_an_administrators_group_keeps_its_name(world: World) {
    let (_, scim, _) = scene(&world).await;
    let ada = person(&scim, "ada").await;
    let inner = group(&scim, "Inner", &[&ada]).await;
    let outer = group(&scim, "Outer", &[&inner]).await;
    assert_eq!(set(&scim, &format!("/Groups/{inner}"), "displayName", json!("Inside")).await.status, 200);
    world.grant("admin", crate::harness::shapes::group_principal(&outer)).await;

    for (id, attribute) in [(&inner, "displayName"), (&inner, "externalId"), (&outer, "displayName")] {
        assert_eq!(set(&scim, &format!("/Groups/{id}"), attribute, json!("Other")).await.status, 403, "{attribute}");
    }
    assert!(world.holds(&ada, "admin").await);
}
