//! What Bulk refuses, as a whole and operation by operation (RFC 7644 sections 3.7.3 and 3.7.4).

use super::bulk::{group, outcomes, statuses, user};
use crate::harness::{
    World, faces,
    scim::{BULK_REQUEST, GROUP, PATCH, USER, send},
};
use reqwest::{Method, header::CONTENT_TYPE};
use roster::limits;
use serde_json::{Value, json};

// 80, RFC 7644 section 3.7
async fn an_operation_that_cannot_be_understood_fails_alone(world: World) {
    let scim = world.scim();
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    let path = format!("/Users/{ada}");
    let data = json!({"schemas": [USER], "userName": "new"});
    let put = |path: &str| json!({"method": "PUT", "path": path, "data": data});
    let wrong: Vec<(Value, &str)> = vec![
        (json!({"method": "GET", "path": path}), "invalidSyntax"),
        (json!({"method": "post", "path": "/Users", "bulkId": "x1", "data": data}), "invalidSyntax"),
        (json!({"path": path, "data": data}), "invalidSyntax"),
        (json!({"method": 7, "path": path}), "invalidSyntax"),
        (json!({"method": "DELETE"}), "invalidSyntax"),
        (put(""), "invalidSyntax"),
        (put("/Users"), "invalidSyntax"),
        (put("/Users/a/b"), "invalidSyntax"),
        (put("/Me"), "invalidSyntax"),
        (put("/Schemas/x"), "invalidSyntax"),
        (put(&format!("{path}?attributes=id")), ""),
        (put(&format!("{}{path}", scim.base)), "invalidSyntax"),
        (json!({"method": "POST", "path": "/Users", "data": data}), "invalidSyntax"),
        (json!({"method": "POST", "path": "/Users", "bulkId": "", "data": data}), "invalidSyntax"),
        (json!({"method": "POST", "path": "/Users", "bulkId": 7, "data": data}), "invalidSyntax"),
        (json!({"method": "POST", "path": path, "bulkId": "x2", "data": data}), "invalidSyntax"),
        (json!({"method": "POST", "path": "/Users", "bulkId": "x3"}), "invalidSyntax"),
        (json!({"method": "PUT", "path": path}), "invalidSyntax"),
        (json!({"method": "PUT", "path": path, "data": null}), "invalidSyntax"),
        (json!({"method": "PUT", "path": path, "data": "x"}), "invalidSyntax"),
        (json!({"method": "PUT", "path": path, "version": 7, "data": data}), "invalidSyntax"),
        (json!({"method": "PUT", "path": path, "data": {"userName": "x"}}), "invalidSyntax"),
        (json!({"method": "PUT", "path": path, "data": {"schemas": [USER], "userName": ""}}), "invalidValue"),
        (json!({"method": "PATCH", "path": path, "data": {"schemas": [USER], "Operations": []}}), "invalidSyntax"),
        (
            json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "shoe", "value": 1}]}}),
            "invalidPath",
        ),
        (json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": [{"op": "remove"}]}}), "noTarget"),
        (
            json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "id", "value": "x"}]}}),
            "mutability",
        ),
        (put("/Users/bulkId:nobody"), "invalidValue"),
        (group("x4", "G", &["nobody"]), "invalidValue"),
    ];
    let head = world.head().await;

    let mut operations: Vec<Value> = wrong.iter().map(|(operation, _)| operation.clone()).collect();
    let answer = scim.bulk(&json!(operations)).await;

    for ((operation, scim_type), outcome) in wrong.iter().zip(outcomes(&answer)) {
        let expected = if scim_type.is_empty() { "404" } else { "400" };
        assert_eq!(outcome["status"], expected, "{operation}: {outcome}");
        assert_eq!(outcome["response"]["scimType"].as_str().unwrap_or(""), *scim_type, "{operation}: {outcome}");
        assert_eq!(outcome["response"]["status"], expected, "{operation}");
    }
    assert_eq!(world.head().await, head);
    // Beside them what is right is done.
    operations.push(user("good", "good"));
    assert_eq!(statuses(&scim.bulk(&json!(operations)).await).pop().unwrap(), "201");
    assert_eq!(world.head().await, head + 1);
}

