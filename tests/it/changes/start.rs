//! Streams that begin with a starting state.

use super::{
    mirror::{Mirror, agrees, listed, read_to},
    watcher::{asked, watch, watch_as},
};
use crate::harness::{
    World, both,
    deeds::Desk,
    shapes::{add, group_principal, operation, principal, remove, text, user},
};
use crate::transfer::desk::empty;
use roster::api::v1::{
    ModifyRoleAssignmentsRequest, PurgeUserRequest, ResourceKind, RoleAssignment, UndeleteUserRequest, WatchChangesRequest,
    patch_operation::Op, watch_changes_request::Start, watch_changes_response::Message,
};

/// Users, groups in groups, grants; some of them changed and some gone.
async fn some_history(world: &World) {
    let ids = world.crowd("u", 12).await;
    let inner = world.create_group("Inner", ids[..4].iter().map(|id| principal(id)).collect()).await;
    let outer = world.create_group("Outer", vec![group_principal(&inner.id), principal(&ids[5])]).await;
    world.create_group("Empty", Vec::new()).await;
    world.patch_user(&ids[0], vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap();
    world.patch_user(&ids[6], vec![operation(Op::Replace, "active", Some(crate::harness::shapes::boolean(false)))]).await.unwrap();
    world.modify(&outer.id, vec![remove(principal(&ids[5])), add(principal(&ids[7]))]).await.unwrap();
    let grant = |id: &str| RoleAssignment { role_id: "admin".to_owned(), principal: Some(principal(id)), ..RoleAssignment::default() };
    let request = ModifyRoleAssignmentsRequest {
        organization_id: world.organization.clone(),
        add: vec![grant(&ids[8]), grant(&ids[9])],
        ..ModifyRoleAssignmentsRequest::default()
    };
    world.grpc().roles.modify_role_assignments(request).await.unwrap();
    for id in [&ids[1], &ids[2], &ids[9]] {
        world.delete_user(id).await;
    }
    let organization_id = world.organization.clone();
    let undelete = UndeleteUserRequest { organization_id: organization_id.clone(), user_id: ids[1].clone(), ..Default::default() };
    world.grpc().users.undelete_user(undelete).await.unwrap();
    for id in [&ids[2], &ids[3]] {
        let purge = PurgeUserRequest { organization_id: organization_id.clone(), user_id: id.clone(), ..Default::default() };
        world.grpc().users.purge_user(purge).await.unwrap();
    }
}

async fn what_is_replayed_is_what_is_listed(world: World) {
    some_history(&world).await;
    agrees(&world).await;
}

async fn a_starting_state_that_breaks_anywhere_goes_on_there(world: World) {
    some_history(&world).await;
    let (mut mirror, mut start) = (Mirror::default(), Start::Snapshot(true));
    let mut streams = 0;
    while !mirror.complete {
        // One message of each stream, and a write between them.
        let mut watcher = watch(&world, start).await;
        mirror.take(&watcher.try_next().await.unwrap());
        if streams < 4 {
            let ada = world.create_user(user(&format!("between{streams}"))).await;
            world.delete_user(&ada.id).await;
        }
        streams += 1;
        start = Start::ResumeToken(mirror.token.clone());
    }
    assert!(streams > 8, "{streams}");
    let last = world.create_user(user("last")).await;
    let (expected, head) = listed(&world).await;
    let mut watcher = watch(&world, start).await;
    read_to(&mut mirror, &mut watcher, head).await;
    assert_eq!(mirror.counted(), expected);
    assert!(expected.users.contains_key(&last.id));
}

async fn a_starting_state_amid_writes_is_whole_when_it_says_so(world: World) {
    let ids = world.populate(700).await;
    let group = world.create_group("Team", ids[..50].iter().map(|id| principal(id)).collect()).await;
    let desk = Desk::new(&world.organization, world.grpc());
    let (victims, team) = (ids[..40].to_vec(), group.id.clone());
    let writing = tokio::spawn(async move {
        for (k, id) in victims.iter().enumerate() {
            desk.create_user(user(&format!("new{k}"))).await;
            desk.modify(&team, vec![remove(principal(id))]).await.unwrap();
            desk.delete_user(id).await;
        }
    });
    let (mut mirror, mut watcher) = (Mirror::default(), watch(&world, Start::Snapshot(true)).await);
    while !mirror.complete {
        mirror.take(&watcher.try_next().await.unwrap());
    }
    writing.await.unwrap();
    let (expected, head) = listed(&world).await;
    read_to(&mut mirror, &mut watcher, head).await;
    let mut kept = mirror.counted();
    // Who was put into the store directly has no event, and their rows no bookkeeping to compare.
    kept.users.retain(|id, _| expected.users.contains_key(id));
    assert_eq!(kept.edges, expected.edges);
    assert_eq!(kept.users.keys().collect::<Vec<_>>(), expected.users.keys().collect::<Vec<_>>());
    assert_eq!(kept.groups, expected.groups);
}

async fn a_starting_state_can_be_of_some_kinds_and_some_resources(world: World) {
    some_history(&world).await;
    let (expected, _) = listed(&world).await;
    let (group, members) =
        expected.groups.keys().map(|id| (id, expected.edges.iter().filter(|e| e.0 == *id).count())).max_by_key(|g| g.1).unwrap();

    let mut request = asked(&world, Start::Snapshot(true));
    request.kinds = vec![ResourceKind::Membership.into(), ResourceKind::Group.into()];
    request.resource_ids = vec![group.clone(), "nothing".to_owned()];
    let mut watcher = watch_as(&world, request).await.unwrap();
    let mut mirror = Mirror::default();
    while !mirror.complete {
        mirror.take(&watcher.try_next().await.unwrap());
    }
    assert_eq!(mirror.state.groups.keys().collect::<Vec<_>>(), [group]);
    assert_eq!(mirror.state.edges.len(), members);
    assert!(mirror.state.users.is_empty() && mirror.state.grants.is_empty());

    let some = expected.users.keys().step_by(3).cloned().collect::<Vec<_>>();
    let mut request = asked(&world, Start::Snapshot(true));
    request.resource_ids.clone_from(&some);
    let mut watcher = watch_as(&world, request).await.unwrap();
    let mut mirror = Mirror::default();
    while !mirror.complete {
        mirror.take(&watcher.try_next().await.unwrap());
    }
    assert_eq!(mirror.state.users.keys().cloned().collect::<Vec<_>>(), some);
    assert!(mirror.state.groups.is_empty() && mirror.state.edges.is_empty());
}

async fn an_empty_organization_has_an_empty_starting_state(world: World) {
    let tenant = world.tenant("empty").await;
    let desk = Desk::new(&tenant.organization.id, tenant.clients);
    let mut request = asked(&desk, Start::Snapshot(true));
    request.kinds = vec![ResourceKind::User.into()];
    let mut watcher = watch_as(&desk, request).await.unwrap();
    assert!(matches!(watcher.next().await, Message::SnapshotComplete(_)));
    let ada = desk.create_user(user("ada")).await;
    assert_eq!(watcher.commit().await.events[0].resource_id, ada.id);
}

/// A program that waits for the end of a starting state begins with a customer's first day, too.
async fn an_organization_that_was_never_written_to_has_a_whole_starting_state(world: World) {
    let desk = empty(&world, "untouched").await;
    let request = WatchChangesRequest { kinds: vec![ResourceKind::User.into()], ..asked(&desk, Start::Snapshot(true)) };
    let mut watcher = watch_as(&desk, request).await.unwrap();
    let Message::SnapshotComplete(complete) = watcher.next().await else { panic!() };
    assert_eq!(complete.revision.unwrap().number, 0);
    let mut again = watch(&desk, Start::ResumeToken(watcher.token.clone())).await;
    let ada = desk.create_user(user("ada")).await;
    for watcher in [&mut watcher, &mut again] {
        assert_eq!(watcher.commit().await.events[0].resource_id, ada.id);
    }
}

both! {
    an_organization_that_was_never_written_to_has_a_whole_starting_state
    what_is_replayed_is_what_is_listed
    a_starting_state_that_breaks_anywhere_goes_on_there
    a_starting_state_amid_writes_is_whole_when_it_says_so
    a_starting_state_can_be_of_some_kinds_and_some_resources
    an_empty_organization_has_an_empty_starting_state
}
