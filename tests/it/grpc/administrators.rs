//! Administrators are not a connection's to change, and the last one stays.

use crate::harness::{
    Refused, World, both,
    refusal::ExpectRefusal,
    roles::{grant, mapping, role},
    scim::{GROUP, Scim, USER},
    shapes::{add, boolean, group_principal, operation, principal, remove, user},
};
use prost_types::FieldMask;
use roster::api::v1::{
    DeleteConnectionRequest, DeleteGroupRequest, DeleteUserRequest, ErrorReason, PurgeUserRequest, Role, UpdateRoleRequest,
    patch_operation::Op, role_mapping::Source,
};
use serde_json::{Value, json};
use std::fmt::Debug;
use tonic::{Code, Status};

both! {
    a_connection_may_not_touch_administrators_that_others_made
    a_connection_may_not_touch_groups_that_make_administrators
    a_connection_makes_and_unmakes_administrators_by_its_own_mapping
    a_token_may_say_that_a_connection_changes_administrators
    no_write_takes_the_last_administrator_away
    the_last_administrator_in_a_group_stays_in_it
    where_nobody_administers_nothing_is_refused
}

fn refused<T: Debug>(answer: Result<T, Status>) -> Refused {
    answer.map(tonic::Response::new).refused()
}

fn is_last(refused: &Refused) {
    refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "LAST_ADMINISTRATOR");
}

fn operations(op: &str, path: &str, value: &Value) -> Value {
    json!([{ "op": op, "path": path, "value": value }])
}

async fn person(scim: &Scim, name: &str) -> String {
    let body = json!({ "schemas": [USER], "userName": name, "active": true });
    scim.post("/Users", &body).await.body["id"].as_str().unwrap().to_owned()
}

async fn group(scim: &Scim, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    scim.post("/Groups", &body).await.body["id"].as_str().unwrap().to_owned()
}

/// Another administrator, so that nothing is refused for the sake of the last one.
async fn spare(world: &World) -> String {
    let id = world.create_user(user("spare")).await.id;
    world.grant("admin", principal(&id)).await;
    id
}

/// Row 6 (Jumper)
async fn a_connection_may_not_touch_administrators_that_others_made(world: World) {
    spare(&world).await;
    let (_, scim) = world.scim_as("default").await;
    let boss = world.create_role(role("boss", &["admin"])).await.id;
    let (ada, bob) = (person(&scim, "ada").await, person(&scim, "bob").await);
    world.grant(&boss, principal(&ada)).await;
    let before = world.user(&ada).await;

    for operation in [
        operations("replace", "active", &json!(false)),
        operations("replace", "userName", &json!("eve")),
        operations("add", "emails", &json!([{ "value": "eve@example.com" }])),
        operations("add", "externalId", &json!("x")),
    ] {
        let answer = scim.patch(&format!("/Users/{ada}"), &operation).await;
        // What links nothing new is free.
        let expected = if operation[0]["path"] == "externalId" { 200 } else { 403 };
        assert_eq!(answer.status, expected, "{operation} {}", answer.body);
    }
    assert_eq!(scim.delete(&format!("/Users/{ada}")).await.status, 403);
    assert_eq!((world.user(&ada).await.user_name, world.user(&ada).await.active), (before.user_name, before.active));
    assert!(world.holds(&ada, "admin").await);

    // What makes no difference to that goes through, and so does everything about others.
    assert!(scim.patch(&format!("/Users/{ada}"), &operations("replace", "title", &json!("Dr"))).await.status < 300);
    assert!(scim.patch(&format!("/Users/{bob}"), &operations("replace", "active", &json!(false))).await.status < 300);
    assert_eq!(scim.delete(&format!("/Users/{bob}")).await.status, 204);

    // Once deactivated by a service it is not brought back by a connection.
    world.patch_user(&ada, vec![operation(Op::Replace, "active", Some(boolean(false)))]).await.unwrap();
    assert_eq!(scim.patch(&format!("/Users/{ada}"), &operations("replace", "active", &json!(true))).await.status, 403);
}

