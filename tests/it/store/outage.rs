//! The store goes away and comes back: callers are told to come again, and then they are served again.

use crate::harness::{
    Engine, World,
    postgres::execute,
    refusal::ExpectRefusal as _,
    scim::USER,
    shapes::{by_name, user},
};
use roster::api::v1::ErrorReason;
use serde_json::json;
use tonic::{Code, Response};

/// PostgreSQL alone: SQLite is a part of the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_database_is_unavailable_and_passes() {
    let world = World::start(Engine::Postgres).await;
    world.create_user(user("before")).await;
    let (database, server) = world.database_and_server();

    execute(&server, &format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false")).await;
    execute(&server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")).await;

    for _ in 0..3 {
        let read = world.try_get_user(by_name("before")).await.map(Response::new).refused();
        let write = world.try_create_user(user("during")).await.map(Response::new).refused();
        for refused in [read, write] {
            refused.is(Code::Unavailable, ErrorReason::StoreUnavailable);
            assert!(!refused.detail.contains("database"), "never a driver's words: {refused:?}");
        }
        let request = world.scim().request(reqwest::Method::POST, "/Users").header("content-type", "application/json");
        let answer = request.body(json!({"schemas": [USER], "userName": "during"}).to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!((&body["status"], &body["schemas"]), (&json!("503"), &json!([crate::harness::scim::ERROR])));
    }

    execute(&server, &format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true")).await;
    let began = std::time::Instant::now();
    let created = loop {
        match world.try_create_user(user("after")).await {
            Ok((user, _)) => break user,
            Err(status) => assert!(began.elapsed().as_secs() < 20, "{status:?}"),
        }
    };
    assert_eq!(world.try_get_user(by_name("after")).await.unwrap(), created);
    world.try_get_user(by_name("before")).await.unwrap();
    assert!(world.try_get_user(by_name("during")).await.is_err(), "what was refused was not done");
}
