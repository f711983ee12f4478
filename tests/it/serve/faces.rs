//! What both faces say of themselves, and that neither answers for the other.

use super::Served;
use crate::harness::scim::http;
use roster::server::REQUEST_ID;
use std::collections::HashSet;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

/// Row 43 (Bitwarden)
#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_that_it_is_there_and_ready() {
    let served = Served::start().await;
    let http = http().build().unwrap();
    // Row 43 of the capabilities: the time, without a credential.
    for path in ["/alive", "/now"] {
        let answer = http.get(served.url(path)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let text = answer.text().await.unwrap();
        let shape: String = text.trim_end().chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert_eq!(shape, "9999-99-99T99:99:99Z", "{path}");
    }
    for path in ["/ready", "/readyz"] {
        let answer = http.get(served.url(path)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "ready\n"), "{path}");
    }
    let channel = Endpoint::from_shared(served.text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap();
    for service in ["", "roster.v1.UserService", "roster.v1.ServiceAccountService"] {
        let mut watch =
            HealthClient::new(channel.clone()).watch(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        while watch.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_of_its_own() {
    let served = Served::start().await;
    let http = http().build().unwrap();
    let mut ids = HashSet::new();
    for path in ["/alive", "/nowhere", "/scim/v2/Users"] {
        let answer = http.get(served.url(path)).header(REQUEST_ID, "mine").send().await.unwrap();
        ids.insert(answer.headers()[&REQUEST_ID].to_str().unwrap().to_owned());
    }
    let channel = Endpoint::from_shared(served.text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap();
    let refused =
        crate::harness::Clients::new(&channel, "").provisioning.get_caller(roster::api::v1::GetCallerRequest {}).await.unwrap_err();
    ids.insert(refused.metadata().get(REQUEST_ID.as_str()).unwrap().to_str().unwrap().to_owned());
    assert_eq!(ids.len(), 4);
    assert!(!ids.contains("mine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grpc_face_closes_on_whoever_speaks_no_http_2() {
    let served = Served::start().await;
    let mut stream = TcpStream::connect(served.server.grpc()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: roster\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Closed with unread bytes may also arrive as a reset.
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_face_speaks_http_2_to_those_who_know() {
    let served = Served::start().await;
    let answer = http().http2_prior_knowledge().build().unwrap().get(served.url("/alive")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_bound_are_closed_and_their_places_come_back() {
    let served = Served::with(|config| config.network.connections_per_address = 2).await;
    let open = || async {
        let mut stream = TcpStream::connect(served.server.http()).await.unwrap();
        stream.write_all(b"GET /alive HTTP/1.1\r\nHost: roster\r\n\r\n").await.unwrap_or_default();
        let mut head = [0; 12];
        let answered = stream.read_exact(&mut head).await.is_ok() && head == *b"HTTP/1.1 200";
        (stream, answered)
    };
    let (first, second) = (open().await, open().await);
    assert!(first.1 && second.1);
    assert!(!open().await.1);
    drop(first);
    while !open().await.1 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_filter_fits_into_a_request_line_of_either_version() {
    let served = Served::start().await;
    // Every byte percent-encoded.
    let filter = "%20".repeat(roster::limits::FILTER_BYTES);
    for client in [http(), http().http2_prior_knowledge()] {
        let url = served.url(&format!("/scim/v2/Users?filter={filter}"));
        assert_eq!(client.build().unwrap().get(url).send().await.unwrap().status().as_u16(), 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let served = Served::start().await;
    // The façade refuses above the bound, in SCIM's words; whatever answers, twice the bound is the end.
    let big = "x".repeat(2 * roster::limits::HEAD_BYTES as usize + 1);
    let answer = http().build().unwrap().get(served.url("/alive")).header("x-big", big).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 431);
}
