//! `roster restored`: what clients keep of before may speak of commits that never were, and none of it is taken.

use super::{
    nodes::{Node, QUIET},
    process::{Place, run, said},
};
use crate::{
    changes::mirror,
    harness::{
        Engine, Refused,
        deeds::Desk,
        refusal::ExpectRefusal as _,
        scim::{GROUP, Scim, USER, send},
        shapes::{by_id, if_match, page},
    },
};
use reqwest::Method;
use roster::api::v1::{
    Consistency, ErrorReason, GetUserRequest, ListConnectionsRequest, ListUsersRequest, Role, UpdateConnectionRequest,
    consistency::Requirement,
};
use serde_json::json;
use std::process::Output;
use tonic::Code;

async fn command(place: &Place, engine: Engine, verb: &str, folder: &str) -> Output {
    let database = place.database_url();
    let mut arguments = vec![verb, "--data-dir", folder];
    if engine == Engine::Postgres {
        arguments.extend(["--database", &database]);
    }
    run(&arguments).await
}

async fn restore(place: &Place, engine: Engine) -> Output {
    command(place, engine, "restored", place.data_dir().to_str().unwrap()).await
}

/// What the tokens of before speak of may never have been, in the history that was brought back.
async fn tokens_of_before_are_refused_in_a_store_that_was_restored(engine: Engine) {
    let place = Place::fresh(engine).await;
    let server = Node::of(&place, place.start(QUIET).await).await;
    server.scim.post("/Users", &json!({"schemas": [USER], "userName": "bob"})).await;
    let before = server.scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let page = |token: &str| ListUsersRequest {
        organization_id: place.bootstrap()["organization_id"].as_str().unwrap().to_owned(),
        list: page(1, token, ""),
        ..ListUsersRequest::default()
    };
    let first = server.grpc.users.clone().list_users(page("")).await.unwrap().into_inner();
    let (path, token) = (format!("/Users/{}", before.id()), before.header("roster-revision-token").to_owned());
    server.running.signal("TERM");
    assert_eq!(server.running.end().await.0, Some(0));

    said(&restore(&place, engine).await);

    let server = Node::of(&place, place.start(QUIET).await).await;
    let read = |token: &str| send(server.scim.request(reqwest::Method::GET, &path).header("roster-at-least-as-fresh", token));
    read(&token).await.is_error(412, "");
    let get = GetUserRequest {
        organization_id: place.bootstrap()["organization_id"].as_str().unwrap().to_owned(),
        user: Some(by_id(path.rsplit('/').next().unwrap())),
        consistency: Some(Consistency { requirement: Some(Requirement::AtLeastAsFresh(token)) }),
        ..GetUserRequest::default()
    };
    assert_eq!(Refused::read(&server.grpc.users.clone().get_user(get).await.unwrap_err()).reason, "EPOCH_CHANGED");
    let next = page(&first.next_page_token);
    server.grpc.users.clone().list_users(next).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidPageToken);
    let now = server.scim.get(&path).await;
    assert_eq!(now.header("roster-revision"), before.header("roster-revision"), "the history is the same up to here");
    read(now.header("roster-revision-token")).await.expect(200);
}

/// The stored part of a version, without the fingerprint of a user's groups.
fn stored(etag: &str) -> &str {
    etag.trim_end_matches('"').split('-').next().unwrap()
}

/// How many users have this version.
async fn of_version(scim: &Scim, etag: &str) -> u64 {
    let filter = format!("meta.version eq {}", json!(etag));
    scim.list("/Users", &[("filter", &filter)]).await.expect(200)["totalResults"].as_u64().unwrap()
}

