//! Several nodes of one PostgreSQL, and what becomes of tokens when the database is another than before.

use super::{
    mirror::{Mirror, listed, read_to},
    watcher::{asked, pull, watch},
};
use crate::harness::{Engine, Refused, World, deeds::Desk, postgres::execute, refusal::ExpectRefusal as _, shapes::user};
use roster::api::v1::{ErrorReason, ListChangesRequest, watch_changes_request::Start};
use tonic::Code;

async fn refused(desk: &Desk, token: &str) -> Refused {
    let request = ListChangesRequest { organization_id: desk.organization.clone(), resume_token: token.to_owned(), ..Default::default() };
    let pulled = desk.grpc().changes.list_changes(request).await.refused();
    let watched = desk.grpc().changes.watch_changes(asked(desk, Start::ResumeToken(token.to_owned()))).await.refused();
    assert_eq!(pulled, watched);
    pulled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_writes_another_tells_also_when_nobody_says_so() {
    let world = World::start(Engine::Postgres).await;
    let node = world.node(|_| {}).await;
    let account = world.service_account(&world.organization).await;
    let secret = world.issue(&world.organization, "", &account.id, &["changes.read".to_owned()]).await.unwrap().secret;
    let there = Desk::new(&world.organization, node.grpc_as(&secret));
    let (mut mirror, mut watcher) = (Mirror::default(), watch(&there, Start::Earliest(true)).await);
    world.crowd("u", 20).await;
    let (expected, head) = listed(&world).await;
    read_to(&mut mirror, &mut watcher, head).await;
    assert_eq!(mirror.counted(), expected);

    // The nodes lose what they hear each other by: what is written is found all the same, and the same stream goes on.
    let (database, server) = world.database_and_server();
    let deaf = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    execute(&server, &format!("{deaf} AND datname = '{database}'")).await;
    world.create_user(user("unheard")).await;
    let (expected, head) = listed(&world).await;
    read_to(&mut mirror, &mut watcher, head).await;
    assert_eq!(mirror.counted(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_old_tokens_are_refused_and_never_misread() {
    let world = World::start(Engine::Postgres).await;
    world.crowd("u", 3).await;
    let token = pull(&world, "").await.resume_token;
    let url = {
        let (database, server) = world.database_and_server();
        server.replace("/postgres", &format!("/{database}"))
    };
    // A store that has lost its last commits, and does not say that it is another.
    execute(&url, "UPDATE heads SET revision = revision - 1 WHERE organization_id <> 'system'").await;
    refused(&world, &token).await.is(Code::OutOfRange, ErrorReason::RevisionUnknown);
    execute(&url, "UPDATE heads SET revision = revision + 1 WHERE organization_id <> 'system'").await;

    // As a restore does.
    execute(&url, "UPDATE store SET epoch = epoch + 1").await;
    let node = world.node(|_| {}).await;
    let account = world.service_account(&world.organization).await;
    let secret = world.issue(&world.organization, "", &account.id, &["changes.read".to_owned()]).await.unwrap().secret;
    let there = Desk::new(&world.organization, node.grpc_as(&secret));
    refused(&there, &token).await.is(Code::OutOfRange, ErrorReason::EpochChanged);
}
