//! What is made from the contract for its readers, and kept in the repository: fresh, or the test says how to make it so.

use super::{manual, source::crate_root};
use roster::api::method;
use serde_json::json;
use std::{env, fs};

/// Set, the files are written instead of compared.
const REFRESH: &str = "ROSTER_REFRESH";

/// What the repository has is what the contract makes now.
fn fresh(path: &str, made: &str) {
    let file = crate_root().join(path);
    if env::var_os(REFRESH).is_some() {
        fs::write(&file, made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == made, "{path} is not what the contract says now: run scripts/reference");
}

#[test]
fn clients_may_repeat_by_themselves_what_has_no_side_effects_and_nothing_else() {
    let names: Vec<_> = method::ALL
        .iter()
        .filter(|method| method.read_only)
        .map(|method| {
            let (service, name) = method.path.trim_start_matches('/').split_once('/').unwrap();
            json!({ "service": service, "method": name })
        })
        .collect();
    assert!(names.iter().any(|name| name["method"] == "GetUser") && names.iter().all(|name| name["method"] != "CreateUser"));
    // In names that gRPC's proposal A6 gives them. Throttled, so that a server in trouble is not asked four times as much.
    let config = json!({
        "methodConfig": [{
            "name": names,
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }],
        "retryThrottling": { "maxTokens": 100, "tokenRatio": 0.1 },
    });
    fresh("proto/service_config.json", &format!("{config:#}\n"));
}

#[test]
fn the_manual_of_the_contract_says_what_its_comments_say() {
    fresh("docs/api.md", &manual::write());
}
