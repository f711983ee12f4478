//! When a grant that makes administrators ends, and who may say so; and who of them a connection may delete.

use crate::harness::{
    World, both,
    deeds::Desk,
    refusal::ExpectRefusal as _,
    roles::{grant, in_seconds, role},
    scim::USER,
    shapes::{add, boolean, group_principal, operation, principal, user},
};
use prost_types::Timestamp;
use roster::api::v1::{
    Connection, DeleteUserRequest, ErrorReason, ListRoleAssignmentsRequest, RoleAssignment, connection::Deprovision, patch_operation::Op,
};
use serde_json::json;
use std::fmt::Debug;
use tonic::{Code, Response, Status};

both! {
    nobody_without_the_scope_gives_the_grant_of_an_administrator_another_end
    the_last_who_administers_without_end_is_given_none
    who_administers_for_a_time_does_not_stand_in
    an_administrator_is_nobody_s_to_delete_who_never_managed_him
    an_end_that_no_other_program_could_read_is_refused
}

fn policy<T: Debug>(answer: Result<T, Status>, policy: &str) {
    answer.map(Response::new).refused().is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", policy);
}

fn guarded<T: Debug>(answer: Result<T, Status>) {
    policy(answer, "ADMINISTRATOR");
}

fn is_last<T: Debug>(answer: Result<T, Status>) {
    policy(answer, "LAST_ADMINISTRATOR");
}

fn until(grant: RoleAssignment, expire_time: Option<Timestamp>) -> RoleAssignment {
    RoleAssignment { expire_time, ..grant }
}

/// The ends of the grants of a role.
async fn ends(world: &World, role_id: &str) -> Vec<Option<Timestamp>> {
    let request = ListRoleAssignmentsRequest {
        organization_id: world.organization.clone(),
        role_id: role_id.to_owned(),
        ..ListRoleAssignmentsRequest::default()
    };
    let grants = world.grpc().roles.list_role_assignments(request).await.unwrap().into_inner().assignments;
    grants.iter().map(|grant| grant.expire_time).collect()
}

/// Row 6 (Jumper)
async fn nobody_without_the_scope_gives_the_grant_of_an_administrator_another_end(world: World) {
    let (spare, ada) = (world.create_user(user("spare")).await.id, world.create_user(user("ada")).await.id);
    let boss = world.create_role(role("boss", &["admin"])).await.id;
    let chiefs = world.create_group("Chiefs", vec![principal(&spare)]).await.id;
    world.grant("admin", principal(&spare)).await;
    let lasting = [grant("admin", principal(&ada)), grant(&boss, principal(&ada)), grant(&boss, group_principal(&chiefs))];
    let ids: Vec<String> = world.assign(lasting.to_vec(), &[]).await.unwrap().added.into_iter().map(|grant| grant.id).collect();
    let service = Desk::new(&world.organization, world.with_scopes(&["roles.read", "roles.write"]).await);
    let connection = world.connection(&world.organization, "default").await;
    let scopes = ["scim", "roles.write"].map(str::to_owned);
    let token = world.issue(&world.organization, &connection.id, "", &scopes).await.unwrap().secret;
    let connected = Desk::new(&world.organization, world.grpc_as(&token));
    let (soon, late) = (in_seconds(600), in_seconds(86_400));
    let head = world.head().await;

    for desk in [&service, &connected] {
        for (one, id) in lasting.iter().zip(&ids) {
            guarded(desk.assign(vec![until(one.clone(), soon)], &[]).await);
            // Nor in other words, nor in another scope.
            guarded(desk.assign(vec![until(one.clone(), soon)], std::slice::from_ref(id)).await);
            guarded(desk.assign(vec![RoleAssignment { scope: "somewhere".to_owned(), ..one.clone() }], std::slice::from_ref(id)).await);
        }
        // What is so already is said by whoever likes.
        assert_eq!(desk.assign(lasting.to_vec(), &[]).await.unwrap().redundant, 3);
    }
    assert_eq!((world.head().await, ends(&world, &boss).await), (head, vec![None, None]));

    // One that ends is neither prolonged nor made without end, nor ended sooner.
    for one in &lasting {
        world.assign(vec![until(one.clone(), soon)], &[]).await.unwrap();
        for desk in [&service, &connected] {
            for other in [late, None, in_seconds(300)] {
                guarded(desk.assign(vec![until(one.clone(), other)], &[]).await);
            }
        }
    }
    assert_eq!(ends(&world, &boss).await, [soon, soon]);
    // What is held in one scope only, and what does not administer, ends when they say.
    let tame = world.create_role(role("tame", &[])).await.id;
    let elsewhere = RoleAssignment { scope: "somewhere".to_owned(), ..grant("admin", principal(&ada)) };
    for one in [grant(&tame, principal(&ada)), elsewhere] {
        for end in [None, soon, late, None] {
            assert_eq!(service.assign(vec![until(one.clone(), end)], &[]).await.unwrap().added[0].expire_time, end);
        }
    }
}

