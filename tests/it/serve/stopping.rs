//! Stopping: seen first, then no new connections, then what is under way finishes.

use super::Served;
use crate::harness::{
    Clients,
    scim::{Scim, USER, http},
};
use roster::{
    api::v1::{GetCallerRequest, GetDeviationReportRequest, ListConnectionsRequest},
    server::Server,
};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_will_stop_says_so_and_serves_on() {
    let served = Served::start().await;
    let channel = Endpoint::from_shared(served.text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap();
    served.server.announce_stop().await;
    let http = http().build().unwrap();
    let status = |path: &str| http.get(served.url(path)).send();
    assert_eq!(status("/readyz").await.unwrap().status().as_u16(), 503);
    assert_eq!(status("/alive").await.unwrap().status().as_u16(), 200);
    let health =
        HealthClient::new(channel.clone()).check(HealthCheckRequest { service: "roster.v1.UserService".to_owned() }).await.unwrap();
    assert_eq!(health.into_inner().status(), ServingStatus::NotServing);
    Clients::new(&channel, served.text("admin_token")).provisioning.get_caller(GetCallerRequest {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_finishes_and_new_ones_find_nobody() {
    let served = Served::start().await;
    let address = served.server.http();
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com"}"#;
    let (early, late) = body.split_at(40);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: roster\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        served.text("scim_token"),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body, so the request is under way.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(early.as_bytes()).await.unwrap();

    let Served { server, _folder, .. } = served;
    let stopping = tokio::spawn(server.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(late.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_in_memory_is_kept() {
    let served = Served::start().await;
    let scim = Scim::new(served.text("scim_base_url"), served.text("scim_token"));
    scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "active": "False"})).await.expect(201);
    let (organization, token) = (served.text("organization_id").to_owned(), served.text("admin_token").to_owned());
    let Served { server, _folder: folder, .. } = served;
    server.stop().await;

    let server = Server::start(super::config(folder.path())).await.unwrap();
    let channel = Endpoint::from_shared(server.grpc_endpoint().to_owned()).unwrap().connect().await.unwrap();
    let mut provisioning = Clients::new(&channel, &token).provisioning;
    let request = ListConnectionsRequest { organization_id: organization.clone(), ..ListConnectionsRequest::default() };
    let connection_id = provisioning.list_connections(request).await.unwrap().into_inner().connections.remove(0).id;
    let request = GetDeviationReportRequest { organization_id: organization, connection_id, since: None };
    let report = provisioning.get_deviation_report(request).await.unwrap().into_inner();
    let counted: Vec<_> = report.deviations.iter().map(|one| (one.tolerance.as_str(), one.count)).collect();
    assert_eq!(counted, [("text_booleans", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_and_open_streams_hold_nobody_up() {
    let served = Served::with(|config| config.network.drain_seconds = 1).await;
    let channel = Endpoint::from_shared(served.text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap();
    let _watch = HealthClient::new(channel).watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let _idle = TcpStream::connect(served.server.http()).await.unwrap();
    let Served { server, _folder, .. } = served;
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.unwrap();
}
