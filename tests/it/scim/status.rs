//! How a connection fares, and whose traffic it is: rows 38 and 51 of the capabilities.

use crate::harness::{
    Scim, World, faces,
    scim::{USER, send, with_body},
};
use prost_types::Timestamp;
use reqwest::Method;
use roster::api::v1::{
    Connection, ConnectionStatus, GetConnectionRequest, IssueTokenRequest, ListConnectionsRequest, connection_status::State,
};
use roster::clock::micros;
use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

async fn status(world: &World, connection: &str) -> ConnectionStatus {
    let request =
        GetConnectionRequest { organization_id: world.organization.clone(), connection_id: connection.to_owned(), ..Default::default() };
    let got = world.grpc().provisioning.get_connection(request).await.unwrap().into_inner().connection.unwrap();
    let request = ListConnectionsRequest { organization_id: world.organization.clone(), ..ListConnectionsRequest::default() };
    let listed = world.grpc().provisioning.list_connections(request).await.unwrap().into_inner().connections;
    assert_eq!(listed.iter().find(|listed| listed.id == connection), Some(&got));
    got.status.unwrap()
}

fn reason(status: &ConnectionStatus) -> &str {
    status.last_error.as_ref().map_or("", |error| error.reason.as_str())
}

async fn as_okta(scim: &Scim, method: Method, path: &str, body: &serde_json::Value) -> u16 {
    send(with_body(scim.request(method, path).header("user-agent", "Okta SCIM Client 1.0.0"), body)).await.status
}

/// Row 38 (JumpCloud)
async fn a_connection_says_how_it_fares_and_what_failed_last(world: World) {
    let (connection, scim) = world.scim_as("").await;
    let id = connection.id.as_str();
    assert_eq!(connection.status, None, "what was just made has nothing to say");
    let never = status(&world, id).await;
    assert_eq!((never.state(), never.since, never.last_use_time, reason(&never)), (State::NeverUsed, None, None, ""));

    let user = json!({"schemas": [USER], "userName": "ada"});
    assert_eq!(as_okta(&scim, Method::POST, "/Users", &user).await, 201);
    let used = status(&world, id).await;
    assert_eq!((used.state(), used.provider.as_str(), used.suggested_profile.as_str()), (State::Healthy, "okta", "okta"));
    assert!(used.since.is_some() && used.last_write_time.is_some() && used.last_write_time == used.last_success_time);

    // What is not there is an answer.
    scim.get("/Users/nobody").await.is_error(404, "");
    assert_eq!(status(&world, id).await.state(), State::Healthy);

    // The directory refuses; reading goes on, and does not mend a write.
    assert_eq!(as_okta(&scim, Method::POST, "/Users", &user).await, 409);
    scim.get("/Users").await.expect(200);
    let failing = status(&world, id).await;
    assert_eq!((failing.state(), reason(&failing)), (State::Failing, "UNIQUENESS"));
    assert!(failing.last_error.as_ref().unwrap().write && failing.since == failing.last_error.as_ref().unwrap().time);

    assert_eq!(as_okta(&scim, Method::POST, "/Users", &json!({"schemas": [USER], "userName": "eve"})).await, 201);
    let mended = status(&world, id).await;
    assert_eq!((mended.state(), reason(&mended)), (State::Healthy, "UNIQUENESS"));
    assert!(mended.since.as_ref().map(micros) > failing.since.as_ref().map(micros));

    // The facade refuses, and the directory never hears the request.
    assert_eq!(as_okta(&scim, Method::POST, "/Users", &json!({"userName": "x"})).await, 400);
    let unread = status(&world, id).await;
    assert_eq!((unread.state(), reason(&unread)), (State::Failing, "400 invalidSyntax"));

    let update = Connection { id: id.to_owned(), profile: "okta".to_owned(), ..Connection::default() };
    world.update_connection(update, &["enabled", "profile"]).await.unwrap();
    let off = status(&world, id).await;
    assert_eq!((off.state(), off.since, off.provider.as_str(), off.suggested_profile.as_str()), (State::Disabled, None, "okta", ""));
    assert_eq!(status(&world, &world.connection).await.state(), State::NeverUsed, "nobody else's affair");
}

/// Row 51 (Bitwarden)
async fn entra_is_known_by_its_header_and_nobody_by_none(world: World) {
    let (connection, scim) = world.scim_as("entra-legacy").await;

    send(scim.request(Method::GET, "/Users").header("user-agent", "")).await.expect(200);
    assert_eq!(status(&world, &connection.id).await.provider, "");
    send(scim.request(Method::GET, "/Users").header("adscimversion", "2.0")).await.expect(200);
    let known = status(&world, &connection.id).await;
    assert_eq!((known.provider.as_str(), known.suggested_profile.as_str()), ("entra", ""), "its other profile is Entra's too");
}

async fn a_token_that_has_ended_is_seen_as_the_connection_s_failure(world: World) {
    let (connection, scim) = world.scim_as("").await;
    let seconds = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap() + 3;
    let issue = IssueTokenRequest {
        organization_id: world.organization.clone(),
        connection_id: connection.id.clone(),
        scopes: vec!["scim".to_owned()],
        expire_time: Some(Timestamp { seconds, nanos: 0 }),
        ..IssueTokenRequest::default()
    };
    let short = world.grpc().provisioning.issue_token(issue).await.unwrap().into_inner().secret;
    let (begun, scim) = (Instant::now(), scim.with_token(&short));
    scim.get("/Users").await.expect(200);

    // What is remembered for a second is refused without asking; after that the directory sees whose it was.
    while reason(&status(&world, &connection.id).await) != "INVALID_CREDENTIAL" {
        scim.get("/Users").await;
        assert!(begun.elapsed() < Duration::from_secs(20), "the connection does not say that its token has ended");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(status(&world, &connection.id).await.state(), State::Failing);
}

/// Row 38 (JumpCloud): what is refused inside a Bulk is refused.
async fn a_refusal_inside_a_bulk_is_one_of_the_connection(world: World) {
    let (connection, scim) = world.scim_as("").await;
    let id = connection.id.as_str();
    let create = |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"schemas": [USER], "userName": name}});
    let absent = json!({"method": "DELETE", "path": "/Users/nobody"});

    scim.bulk(&json!([create("ada"), absent])).await.expect(200);
    assert_eq!(status(&world, id).await.state(), State::Healthy, "what is not there is an answer");
    scim.bulk(&json!([create("ADA"), create("eve")])).await.expect(200);
    let failing = status(&world, id).await;
    assert_eq!((failing.state(), reason(&failing)), (State::Failing, "UNIQUENESS"));
    assert!(failing.last_error.as_ref().unwrap().write && failing.last_write_time.is_some());
    scim.bulk(&json!([create("kim")])).await.expect(200);
    assert_eq!(status(&world, id).await.state(), State::Healthy);
    // One that the facade does not understand, too.
    scim.bulk(&json!([create("bob"), {"method": "POST", "path": "/Users", "bulkId": "x", "data": {}}])).await.expect(200);
    assert_eq!(status(&world, id).await.state(), State::Failing);
}

faces! {
    a_refusal_inside_a_bulk_is_one_of_the_connection
    a_connection_says_how_it_fares_and_what_failed_last
    entra_is_known_by_its_header_and_nobody_by_none
    a_token_that_has_ended_is_seen_as_the_connection_s_failure
}
