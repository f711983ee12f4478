//! A connection does what it is allowed to, and nothing else.

use crate::harness::{
    Clients, Refused, World, faces,
    refusal::ExpectRefusal as _,
    schema::badge,
    scim::{BULK_RESPONSE, GROUP, Scim, USER},
    shapes::{add, boolean, operation, principal, text, user},
};
use roster::api::v1::{
    ApplyMutationsRequest, Connection, CreateConnectionRequest, CreateUserRequest, DeleteUserRequest, ErrorReason,
    ModifyGroupMembersRequest, Mutation, PatchUserRequest, PutSchemaRequest, User,
    apply_mutations_request::Mode,
    connection::AllowedAction,
    connection::AllowedAction::{CreateUsers, DeactivateUsers, DeleteUsers, UpdateUsers, WriteGroups},
    mutation::Write,
    patch_operation::Op,
};
use serde_json::{Value, json};
use tonic::Code;

async fn allowed(world: &World, actions: &[AllowedAction]) -> (Connection, Scim, Clients) {
    let allowed_actions = actions.iter().map(|action| i32::from(*action)).collect();
    let (connection, scim) = world.scim_with(Connection { allowed_actions, ..Connection::default() }).await;
    let scopes = ["users.write", "groups.write", "bulk.write"].map(str::to_owned);
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    (connection, scim, world.grpc_as(&token))
}

fn ada(title: &str, active: bool) -> Value {
    json!({"schemas": [USER], "userName": "ada", "title": title, "active": active})
}

fn set(path: &str, value: &Value) -> Value {
    json!([{"op": "replace", "path": path, "value": value}])
}

/// Row 34 (JumpCloud)
async fn an_action_that_is_not_allowed_is_refused_and_changes_nothing(world: World) {
    let (_, everything) = world.scim_with(Connection::default()).await;
    let id = everything.post("/Users", &ada("Countess", true)).await.id();
    let path = format!("/Users/{id}");
    let (_, creates, _) = allowed(&world, &[CreateUsers]).await;
    let (_, updates, _) = allowed(&world, &[UpdateUsers]).await;
    let (_, deactivates, _) = allowed(&world, &[DeactivateUsers]).await;
    let (_, deletes, _) = allowed(&world, &[DeleteUsers]).await;
    let head = world.head().await;

    for scim in [&updates, &deactivates, &deletes] {
        scim.post("/Users", &json!({"schemas": [USER], "userName": "new"})).await.is_error(403, "");
    }
    for scim in [&creates, &deactivates, &deletes] {
        scim.patch(&path, &set("title", &json!("Dr"))).await.is_error(403, "");
        scim.put(&path, &ada("Dr", true)).await.is_error(403, "");
    }
    for scim in [&creates, &updates, &deletes] {
        scim.patch(&path, &set("active", &json!(false))).await.is_error(403, "");
        scim.put(&path, &ada("Countess", false)).await.is_error(403, "");
        scim.patch(&path, &json!([{"op": "remove", "path": "active"}])).await.is_error(403, "");
    }
    for scim in [&creates, &updates, &deactivates] {
        scim.delete(&path).await.is_error(403, "");
    }
    // Both at once need both.
    updates.put(&path, &ada("Dr", false)).await.is_error(403, "");
    deactivates.put(&path, &ada("Dr", false)).await.is_error(403, "");
    assert_eq!(world.head().await, head);
    // To say what is so already is no deed.
    deletes.put(&path, &ada("Countess", true)).await.expect(200);
    creates.get(&path).await.expect(200);
    assert_eq!(world.head().await, head);

    updates.patch(&path, &set("title", &json!("Dr"))).await.expect(200);
    deactivates.put(&path, &ada("Dr", false)).await.expect(200);
    deactivates.patch(&path, &set("active", &json!(true))).await.is_error(403, "");
    updates.patch(&path, &set("active", &json!(true))).await.expect(200);
    deactivates.patch(&path, &set("active", &json!(false))).await.expect(200);
    creates.post("/Users", &json!({"schemas": [USER], "userName": "new"})).await.expect(201);
    assert_eq!(deletes.delete(&path).await.status, 204);
}

