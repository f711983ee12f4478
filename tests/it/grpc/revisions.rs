//! One revision per organization: dense, in the order of commits, told with every answer.

use crate::harness::{
    World, both,
    deeds::Desk,
    refusal::ExpectRefusal as _,
    shapes::{add, by_id, operation, principal, remove, text, user},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use roster::api::v1::{
    Consistency, DeleteUserRequest, ErrorReason, GetUserRequest, ListChangesRequest, ListOptions, ListUsersRequest,
    ModifyGroupMembersRequest, PatchUserRequest, Revision, consistency::Requirement, patch_operation::Op,
};
use tonic::{Code, Response, Status};

async fn every_change_makes_the_next_revision(world: World) {
    let organization_id = &world.organization;
    let start = world.head().await;
    let (ada, created) = world.try_create_user(user("ada")).await.unwrap();
    assert_eq!(created.number, start + 1);
    let title = |value: &str| PatchUserRequest {
        organization_id: organization_id.clone(),
        user_id: ada.id.clone(),
        operations: vec![operation(Op::Replace, "title", Some(text(value)))],
        ..PatchUserRequest::default()
    };
    let mut clients = world.grpc();

    let patched = clients.users.patch_user(title("Dr")).await.unwrap().into_inner().committed_at.unwrap();
    let same = clients.users.patch_user(title("Dr")).await.unwrap().into_inner().committed_at.unwrap();
    world.try_create_user(user("ADA")).await.unwrap_err();
    let group = world.create_group("Engines", vec![]).await;
    let modify = |delta| ModifyGroupMembersRequest {
        organization_id: organization_id.clone(),
        group_id: group.id.clone(),
        deltas: vec![delta],
        ..ModifyGroupMembersRequest::default()
    };
    let added = clients.groups.modify_group_members(modify(add(principal(&ada.id)))).await.unwrap().into_inner().committed_at.unwrap();
    let removed = clients.groups.modify_group_members(modify(remove(principal(&ada.id)))).await.unwrap().into_inner().committed_at.unwrap();
    let redundant =
        clients.groups.modify_group_members(modify(remove(principal(&ada.id)))).await.unwrap().into_inner().committed_at.unwrap();
    let delete = DeleteUserRequest { organization_id: organization_id.clone(), user_id: ada.id.clone(), ..DeleteUserRequest::default() };
    let deleted = clients.users.delete_user(delete).await.unwrap().into_inner().committed_at.unwrap();

    assert_eq!(patched.number, start + 2);
    assert_eq!(same.number, start + 2, "a change that is already so is read at the head");
    assert_eq!(group.meta.unwrap().last_revision.unwrap().number, start + 3);
    assert_eq!(added.number, start + 4);
    assert_eq!(removed.number, start + 5);
    assert_eq!(redundant.number, start + 5);
    assert_eq!(deleted.number, start + 6);
    assert_eq!(world.head().await, start + 6);
}

async fn writers_at_once_share_out_the_revisions(world: World) {
    let start = world.head().await;
    let creates = (0..40).map(|i| {
        let world = &world;
        async move { world.try_create_user(user(&format!("u{i}"))).await.unwrap().1.number }
    });

    let mut numbers: Vec<u64> = futures_util::future::join_all(creates).await;

    numbers.sort_unstable();
    assert_eq!(numbers, (start + 1..=start + 40).collect::<Vec<_>>());
    assert_eq!(world.head().await, start + 40);
}

async fn a_read_is_as_fresh_as_it_must_be(world: World) {
    let (ada, committed) = world.try_create_user(user("ada")).await.unwrap();
    let fresh = |token: &str| Some(Requirement::AtLeastAsFresh(token.to_owned()));

    let read = get(&world, &ada.id, fresh(&committed.token)).await.unwrap();
    let quick = get(&world, &ada.id, Some(Requirement::MinimizeLatency(true))).await.unwrap();

    assert!(read.number >= committed.number);
    assert_eq!(read.token, committed.token, "nothing happened since");
    assert!(quick.number <= committed.number);
    for nonsense in ["", "nonsense", "AAAA"] {
        let refused = get(&world, &ada.id, fresh(nonsense)).await.map(Response::new).refused();
        assert_eq!(refused.code, Code::InvalidArgument, "{nonsense:?}: {refused:?}");
    }
}

async fn what_is_no_revision_of_the_organization_is_told_from_nothing_else(world: World) {
    let (ada, ours) = world.try_create_user(user("ada")).await.unwrap();
    let tenant = world.tenant("acme").await;
    let theirs = Desk::new(&tenant.organization.id, tenant.clients).try_create_user(user("ada")).await.unwrap().1;
    let elsewhere = World::start(world.engine).await.try_create_user(user("ada")).await.unwrap().1;
    let page = ListUsersRequest {
        organization_id: world.organization.clone(),
        list: Some(ListOptions { page_size: 1, ..ListOptions::default() }),
        ..ListUsersRequest::default()
    };
    world.create_user(user("bob")).await;
    let page = world.grpc().users.list_users(page).await.unwrap().into_inner().next_page_token;
    let changes = ListChangesRequest { organization_id: world.organization.clone(), ..ListChangesRequest::default() };
    let changes = world.grpc().changes.list_changes(changes).await.unwrap().into_inner().resume_token;
    let bytes = URL_SAFE_NO_PAD.decode(&ours.token).unwrap();
    let damaged = (0..bytes.len()).map(|at| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x80;
        URL_SAFE_NO_PAD.encode(bytes)
    });
    // As they were before they were sealed: an epoch and a number, here one that is negative where it is read with a sign.
    let bare = [&bytes[16..24], &[0xff; 8]].concat();
    let foreign = [theirs.token, elsewhere.token, page, changes, URL_SAFE_NO_PAD.encode(bare), String::new(), "nonsense".to_owned()];

    let mut said = Vec::new();
    for token in foreign.into_iter().chain(damaged) {
        let refused = get(&world, &ada.id, Some(Requirement::AtLeastAsFresh(token.clone()))).await.map(Response::new).refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidToken);
        said.push(refused);
    }

    said.dedup();
    assert_eq!(said.len(), 1, "one answer for all causes: {said:?}");
}

async fn a_demand_that_is_none_is_refused(world: World) {
    let ada = world.create_user(user("ada")).await;
    for requirement in [None, Some(Requirement::MinimizeLatency(false))] {
        let refused = get(&world, &ada.id, requirement).await.map(Response::new).refused();
        assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
    }
}

async fn get(world: &World, id: &str, requirement: Option<Requirement>) -> Result<Revision, Status> {
    let request = GetUserRequest {
        organization_id: world.organization.clone(),
        user: Some(by_id(id)),
        consistency: Some(Consistency { requirement }),
        ..GetUserRequest::default()
    };
    Ok(world.grpc().users.get_user(request).await?.into_inner().read_at.unwrap())
}

both! {
    every_change_makes_the_next_revision
    writers_at_once_share_out_the_revisions
    a_read_is_as_fresh_as_it_must_be
    what_is_no_revision_of_the_organization_is_told_from_nothing_else
    a_demand_that_is_none_is_refused
}
