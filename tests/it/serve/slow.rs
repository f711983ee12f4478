//! Clients that take their time: a connection must say what it is within ten seconds, and everybody else is served meanwhile.

use super::Served;
use crate::harness::scim::http;
use roster::limits::HEAD_TIME;
use std::{net::SocketAddr, time::Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Sends the beginning of a request and nothing more; how long the server waited before it closed.
async fn dawdle(address: SocketAddr, begin: &[u8]) -> f64 {
    let started = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(begin).await.unwrap();
    let mut rest = Vec::new();
    // Closed or reset, both are an end.
    let _ = stream.read_to_end(&mut rest).await;
    started.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_half_a_request_is_closed_in_time() {
    let served = Served::start().await;
    let (http_face, grpc_face) = (served.server.http(), served.server.grpc());
    let begins: [(SocketAddr, &[u8]); 7] = [
        (http_face, b""),
        (http_face, b"P"),
        (http_face, b"GET /alive HTT"),
        (http_face, b"GET /alive HTTP/1.1\r\nHost: roster\r\nX-Slow: "),
        (http_face, b"PRI * HTTP/2.0\r\n\r\nSM\r"),
        (grpc_face, b""),
        (grpc_face, b"PRI * HTTP/2.0\r\n\r\nSM\r"),
    ];
    let mut waiting = tokio::task::JoinSet::new();
    for (address, begin) in begins {
        for _ in 0..20 {
            waiting.spawn(dawdle(address, begin));
        }
    }
    // Others do not wait for them.
    let answer = http().build().unwrap().get(served.url("/alive")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let bound = HEAD_TIME.as_secs_f64();
    while let Some(waited) = waiting.join_next().await {
        let waited = waited.unwrap();
        // The HTTP/1.1 timer starts once the version is known, so both times may add up.
        assert!((bound - 0.5..2.0 * bound + 2.0).contains(&waited), "{waited}");
    }
}