/// Row 34 (JumpCloud)
/// Row 33 (JumpCloud): a create that meets a living user of the connection's own is a change of it.
async fn a_create_changes_nobody_unless_the_connection_may_change_users(world: World) {
    let (connection, everything) = world.scim_with(Connection::default()).await;
    let id =
        everything.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7", "title": "Countess"})).await.id();
    let path = format!("/Users/{id}");
    everything.patch(&path, &set("active", &json!(false))).await.expect(200);
    let restricted = async |actions: &[AllowedAction]| {
        let allowed_actions = actions.iter().map(|action| i32::from(*action)).collect();
        world.update_connection(Connection { allowed_actions, ..connection.clone() }, &["allowed_actions"]).await.unwrap();
        // A token's connection may be remembered for a second: another token begins with what is true now.
        let scopes = ["scim", "users.write"].map(str::to_owned);
        let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
        (everything.with_token(&token), world.grpc_as(&token))
    };
    let (creates, clients) = restricted(&[CreateUsers]).await;
    let (head, before) = (world.head().await, world.user(&id).await);
    let again = [
        json!({"schemas": [USER], "userName": "ada", "active": true}),
        json!({"schemas": [USER], "userName": "ada", "externalId": "HR-7", "active": true, "title": "Dr"}),
        json!({"schemas": [USER], "userName": "ada.king", "externalId": "HR-7", "active": true}),
        json!({"schemas": [USER], "userName": "ADA", "externalId": "HR-8", "active": true}),
    ];

    for body in &again {
        creates.post("/Users", body).await.is_error(409, "uniqueness");
        let done = creates.bulk(&json!([{"method": "POST", "path": "/Users", "bulkId": "u", "data": body}])).await.expect(200);
        assert_eq!(done["Operations"][0]["status"], "409", "{done}");
    }
    let request = CreateUserRequest {
        organization_id: world.organization.clone(),
        user: Some(User { active: Some(true), ..user("ada") }),
        ..CreateUserRequest::default()
    };
    clients.users.clone().create_user(request).await.refused().is(Code::AlreadyExists, ErrorReason::Uniqueness);
    assert_eq!((world.head().await, world.user(&id).await), (head, before));

    // Whom it deleted is not there for it: to make that one again is a create.
    let (deletes, _) = restricted(&[CreateUsers, DeleteUsers]).await;
    deletes.delete(&path).await.expect(204);
    let (creates, _) = restricted(&[CreateUsers]).await;
    assert_eq!(creates.post("/Users", &again[1]).await.id(), id);
    assert_eq!(world.user(&id).await.active, Some(true));
    // And with both it wakes whom it manages.
    everything.patch(&path, &set("active", &json!(false))).await.is_error(403, "");
    let (updates, _) = restricted(&[CreateUsers, UpdateUsers, DeactivateUsers]).await;
    updates.patch(&path, &set("active", &json!(false))).await.expect(200);
    let woken = updates.post("/Users", &again[2]).await;
    assert_eq!((woken.status, woken.id(), &woken.body["userName"]), (201, id, &json!("ada.king")));
}

