//! What a token may hand out, and who may touch administrators without being a connection: only what says so in its scopes.

use crate::harness::{
    Clients, World, both,
    deeds::Desk,
    refusal::{ExpectRefusal as _, Refused},
    roles::{grant, mapping, role},
    shapes::{add, boolean, group_principal, operation, principal, resolve_takeover, undo_takeover, user},
};
use roster::api::v1::{
    Connection, DeleteConnectionRequest, DeleteServiceAccountRequest, DeleteUserRequest, ErrorReason, IssueTokenRequest, Link,
    PurgeUserRequest, RevokeTokenRequest, Role, RotateTokenRequest, UndeleteUserRequest, UpdateRoleRequest, connection::Takeover,
    link::Reason, patch_operation::Op, role_mapping::Source,
};
use serde_json::json;
use std::fmt::Debug;
use tonic::{Code, Response, Status};

both! {
    a_connection_gives_and_ends_its_own_tokens_alone
    a_connection_with_the_scope_hands_out_what_it_holds
    nobody_gives_a_token_to_a_connection_that_makes_administrators_without_the_scope
    a_link_to_an_administrator_is_made_and_undone_by_whoever_may
    a_service_without_the_scope_changes_no_administrator
    a_service_without_the_scope_makes_no_administrator
}

fn scopes(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn lacks(refused: &Refused) {
    refused.is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", "administrators.write");
}

fn guarded<T: Debug>(answer: Result<T, Status>) {
    answer.map(Response::new).refused().is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "ADMINISTRATOR");
}

async fn issue(world: &World, by: &Clients, connection: &str, account: &str, names: &[&str]) -> Result<Response<String>, Status> {
    let request = IssueTokenRequest {
        organization_id: world.organization.clone(),
        connection_id: connection.to_owned(),
        service_account_id: account.to_owned(),
        scopes: scopes(names),
        ..IssueTokenRequest::default()
    };
    Ok(Response::new(by.provisioning.clone().issue_token(request).await?.into_inner().token_id))
}

async fn rotate(world: &World, by: &Clients, token: &str) -> Result<Response<String>, Status> {
    let request = RotateTokenRequest { organization_id: world.organization.clone(), token_id: token.to_owned(), ..Default::default() };
    Ok(Response::new(by.provisioning.clone().rotate_token(request).await?.into_inner().token_id))
}

async fn revoke(world: &World, by: &Clients, token: &str) -> Result<Response<()>, Status> {
    let request = RevokeTokenRequest { organization_id: world.organization.clone(), token_id: token.to_owned(), ..Default::default() };
    Ok(by.provisioning.clone().revoke_token(request).await?.map(drop))
}

/// The clients of a new connection with these scopes.
async fn connected(world: &World, names: &[&str]) -> (Connection, Clients) {
    let connection = world.connection(&world.organization, "default").await;
    let token = world.issue(&world.organization, &connection.id, "", &scopes(names)).await.unwrap().secret;
    (connection, world.grpc_as(&token))
}

/// Row 11 (Infisical)
async fn a_connection_gives_and_ends_its_own_tokens_alone(world: World) {
    let (own, clients) = connected(&world, &["scim", "provisioning.write", "service_accounts.write"]).await;
    let (other, account) = (world.connection(&world.organization, "default").await, world.service_account(&world.organization).await);

    for (connection, account) in [(other.id.as_str(), ""), ("", account.id.as_str())] {
        lacks(&issue(&world, &clients, connection, account, &["scim"]).await.refused());
        let token = world.issue(&world.organization, connection, account, &scopes(&["scim"])).await.unwrap().token_id;
        lacks(&rotate(&world, &clients, &token).await.refused());
        lacks(&revoke(&world, &clients, &token).await.refused());
    }
    // What ends the tokens of others in another way is not its to do, either.
    let renamed = Connection { id: other.id.clone(), display_name: "x".to_owned(), ..Connection::default() };
    let desk = Desk::new(&world.organization, clients.clone());
    lacks(&desk.update_connection(renamed, &["display_name"]).await.map(Response::new).refused());
    let organization_id = world.organization.clone();
    let delete = DeleteConnectionRequest { organization_id, connection_id: other.id, ..Default::default() };
    lacks(&clients.provisioning.clone().delete_connection(delete).await.refused());
    let organization_id = world.organization.clone();
    let delete = DeleteServiceAccountRequest { organization_id, service_account_id: account.id, ..Default::default() };
    lacks(&clients.service_accounts.clone().delete_service_account(delete).await.refused());

    let token = issue(&world, &clients, &own.id, "", &["scim"]).await.unwrap().into_inner();
    let token = rotate(&world, &clients, &token).await.unwrap().into_inner();
    revoke(&world, &clients, &token).await.unwrap();
}