async fn a_connection_may_not_touch_groups_that_make_administrators(world: World) {
    spare(&world).await;
    let (other, theirs) = world.scim_as("default").await;
    let (_, scim) = world.scim_as("default").await;
    let (ada, eve) = (person(&scim, "ada").await, person(&scim, "eve").await);
    let granted = group(&scim, "Granted", &[&ada]).await;
    world.grant("admin", group_principal(&granted)).await;
    let inner = group(&scim, "Inner", &[]).await;
    world.modify(&granted, vec![add(group_principal(&inner))]).await.unwrap();
    world.map_roles(&other.id, vec![mapping(Source::GroupDisplayName("Chiefs".into()), "admin")]).await.unwrap();
    let chiefs = group(&theirs, "Chiefs", &[]).await;

    for id in [&granted, &inner, &chiefs] {
        let member = json!([{ "value": eve }]);
        let answer = scim.patch(&format!("/Groups/{id}"), &operations("add", "members", &member)).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    let leave = operations("remove", &format!("members[value eq \"{ada}\"]"), &Value::Null);
    assert_eq!(scim.patch(&format!("/Groups/{granted}"), &leave).await.status, 403);
    for id in [&granted, &inner] {
        assert_eq!(scim.delete(&format!("/Groups/{id}")).await.status, 403);
    }
    let body = json!({ "schemas": [GROUP], "displayName": "Granted", "members": [{ "value": eve }] });
    assert_eq!(scim.put(&format!("/Groups/{granted}"), &body).await.status, 403);
    assert_eq!(scim.patch(&format!("/Users/{ada}"), &operations("replace", "active", &json!(false))).await.status, 403);
    assert!(world.holds(&ada, "admin").await && !world.holds(&eve, "admin").await);

    // Around it anything goes: whoever is in the outer group holds nothing for that.
    let around = group(&scim, "Around", &[&eve, &granted]).await;
    assert!(scim.patch(&format!("/Groups/{around}"), &operations("add", "members", &json!([{ "value": ada }]))).await.status < 300);
    assert!(!world.holds(&eve, "admin").await);
    // The other connection is free with what its own mapping gives.
    assert!(theirs.patch(&format!("/Groups/{chiefs}"), &operations("add", "members", &json!([{ "value": eve }]))).await.status < 300);
    assert!(world.holds(&eve, "admin").await);
    // And now she is theirs.
    assert_eq!(scim.patch(&format!("/Users/{eve}"), &operations("replace", "active", &json!(false))).await.status, 403);
}

/// Row 6 (Jumper)
async fn a_connection_makes_and_unmakes_administrators_by_its_own_mapping(world: World) {
    spare(&world).await;
    let (connection, scim) = world.scim_as("default").await;
    world.map_roles(&connection.id, vec![mapping(Source::GroupDisplayName("Admins".into()), "admin")]).await.unwrap();
    let (ada, bob) = (person(&scim, "ada").await, person(&scim, "bob").await);
    let admins = group(&scim, "Admins", &[&ada]).await;
    assert!(world.holds(&ada, "admin").await);

    assert!(scim.patch(&format!("/Groups/{admins}"), &operations("add", "members", &json!([{ "value": bob }]))).await.status < 300);
    assert!(scim.patch(&format!("/Users/{ada}"), &operations("replace", "active", &json!(false))).await.status < 300);
    assert_eq!(scim.delete(&format!("/Users/{bob}")).await.status, 204);
    assert_eq!(scim.delete(&format!("/Groups/{admins}")).await.status, 204);
    assert!(!world.holds(&ada, "admin").await);
}

async fn a_token_may_say_that_a_connection_changes_administrators(world: World) {
    spare(&world).await;
    let (connection, scim) = world.scim_as("default").await;
    let scopes = ["scim".to_owned(), "administrators.write".to_owned()];
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    let ada = person(&scim, "ada").await;
    world.grant("admin", principal(&ada)).await;

    let off = operations("replace", "active", &json!(false));
    assert_eq!(scim.patch(&format!("/Users/{ada}"), &off).await.status, 403);
    assert!(scim.with_token(&token).patch(&format!("/Users/{ada}"), &off).await.status < 300);
}

/// Row 6 (Jumper)
async fn no_write_takes_the_last_administrator_away(world: World) {
    let organization_id = world.organization.clone();
    let boss = world.create_role(role("boss", &["admin"])).await;
    let ada = world.create_user(user("ada")).await.id;
    let granted = world.grant(&boss.id, principal(&ada)).await;
    let deactivate = |id: &str| {
        let (world, id) = (&world, id.to_owned());
        async move { world.patch_user(&id, vec![operation(Op::Replace, "active", Some(boolean(false)))]).await }
    };
    let mut grpc = world.grpc();

    is_last(&refused(deactivate(&ada).await));
    let delete = DeleteUserRequest { organization_id: organization_id.clone(), user_id: ada.clone(), ..DeleteUserRequest::default() };
    is_last(&grpc.users.delete_user(delete.clone()).await.refused());
    let purge = PurgeUserRequest { organization_id: organization_id.clone(), user_id: ada.clone(), ..PurgeUserRequest::default() };
    is_last(&grpc.users.purge_user(purge).await.refused());
    is_last(&refused(world.assign(vec![], &[granted.clone()]).await));
    let tame = UpdateRoleRequest {
        organization_id: organization_id.clone(),
        role: Some(Role { id: boss.id.clone(), ..Role::default() }),
        update_mask: Some(FieldMask { paths: vec!["included_role_ids".into()] }),
        ..UpdateRoleRequest::default()
    };
    is_last(&grpc.roles.update_role(tame).await.refused());
    assert!(world.holds(&ada, "admin").await);

    // One who is inactive, or holds it somewhere only, is no administrator of the organization.
    let bob = world.create_user(user("bob")).await.id;
    let somewhere = roster::api::v1::RoleAssignment { scope: "somewhere".into(), ..grant("admin", principal(&bob)) };
    world.assign(vec![somewhere], &[]).await.unwrap();
    is_last(&refused(deactivate(&ada).await));
    world.grant("admin", principal(&bob)).await;
    deactivate(&ada).await.unwrap();
    is_last(&refused(deactivate(&bob).await));
    grpc.users.delete_user(delete).await.unwrap();

    // A mapping that alone makes one may not go either.
    let (connection, scim) = world.scim_as("default").await;
    world.map_roles(&connection.id, vec![mapping(Source::GroupDisplayName("Admins".into()), "admin")]).await.unwrap();
    let eve = person(&scim, "eve").await;
    let admins = group(&scim, "Admins", &[&eve]).await;
    deactivate(&bob).await.unwrap();
    is_last(&refused(world.map_roles(&connection.id, vec![]).await));
    let gone = DeleteConnectionRequest { organization_id, connection_id: connection.id.clone(), ..DeleteConnectionRequest::default() };
    is_last(&grpc.provisioning.delete_connection(gone).await.refused());
    assert_eq!(scim.patch(&format!("/Groups/{admins}"), &operations("replace", "displayName", &json!("Others"))).await.status, 403);
    assert_eq!(scim.delete(&format!("/Groups/{admins}")).await.status, 403);
    assert_eq!(scim.delete(&format!("/Users/{eve}")).await.status, 403);
    let leave = operations("remove", &format!("members[value eq \"{eve}\"]"), &Value::Null);
    assert_eq!(scim.patch(&format!("/Groups/{admins}"), &leave).await.status, 403);
    assert!(world.holds(&eve, "admin").await);
}

async fn the_last_administrator_in_a_group_stays_in_it(world: World) {
    let (ada, bob) = (world.create_user(user("ada")).await.id, world.create_user(user("bob")).await.id);
    let inner = world.create_group("Inner", vec![principal(&ada)]).await.id;
    let outer = world.create_group("Outer", vec![group_principal(&inner)]).await.id;
    world.grant("admin", group_principal(&outer)).await;

    is_last(&refused(world.modify(&inner, vec![remove(principal(&ada))]).await));
    is_last(&refused(world.modify(&outer, vec![remove(group_principal(&inner))]).await));
    let delete =
        DeleteGroupRequest { organization_id: world.organization.clone(), group_id: inner.clone(), ..DeleteGroupRequest::default() };
    is_last(&world.grpc().groups.delete_group(delete.clone()).await.refused());
    // One for another in one write.
    world.modify(&inner, vec![remove(principal(&ada)), add(principal(&bob))]).await.unwrap();
    assert!(world.holds(&bob, "admin").await && !world.holds(&ada, "admin").await);
    world.modify(&outer, vec![add(principal(&ada))]).await.unwrap();
    world.grpc().groups.delete_group(delete).await.unwrap();
    let delete = DeleteGroupRequest { organization_id: world.organization.clone(), group_id: outer, ..DeleteGroupRequest::default() };
    is_last(&world.grpc().groups.delete_group(delete).await.refused());
}

async fn where_nobody_administers_nothing_is_refused(world: World) {
    let ada = world.create_user(user("ada")).await.id;
    let group = world.create_group("All", vec![principal(&ada)]).await.id;
    world.patch_user(&ada, vec![operation(Op::Replace, "active", Some(boolean(false)))]).await.unwrap();
    // Granted to one who is inactive: there was no administrator before, and there may be none after.
    world.grant("admin", group_principal(&group)).await;
    world.modify(&group, vec![remove(principal(&ada))]).await.unwrap();
    let granted = world.grant("admin", principal(&ada)).await;
    world.assign(vec![], &[granted]).await.unwrap();
    world.delete_user(&ada).await;
}
