//! What the server hands out to those who generate a client.

use super::Served;
use crate::harness::scim::http;
use prost_reflect::DescriptorPool;
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_downloadable_file_by_file_and_as_one_set_of_descriptors() {
    let served = Served::start().await;
    let http = http().build().unwrap();
    let get = async |path: &str| {
        let answer = http.get(served.url(path)).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.bytes().await.unwrap())
    };
    let (status, _, listed) = get("/proto/").await;
    assert_eq!(status, 200);
    let listed: Vec<String> = String::from_utf8(listed.to_vec()).unwrap().lines().map(str::to_owned).collect();
    for path in &listed {
        let (status, kind, body) = get(path).await;
        assert_eq!(status, 200, "{path}");
        if Path::new(path).extension().is_some_and(|end| end == "proto") {
            assert_eq!(kind, "text/plain; charset=utf-8", "{path}");
            let here = std::fs::read(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            assert!(body == here, "{path} is another than the repository's");
        }
    }
    for name in ["/proto/roster/v1/user_service.proto", "/proto/buf/validate/validate.proto", "/proto/google/rpc/status.proto"] {
        assert!(listed.iter().any(|path| path == name), "{name} is not among {listed:?}");
    }

    // Whole: nothing it imports is missing.
    let (_, kind, set) = get("/proto/roster.binpb").await;
    assert_eq!(kind, "application/x-protobuf");
    let pool = DescriptorPool::decode(set).unwrap();
    assert!(pool.get_service_by_name("roster.v1.UserService").is_some());

    let (_, kind, config) = get("/proto/service_config.json").await;
    assert_eq!((kind.as_str(), config), ("application/json", roster::api::SERVICE_CONFIG.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_there() {
    let served = Served::start().await;
    let http = http().build().unwrap();
    for path in ["/proto/roster/v1/none.proto", "/proto/..%2f..%2fCargo.toml", "/proto/README.md", "/proto/%ff"] {
        let status = http.get(served.url(path)).send().await.unwrap().status().as_u16();
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
    assert_eq!(http.post(served.url("/proto/roster.binpb")).send().await.unwrap().status().as_u16(), 405);
}
