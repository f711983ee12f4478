//! What the server counts, and who may read it.

use super::Served;
use crate::harness::{
    Scim,
    scim::{USER, http},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_at_an_address_of_their_own_and_name_nobody() {
    let served = Served::with(|config| config.network.metrics = Some("127.0.0.1:0".parse().unwrap())).await;
    let scim = Scim::new(served.text("scim_base_url"), served.text("scim_token"));
    scim.post("/Users", &json!({"schemas": [USER], "userName": "canary@example.com"})).await.expect(201);
    scim.get("/Users/canary").await.is_error(404, "");
    // A departure of Entra's.
    let active = json!({"schemas": [USER], "userName": "other", "active": "True"});
    scim.post("/Users", &active).await.expect(201);
    scim.get("/Users").await.expect(200);

    // A name that is held, an alarm that rises, and what is counted now and then.
    scim.post("/Users", &active).await.is_error(409, "uniqueness");
    roster::telemetry::metrics::alarm();
    served.server.look_round(served.server.clock().now()).await.unwrap();

    let address = served.server.metrics().unwrap();
    let read = async |path: &str| http().build().unwrap().get(format!("http://{address}{path}")).send().await.unwrap();
    let answer = read("/metrics").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await.unwrap();

    for line in [
        "roster_requests_total{face=\"http\",subject=\"Users\",method=\"POST\",status=\"201\"} ",
        "roster_requests_total{face=\"http\",subject=\"Users\",method=\"GET\",status=\"404\"} ",
        "roster_request_seconds_bucket{face=\"http\",subject=\"Users\",le=\"+Inf\"} ",
        "roster_lane_batch_writes_count ",
        "roster_lane_commit_seconds_count ",
        "roster_store_commits_total ",
        "roster_store_statements_total ",
        "roster_deviations_total{tolerance=\"text_booleans\"} ",
        "roster_connection_refusals_total{reason=\"UNIQUENESS\"} ",
        "roster_mass_change_alarms_total ",
        "roster_connections{state=\"never_used\"} ",
        "roster_connections{state=\"healthy\"} ",
        "roster_connections{state=\"failing\"} ",
        "roster_connections{state=\"disabled\"} ",
        "roster_tokens_expiring{days=\"1\"} ",
        "roster_tokens_expiring{days=\"7\"} ",
        "roster_tokens_expiring{days=\"30\"} ",
        "# HELP roster_requests_total ",
    ] {
        assert!(text.lines().any(|l| l.starts_with(line)), "{line} is not in:\n{text}");
    }
    for secret in ["canary", served.text("scim_token"), served.text("organization_id")] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(read("/").await.status().as_u16(), 404);
    // The SCIM face does not tell them.
    assert_ne!(http().build().unwrap().get(served.url("/metrics")).send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_no_metrics_are_served() {
    assert_eq!(Served::start().await.server.metrics(), None);
}
