//! Tokens that end soon (rows 11 and 21 of the capabilities), and how long one may live.

use crate::harness::{Engine, World, both, refusal::ExpectRefusal as _};
use prost_types::Timestamp;
use roster::{
    api::v1::{ErrorReason, GetCallerRequest, IssueTokenRequest, ListTokensRequest, RotateTokenRequest, Token, change_event::Action},
    clock::{Clock, micros},
};
use tonic::Code;

const DAY: i64 = 24 * 3600 * 1_000_000;

/// A token of the first connection that lives so many days.
async fn issue(world: &World, days: i64) -> Token {
    let ends = Clock::system().now() + days * DAY;
    let request = IssueTokenRequest {
        organization_id: world.organization.clone(),
        connection_id: world.connection.clone(),
        scopes: vec!["scim".to_owned()],
        expire_time: Some(roster::clock::timestamp(ends)),
        ..IssueTokenRequest::default()
    };
    world.grpc().provisioning.issue_token(request).await.unwrap().into_inner().token.unwrap()
}

async fn notice(world: &World, id: &str) -> i32 {
    let request = ListTokensRequest { organization_id: world.organization.clone(), ..ListTokensRequest::default() };
    let tokens = world.grpc().provisioning.list_tokens(request).await.unwrap().into_inner().tokens;
    tokens.into_iter().find(|token| token.id == id).unwrap().expiry_notice_days
}

/// How many notices the feed holds.
async fn told(world: &World) -> i64 {
    assert_eq!(Action::Expiring as i32, 14);
    world.pairs("SELECT COUNT(*), COUNT(DISTINCT resource_id) FROM changes WHERE action = 14").await[0].0
}

/// Row 11 (Infisical)
async fn a_token_that_ends_soon_is_spoken_of_three_times_and_never_again(world: World) {
    let token = issue(&world, 300).await;
    let ends = micros(token.expire_time.as_ref().unwrap());
    let look = async |left: i64| {
        world.server().look_round(ends - left).await.unwrap();
        (notice(&world, &token.id).await, told(&world).await)
    };

    assert_eq!(look(31 * DAY).await, (0, 0));
    assert_eq!(look(30 * DAY).await, (30, 1));
    assert_eq!(look(20 * DAY).await, (30, 1));
    assert_eq!(look(7 * DAY).await, (7, 2));
    assert_eq!(look(DAY).await, (1, 3));
    assert_eq!(look(DAY / 2).await, (1, 3));
    // Nothing is said of what is over: the token works no more.
    assert_eq!(look(-DAY).await, (1, 3));
}

async fn a_short_token_and_one_that_was_replaced_are_not_spoken_of(world: World) {
    let (short, replaced) = (issue(&world, 1).await, issue(&world, 40).await);
    let overlap = Some(prost_types::Duration { seconds: 30 * 86_400, nanos: 0 });
    let rotate = RotateTokenRequest { organization_id: world.organization.clone(), token_id: replaced.id.clone(), overlap, write: None };
    world.grpc().provisioning.rotate_token(rotate).await.unwrap();

    let now = Clock::system().now();
    world.server().look_round(now).await.unwrap();
    world.server().look_round(now + 12 * DAY).await.unwrap();

    // The one that took its place is.
    assert_eq!((notice(&world, &short.id).await, notice(&world, &replaced.id).await, told(&world).await), (0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_look_at_once_speak_once() {
    let world = World::start(Engine::Postgres).await;
    let node = world.node(|_| {}).await;
    let mut ends = 0;
    for _ in 0..5 {
        ends = micros(issue(&world, 300).await.expire_time.as_ref().unwrap());
    }

    let at = ends - 29 * DAY;
    let (one, other) = tokio::join!(world.server().look_round(at), node.server.look_round(at));

    one.unwrap();
    other.unwrap();
    assert_eq!(told(&world).await, 5);
}

/// Row 21 (JupiterOne)
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_bounds_how_long_a_token_lives() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let world = World::with(engine, |config| config.token_max_days = 10).await;
        let now = || Clock::system().now();
        let issue = |expire_time| IssueTokenRequest {
            organization_id: world.organization.clone(),
            connection_id: world.connection.clone(),
            scopes: vec!["scim".to_owned()],
            expire_time,
            ..IssueTokenRequest::default()
        };
        let mut provisioning = world.grpc().provisioning;
        let days = |at: &Timestamp| (micros(at) - now() + DAY / 2) / DAY;

        let token = provisioning.issue_token(issue(None)).await.unwrap().into_inner().token.unwrap();
        assert_eq!(days(token.expire_time.as_ref().unwrap()), 10);
        let longer = issue(Some(roster::clock::timestamp(now() + 11 * DAY)));
        let refused = provisioning.issue_token(longer).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "expire_time");
        assert!(refused.detail.contains("10 days"), "{refused:?}");
        let rotate =
            RotateTokenRequest { organization_id: world.organization.clone(), token_id: token.id, ..RotateTokenRequest::default() };
        let rotated = provisioning.rotate_token(rotate).await.unwrap().into_inner().token.unwrap();
        assert_eq!(days(rotated.expire_time.as_ref().unwrap()), 10);
        assert_eq!(provisioning.get_caller(GetCallerRequest {}).await.unwrap().into_inner().limits["token_days"], 10);
    }
}

both! {
    a_token_that_ends_soon_is_spoken_of_three_times_and_never_again
    a_short_token_and_one_that_was_replaced_are_not_spoken_of
}
