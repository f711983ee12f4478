//! How a server ends, and what is there when it comes back.

use super::process::{Place, clients, run};
use crate::{
    harness::{
        Engine,
        schema::{BADGE, badge},
        scim::{USER, http},
    },
    scim::schemas_elsewhere::until_schemas,
};
use roster::api::v1::{DeleteSchemaRequest, PutSchemaRequest};
use serde_json::json;

async fn what_was_acknowledged_is_there_after_kill_9(engine: Engine) {
    let place = Place::fresh(engine).await;
    let server = place.start(&[]).await;
    let (_, scim) = clients(&place.bootstrap()).await;
    for i in 0..20 {
        scim.post("/Users", &json!({"schemas": [USER], "userName": format!("u{i}")})).await.expect(201);
    }

    server.signal("KILL");
    let (code, _) = server.end().await;
    assert_eq!(code, None);
    let before = place.bootstrap();
    let server = place.start(&[]).await;

    assert_eq!(server.welcome.len(), 1, "only a first start has a welcome: {:?}", server.welcome);
    let base = server.line("Roster serves SCIM at ").split(' ').nth(4).unwrap().to_owned();
    let after = place.bootstrap();
    assert_eq!(after["scim_base_url"], format!("{base}/default"), "a later start puts its addresses into the file");
    for key in ["scim_token", "admin_token", "organization_id"] {
        assert_eq!(after[key], before[key], "and leaves the rest: {key}");
    }
    let scim = scim.at(&format!("{base}/default"));
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 20);
}

async fn a_server_that_is_asked_to_stop_finishes_what_it_began(engine: Engine) {
    let place = Place::fresh(engine).await;
    let server = place.start(&[]).await;
    let (_, scim) = clients(&place.bootstrap()).await;
    let origin = scim.base.split("/scim").next().unwrap().to_owned();
    let writes = (0..200).map(|i| {
        let scim = scim.clone();
        async move {
            scim.request(reqwest::Method::POST, "/Users")
                .header("content-type", "application/json")
                .body(json!({"schemas": [USER], "userName": format!("u{i}")}).to_string())
                .send()
                .await
        }
    });

    let (answers, ()) = tokio::join!(futures_util::future::join_all(writes), async { server.signal("TERM") });
    let (code, log) = server.end().await;

    assert_eq!(code, Some(0), "{log}");
    assert!(http().build().unwrap().get(format!("{origin}/alive")).send().await.is_err(), "nobody listens any more");
    // Who was told 201 finds the user there; nobody was told 5xx but "come back".
    let acknowledged = answers.iter().filter(|a| a.as_ref().is_ok_and(|a| a.status() == 201)).count();
    for answer in answers.iter().flatten() {
        assert!([201, 503].contains(&answer.status().as_u16()), "{}", answer.status());
    }
    let server = place.start(&[]).await;
    let base = server.line("Roster serves SCIM at ").split(' ').nth(4).unwrap().to_owned();
    let there = scim.at(&format!("{base}/default")).get("/Users?count=0").await.expect(200)["totalResults"].as_u64().unwrap();
    assert!(there >= acknowledged as u64, "{acknowledged} were acknowledged, {there} are there");
}

macro_rules! on_both {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::Engine::Sqlite).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::Engine::Postgres).await;
            })+
        }
    };
}

on_both! {
    what_was_acknowledged_is_there_after_kill_9
    a_server_that_is_asked_to_stop_finishes_what_it_began
}

#[tokio::test]
async fn two_servers_on_one_postgres_serve_one_directory() {
    let place = Place::fresh(Engine::Postgres).await;
    let first = place.start(&[]).await;
    let (_, scim) = clients(&place.bootstrap()).await;
    let second = place.start(&[]).await;
    let base = second.line("Roster serves SCIM at ").split(' ').nth(4).unwrap().to_owned();
    let other = scim.at(&format!("{base}/default"));

    let writes = (0..40).map(|i| {
        let to = if i % 2 == 0 { scim.clone() } else { other.clone() };
        async move { to.post("/Users", &json!({"schemas": [USER], "userName": format!("u{}", i / 4)})).await.status }
    });
    let statuses = futures_util::future::join_all(writes).await;

    // Every name was asked for four times, on both servers: one won.
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 10, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 409).count(), 30, "{statuses:?}");
    for face in [&scim, &other] {
        assert_eq!(face.get("/Users").await.expect(200)["totalResults"], 10);
    }
    drop((first, second));
}

#[tokio::test]
async fn what_one_node_registers_the_other_knows_within_seconds() {
    let place = Place::fresh(Engine::Postgres).await;
    let first = place.start(&[]).await;
    let bootstrap = place.bootstrap();
    let (mut admin, scim) = clients(&bootstrap).await;
    let second = place.start(&[]).await;
    let base = second.line("Roster serves SCIM at ").split(' ').nth(4).unwrap().to_owned();
    let other = scim.at(&format!("{base}/default"));
    until_schemas(&other, 3).await;
    let organization_id = bootstrap["organization_id"].as_str().unwrap().to_owned();

    let request = PutSchemaRequest { organization_id: organization_id.clone(), schema: Some(badge()), write: None };
    admin.provisioning.put_schema(request).await.unwrap();

    until_schemas(&other, 4).await;
    let wrong = json!({"schemas": [USER, BADGE], "userName": "ada", BADGE: {"number": "N-7", "level": "high"}});
    other.post("/Users", &wrong).await.is_error(400, "invalidValue");
    let good = json!({"schemas": [USER, BADGE], "userName": "ada", BADGE: {"number": "N-7", "level": 3}});
    other.post("/Users", &good).await.expect(201);
    admin.provisioning.delete_schema(DeleteSchemaRequest { organization_id, urn: BADGE.to_owned(), write: None }).await.unwrap();
    until_schemas(&other, 3).await;
    drop((first, second));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_one_sentence_without_its_password() {
    let output = run(&[
        "serve",
        "--http",
        "127.0.0.1:0",
        "--grpc",
        "127.0.0.1:0",
        "--data-dir",
        "/tmp/roster-no-such-place",
        "--database",
        "postgres://roster:hunter2@127.0.0.1:1/roster",
    ])
    .await;

    let why = String::from_utf8(output.stderr).unwrap();
    assert!([Some(1), Some(2)].contains(&output.status.code()), "{why}");
    assert!(!why.contains("hunter2") && !why.contains("panicked"), "{why}");
    assert_eq!(why.trim().lines().filter(|l| l.starts_with("roster: ")).count(), 1, "{why}");
    assert!(why.contains("--database") && why.contains("127.0.0.1:1") && why.contains("Connection refused"), "{why}");
}

#[tokio::test]
async fn a_database_that_refuses_says_which_and_why() {
    let place = Place::fresh(Engine::Postgres).await;
    let nowhere = format!("{}_gone", place.database_url());

    let output = place.serve_on(&nowhere).output().await.unwrap();

    let why = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && why.contains("--database") && why.contains("does not exist"), "{why}");
    assert!(!why.contains("(line") && !why.contains(".c:"), "nothing of the driver's: {why}");
}
