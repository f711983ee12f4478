//! `ListChanges` and `GetRevisions`.

use super::{mirror::Mirror, watcher::pull};
use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    schema::{BADGE, badge},
    shapes::{add, external, operation, principal, remove, text, user},
};
use roster::api::v1::{
    CreateUserRequest, EnterpriseUser, ErrorReason, GetRevisionsRequest, ListChangesRequest, MultiValue, ResourceKind, RevokeTokenRequest,
    User, WriteOptions,
    change_event::{Action, Detail},
    patch_operation::Op,
};
use std::time::Duration;
use tonic::Code;

fn told(commits: &[roster::api::v1::Commit]) -> Vec<(u64, ResourceKind, Action, String)> {
    let events = commits.iter().flat_map(|c| c.events.iter().map(move |e| (c.revision.as_ref().unwrap().number, e)));
    events.map(|(revision, e)| (revision, e.kind(), e.action(), e.resource_id.clone())).collect()
}

async fn every_commit_is_told_once_with_who_what_and_when(world: World) {
    use {Action as A, ResourceKind as K};
    let before = world.head().await;
    let from = pull(&world, "").await.resume_token;
    let ada = world.create_user(user("ada")).await;
    world.patch_user(&ada.id, vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap();
    let group = world.create_group("Team", vec![principal(&ada.id)]).await;
    world.modify(&group.id, vec![remove(principal(&ada.id))]).await.unwrap();
    world.delete_user(&ada.id).await;

    let answer = pull(&world, &from).await;
    let expected = [
        (before + 1, K::User, A::Created, ada.id.clone()),
        (before + 2, K::User, A::Updated, ada.id.clone()),
        (before + 3, K::Membership, A::Added, group.id.clone()),
        (before + 3, K::Group, A::Created, group.id.clone()),
        (before + 4, K::Membership, A::Removed, group.id.clone()),
        (before + 5, K::User, A::SoftDeleted, ada.id.clone()),
    ];
    assert_eq!(told(&answer.commits), expected);
    let changed = &answer.commits[1].events[0];
    assert_eq!(changed.changed_attributes, ["title"]);
    let Some(Detail::User(change)) = &changed.detail else { panic!() };
    assert_eq!((change.before.as_ref(), change.after.as_ref().unwrap().title.as_deref()), (None, Some("Dr")));
    assert!(changed.etag.starts_with(&format!("W/\"{}.", before + 2)), "{}", changed.etag);
    let edge = &answer.commits[3].events[0];
    assert_eq!(edge.etag, world.group(&group.id).await.meta.unwrap().etag);
    let actor = answer.commits[0].actor.as_ref().unwrap();
    assert!(actor.principal.is_some() && !actor.token_id.is_empty() && actor.connection_id.is_empty());
    assert!(answer.commits.iter().all(|c| c.last_fragment && c.commit_time.is_some()));

    // Nothing is new: the very same token.
    let again = pull(&world, &answer.resume_token).await;
    assert_eq!((again.commits.len(), again.resume_token), (0, answer.resume_token));
}

async fn a_page_holds_so_many_commits_and_the_next_goes_on(world: World) {
    for k in 0..5 {
        world.create_user(user(&format!("u{k}"))).await;
    }
    let (mut mirror, mut token, mut pages) = (Mirror::default(), String::new(), Vec::new());
    loop {
        let organization_id = world.organization.clone();
        let request = ListChangesRequest { organization_id, resume_token: token.clone(), page_size: 2, ..ListChangesRequest::default() };
        let answer = world.grpc().changes.list_changes(request).await.unwrap().into_inner();
        answer.commits.iter().for_each(|commit| mirror.commit(commit));
        if answer.resume_token == token {
            break;
        }
        pages.push(answer.commits.len());
        token = answer.resume_token;
    }
    assert_eq!(mirror.at, Some((world.head().await, true)));
    assert_eq!(mirror.state.users.len(), 5);
    assert!(pages.iter().rev().skip(1).all(|size| *size == 2), "{pages:?}");
}

async fn a_filter_passes_over_the_rest_and_still_moves(world: World) {
    let from = pull(&world, "").await.resume_token;
    let ada = world.create_user(user("ada")).await;
    let group = world.create_group("Team", vec![principal(&ada.id)]).await;
    let request = |token: &str, kind: ResourceKind| ListChangesRequest {
        organization_id: world.organization.clone(),
        resume_token: token.to_owned(),
        kinds: vec![kind.into()],
        ..ListChangesRequest::default()
    };
    let members = world.grpc().changes.list_changes(request(&from, ResourceKind::Membership)).await.unwrap().into_inner();
    assert_eq!(told(&members.commits), [(world.head().await, ResourceKind::Membership, Action::Added, group.id.clone())]);
    assert_eq!(members.commits[0].events[0].index, 0);
    let roles = world.grpc().changes.list_changes(request(&from, ResourceKind::Role)).await.unwrap().into_inner();
    assert!(roles.commits.is_empty() && roles.resume_token != from);
    assert_eq!(pull(&world, &roles.resume_token).await.commits, []);
}

async fn a_pull_waits_for_what_comes(world: World) {
    let token = pull(&world, "").await.resume_token;
    let request = ListChangesRequest {
        organization_id: world.organization.clone(),
        resume_token: token.clone(),
        max_wait: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..ListChangesRequest::default()
    };
    let mut changes = world.grpc().changes;
    let waiting = tokio::spawn(async move { changes.list_changes(request).await.unwrap().into_inner() });
    // Whether it waits already or not yet, it is told.
    tokio::task::yield_now().await;
    let ada = world.create_user(user("ada")).await;
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    assert_eq!(told(&answer.commits), [(world.head().await, ResourceKind::User, Action::Created, ada.id)]);

    let request = ListChangesRequest {
        organization_id: world.organization.clone(),
        resume_token: answer.resume_token.clone(),
        max_wait: Some(prost_types::Duration { seconds: 0, nanos: 50_000_000 }),
        ..ListChangesRequest::default()
    };
    let nothing = world.grpc().changes.list_changes(request).await.unwrap().into_inner();
    assert_eq!((nothing.commits.len(), nothing.resume_token), (0, answer.resume_token));
}

async fn a_pull_that_waited_is_answered_by_a_credential_that_still_works(world: World) {
    let account = world.service_account(&world.organization).await;
    let issued = world.issue(&world.organization, "", &account.id, &["changes.read".to_owned()]).await.unwrap();
    let mut changes = world.grpc_as(&issued.secret).changes;
    // The revocation itself ends no wait for users.
    let request = ListChangesRequest {
        organization_id: world.organization.clone(),
        resume_token: pull(&world, "").await.resume_token,
        kinds: vec![ResourceKind::User.into()],
        max_wait: Some(prost_types::Duration { seconds: 20, nanos: 0 }),
        ..ListChangesRequest::default()
    };
    let waiting = tokio::spawn(async move { changes.list_changes(request).await });
    // Whether it waits already or not yet, it is refused.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let revoke = RevokeTokenRequest { organization_id: world.organization.clone(), token_id: issued.token_id, ..Default::default() };
    world.grpc().provisioning.revoke_token(revoke).await.unwrap();
    world.create_user(user("ada")).await;
    let refused = tokio::time::timeout(Duration::from_secs(15), waiting).await.unwrap().unwrap().refused();
    refused.is(Code::Unauthenticated, ErrorReason::InvalidCredential);
}

async fn a_large_commit_comes_in_fragments_each_alone(world: World) {
    let ids = world.populate(1_200).await;
    let group = world.create_group("All", Vec::new()).await;
    let token = pull(&world, "").await;
    let mut token = drain(&world, token).await;
    world.fill_group(&group.id, &ids).await;
    let ada = world.create_user(user("ada")).await;

    let head = world.head().await;
    let (mut mirror, mut sizes) = (Mirror::default(), Vec::new());
    while mirror.at != Some((head, true)) {
        let answer = pull(&world, &token).await;
        answer.commits.iter().for_each(|commit| mirror.commit(commit));
        sizes.push(answer.commits.iter().map(|c| (c.events.len(), c.last_fragment)).collect::<Vec<_>>());
        token = answer.resume_token;
    }
    assert_eq!(sizes, [vec![(500, false)], vec![(500, false)], vec![(200, true)], vec![(1, true)]]);
    assert_eq!(mirror.state.edges.len(), 1_200);
    assert!(mirror.state.users.contains_key(&ada.id));
}

async fn of_a_large_commit_a_filter_leaves_nothing(world: World) {
    let ids = world.populate(1_200).await;
    let group = world.create_group("All", Vec::new()).await;
    let token = pull(&world, "").await;
    let token = drain(&world, token).await;
    world.fill_group(&group.id, &ids).await;
    let ada = world.create_user(user("ada")).await;

    let (head, mut token, mut commits) = (world.head().await, token, Vec::new());
    loop {
        let request = ListChangesRequest {
            organization_id: world.organization.clone(),
            resume_token: token.clone(),
            kinds: vec![ResourceKind::User.into()],
            ..ListChangesRequest::default()
        };
        let answer = world.grpc().changes.list_changes(request).await.unwrap().into_inner();
        commits.extend(told(&answer.commits));
        assert!(answer.commits.iter().all(|commit| !commit.events.is_empty()), "an empty commit is told");
        if answer.resume_token == token {
            break;
        }
        token = answer.resume_token;
    }
    assert_eq!(commits, [(head, ResourceKind::User, Action::Created, ada.id)]);
}

/// Pulls until nothing is new.
async fn drain(world: &World, first: roster::api::v1::ListChangesResponse) -> String {
    let mut token = first.resume_token;
    loop {
        let next = pull(world, &token).await.resume_token;
        if next == token {
            return token;
        }
        token = next;
    }
}

async fn revisions_say_from_where_to_where(world: World) {
    let ask = async || {
        let request = GetRevisionsRequest { organization_id: world.organization.clone() };
        world.grpc().changes.get_revisions(request).await.unwrap().into_inner()
    };
    let (ada, committed) = world.try_create_user(user("ada")).await.unwrap();
    let answer = ask().await;
    assert_eq!(answer.latest, Some(committed));
    assert_eq!(answer.earliest.unwrap().number, 1);
    assert_eq!((answer.retention.unwrap().seconds, answer.retained_commits), (90 * 86_400, 10_000_000));
    // What changes nothing makes no revision, and what was refused makes none.
    let dry = Some(WriteOptions { validate_only: true, ..WriteOptions::default() });
    let request = roster::api::v1::ModifyGroupMembersRequest {
        organization_id: world.organization.clone(),
        group_id: "nothing".to_owned(),
        deltas: vec![add(principal(&ada.id))],
        write: dry,
        ..Default::default()
    };
    world.grpc().groups.modify_group_members(request).await.unwrap_err();
    assert_eq!(ask().await.latest, answer.latest);
}

/// The attributes that the last commit says have changed.
async fn changed(world: &World, from: &str) -> Vec<String> {
    pull(world, from).await.commits.last().unwrap().events[0].changed_attributes.clone()
}

async fn what_has_changed_is_named_as_scim_names_it(world: World) {
    let from = pull(&world, "").await.resume_token;
    world.register(badge()).await.unwrap();
    let whole = User {
        phone_numbers: vec![MultiValue { value: Some("tel:+1".to_owned()), ..MultiValue::default() }],
        enterprise: Some(EnterpriseUser { department: Some("Engines".to_owned()), ..EnterpriseUser::default() }),
        external_ids: vec![external("", "A-1")],
        display_name: Some("Ada".to_owned()),
        ..user("ada")
    };
    let ada = world.create_user(whole).await;
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(
        changed(&world, &from).await,
        ["userName", "externalId", "active", "displayName", "phoneNumbers", enterprise, "setup_state"]
    );
    let badge = operation(Op::Replace, &format!("{BADGE}:number"), Some(text("7")));
    world.patch_user(&ada.id, vec![operation(Op::Replace, "displayName", Some(text("Ada L."))), badge]).await.unwrap();
    assert_eq!(changed(&world, &from).await, ["displayName", BADGE]);
    world.create_group("Team", Vec::new()).await;
    assert_eq!(changed(&world, &from).await, ["displayName"]);
}

/// A header is anybody's words; the feed keeps them for months.
async fn a_trace_that_is_none_is_not_kept(world: World) {
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (given, kept) in [(good.to_owned(), good), ("x".repeat(7_000), ""), ("junk".to_owned(), "")] {
        let from = world.grpc();
        let mut request = tonic::Request::new(CreateUserRequest {
            organization_id: world.organization.clone(),
            user: Some(user(&format!("u{}", given.len()))),
            ..CreateUserRequest::default()
        });
        request.metadata_mut().insert("traceparent", given.parse().unwrap());
        from.users.clone().create_user(request).await.unwrap();
        let told = pull(&world, "").await.commits;
        assert_eq!(told.last().unwrap().actor.as_ref().unwrap().trace_parent, kept);
    }
}

both! {
    what_has_changed_is_named_as_scim_names_it
    a_trace_that_is_none_is_not_kept
    every_commit_is_told_once_with_who_what_and_when
    a_page_holds_so_many_commits_and_the_next_goes_on
    a_filter_passes_over_the_rest_and_still_moves
    a_pull_waits_for_what_comes
    a_large_commit_comes_in_fragments_each_alone
    of_a_large_commit_a_filter_leaves_nothing
    a_pull_that_waited_is_answered_by_a_credential_that_still_works
    revisions_say_from_where_to_where
}
