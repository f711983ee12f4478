//! The façade in front of a directory that is elsewhere: the same answers, through generated clients instead of calls.

use crate::harness::{
    Answer, World, both,
    scim::{BULK_REQUEST, GROUP, PATCH, USER, with_body},
};
use axum::{Router, body::Body};
use http_body_util::BodyExt as _;
use reqwest::{Method, RequestBuilder};
use roster::{
    api::v1::{
        RevokeTokenRequest, directory_service_client::DirectoryServiceClient, group_service_client::GroupServiceClient,
        provisioning_service_client::ProvisioningServiceClient, user_service_client::UserServiceClient,
    },
    limits,
    scim::{Facade, remote::Remote, router},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tower::ServiceExt as _;

/// A façade of its own, which reaches the world's directory over its gRPC address alone.
fn elsewhere(world: &World) -> Router {
    let channel = world.channel();
    let origin = world.scim().base.split("/scim").next().unwrap().to_owned();
    let users = UserServiceClient::new(channel.clone()).max_decoding_message_size(limits::MESSAGE_BYTES);
    let groups = GroupServiceClient::new(channel.clone()).max_decoding_message_size(limits::MESSAGE_BYTES);
    let directory = DirectoryServiceClient::new(channel.clone()).max_decoding_message_size(limits::MESSAGE_BYTES);
    let provisioning = ProvisioningServiceClient::new(channel);
    router(Facade::new(
        Arc::new(Remote(users)),
        Arc::new(Remote(groups)),
        Arc::new(Remote(provisioning)),
        Arc::new(Remote(directory)),
        &origin,
    ))
}

async fn ask(facade: &Router, request: RequestBuilder) -> Answer {
    let request = request.build().unwrap();
    let mut ours = http::Request::builder().method(request.method()).uri(request.url().as_str());
    *ours.headers_mut().unwrap() = request.headers().clone();
    let body = request.body().map_or_else(Body::empty, |body| Body::from(body.as_bytes().unwrap().to_vec()));
    let (parts, body) = facade.clone().oneshot(ours.body(body).unwrap()).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Row 42 (Bitwarden)
async fn a_facade_elsewhere_answers_as_the_one_inside(world: World) {
    let (facade, scim) = (elsewhere(&world), world.scim());
    let created = ask(&facade, with_body(scim.request(Method::POST, "/Users"), &super::users::everything())).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let user = format!("/Users/{}", created.id());
    let group = json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": created.id()}]});
    let group = format!("/Groups/{}", ask(&facade, with_body(scim.request(Method::POST, "/Groups"), &group)).await.id());
    let patch = json!({"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]});
    assert_eq!(ask(&facade, with_body(scim.request(Method::PATCH, &user), &patch)).await.expect(200)["active"], json!(false));

    for path in [
        user.as_str(),
        &group,
        "/Users",
        "/Groups",
        "/Users?filter=userName%20eq%20%22nobody%22",
        "/Users?filter=nonsense",
        "/Users/nobody",
        "/Nothing",
        "/Schemas",
        "/ResourceTypes",
        "/ServiceProviderConfig",
    ] {
        let (near, far) = (scim.get(path).await, ask(&facade, scim.request(Method::GET, path)).await);
        assert_eq!((far.status, &far.body), (near.status, &near.body), "{path}");
        for header in ["etag", "content-location", "roster-revision"] {
            assert_eq!(far.headers.get(header), near.headers.get(header), "{path}: {header}");
        }
    }
    let operations =
        json!([super::bulk::group("g", "Pair", &["bulkId:u"]), super::bulk::user("u", "bulk"), super::bulk::user("v", "BULK")]);
    let bulk = json!({"schemas": [BULK_REQUEST], "Operations": operations});
    let bulk = ask(&facade, with_body(scim.request(Method::POST, "/Bulk"), &bulk)).await;
    assert_eq!(super::bulk::statuses(&bulk), ["201", "201", "409"]);
    let stale = with_body(scim.request(Method::PUT, &user).header("if-match", "W/\"0\""), &json!({"schemas": [USER], "userName": "x"}));
    ask(&facade, stale).await.is_error(412, "");
    let taken = json!({"schemas": [USER], "userName": super::users::everything()["userName"]});
    ask(&facade, with_body(scim.request(Method::POST, "/Users"), &taken)).await.is_error(409, "uniqueness");
    assert_eq!(ask(&facade, scim.request(Method::DELETE, &user)).await.status, 204);
    scim.get(&user).await.is_error(404, "");
}

async fn a_facade_elsewhere_tells_what_it_tolerated(world: World) {
    let (facade, scim) = (elsewhere(&world), world.scim());
    let user = json!({"schemas": [USER, "urn:scim:schemas:core:2.0"], "userName": "ada", "active": "True"});
    let path = format!("/Users/{}", ask(&facade, with_body(scim.request(Method::POST, "/Users"), &user)).await.id());
    let patch = json!({"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]});
    ask(&facade, with_body(scim.request(Method::PATCH, &path), &patch)).await.expect(200);
    // What a provider says of itself is not what a façade says of it.
    let lie = scim.request(Method::GET, "/Users").header("roster-deviations", "dotted_urn=7");
    ask(&facade, lie).await.expect(200);

    let counted = crate::idp::report(&world, &world.organization, &world.connection).await;
    let expected = [("capital_op", 1), ("text_booleans", 2), ("unknown_schemas", 1)];
    assert_eq!(counted, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

async fn what_is_remembered_of_a_caller_lets_nobody_in(world: World) {
    let issued = world.issue(&world.organization, &world.connection, "", &["groups.read".to_owned()]).await.unwrap();
    let reader = world.scim().with_token(&issued.secret);
    assert_eq!(reader.get("/Groups").await.status, 200);
    reader.get("/Users").await.is_error(403, "");
    reader.with_token("nonsense").get("/Groups").await.is_error(401, "");

    let request = RevokeTokenRequest { organization_id: world.organization.clone(), token_id: issued.token_id, ..Default::default() };
    world.grpc().provisioning.revoke_token(request).await.unwrap();
    for path in ["/Groups", "/Schemas"] {
        // The directory itself remembers a credential for a second.
        while reader.get(path).await.status != 401 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn a_facade_elsewhere_has_no_rights_of_its_own(world: World) {
    let (facade, scim) = (elsewhere(&world), world.scim());

    for token in ["", "nonsense"] {
        let refused = ask(&facade, scim.with_token(token).request(Method::GET, "/Users")).await;
        refused.is_error(401, "");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    ask(&facade, scim.at(&scim.base.replace("default", "other")).request(Method::GET, "/Users")).await.is_error(404, "");
}

async fn a_facade_elsewhere_sends_a_large_membership_in_one_commit(world: World) {
    let (facade, scim) = (elsewhere(&world), world.scim());
    let ids = world.crowd("u", 30).await;
    // Who is named many times is a member once: the bound on one request is on names.
    let members: Vec<Value> =
        ids.iter().cycle().take(limits::MEMBERS_PER_REQUEST + 1).map(|id| json!({"value": id, "type": "User"})).collect();
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Everyone"})).await.id();
    let head = world.head().await;

    let body = json!({"schemas": [GROUP], "displayName": "Everyone", "members": members});
    let put = ask(&facade, with_body(scim.request(Method::PUT, &format!("/Groups/{group}")), &body)).await.expect(200);

    assert_eq!(put["members"].as_array().unwrap().len(), 30);
    assert_eq!(world.head().await, head + 1);
}

both! {
    a_facade_elsewhere_answers_as_the_one_inside
    a_facade_elsewhere_tells_what_it_tolerated
    a_facade_elsewhere_has_no_rights_of_its_own
    a_facade_elsewhere_sends_a_large_membership_in_one_commit
}

/// The same story where the façade is one of its own.
mod alone {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_remembered_of_a_caller_lets_nobody_in() {
        Box::pin(super::what_is_remembered_of_a_caller_lets_nobody_in(crate::harness::World::alone().await)).await;
    }
}
