//! gRPC-Web: what a page in a browser sends and gets, and which pages may.

use super::Served;
use crate::harness::{Refused, scim::http};
use prost::Message as _;
use reqwest::{Method, Response, header::HeaderMap};
use roster::{
    api::v1::{GetCallerRequest, GetCallerResponse, GetUserRequest, UserRef, user_ref::Ref},
    config::Origins,
};
use tonic::Status;

const PAGE: &str = "https://console.example.com";
const CALLER: &str = "/roster.v1.ProvisioningService/GetCaller";

async fn spoken() -> Served {
    Served::with(|config| config.grpc_web = Some(Origins::These(vec![PAGE.to_owned()]))).await
}

/// One frame of a body: five bytes of head, then what it holds.
fn framed(message: &impl prost::Message) -> Vec<u8> {
    let body = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    frame.extend(body);
    frame
}

/// The frames of a body: whether each is trailers, and what it holds.
fn frames(mut body: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut found = Vec::new();
    while let [flags, a, b, c, d, rest @ ..] = body {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        found.push((*flags == 0x80, rest[..length].to_vec()));
        body = &rest[length..];
    }
    found
}

/// Calls as a page does: HTTP/1.1, with its origin and a credential it was given.
async fn call(served: &Served, path: &str, token: &str, message: &impl prost::Message) -> Response {
    post(served, path, token, "application/grpc-web+proto", framed(message)).await
}

async fn post(served: &Served, path: &str, token: &str, kind: &str, body: Vec<u8>) -> Response {
    let request = http().http1_only().build().unwrap().post(format!("{}{path}", served.text("grpc_endpoint")));
    let request = request.header("origin", PAGE).header("x-grpc-web", "1").header("content-type", kind);
    request.bearer_auth(token).body(body).send().await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_calls_over_http_1_and_reads_the_answer_and_how_it_went() {
    let served = spoken().await;
    let answer = call(&served, CALLER, served.text("admin_token"), &GetCallerRequest {}).await;
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    assert_eq!(text(answer.headers(), "content-type"), Some("application/grpc-web+proto"));
    assert_eq!(text(answer.headers(), "access-control-allow-origin"), Some(PAGE));
    let body = answer.bytes().await.unwrap();
    let frames = frames(&body);
    let [(false, message), (true, trailers)] = frames.as_slice() else { panic!("one message, then trailers: {frames:?}") };
    let caller = GetCallerResponse::decode(message.as_slice()).unwrap();
    assert_eq!(caller.organization.unwrap().id, "system");
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"), "{trailers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_the_page_with_its_details() {
    let served = spoken().await;
    let by = UserRef { r#ref: Some(Ref::Id("nobody".into())) };
    let request = GetUserRequest { organization_id: served.text("organization_id").into(), user: Some(by), ..GetUserRequest::default() };
    let answer = call(&served, "/roster.v1.UserService/GetUser", served.text("admin_token"), &request).await;
    let readable = text(answer.headers(), "access-control-expose-headers").unwrap().to_owned();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(answer.headers().contains_key(name) && readable.contains(name), "{name}: {:?}", answer.headers());
    }
    assert_eq!(text(answer.headers(), "grpc-status"), Some("5"));
    let nobody = call(&served, CALLER, "none", &GetCallerRequest {}).await;
    assert_eq!(text(nobody.headers(), "grpc-status"), Some("16"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_is_refused_with_a_reason_like_every_other() {
    let served = spoken().await;
    let web = "application/grpc-web+proto";
    let whole = framed(&GetCallerRequest {});
    let bodies = [
        (CALLER, web, Vec::new(), 3, "INVALID_SYNTAX"),
        (CALLER, web, vec![0, 0, 0, 0, 9, 1], 3, "INVALID_SYNTAX"),
        (CALLER, web, [&[5], &whole[1..]].concat(), 3, "INVALID_SYNTAX"),
        (CALLER, web, [&[1], &whole[1..]].concat(), 3, "INVALID_SYNTAX"),
        (CALLER, "application/grpc-web-text+proto", b"%%%%".to_vec(), 3, "INVALID_SYNTAX"),
        ("/roster.v1.ProvisioningService/Nothing", web, whole.clone(), 12, "UNKNOWN_METHOD"),
        ("/roster.v2.Nothing/Nothing", web, whole.clone(), 12, "UNKNOWN_METHOD"),
    ];
    for (path, kind, body, code, reason) in bodies {
        let said = format!("{path} {kind} {body:?}");
        let answer = post(&served, path, served.text("admin_token"), kind, body).await;
        let status = Status::from_header_map(answer.headers()).unwrap_or_else(|| panic!("{said}: {:?}", answer.headers()));
        let refused = Refused::read(&status);
        assert_eq!((refused.code as i32, refused.reason.as_str()), (code, reason), "{said}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_before_the_call_which_pages_may() {
    let served = spoken().await;
    let ask = async |origin: &str| {
        let request = http().build().unwrap().request(Method::OPTIONS, format!("{}{CALLER}", served.text("grpc_endpoint")));
        let request = request.header("origin", origin).header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "authorization,content-type,x-grpc-web").send().await.unwrap()
    };
    let may = ask(PAGE).await;
    assert_eq!(may.status().as_u16(), 200);
    assert_eq!(text(may.headers(), "access-control-allow-origin"), Some(PAGE));
    assert_eq!(text(may.headers(), "access-control-allow-methods"), Some("POST"));
    assert_eq!(text(may.headers(), "access-control-allow-headers"), Some("authorization,content-type,x-grpc-web"));
    assert_eq!(text(may.headers(), "access-control-allow-credentials"), None);
    for other in ["https://evil.example", "https://console.example.com.evil.example", "http://console.example.com", "null"] {
        assert_eq!(text(ask(other).await.headers(), "access-control-allow-origin"), None, "{other}");
    }
    let any = Served::with(|config| config.grpc_web = Some(Origins::Any)).await;
    let answer = call(&any, CALLER, any.text("admin_token"), &GetCallerRequest {}).await;
    assert_eq!(text(answer.headers(), "access-control-allow-origin"), Some("*"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_itself_is_spoken_beside_it_as_ever_and_nothing_else_is() {
    let served = spoken().await;
    let channel = tonic::transport::Endpoint::from_shared(served.text("grpc_endpoint").to_owned()).unwrap().connect().await.unwrap();
    let clients = crate::harness::Clients::new(&channel, served.text("admin_token"));
    let caller = clients.provisioning.clone().get_caller(GetCallerRequest {}).await.unwrap();
    assert!(caller.metadata().get("access-control-allow-origin").is_none());
    let plain = http().http1_only().build().unwrap().get(served.text("grpc_endpoint")).send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 400);
}
