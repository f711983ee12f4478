//! Streams: what is pushed, to how many, and how they end.

use super::{
    mirror::{Mirror, listed, read_to},
    watcher::{asked, pull, watch, watch_as},
};
use crate::harness::{
    Engine, Refused, World, both,
    deeds::Desk,
    shapes::{operation, principal, text, user},
};
use futures_util::future::join_all;
use roster::api::v1::{
    ErrorReason, IssueTokenRequest, PurgeUserRequest, ReadSelection, ResourceKind, RevokeTokenRequest,
    change_event::{Action, Detail},
    patch_operation::Op,
    stream_ending::Reason,
    watch_changes_request::Start,
    watch_changes_response::Message,
};
use std::time::{Duration, Instant};
use tonic::Code;

async fn from_now_on_begins_with_a_token_and_tells_each_commit(world: World) {
    world.create_user(user("before")).await;
    let head = world.head().await;
    let mut watcher = watch(&world, Start::Latest(true)).await;
    assert_eq!(watcher.checkpoint().await, head);
    let first = watcher.token.clone();

    let ada = world.create_user(user("ada")).await;
    let commit = watcher.commit().await;
    assert_eq!((commit.revision.unwrap().number, commit.last_fragment), (head + 1, true));
    assert_eq!((commit.events[0].kind(), commit.events[0].action()), (ResourceKind::User, Action::Created));
    let Some(Detail::User(change)) = &commit.events[0].detail else { panic!() };
    assert_eq!(change.after.as_ref(), Some(&world.user(&ada.id).await));

    // The same again from the first token; from the second one nothing until something comes; by pulling likewise.
    assert_eq!(watch(&world, Start::ResumeToken(first.clone())).await.commit().await.revision.unwrap().number, head + 1);
    assert_eq!(pull(&world, &first).await.commits.len(), 1);
    assert_eq!(pull(&world, &watcher.token).await.commits.len(), 0);
    let mut second = watch(&world, Start::ResumeToken(watcher.token.clone())).await;
    world.delete_user(&ada.id).await;
    assert_eq!(second.commit().await.revision.unwrap().number, head + 2);
    assert_eq!(watcher.commit().await.revision.unwrap().number, head + 2);
}

async fn fifty_watchers_are_told_the_same_and_one_reads_for_all(world: World) {
    let mut watchers = join_all((0..50).map(|_| watch(&world, Start::Earliest(true)))).await;
    let group = world.create_group("Team", Vec::new()).await;
    for k in 0..20 {
        let ada = world.create_user(user(&format!("u{k}"))).await;
        world.modify(&group.id, vec![crate::harness::shapes::add(principal(&ada.id))]).await.unwrap();
    }
    let (expected, head) = listed(&world).await;
    for watcher in &mut watchers {
        let mut mirror = Mirror::default();
        read_to(&mut mirror, watcher, head).await;
        assert_eq!(mirror.counted(), expected);
    }
    // All have caught up: one more commit is read from the table once, not fifty times.
    let before = world.counted().statements;
    world.create_user(user("last")).await;
    for watcher in &mut watchers {
        watcher.commit().await;
    }
    let cost = world.counted().statements - before;
    assert!(cost < 50, "{cost} statements");
}

