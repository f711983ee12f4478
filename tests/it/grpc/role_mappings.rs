//! What of a provider's data grants roles: its own groups and users, by exactly that name or value, and nobody else's.

use crate::harness::{
    World, both,
    refusal::ExpectRefusal,
    roles::mapping,
    scim::{GROUP, Scim, USER},
    shapes::{add, boolean, group_principal, operation, principal, text, user},
};
use roster::api::v1::{Connection, ErrorReason, patch_operation::Op, role_mapping::Source};
use serde_json::{Value, json};
use tonic::Code;

both! {
    members_of_the_mapped_group_hold_the_role_while_it_is_called_so
    look_alikes_of_a_mapped_group_get_nothing
    a_group_is_mapped_by_its_external_id
    values_of_users_are_mapped_for_their_own_connection
    a_mapping_names_a_role_that_is_there
}

async fn made(scim: &Scim, endpoint: &str, body: Value) -> String {
    let answer = scim.post(endpoint, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

async fn person(scim: &Scim, name: &str) -> String {
    made(scim, "/Users", json!({ "schemas": [USER], "userName": name, "active": true })).await
}

async fn group(scim: &Scim, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    made(scim, "/Groups", body).await
}

async fn rename(scim: &Scim, id: &str, name: &str) {
    let body = json!([{ "op": "replace", "path": "displayName", "value": name }]);
    assert!(scim.patch(&format!("/Groups/{id}"), &body).await.status < 300);
}

async fn mapped(world: &World, connection: &Connection, source: Source) -> String {
    let role = world.create_role(crate::harness::roles::role("editor", &[])).await.id;
    world.map_roles(&connection.id, vec![mapping(source, &role)]).await.unwrap();
    role
}

/// Row 6 (Jumper)
async fn members_of_the_mapped_group_hold_the_role_while_it_is_called_so(world: World) {
    let (connection, scim) = world.scim_as("default").await;
    let role = mapped(&world, &connection, Source::GroupDisplayName("Editors".into())).await;
    let (ada, bob) = (person(&scim, "ada").await, person(&scim, "bob").await);

    // Created after the mapping.
    let editors = group(&scim, "Editors", &[&ada]).await;
    assert!(world.holds(&ada, "editor").await && !world.holds(&bob, "editor").await);
    let why = world.effective(principal(&ada), "").await.remove(0).derivations.remove(0);
    assert_eq!(
        (why.connection_id.as_str(), &why.group_path, why.assignment_id.as_str()),
        (connection.id.as_str(), &vec![editors.clone()], "")
    );

    // Nested.
    let inner = group(&scim, "Inner", &[&bob]).await;
    world.modify(&editors, vec![add(group_principal(&inner))]).await.unwrap();
    assert!(world.holds(&bob, "editor").await);
    let mut both = vec![ada.clone(), bob.clone()];
    both.sort();
    assert_eq!(world.holders(&role).await, both);

    // Deactivated and back.
    let active = |value| vec![operation(Op::Replace, "active", Some(boolean(value)))];
    world.patch_user(&bob, active(false)).await.unwrap();
    assert!(!world.holds(&bob, "editor").await);
    world.patch_user(&bob, active(true)).await.unwrap();
    assert!(world.holds(&bob, "editor").await);

    // Renamed away and back.
    rename(&scim, &editors, "Writers").await;
    assert!(!world.holds(&ada, "editor").await && !world.holds(&bob, "editor").await && world.holders(&role).await.is_empty());
    rename(&scim, &editors, "Editors").await;
    assert!(world.holds(&ada, "editor").await);

    // Deleted.
    assert_eq!(scim.delete(&format!("/Groups/{editors}")).await.status, 204);
    assert!(!world.holds(&ada, "editor").await && world.holders(&role).await.is_empty());

    // The mapping goes.
    group(&scim, "Editors", &[&ada]).await;
    assert!(world.holds(&ada, "editor").await);
    world.map_roles(&connection.id, vec![]).await.unwrap();
    assert!(!world.holds(&ada, "editor").await);
}

/// Row 6 (Jumper)
async fn look_alikes_of_a_mapped_group_get_nothing(world: World) {
    let (connection, scim) = world.scim_as("default").await;
    let (_, other) = world.scim_as("default").await;
    let role = mapped(&world, &connection, Source::GroupDisplayName("Admins".into())).await;
    let ada = person(&scim, "ada").await;

    // Another connection's, and a service's.
    group(&other, "Admins", &[&ada]).await;
    world.create_group("Admins", vec![principal(&ada)]).await;
    for name in ["admins", "ADMINS", " Admins", "Admins ", "Ａdmins", "Admi\u{200b}ns", "Admıns", "A\u{301}dmins"] {
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": [{ "value": ada }] });
        scim.post("/Groups", &body).await;
    }
    assert!(!world.holds(&ada, "editor").await && world.holders(&role).await.is_empty());

    // A mapped group inside another's gives those of the outer one nothing.
    let bob = person(&scim, "bob").await;
    let real = group(&scim, "Admins", &[&ada]).await;
    let around = group(&other, "Around", &[&bob]).await;
    world.modify(&around, vec![add(group_principal(&real))]).await.unwrap();
    assert!(world.holds(&ada, "editor").await && !world.holds(&bob, "editor").await);
}

async fn a_group_is_mapped_by_its_external_id(world: World) {
    let (connection, scim) = world.scim_as("default").await;
    let (_, other) = world.scim_as("default").await;
    let role = mapped(&world, &connection, Source::GroupExternalId("G-1".into())).await;
    let (ada, bob) = (person(&scim, "ada").await, person(&scim, "bob").await);
    let body = |member: &str| {
        let schemas = [GROUP];
        json!({ "schemas": schemas, "displayName": "Any", "externalId": "G-1", "members": [{ "value": member }] })
    };

    made(&other, "/Groups", body(&bob)).await;
    let id = made(&scim, "/Groups", body(&ada)).await;
    assert!(world.holds(&ada, "editor").await && !world.holds(&bob, "editor").await);
    assert_eq!(world.holders(&role).await, [ada.clone()]);
    rename(&scim, &id, "Other").await;
    assert!(world.holds(&ada, "editor").await);
}

async fn values_of_users_are_mapped_for_their_own_connection(world: World) {
    let (connection, scim) = world.scim_as("default").await;
    let (_, other) = world.scim_as("default").await;
    let role = mapped(&world, &connection, Source::RoleValue("Editor".into())).await;
    let with = |name: &str, value: &str| {
        let schemas = [USER];
        json!({ "schemas": schemas, "userName": name, "active": true, "roles": [{ "value": value }] })
    };
    let ada = made(&scim, "/Users", with("ada", "Editor")).await;
    let eve = made(&scim, "/Users", with("eve", "editor")).await;
    let mal = made(&other, "/Users", with("mal", "Editor")).await;
    let tom = world.create_user(roster::api::v1::User { roles: vec![], ..user("tom") }).await.id;
    world.patch_user(&tom, vec![operation(Op::Add, "roles.value", Some(text("Editor")))]).await.ok();

    assert_eq!(world.holders(&role).await, [ada.clone()]);
    for (id, holds) in [(&ada, true), (&eve, false), (&mal, false), (&tom, false)] {
        assert_eq!(world.holds(id, "editor").await, holds, "{id}");
    }

    // Data until it is mapped.
    world.map_roles(&connection.id, vec![mapping(Source::EntitlementValue("Editor".into()), &role)]).await.unwrap();
    assert!(!world.holds(&ada, "editor").await && world.holders(&role).await.is_empty());
    let entitled = json!([{ "op": "add", "path": "entitlements", "value": [{ "value": "Editor" }] }]);
    assert!(scim.patch(&format!("/Users/{ada}"), &entitled).await.status < 300);
    assert!(world.holds(&ada, "editor").await);
    assert_eq!(world.holders(&role).await, [ada]);
}

async fn a_mapping_names_a_role_that_is_there(world: World) {
    let connection = world.connection(&world.organization, "default").await;
    let refuse = |mappings| {
        let (world, id) = (&world, &connection.id);
        async move { world.map_roles(id, mappings).await.map(tonic::Response::new).refused() }
    };
    let missing = refuse(vec![mapping(Source::RoleValue("x".into()), "nothing")]).await;
    missing.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "connection.role_mappings");
    refuse(vec![mapping(Source::RoleValue(String::new()), "admin")]).await.is(Code::InvalidArgument, ErrorReason::InvalidValue);
    refuse(vec![mapping(Source::RoleValue("x".repeat(1_025)), "admin")]).await.is(Code::InvalidArgument, ErrorReason::TooLarge);
    let many = (0..501).map(|i| mapping(Source::RoleValue(format!("v{i}")), "admin")).collect();
    refuse(many).await.is(Code::InvalidArgument, ErrorReason::TooLarge);
}