// 76, RFC 7644 section 3.7
async fn what_is_no_bulk_request_is_refused_and_nothing_done(world: World) {
    let scim = world.scim();
    let good = user("a", "ada");
    let head = world.head().await;

    for (body, scim_type) in [
        (json!({"Operations": [good]}), "invalidSyntax"),
        (json!({"schemas": [PATCH], "Operations": [good]}), "invalidSyntax"),
        (json!({"schemas": BULK_REQUEST, "Operations": [good]}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST]}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST], "Operations": []}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST], "Operations": good}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST], "Operations": [good, 7]}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST], "Operations": [good], "operations": [good]}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST], "Operations": [good, user("a", "bob")]}), "invalidSyntax"),
        (json!({"schemas": [BULK_REQUEST], "failOnErrors": 0, "Operations": [good]}), "invalidValue"),
        (json!({"schemas": [BULK_REQUEST], "failOnErrors": "1", "Operations": [good]}), "invalidValue"),
        (json!({"schemas": [BULK_REQUEST], "failOnErrors": 1.5, "Operations": [good]}), "invalidValue"),
        (json!([good]), "invalidSyntax"),
    ] {
        scim.post("/Bulk", &body).await.is_error(400, scim_type);
    }
    let broken = scim.request(Method::POST, "/Bulk").header(CONTENT_TYPE, "application/scim+json").body("{\"schemas\":");
    send(broken).await.is_error(400, "invalidSyntax");
    let plain = scim.request(Method::POST, "/Bulk").header(CONTENT_TYPE, "text/plain").body("{}");
    send(plain).await.is_error(415, "");
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = send(scim.request(method, "/Bulk")).await;
        answer.is_error(405, "");
        assert_eq!(answer.header("allow"), "POST");
    }
    assert_eq!(world.head().await, head);
}

// 79, RFC 7644 section 3.7.4
async fn what_is_over_a_limit_is_refused_by_its_name(world: World) {
    let scim = world.scim();
    let missing = json!({"method": "DELETE", "path": "/Users/nobody"});

    let all = scim.bulk(&json!(vec![&missing; limits::MUTATIONS])).await;
    assert_eq!(statuses(&all), vec!["404"; limits::MUTATIONS]);
    let detail = scim.bulk(&json!(vec![&missing; limits::MUTATIONS + 1])).await.is_error(413, "");
    assert!(detail.contains("maxOperations") && detail.contains("1000"), "{detail}");

    let padded = |bytes: usize| {
        let mut body = json!({"schemas": [BULK_REQUEST], "Operations": [missing], "x": ""});
        body["x"] = json!("x".repeat(bytes - body.to_string().len()));
        body
    };
    assert_eq!(statuses(&scim.post("/Bulk", &padded(limits::SCIM_BULK_BYTES)).await), ["404"]);
    let detail = scim.post("/Bulk", &padded(limits::SCIM_BULK_BYTES + 1)).await.is_error(413, "");
    assert!(detail.contains("maxPayloadSize") && detail.contains("4194304"), "{detail}");

    // One operation's own bound is its own matter.
    let members = vec![json!({"value": "x"}); limits::MEMBERS_PER_REQUEST + 1];
    let group =
        json!({"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP], "displayName": "G", "members": members}});
    assert_eq!(statuses(&scim.bulk(&json!([group, user("u", "ada")])).await), ["413", "201"]);
}

faces! {
    an_operation_that_cannot_be_understood_fails_alone
    what_is_no_bulk_request_is_refused_and_nothing_done
    what_is_over_a_limit_is_refused_by_its_name
}