async fn a_filter_hides_the_rest_and_checkpoints_are_kept(world: World) {
    let mut request = asked(&world, Start::Latest(true));
    request.kinds = vec![ResourceKind::Membership.into()];
    request.checkpoint_interval = Some(prost_types::Duration { seconds: 5, nanos: 0 });
    let mut watcher = watch_as(&world, request).await.unwrap();
    watcher.checkpoint().await;
    let began = Instant::now();
    let ada = world.create_user(user("ada")).await;
    let head = world.head().await;
    // Nothing is told, and yet the token moves, in time.
    assert_eq!(watcher.checkpoint().await, head);
    assert!((4..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(pull(&world, &watcher.token).await.commits, []);
    let group = world.create_group("Team", vec![principal(&ada.id)]).await;
    let commit = watcher.commit().await;
    assert_eq!(commit.events.iter().map(|e| (e.index, e.resource_id.as_str())).collect::<Vec<_>>(), [(0, group.id.as_str())]);
}

async fn what_was_passed_over_is_told_of_every_five_hundred_commits(world: World) {
    let mut request = asked(&world, Start::Earliest(true));
    request.kinds = vec![ResourceKind::Role.into()];
    let from = world.head().await;
    let create = |k: usize| {
        let desk = Desk::new(&world.organization, world.grpc());
        async move { desk.create_user(user(&format!("u{k}"))).await }
    };
    for some in (0..600).collect::<Vec<_>>().chunks(50) {
        join_all(some.iter().copied().map(create)).await;
    }
    let mut watcher = watch_as(&world, request).await.unwrap();
    assert_eq!(watcher.checkpoint().await, 500);
    assert!(from + 600 > 500);
}

async fn before_and_selection_say_what_is_shown(world: World) {
    let ada = world.create_user(user("ada")).await;
    let mut request = asked(&world, Start::Latest(true));
    request.include_before = true;
    request.selection = Some(ReadSelection { attributes: vec!["title".to_owned()], ..ReadSelection::default() });
    let mut watcher = watch_as(&world, request).await.unwrap();
    world.patch_user(&ada.id, vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap();
    let commit = watcher.commit().await;
    let Some(Detail::User(change)) = &commit.events[0].detail else { panic!() };
    let (before, after) = (change.before.as_ref().unwrap(), change.after.as_ref().unwrap());
    assert_eq!((before.title.as_deref(), after.title.as_deref()), (None, Some("Dr")));
    assert_eq!((after.id.as_str(), after.user_name.as_str()), (ada.id.as_str(), ""));
}

async fn a_purged_user_is_told_no_more(world: World) {
    let mut watcher = watch(&world, Start::Latest(true)).await;
    watcher.checkpoint().await;
    let token = watcher.token.clone();
    let ada = world.create_user(crate::harness::shapes::user_with_email("secret-name", "secret@mail.example")).await;
    assert!(format!("{:?}", watcher.commit().await).contains("secret-name"));
    let request = PurgeUserRequest { organization_id: world.organization.clone(), user_id: ada.id.clone(), ..Default::default() };
    world.grpc().users.purge_user(request).await.unwrap();
    watcher.commit().await;
    // From memory and from the table alike.
    let mut again = watch(&world, Start::ResumeToken(token.clone())).await;
    let watched = [again.commit().await, again.commit().await];
    let pulled = pull(&world, &token).await.commits;
    for commits in [watched.as_slice(), pulled.as_slice()] {
        assert_eq!(commits[0].events[0].action(), Action::Created);
        assert_eq!(commits[1].events.last().unwrap().action(), Action::Purged);
        let text = format!("{commits:?}");
        assert!(!text.contains("secret-name") && !text.contains("secret@mail"), "{text}");
    }
}

async fn a_large_commit_is_pushed_in_fragments_and_goes_on_amid_them(world: World) {
    let ids = world.populate(1_200).await;
    let group = world.create_group("All", Vec::new()).await;
    let mut live = watch(&world, Start::Latest(true)).await;
    let from = live.checkpoint().await;
    let token = live.token.clone();
    world.fill_group(&group.id, &ids).await;
    let head = world.head().await;
    assert_eq!(head, from + 1);

    let mut mirror = Mirror::default();
    read_to(&mut mirror, &mut live, head).await;
    assert_eq!(mirror.state.edges.len(), 1_200);
    // The same, each message from a stream of its own.
    let (mut mirror, mut start, mut streams) = (Mirror::default(), token, 0);
    while mirror.at != Some((head, true)) {
        mirror.take(&watch(&world, Start::ResumeToken(start)).await.try_next().await.unwrap());
        start = mirror.token.clone();
        streams += 1;
    }
    assert_eq!((mirror.state.edges.len(), streams), (1_200, 3));
}

/// What a stream ends with, after what it says.
async fn ends(watcher: &mut super::watcher::Watcher, reason: Reason) -> Refused {
    loop {
        match watcher.next().await {
            Message::Ending(ending) => {
                assert_eq!(ending.reason(), reason);
                assert!(ending.retry_after.is_some());
                break;
            }
            Message::Checkpoint(_) => {}
            other => panic!("an ending was to come: {other:?}"),
        }
    }
    let refused = Refused::read(&watcher.try_next().await.unwrap_err());
    refused.is(Code::Unavailable, ErrorReason::StreamEnded).says("ending", reason.as_str_name().trim_start_matches("REASON_"));
    refused
}

async fn an_old_stream_ends_and_goes_on(world: World) {
    let engine = world.engine;
    drop(world);
    let world = World::with(engine, |config| config.feed.stream_age = Duration::from_millis(600)).await;
    let mut watcher = watch(&world, Start::Latest(true)).await;
    ends(&mut watcher, Reason::MaxAge).await;
    let ada = world.create_user(user("ada")).await;
    let mut mirror = Mirror::default();
    let mut again = watch(&world, Start::Earliest(true)).await;
    read_to(&mut mirror, &mut again, world.head().await).await;
    assert!(mirror.state.users.contains_key(&ada.id));
}

async fn a_revoked_token_ends_its_streams_and_no_others(world: World) {
    let account = world.service_account(&world.organization).await;
    let issue = async || world.issue(&world.organization, "", &account.id, &["changes.read".to_owned()]).await.unwrap();
    let (one, other) = (issue().await, issue().await);
    let desk = |secret: &str| Desk::new(&world.organization, world.grpc_as(secret));
    let mut ending = watch(&desk(&one.secret), Start::Latest(true)).await;
    let mut staying = watch(&desk(&other.secret), Start::Latest(true)).await;
    ending.checkpoint().await;
    staying.checkpoint().await;
    let revoke = RevokeTokenRequest { organization_id: world.organization.clone(), token_id: one.token_id, ..Default::default() };
    world.grpc().provisioning.revoke_token(revoke).await.unwrap();
    let (revoked, later) = (Instant::now(), world.create_user(user("later")).await);
    // The revocation itself may still be told; what came after it is not.
    while let Ok(message) = ending.try_next().await {
        match message.message {
            Some(Message::Ending(ending)) => assert_eq!(ending.reason(), Reason::CredentialExpired),
            Some(Message::Commit(commit)) => assert_ne!(commit.events[0].resource_id, later.id),
            _ => {}
        }
    }
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
    let refused = desk(&one.secret).grpc().changes.watch_changes(asked(&world, Start::Latest(true))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let ada = world.create_user(user("ada")).await;
    while staying.commit().await.events[0].resource_id != ada.id {}
}

async fn a_stream_tells_nothing_after_its_token_has_expired(world: World) {
    let account = world.service_account(&world.organization).await;
    let soon = roster::clock::timestamp(roster::clock::Clock::system().now() + 3_600_000_000);
    let request = IssueTokenRequest {
        organization_id: world.organization.clone(),
        service_account_id: account.id,
        scopes: vec!["changes.read".to_owned()],
        expire_time: Some(soon),
        ..IssueTokenRequest::default()
    };
    let issued = world.grpc().provisioning.issue_token(request).await.unwrap().into_inner();
    let mut watcher = watch(&Desk::new(&world.organization, world.grpc_as(&issued.secret)), Start::Latest(true)).await;
    watcher.checkpoint().await;
    world.after_days(1).await;
    world.create_user(user("later")).await;
    ends(&mut watcher, Reason::CredentialExpired).await;
}

async fn a_stopping_server_says_so_first(world: World) {
    let mut watcher = watch(&world, Start::Latest(true)).await;
    watcher.checkpoint().await;
    world.create_user(user("ada")).await;
    watcher.commit().await;
    let began = Instant::now();
    let stopping = tokio::spawn(world.stop());
    ends(&mut watcher, Reason::Draining).await;
    drop(watcher);
    stopping.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

both! {
    from_now_on_begins_with_a_token_and_tells_each_commit
    fifty_watchers_are_told_the_same_and_one_reads_for_all
    a_filter_hides_the_rest_and_checkpoints_are_kept
    what_was_passed_over_is_told_of_every_five_hundred_commits
    before_and_selection_say_what_is_shown
    a_purged_user_is_told_no_more
    a_large_commit_is_pushed_in_fragments_and_goes_on_amid_them
    an_old_stream_ends_and_goes_on
    a_revoked_token_ends_its_streams_and_no_others
    a_stream_tells_nothing_after_its_token_has_expired
    a_stopping_server_says_so_first
}

/// PostgreSQL's own way is the same; the bound is the node's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_streams_of_one_organization_are_told_to_come_later() {
    let world = World::start(Engine::Sqlite).await;
    let account = world.service_account(&world.organization).await;
    let (mut open, each) = (Vec::new(), roster::limits::WATCHERS_PER_TOKEN);
    for _ in 0..roster::limits::WATCHERS_PER_ORGANIZATION / each {
        let secret = world.issue(&world.organization, "", &account.id, &["changes.read".to_owned()]).await.unwrap().secret;
        let desk = Desk::new(&world.organization, world.fresh_channel(&secret).await);
        for _ in 0..each {
            open.push(watch(&desk, Start::Latest(true)).await);
        }
        // One token takes no more of the organization's.
        let refused = desk.grpc().changes.watch_changes(asked(&desk, Start::Latest(true))).await.unwrap_err();
        Refused::read(&refused).is(Code::ResourceExhausted, ErrorReason::Rate);
    }
    let desk = Desk::new(&world.organization, world.grpc());
    let refused = desk.grpc().changes.watch_changes(asked(&desk, Start::Latest(true))).await.unwrap_err();
    Refused::read(&refused).is(Code::ResourceExhausted, ErrorReason::Rate);
    assert!(tonic_types::StatusExt::get_details_retry_info(&refused).is_some());
    // Another organization is not concerned.
    let tenant = world.tenant("other").await;
    watch(&Desk::new(&tenant.organization.id, tenant.clients), Start::Latest(true)).await.checkpoint().await;
    drop(open.pop());
    let began = Instant::now();
    while desk.grpc().changes.watch_changes(asked(&desk, Start::Latest(true))).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::task::yield_now().await;
    }
}