async fn a_connection_with_the_scope_hands_out_what_it_holds(world: World) {
    let (_, clients) = connected(&world, &["scim", "provisioning.write", "administrators.write"]).await;
    let other = world.connection(&world.organization, "default").await;

    let token = issue(&world, &clients, &other.id, "", &["scim", "administrators.write"]).await.unwrap().into_inner();
    rotate(&world, &clients, &token).await.unwrap();
    let more = issue(&world, &clients, &other.id, "", &["scim", "users.purge"]).await.refused();
    more.is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", "users.purge");
    let token = world.issue(&world.organization, &other.id, "", &scopes(&["users.purge"])).await.unwrap().token_id;
    let more = rotate(&world, &clients, &token).await.refused();
    more.is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", "users.purge");
}

/// Row 6 (Jumper)
async fn nobody_gives_a_token_to_a_connection_that_makes_administrators_without_the_scope(world: World) {
    let service = world.with_scopes(&["scim", "provisioning.write"]).await;
    let desk = Desk::new(&world.organization, service.clone());
    let connection = world.connection(&world.organization, "default").await;
    let token = issue(&world, &service, &connection.id, "", &["scim"]).await.unwrap().into_inner();
    let mappings = vec![mapping(Source::GroupDisplayName("Admins".into()), "admin")];

    guarded(desk.map_roles(&connection.id, mappings.clone()).await);
    world.map_roles(&connection.id, mappings).await.unwrap();
    lacks(&issue(&world, &service, &connection.id, "", &["scim"]).await.refused());
    lacks(&rotate(&world, &service, &token).await.refused());
    // To take the mapping away is to take administrators away; everything else of the connection is there to be changed.
    guarded(desk.map_roles(&connection.id, vec![]).await);
    let renamed = Connection { id: connection.id.clone(), display_name: "x".to_owned(), ..Connection::default() };
    desk.update_connection(renamed, &["display_name"]).await.unwrap();
    revoke(&world, &service, &token).await.unwrap();
}

/// Row 29 (JumpCloud)
async fn a_link_to_an_administrator_is_made_and_undone_by_whoever_may(world: World) {
    let spare = world.create_user(user("spare")).await.id;
    world.grant("admin", principal(&spare)).await;
    let (connection, scim) = world.scim_as("default").await;
    let waiting = Connection {
        id: connection.id.clone(),
        takeover: Takeover::RequireApproval.into(),
        takeover_match_attributes: vec!["userName".to_owned()],
        ..Connection::default()
    };
    world.update_connection(waiting, &["takeover", "takeover_match_attributes"]).await.unwrap();
    let ada = world.create_user(user("ada")).await.id;
    let body = json!({ "schemas": [crate::harness::scim::USER], "userName": "ada" });
    assert_eq!(scim.post("/Users", &body).await.status, 409);
    world.grant("admin", principal(&ada)).await;
    let (_, other) = connected(&world, &["provisioning.write"]).await;
    let service = world.with_scopes(&["provisioning.write"]).await;

    let resolve = |approve| resolve_takeover(&world.organization, &ada, &connection.id, approve);
    let undo = undo_takeover(&world.organization, &ada, &connection.id, false);
    lacks(&other.takeovers.clone().resolve_takeover(resolve(true)).await.refused());
    guarded(service.takeovers.clone().resolve_takeover(resolve(true)).await);
    world.grpc().takeovers.resolve_takeover(resolve(true)).await.unwrap();
    lacks(&other.takeovers.clone().undo_takeover(undo.clone()).await.refused());
    guarded(service.takeovers.clone().undo_takeover(undo.clone()).await);
    let reasons = |links: Vec<Link>| links.iter().map(Link::reason).collect::<Vec<_>>();
    assert_eq!(reasons(world.user(&ada).await.links), [Reason::Approved]);
    world.grpc().takeovers.undo_takeover(undo).await.unwrap();
    assert_eq!(reasons(world.user(&ada).await.links), []);
}