/// Row 6 (Jumper)
async fn the_last_who_administers_without_end_is_given_none(world: World) {
    let (ada, bob) = (world.create_user(user("ada")).await.id, world.create_user(user("bob")).await.id);
    let chiefs = world.create_group("Chiefs", vec![principal(&bob)]).await.id;
    let (own, shared) = (grant("admin", principal(&ada)), grant("admin", group_principal(&chiefs)));
    let soon = in_seconds(600);
    let id = world.assign(vec![own.clone()], &[]).await.unwrap().added.remove(0).id;

    is_last(world.assign(vec![until(own.clone(), soon)], &[]).await);
    is_last(world.assign(vec![until(own.clone(), soon)], std::slice::from_ref(&id)).await);
    world.assign(vec![shared.clone()], &[]).await.unwrap();
    is_last(world.assign(vec![until(own.clone(), soon), until(shared.clone(), soon)], &[]).await);
    assert_eq!(ends(&world, "admin").await, [None, None]);
    // One of them may end; the other one is the last then.
    world.assign(vec![until(own.clone(), soon)], &[]).await.unwrap();
    is_last(world.assign(vec![until(shared.clone(), soon)], &[]).await);
    // One for the other in one write.
    world.assign(vec![until(shared.clone(), soon), until(own, None)], &[]).await.unwrap();
    assert!(world.holds(&ada, "admin").await && world.holds(&bob, "admin").await);
}

async fn who_administers_for_a_time_does_not_stand_in(world: World) {
    let (ada, bob) = (world.create_user(user("ada")).await.id, world.create_user(user("bob")).await.id);
    let passing = until(grant("admin", principal(&bob)), in_seconds(600));
    let off = || vec![operation(Op::Replace, "active", Some(boolean(false)))];
    // Where nobody ever administered without end, the last one for a time stays.
    let id = world.assign(vec![passing.clone()], &[]).await.unwrap().added.remove(0).id;
    world.assign(vec![until(passing.clone(), in_seconds(300))], &[]).await.unwrap();
    is_last(world.assign(vec![], std::slice::from_ref(&id)).await);
    is_last(world.patch_user(&bob, off()).await);

    let lasting = world.grant("admin", principal(&ada)).await;
    is_last(world.assign(vec![], std::slice::from_ref(&lasting)).await);
    is_last(world.patch_user(&ada, off()).await);
    let delete = DeleteUserRequest { organization_id: world.organization.clone(), user_id: ada.clone(), ..DeleteUserRequest::default() };
    is_last(world.grpc().users.delete_user(delete.clone()).await);
    // The other one comes and goes.
    world.patch_user(&bob, off()).await.unwrap();
    world.assign(vec![], &[id]).await.unwrap();
    let eve = world.create_user(user("eve")).await.id;
    let chiefs = world.create_group("Chiefs", vec![]).await.id;
    world.grant("admin", group_principal(&chiefs)).await;
    is_last(world.grpc().users.delete_user(delete.clone()).await);
    world.modify(&chiefs, vec![add(principal(&eve))]).await.unwrap();
    world.grpc().users.delete_user(delete).await.unwrap();
}

/// Row 6 (Jumper)
async fn an_administrator_is_nobody_s_to_delete_who_never_managed_him(world: World) {
    let spare = world.create_user(user("spare")).await.id;
    world.grant("admin", principal(&spare)).await;
    let (_, theirs) = world.scim_as("default").await;
    let person = json!({ "schemas": [USER], "userName": "ada", "active": true });
    let (managed, free) = (theirs.post("/Users", &person).await.id(), world.create_user(user("free")).await.id);
    let (inner, outer) = (world.create_group("Inner", vec![principal(&free)]).await.id, world.create_group("Outer", vec![]).await.id);
    world.modify(&outer, vec![add(group_principal(&inner))]).await.unwrap();
    world.grant("admin", principal(&managed)).await;
    world.grant("admin", group_principal(&outer)).await;

    for on_delete in [Deprovision::SoftDelete, Deprovision::Unlink, Deprovision::Deactivate, Deprovision::Purge] {
        let (_, scim) = world.scim_with(Connection { on_delete: on_delete.into(), ..Connection::default() }).await;
        let bob = theirs.post("/Users", &json!({ "schemas": [USER], "userName": format!("bob{on_delete:?}") })).await.id();
        let head = world.head().await;
        for id in [&managed, &free] {
            let path = format!("/Users/{id}");
            scim.delete(&path).await.is_error(403, "");
            assert_eq!(scim.get(&path).await.status, 200, "{on_delete:?}");
        }
        assert_eq!(world.head().await, head, "{on_delete:?}");
        // Everybody else of theirs it lets go.
        scim.delete(&format!("/Users/{bob}")).await.expect(204);
        assert_eq!(scim.get(&format!("/Users/{bob}")).await.status, 404);
        assert_eq!(theirs.get(&format!("/Users/{bob}")).await.status, 200);
    }
    assert!(world.holds(&managed, "admin").await && world.holds(&free, "admin").await);
}

async fn an_end_that_no_other_program_could_read_is_refused(world: World) {
    let ada = world.create_user(user("ada")).await.id;
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let soon = in_seconds(600).unwrap().seconds;

    for end in [at(253_402_300_800, 0), at(1 << 62, 0), at(soon, -1), at(soon, 1_000_000_000)] {
        let answer = world.assign(vec![until(grant("admin", principal(&ada)), end)], &[]).await;
        answer.map(Response::new).refused().is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "add.expire_time");
        let issue = roster::api::v1::IssueTokenRequest {
            organization_id: world.organization.clone(),
            connection_id: world.connection.clone(),
            scopes: vec!["scim".to_owned()],
            expire_time: end,
            ..Default::default()
        };
        let answer = world.grpc().provisioning.issue_token(issue).await;
        answer.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "expire_time");
    }
    let latest = at(253_402_300_799, 999_999_000);
    let granted = world.assign(vec![until(grant("admin", principal(&ada)), latest)], &[]).await.unwrap();
    assert_eq!(granted.added[0].expire_time, latest);
}
