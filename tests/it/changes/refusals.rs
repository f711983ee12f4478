//! What is refused: tokens that are none, spans and kinds out of bounds, callers that do not see everything.

use super::watcher::{asked, pull, watch, watch_as};
use crate::harness::{Refused, World, both, deeds::Desk, refusal::ExpectRefusal as _, shapes::user};
use prost_types::Duration;
use roster::api::v1::{ErrorReason, ListChangesRequest, ReadSelection, ResourceKind, WatchChangesRequest, watch_changes_request::Start};
use tonic::Code;

fn pulled(desk: &Desk, token: &str) -> ListChangesRequest {
    ListChangesRequest { organization_id: desk.organization.clone(), resume_token: token.to_owned(), ..ListChangesRequest::default() }
}

/// What both ways say to a token.
async fn of_token(desk: &Desk, token: &str) -> Refused {
    let pulled = desk.grpc().changes.list_changes(pulled(desk, token)).await.refused();
    let watched = desk.grpc().changes.watch_changes(asked(desk, Start::ResumeToken(token.to_owned()))).await.refused();
    assert_eq!(pulled, watched);
    pulled
}

async fn a_token_that_is_none_of_this_organization_is_told_from_no_other(world: World) {
    let ours = world.tenant("ours").await;
    let ours = Desk::new(&ours.organization.id, ours.clients);
    let token = pull(&ours, "").await.resume_token;
    let theirs = pull(&world, "").await.resume_token;
    let consistency = ours.try_create_user(user("ada")).await.unwrap().1.token;
    let damaged = format!("{}{}", if token.starts_with('A') { "B" } else { "A" }, &token[1..]);
    let refusals = [theirs, damaged, token[..token.len() - 2].to_owned(), consistency, "nonsense".to_owned(), "ä".to_owned()];
    let mut said = Vec::new();
    for token in &refusals {
        let refused = of_token(&ours, token).await;
        refused.is(Code::InvalidArgument, ErrorReason::InvalidToken);
        said.push(refused);
    }
    said.dedup();
    assert_eq!(said.len(), 1, "one answer for all causes");
    // Another program of the organization may go on with it.
    assert_eq!(pull(&world.within(&ours.organization), &token).await.commits.len(), 1);
}

async fn bounds_and_forms_are_checked(world: World) {
    let base = asked(&world, Start::Latest(true));
    let organization_id = world.organization.clone();
    let seconds = |seconds| Some(Duration { seconds, nanos: 0 });
    let watches = [
        WatchChangesRequest { start: None, ..base.clone() },
        WatchChangesRequest { start: Some(Start::Latest(false)), ..base.clone() },
        WatchChangesRequest { start: Some(Start::Snapshot(false)), ..base.clone() },
        WatchChangesRequest { start: Some(Start::ResumeToken(String::new())), ..base.clone() },
        WatchChangesRequest { kinds: vec![0], ..base.clone() },
        WatchChangesRequest { kinds: vec![6], ..base.clone() },
        WatchChangesRequest { kinds: vec![99], ..base.clone() },
        WatchChangesRequest { kinds: vec![1, 2, 1], ..base.clone() },
        WatchChangesRequest { resource_ids: vec![String::new()], ..base.clone() },
        WatchChangesRequest { checkpoint_interval: seconds(4), ..base.clone() },
        WatchChangesRequest { checkpoint_interval: seconds(301), ..base.clone() },
        WatchChangesRequest { checkpoint_interval: seconds(-30), ..base.clone() },
        WatchChangesRequest { checkpoint_interval: Some(Duration { seconds: 30, nanos: -1 }), ..base.clone() },
        WatchChangesRequest { checkpoint_interval: Some(Duration { seconds: 30, nanos: 1_000_000_000 }), ..base.clone() },
        WatchChangesRequest {
            selection: Some(ReadSelection {
                attributes: vec!["userName".to_owned()],
                excluded_attributes: vec!["title".to_owned()],
                ..ReadSelection::default()
            }),
            ..base.clone()
        },
    ];
    for request in watches {
        let refused = world.grpc().changes.watch_changes(request).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue);
    }
    for (resource_ids, limit) in [((0..1_001).map(|k| k.to_string()).collect(), "1000"), (vec!["x".repeat(8_193)], "8192")] {
        let refused = world.grpc().changes.watch_changes(WatchChangesRequest { resource_ids, ..base.clone() }).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::TooLarge).says("limit", limit);
    }

    let base = ListChangesRequest { organization_id, ..ListChangesRequest::default() };
    let pulls = [
        ListChangesRequest { kinds: vec![6], ..base.clone() },
        ListChangesRequest { page_size: -1, ..base.clone() },
        ListChangesRequest { max_wait: seconds(61), ..base.clone() },
        ListChangesRequest { max_wait: seconds(-1), ..base.clone() },
        ListChangesRequest { max_wait: Some(Duration { seconds: 1, nanos: -1 }), ..base.clone() },
    ];
    for request in pulls {
        world.grpc().changes.list_changes(request).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
    }
    let long = of_token(&world, &"A".repeat(4_097)).await;
    long.is(Code::InvalidArgument, ErrorReason::TooLarge).says("bound", "resume_token");
}

async fn a_starting_state_goes_on_only_as_it_began(world: World) {
    world.create_user(user("ada")).await;
    let mut watcher = watch(&world, Start::Snapshot(true)).await;
    watcher.next().await;
    let token = watcher.token.clone();
    // A pull tells no starting state.
    world.grpc().changes.list_changes(pulled(&world, &token)).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidToken);
    let mut other = asked(&world, Start::ResumeToken(token.clone()));
    other.kinds = vec![ResourceKind::User.into()];
    let refused = world.grpc().changes.watch_changes(other).await.refused();
    refused.is(Code::InvalidArgument, ErrorReason::InvalidToken);
    watch_as(&world, asked(&world, Start::ResumeToken(token))).await.unwrap();
}

async fn a_connection_gets_no_history_and_a_lesser_token_none(world: World) {
    let scopes = ["changes.read".to_owned(), "scim".to_owned()];
    let secret = world.issue(&world.organization, &world.connection, "", &scopes).await.unwrap().secret;
    let desk = Desk::new(&world.organization, world.grpc_as(&secret));
    let watched = desk.grpc().changes.watch_changes(asked(&desk, Start::Latest(true))).await.refused();
    let pulled_ = desk.grpc().changes.list_changes(pulled(&desk, "")).await.refused();
    for refused in [watched, pulled_] {
        refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "CONNECTION");
    }
    let lesser = Desk::new(&world.organization, world.with_scopes(&["users.read"]).await);
    let refused = lesser.grpc().changes.watch_changes(asked(&lesser, Start::Latest(true))).await.refused();
    refused.is(Code::PermissionDenied, ErrorReason::ScopeMissing).says("scope", "changes.read");
}

both! {
    a_token_that_is_none_of_this_organization_is_told_from_no_other
    bounds_and_forms_are_checked
    a_starting_state_goes_on_only_as_it_began
    a_connection_gets_no_history_and_a_lesser_token_none
}