/// A later write of the lost life may have had the number that the next one has: who saw it must not be taken to have seen this.
async fn versions_of_before_are_refused_in_a_store_that_was_restored(engine: Engine) {
    let place = Place::fresh(engine).await;
    let server = Node::of(&place, place.start(QUIET).await).await;
    let organization_id = place.bootstrap()["organization_id"].as_str().unwrap().to_owned();
    let desk = Desk::new(&organization_id, server.grpc.clone());
    let ada = server.scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let body = json!({"schemas": [GROUP], "displayName": "Engines", "members": [{"value": ada.id()}]});
    let group = server.scim.post("/Groups", &body).await;
    let role = desk.create_role(Role { key: "reader".to_owned(), ..Role::default() }).await;
    let list = ListConnectionsRequest { organization_id: organization_id.clone(), ..ListConnectionsRequest::default() };
    let connection = server.grpc.provisioning.clone().list_connections(list).await.unwrap().into_inner().connections.remove(0);
    server.running.signal("TERM");
    assert_eq!(server.running.end().await.0, Some(0));

    said(&restore(&place, engine).await);

    let server = Node::of(&place, place.start(QUIET).await).await;
    let (scim, desk) = (&server.scim, Desk::new(&organization_id, server.grpc.clone()));
    mirror::agrees(&desk).await;
    for (path, before, attribute) in
        [(format!("/Users/{}", ada.id()), &ada, "title"), (format!("/Groups/{}", group.id()), &group, "displayName")]
    {
        let change = json!([{"op": "replace", "path": attribute, "value": "Other"}]);
        scim.patch_if_match(&path, before.header("etag"), &change).await.is_error(412, "");
        let now = send(scim.request(Method::GET, &path).header("if-none-match", before.header("etag"))).await;
        assert_eq!((now.status, now.header("etag") == before.header("etag")), (200, false), "{path}");
        let part = scim.list(path.rsplit_once('/').unwrap().0, &[]).await.expect(200)["Resources"][0]["meta"]["version"].clone();
        assert_eq!(stored(part.as_str().unwrap()), stored(now.header("etag")), "{path}");
        scim.patch_if_match(&path, now.header("etag"), &change).await.expect(200);
    }
    let now = scim.get(&format!("/Users/{}", ada.id())).await.header("etag").to_owned();
    assert_eq!((of_version(scim, &format!("{}\"", stored(&now))).await, of_version(scim, ada.header("etag")).await), (1, 0));
    let update = UpdateConnectionRequest {
        organization_id: organization_id.clone(),
        precondition: if_match(&connection.meta.as_ref().unwrap().etag),
        update_mask: Some(prost_types::FieldMask { paths: vec!["display_name".to_owned()] }),
        connection: Some(connection),
        ..UpdateConnectionRequest::default()
    };
    let refused = server.grpc.provisioning.clone().update_connection(update).await.refused();
    refused.is(Code::Aborted, ErrorReason::EtagMismatch);
    let delete = roster::api::v1::DeleteRoleRequest {
        organization_id,
        role_id: role.id,
        precondition: if_match(&role.meta.unwrap().etag),
        ..Default::default()
    };
    server.grpc.roles.clone().delete_role(delete).await.refused().is(Code::Aborted, ErrorReason::EtagMismatch);
    mirror::agrees(&desk).await;
}

/// An operator that is wrong about where the store is must not be told that all is well.
async fn where_there_is_no_store_none_is_made(engine: Engine) {
    let place = Place::fresh(engine).await;
    let folder = place.data_dir().join("wrong");

    for verb in ["restored", "recover", "restored"] {
        let refused = command(&place, engine, verb, folder.to_str().unwrap()).await;
        let words = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && words.contains("There is no store in "), "{verb}: {words}");
        assert_eq!((refused.stdout.len(), place.data_dir().exists()), (0, false), "{verb}");
    }
}

macro_rules! on {
    ($($test:ident: $story:ident($engine:ident))*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            $story(Engine::$engine).await;
        }
    )*};
}

on! {
    on_sqlite_tokens_of_before_are_refused: tokens_of_before_are_refused_in_a_store_that_was_restored(Sqlite)
    on_postgres_tokens_of_before_are_refused: tokens_of_before_are_refused_in_a_store_that_was_restored(Postgres)
    on_sqlite_versions_of_before_are_refused: versions_of_before_are_refused_in_a_store_that_was_restored(Sqlite)
    on_postgres_versions_of_before_are_refused: versions_of_before_are_refused_in_a_store_that_was_restored(Postgres)
    on_sqlite_where_there_is_no_store_none_is_made: where_there_is_no_store_none_is_made(Sqlite)
    on_postgres_where_there_is_no_store_none_is_made: where_there_is_no_store_none_is_made(Postgres)
}
