//! Provisioned is not set up: an account that a provider made waits for its person.

use crate::harness::{
    Refused, World, both,
    scim::USER,
    shapes::{operation, text, user},
};
use prost_types::FieldMask;
use roster::api::v1::{
    ErrorReason, GetUserRequest, ListUsersRequest, ReplaceUserRequest, UpdateUserRequest, User, patch_operation::Op, user::SetupState,
};
use serde_json::json;
use tonic::{Code, Status};

use crate::harness::{Clients, shapes::by_id};

async fn update(world: &World, clients: Clients, user: User, path: &str) -> Result<User, Status> {
    let request = UpdateUserRequest {
        organization_id: world.organization.clone(),
        user: Some(user),
        update_mask: Some(FieldMask { paths: vec![path.to_owned()] }),
        ..UpdateUserRequest::default()
    };
    Ok(clients.users.clone().update_user(request).await?.into_inner().user.unwrap())
}

fn said(id: &str, state: SetupState) -> User {
    User { id: id.to_owned(), setup_state: state.into(), ..user("ada") }
}

/// Row 16 (Infisical)
async fn a_provisioned_user_is_set_up_when_a_service_says_so(world: World) {
    let scim = world.scim();
    let before = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.expect(201);
    let id = before["id"].as_str().unwrap();
    assert_eq!((before["active"].as_bool(), world.user(id).await.setup_state()), (Some(true), SetupState::Provisioned));
    assert!(!before.to_string().to_lowercase().contains("setup"), "SCIM does not show it: {before}");

    let completed = update(&world, world.grpc(), said(id, SetupState::Complete), "setup_state").await.unwrap();

    assert_eq!((completed.setup_state(), completed.active), (SetupState::Complete, Some(true)));
    // Whatever the provider does next, it stays: the one says who may be let in, the other how far the person is.
    let path = format!("/Users/{id}");
    scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "title": "Analyst", "setupState": "PROVISIONED"})).await.expect(200);
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "setup_state": 1})).await.expect(200);
    let suspended = world.user(id).await;
    assert_eq!((suspended.setup_state(), suspended.active), (SetupState::Complete, Some(false)));
    scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": true}])).await.expect(200);
    assert_eq!(world.user(id).await.setup_state(), SetupState::Complete);
    assert!(!scim.get(&path).await.expect(200).to_string().to_lowercase().contains("setup"));
}

/// Row 16 (Infisical)
async fn no_connection_says_that_a_person_is_set_up(world: World) {
    let scopes = ["users.read", "users.write"].map(str::to_owned);
    let connection = world.grpc_as(&world.issue(&world.organization, &world.connection, "", &scopes).await.unwrap().secret);
    let request = roster::api::v1::CreateUserRequest {
        organization_id: world.organization.clone(),
        user: Some(said("", SetupState::Complete)),
        ..Default::default()
    };
    let made = connection.users.clone().create_user(request).await.unwrap().into_inner().user.unwrap();
    assert_eq!(made.setup_state(), SetupState::Provisioned, "ignored, as what is output only is");

    let refused = update(&world, connection.clone(), said(&made.id, SetupState::Complete), "setup_state").await;
    Refused::read(&refused.unwrap_err()).is(Code::InvalidArgument, ErrorReason::Mutability);
    update(&world, connection.clone(), User { title: Some("x".into()), ..said(&made.id, SetupState::Complete) }, "*").await.unwrap();
    let request = ReplaceUserRequest {
        organization_id: world.organization.clone(),
        user: Some(said(&made.id, SetupState::Complete)),
        ..ReplaceUserRequest::default()
    };
    connection.users.clone().replace_user(request).await.unwrap();

    let request = GetUserRequest { organization_id: world.organization.clone(), user: Some(by_id(&made.id)), ..GetUserRequest::default() };
    let seen = connection.users.clone().get_user(request).await.unwrap().into_inner().user.unwrap();
    assert_eq!(seen.setup_state(), SetupState::Provisioned);
}

/// Row 16 (Infisical)
async fn a_service_sets_it_and_never_loses_it_by_accident(world: World) {
    // Somebody who signed in before any provider knew of them is set up from the start.
    let ada = world.create_user(User { setup_state: SetupState::Complete.into(), ..user("ada") }).await;
    assert_eq!(ada.setup_state(), SetupState::Complete);
    let grace = world.create_user(user("grace")).await;

    let request = ListUsersRequest { organization_id: world.organization.clone(), ..ListUsersRequest::default() };
    let listed = world.grpc().users.list_users(request).await.unwrap().into_inner().users;
    let waiting: Vec<_> = listed.iter().filter(|u| u.setup_state() == SetupState::Provisioned).map(|u| &u.id).collect();
    assert_eq!((listed.len(), waiting), (2, vec![&grace.id]), "a list shows who is not finished");

    // A client that has never heard of it names everything, and says nothing of this.
    let renamed = update(&world, world.grpc(), said(&ada.id, SetupState::Unspecified), "*").await.unwrap();
    assert_eq!(renamed.setup_state(), SetupState::Complete);
    let request = ReplaceUserRequest {
        organization_id: world.organization.clone(),
        user: Some(said(&ada.id, SetupState::Unspecified)),
        ..ReplaceUserRequest::default()
    };
    assert_eq!(world.grpc().users.replace_user(request).await.unwrap().into_inner().user.unwrap().setup_state(), SetupState::Complete);
    for user in [said(&ada.id, SetupState::Unspecified), User { setup_state: 7, ..said(&ada.id, SetupState::Complete) }] {
        let refused = Refused::read(&update(&world, world.grpc(), user, "setup_state").await.unwrap_err());
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "setup_state");
    }
    let refused = world.patch_user(&ada.id, vec![operation(Op::Replace, "setupState", Some(text("COMPLETE")))]).await;
    Refused::read(&refused.unwrap_err()).is(Code::InvalidArgument, ErrorReason::InvalidPath);
    assert_eq!(world.user(&ada.id).await.setup_state(), SetupState::Complete);
}

both! {
    a_provisioned_user_is_set_up_when_a_service_says_so
    no_connection_says_that_a_person_is_set_up
    a_service_sets_it_and_never_loses_it_by_accident
}