/// Row 6 (Jumper)
async fn a_service_without_the_scope_changes_no_administrator(world: World) {
    let (spare, ada) = (world.create_user(user("spare")).await.id, world.create_user(user("ada")).await.id);
    world.grant("admin", principal(&spare)).await;
    world.grant("admin", principal(&ada)).await;
    let service = Desk::new(&world.organization, world.with_scopes(&["scim", "users.purge", "roles.write"]).await);
    let delete = |id: &str| DeleteUserRequest { organization_id: world.organization.clone(), user_id: id.to_owned(), ..Default::default() };
    let undelete = UndeleteUserRequest { organization_id: world.organization.clone(), user_id: ada.clone(), ..Default::default() };
    let purge = PurgeUserRequest { organization_id: world.organization.clone(), user_id: ada.clone(), ..Default::default() };

    guarded(service.patch_user(&ada, vec![operation(Op::Replace, "active", Some(boolean(false)))]).await);
    guarded(service.grpc().users.delete_user(delete(&ada)).await);
    guarded(service.grpc().users.purge_user(purge.clone()).await);
    assert!(world.holds(&ada, "admin").await);
    // Who was one, and would be one again.
    world.delete_user(&ada).await;
    guarded(service.grpc().users.undelete_user(undelete.clone()).await);
    world.grpc().users.undelete_user(undelete).await.unwrap();
    assert!(world.holds(&ada, "admin").await);
    // Everything else about her, and everybody else.
    service.patch_user(&ada, vec![operation(Op::Replace, "title", Some(crate::harness::shapes::text("Dr")))]).await.unwrap();
    let bob = service.create_user(user("bob")).await.id;
    service.grpc().users.delete_user(delete(&bob)).await.unwrap();
}

/// Row 6 (Jumper)
async fn a_service_without_the_scope_makes_no_administrator(world: World) {
    let spare = world.create_user(user("spare")).await.id;
    world.grant("admin", principal(&spare)).await;
    let service = Desk::new(&world.organization, world.with_scopes(&["scim", "roles.write"]).await);
    let (connection, scim) = world.scim_as("default").await;
    world.map_roles(&connection.id, vec![mapping(Source::GroupDisplayName("Admins".into()), "admin")]).await.unwrap();
    let mapped = scim.post("/Groups", &json!({ "schemas": [crate::harness::scim::GROUP], "displayName": "Admins" })).await.id();
    let (granted, inner) = (world.create_group("Granted", vec![]).await.id, world.create_group("Inner", vec![]).await.id);
    world.grant("admin", group_principal(&granted)).await;
    world.modify(&granted, vec![add(group_principal(&inner))]).await.unwrap();
    let eve = service.create_user(user("eve")).await.id;
    let boss = service.create_role(role("boss", &[])).await.id;

    for group in [&mapped, &granted, &inner] {
        guarded(service.modify(group, vec![add(principal(&eve))]).await);
    }
    guarded(service.assign(vec![grant("admin", principal(&eve))], &[]).await);
    service.assign(vec![grant(&boss, principal(&eve))], &[]).await.unwrap();
    let includes = UpdateRoleRequest {
        organization_id: world.organization.clone(),
        role: Some(Role { id: boss, included_role_ids: vec!["admin".to_owned()], ..Role::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["included_role_ids".to_owned()] }),
        ..UpdateRoleRequest::default()
    };
    guarded(service.grpc().roles.update_role(includes).await);
    assert!(!world.holds(&eve, "admin").await);
}