/// Row 34 (JumpCloud)
async fn many_writes_in_one_request_are_held_against_the_same(world: World) {
    let (_, everything) = world.scim_with(Connection::default()).await;
    let id = everything.post("/Users", &ada("Countess", true)).await.id();
    let (_, scim, clients) = allowed(&world, &[CreateUsers, DeactivateUsers]).await;
    let head = world.head().await;

    let done = scim
        .bulk(&json!([
            {"method": "DELETE", "path": format!("/Users/{id}")},
            {"method": "PATCH", "path": format!("/Users/{id}"), "data": {"Operations": set("title", &json!("Dr"))}},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP], "displayName": "Engines"}},
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"schemas": [USER], "userName": "new"}},
            {"method": "PATCH", "path": format!("/Users/{id}"), "data": {"Operations": set("active", &json!(false))}},
        ]))
        .await
        .expect(200);

    assert_eq!(done["schemas"], json!([BULK_RESPONSE]));
    let statuses: Vec<&str> = done["Operations"].as_array().unwrap().iter().map(|o| o["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["403", "403", "403", "201", "200"], "{done}");
    assert_eq!(world.head().await, head + 2);

    let delete = Write::DeleteUser(DeleteUserRequest { user_id: id.clone(), ..DeleteUserRequest::default() });
    let update = Write::PatchUser(PatchUserRequest {
        user_id: id.clone(),
        operations: vec![operation(Op::Replace, "title", Some(text("Dr")))],
        ..PatchUserRequest::default()
    });
    for (write, policy) in [(delete, "ALLOWED_ACTION_DELETE_USERS"), (update, "ALLOWED_ACTION_UPDATE_USERS")] {
        let request = ApplyMutationsRequest {
            organization_id: world.organization.clone(),
            mode: Mode::Atomic.into(),
            mutations: vec![Mutation { temp_id: String::new(), write: Some(write) }],
            ..ApplyMutationsRequest::default()
        };
        let refused = clients.directory.clone().apply_mutations(request).await.refused();
        refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", policy);
    }
    let request = PatchUserRequest {
        organization_id: world.organization.clone(),
        user_id: id,
        operations: vec![operation(Op::Replace, "active", Some(boolean(true)))],
        ..PatchUserRequest::default()
    };
    clients.users.clone().patch_user(request).await.refused().is(Code::FailedPrecondition, ErrorReason::Policy);
    assert_eq!(world.head().await, head + 2);
}

/// Row 35 (JumpCloud)
async fn groups_that_are_switched_off_are_read_only_and_not_told_of(world: World) {
    let member = world.create_user(user("ada")).await.id;
    let group = world.create_group("Engines", vec![principal(&member)]).await.id;
    let request = PutSchemaRequest { organization_id: world.organization.clone(), schema: Some(badge()), ..PutSchemaRequest::default() };
    world.grpc().provisioning.put_schema(request).await.unwrap();
    let (connection, off, clients) = allowed(&world, &[CreateUsers, UpdateUsers, DeactivateUsers, DeleteUsers]).await;
    let (_, on) = world.scim_with(Connection::default()).await;
    let (head, path) = (world.head().await, format!("/Groups/{group}"));

    off.post("/Groups", &json!({"schemas": [GROUP], "displayName": "New"})).await.is_error(403, "");
    off.put(&path, &json!({"schemas": [GROUP], "displayName": "Other"})).await.is_error(403, "");
    off.patch(&path, &json!([{"op": "remove", "path": "members"}])).await.is_error(403, "");
    off.delete(&path).await.is_error(403, "");
    let request = ModifyGroupMembersRequest {
        organization_id: world.organization.clone(),
        group_id: group.clone(),
        deltas: vec![add(principal(&member))],
        ..ModifyGroupMembersRequest::default()
    };
    let refused = clients.groups.clone().modify_group_members(request).await.refused();
    refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "ALLOWED_ACTION_WRITE_GROUPS");
    assert_eq!(world.head().await, head);
    assert_eq!(off.get(&path).await.expect(200)["members"][0]["value"], json!(member));
    assert_eq!(off.get("/Groups").await.expect(200)["totalResults"], 1);

    let names = |list: &Value, key: &str| -> Vec<String> {
        list["Resources"].as_array().unwrap().iter().map(|r| r[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&off.get("/ResourceTypes").await.expect(200), "name"), ["User"]);
    assert_eq!(names(&on.get("/ResourceTypes").await.expect(200), "name"), ["User", "Group"]);
    let (less, more) = (names(&off.get("/Schemas").await.expect(200), "id"), names(&on.get("/Schemas").await.expect(200), "id"));
    assert!(!less.iter().any(|urn| urn == GROUP) && less.iter().any(|urn| urn == USER), "{less:?}");
    assert_eq!(less, more.into_iter().filter(|urn| urn != GROUP).collect::<Vec<_>>());
    off.get("/ResourceTypes/Group").await.is_error(404, "");
    off.get(&format!("/Schemas/{GROUP}")).await.is_error(404, "");
    on.get("/ResourceTypes/Group").await.expect(200);

    // Switched on again: a token of its own begins with what is true now.
    world.update_connection(Connection { allowed_actions: Vec::new(), ..connection.clone() }, &["allowed_actions"]).await.unwrap();
    let token = world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
    let again = off.with_token(&token);
    assert_eq!(names(&again.get("/ResourceTypes").await.expect(200), "name"), ["User", "Group"]);
    assert_eq!(again.delete(&path).await.status, 204);
}

/// Row 34 (JumpCloud)
async fn actions_nobody_knows_are_refused_by_name(world: World) {
    for allowed_actions in [vec![0], vec![6], vec![WriteGroups.into(), WriteGroups.into()]] {
        let connection = Connection { display_name: "x".to_owned(), allowed_actions, ..Connection::default() };
        let request = CreateConnectionRequest {
            organization_id: world.organization.clone(),
            connection: Some(connection),
            ..CreateConnectionRequest::default()
        };
        let refused = Refused::read(&world.grpc().provisioning.create_connection(request).await.unwrap_err());
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "connection.allowed_actions");
    }
}

faces! {
    an_action_that_is_not_allowed_is_refused_and_changes_nothing
    a_create_changes_nobody_unless_the_connection_may_change_users
    many_writes_in_one_request_are_held_against_the_same
    groups_that_are_switched_off_are_read_only_and_not_told_of
    actions_nobody_knows_are_refused_by_name
}
