//! What is let go of, and what those are told who come for it.

use super::{
    mirror::Mirror,
    watcher::{asked, pull, watch},
};
use crate::harness::{
    Refused, World, both,
    deeds::Desk,
    refusal::ExpectRefusal as _,
    shapes::{principal, user},
};
use futures_util::future::join_all;
use roster::api::v1::{
    ErrorReason, GetRevisionsRequest, GetRevisionsResponse, ListChangesRequest, User, stream_ending::Reason, watch_changes_request::Start,
    watch_changes_response::Message,
};
use std::time::Duration;
use tonic::Code;

const DAY: Duration = Duration::from_hours(24);

async fn revisions(world: &World) -> GetRevisionsResponse {
    let request = GetRevisionsRequest { organization_id: world.organization.clone() };
    world.grpc().changes.get_revisions(request).await.unwrap().into_inner()
}

async fn refused(world: &World, token: &str) -> Refused {
    let request = ListChangesRequest { organization_id: world.organization.clone(), resume_token: token.to_owned(), ..Default::default() };
    let pulled = world.grpc().changes.list_changes(request).await.refused();
    let watched = world.grpc().changes.watch_changes(asked(world, Start::ResumeToken(token.to_owned()))).await.refused();
    assert_eq!(pulled, watched);
    pulled
}

async fn old_changes_go_and_the_state_stays(world: World) {
    let ada = world.create_user(user("ada")).await;
    world.create_group("Team", vec![principal(&ada.id)]).await;
    let mut early = watch(&world, Start::Latest(true)).await;
    early.checkpoint().await;
    let old = early.token.clone();
    let request = ListChangesRequest { organization_id: world.organization.clone(), page_size: 1, ..Default::default() };
    let first = world.grpc().changes.list_changes(request).await.unwrap().into_inner().resume_token;
    let before = world.head().await;
    assert_eq!(world.server().retention().due().await.unwrap(), 0, "nothing is old yet");

    world.server().clock().advance(DAY * 60);
    let bob = world.create_user(user("bob")).await;
    world.server().clock().advance(DAY * 31);
    let gone = world.server().retention().due().await.unwrap();
    // Those of "system" are old as well.
    assert!(u64::try_from(gone).unwrap() > before, "{gone}");
    assert_eq!(world.server().retention().due().await.unwrap(), 0);

    let kept = revisions(&world).await;
    assert_eq!((kept.earliest.unwrap().number, kept.latest.unwrap().number), (before + 1, before + 1));
    // Who was there just before what is kept lost nothing.
    assert_eq!(pull(&world, &old).await.commits.len(), 1);
    assert_eq!(early.commit().await.events[0].resource_id, bob.id);
    // Who was further behind did, and is told where to begin.
    assert_eq!(pull(&world, "").await.commits[0].events[0].resource_id, bob.id, "from the oldest that is kept");
    let lost = refused(&world, &first).await;
    lost.is(Code::OutOfRange, ErrorReason::RevisionCompacted);
    let earliest = pull(&world, &lost.metadata["earliest"]).await;
    assert_eq!(earliest.commits[0].revision.as_ref().unwrap().number, before + 1);
    // A starting state always works; what happened since is told.
    let mut snapshot = watch(&world, Start::Snapshot(true)).await;
    let mut users = Vec::new();
    loop {
        match snapshot.next().await {
            Message::SnapshotChunk(chunk) => users.extend(chunk.users.into_iter().map(|user| user.id)),
            Message::SnapshotComplete(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(users, [ada.id, bob.id]);

    // All of it may go; then there is no earliest, and what comes is told.
    world.server().clock().advance(DAY * 91);
    world.server().retention().due().await.unwrap();
    let kept = revisions(&world).await;
    assert_eq!((kept.earliest, kept.latest.unwrap().number), (None, before + 1));
    let empty = pull(&world, "").await;
    assert_eq!(empty.commits, []);
}

async fn a_reader_that_falls_behind_what_is_kept_is_told_so(world: World) {
    let user = |k: usize| User { title: Some("x".repeat(5_000)), ..user(&format!("u{k}")) };
    let create = |k: usize| {
        let desk = Desk::new(&world.organization, world.grpc());
        async move { desk.create_user(user(k)).await }
    };
    for some in (0..1_000).collect::<Vec<_>>().chunks(50) {
        join_all(some.iter().copied().map(create)).await;
    }
    let mut slow = watch(&world, Start::Earliest(true)).await;
    let mut mirror = Mirror::default();
    mirror.take(&slow.try_next().await.unwrap());
    // It takes nothing more for a quarter of a year.
    world.server().clock().advance(DAY * 91);
    world.server().retention().due().await.unwrap();
    let reason = loop {
        let message = slow.try_next().await.unwrap();
        mirror.take(&message);
        if let Some(Message::Ending(ending)) = message.message {
            break ending.reason();
        }
    };
    assert_eq!(reason, Reason::SlowConsumer);
    Refused::read(&slow.try_next().await.unwrap_err()).is(Code::Unavailable, ErrorReason::StreamEnded).says("ending", "SLOW_CONSUMER");
    refused(&world, &slow.token).await.is(Code::OutOfRange, ErrorReason::RevisionCompacted);
    let at = mirror.at.unwrap().0;
    assert!((1..1_000).contains(&at), "it was told what was read before, in order: {at}");
}

async fn no_more_are_kept_than_the_operator_says(world: World) {
    let engine = world.engine;
    drop(world);
    let world = World::with(engine, |config| config.feed.most = Some(10)).await;
    world.crowd("u", 30).await;
    assert!(world.server().retention().due().await.unwrap() >= 20);
    let kept = revisions(&world).await;
    let head = world.head().await;
    assert_eq!((kept.earliest.unwrap().number, kept.latest.unwrap().number, kept.retained_commits), (head - 9, head, 10));
    let answer = pull(&world, "").await;
    assert_eq!(answer.commits.len(), 10);
    // In the table too, commits and changes.
    let left = world.pairs("SELECT COUNT(*), MIN(revision) FROM changes c WHERE organization_id <> 'system'").await;
    assert_eq!(left, [(10, i64::try_from(head).unwrap() - 9)]);
    let left = world.pairs("SELECT COUNT(*), MIN(revision) FROM commits c WHERE organization_id <> 'system'").await;
    assert_eq!(left, [(10, i64::try_from(head).unwrap() - 9)]);
}

both! {
    old_changes_go_and_the_state_stays
    a_reader_that_falls_behind_what_is_kept_is_told_so
    no_more_are_kept_than_the_operator_says
}
