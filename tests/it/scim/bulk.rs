//! Bulk (RFC 7644 section 3.7): what it does, and how it tells of it.

use crate::harness::{
    Answer, World, faces,
    scim::{BULK_REQUEST, BULK_RESPONSE, ENTERPRISE, GROUP, PATCH, Scim, USER, send, with_body},
};
use reqwest::Method;
use serde_json::{Value, json};

pub fn user(bulk_id: &str, name: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"schemas": [USER], "userName": name}})
}

pub fn group(bulk_id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({"value": member})).collect();
    json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {"schemas": [GROUP], "displayName": name, "members": members}})
}

/// The outcomes, of a request that was processed.
#[track_caller]
pub fn outcomes(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.status, &answer.body["schemas"]), (200, &json!([BULK_RESPONSE])), "{}", answer.body);
    answer.body["Operations"].as_array().unwrap().clone()
}

#[track_caller]
pub fn statuses(answer: &Answer) -> Vec<String> {
    outcomes(answer).iter().map(|o| o["status"].as_str().expect("a status is text").to_owned()).collect()
}

/// The id at the end of an outcome's location.
#[track_caller]
pub fn made(outcome: &Value) -> String {
    outcome["location"].as_str().unwrap_or_else(|| panic!("{outcome}")).rsplit('/').next().unwrap().to_owned()
}

async fn read(scim: &Scim, outcome: &Value) -> Value {
    let path = outcome["location"].as_str().unwrap().strip_prefix(&scim.base).unwrap().to_owned();
    let answer = scim.get(&path).await;
    assert_eq!(answer.header("etag"), outcome["version"], "{outcome}");
    answer.expect(200)
}

// 76, RFC 7644 section 3.7.3
async fn every_kind_of_write_is_done_and_told(world: World) {
    let scim = world.scim();
    let old = scim.post("/Users", &json!({"schemas": [USER], "userName": "old"})).await.id();
    let crew = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Crew", "members": [{"value": old}]})).await.id();

    let answer = scim
        .bulk(&json!([
            user("a", "ada"),
            {"method": "PUT", "path": format!("/Groups/{crew}"), "data": {"schemas": [GROUP], "displayName": "Engines"}},
            {"method": "PATCH", "path": format!("/Groups/{crew}"), "data": {"schemas": [PATCH], "Operations": [
                {"op": "Add", "path": "members", "value": [{"value": "bulkId:a"}]}]}},
            {"method": "DELETE", "path": format!("/Users/{old}")},
        ]))
        .await;

    let told = outcomes(&answer);
    assert_eq!(statuses(&answer), ["201", "200", "200", "204"]);
    let ada = made(&told[0]);
    assert_eq!(
        told[0],
        json!({"method": "POST", "bulkId": "a", "status": "201", "version": told[0]["version"], "location": format!("{}/Users/{ada}", scim.base)})
    );
    assert_eq!(told[3], json!({"method": "DELETE", "status": "204", "location": format!("{}/Users/{old}", scim.base)}));
    let engines = read(scim, &told[2]).await;
    assert_eq!((&engines["displayName"], &engines["members"][0]["value"]), (&json!("Engines"), &json!(ada)));
    assert_eq!(engines["members"].as_array().unwrap().len(), 1);
    scim.get(&format!("/Users/{old}")).await.is_error(404, "");
    assert_eq!(answer.header("roster-revision"), world.head().await.to_string());
}

// 77, RFC 7644 section 3.7.2
async fn references_are_resolved_wherever_they_stand(world: World) {
    let scim = world.scim();
    let extension = "urn:example:params:scim:schemas:extension:desk:2.0:User";

    let answer = scim
        .bulk(&json!([
            group("crew", "Crew", &["bulkId:ann", "bulkId:bob"]),
            {"method": "POST", "path": "/Users", "bulkId": "ann", "data": {"schemas": [USER, ENTERPRISE, extension], "userName": "ann",
                ENTERPRISE: {"manager": {"value": "bulkId:bob", "$ref": "../Users/bulkId:bob"}},
                extension: {"deputy": "bulkId:bob", "others": [{"at": "/Users/bulkId:bob"}]}}},
            user("bob", "bob"),
            {"method": "PATCH", "path": "/Users/bulkId:bob", "data": {"schemas": [PATCH], "Operations": [
                {"op": "add", "path": "title", "value": "Dr"}, {"op": "add", "path": "displayName", "value": "temp:bob"}]}},
            {"method": "PATCH", "path": "/Groups/bulkId:crew", "data": [
                {"op": "remove", "path": "members[value eq \"bulkId:bob\"]"}]},
        ]))
        .await;

    assert_eq!(statuses(&answer), ["201", "201", "201", "200", "200"], "{}", answer.body);
    let told = outcomes(&answer);
    let (crew, ann, bob) = (made(&told[0]), made(&told[1]), made(&told[2]));
    assert_eq!((made(&told[3]), made(&told[4])), (bob.clone(), crew.clone()));
    let shown = read(scim, &told[4]).await;
    assert_eq!(shown["members"].as_array().unwrap().iter().map(|m| m["value"].as_str().unwrap()).collect::<Vec<_>>(), [ann.as_str()]);
    let ann = scim.get(&format!("/Users/{ann}")).await.expect(200);
    assert_eq!(ann[ENTERPRISE]["manager"]["value"], json!(bob));
    assert_eq!(ann[extension], json!({"deputy": bob, "others": [{"at": format!("/Users/{bob}")}]}));
    let bob = scim.get(&format!("/Users/{bob}")).await.expect(200);
    assert_eq!((&bob["title"], &bob["displayName"]), (&json!("Dr"), &json!("temp:bob")), "text is text");
}

// 77, RFC 7644 section 3.7.1
async fn groups_may_name_each_other_in_a_circle(world: World) {
    let scim = world.scim();

    let answer = scim.bulk(&json!([group("a", "A", &["bulkId:b"]), group("b", "B", &["bulkId:c"]), group("c", "C", &["bulkId:a"])])).await;

    assert_eq!(statuses(&answer), ["201"; 3]);
    let told = outcomes(&answer);
    for (outer, inner) in [(0, 1), (1, 2), (2, 0)] {
        assert_eq!(read(scim, &told[outer]).await["members"][0]["value"], json!(made(&told[inner])));
    }
}

// 77, RFC 7644 section 3.7.1
async fn users_may_manage_each_other_in_a_circle(world: World) {
    let scim = world.scim();
    let managed = |bulk_id: &str, by: &str| {
        let mut operation = user(bulk_id, bulk_id);
        operation["data"][ENTERPRISE] = json!({"department": "Engines", "manager": {"value": format!("bulkId:{by}")}});
        operation
    };

    let answer = scim.bulk(&json!([managed("ann", "bob"), managed("bob", "cy"), managed("cy", "ann"), managed("own", "own")])).await;

    assert_eq!(statuses(&answer), ["201"; 4], "{}", answer.body);
    let told = outcomes(&answer);
    for (who, by) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
        let user = read(scim, &told[who]).await;
        assert_eq!(user[ENTERPRISE]["manager"]["value"], json!(made(&told[by])));
        assert_eq!(user[ENTERPRISE]["department"], "Engines");
    }
}

// 77, RFC 7644 section 3.7.1
async fn what_names_what_was_not_made_fails_with_it(world: World) {
    let scim = world.scim();
    scim.post("/Users", &json!({"schemas": [USER], "userName": "taken"})).await.expect(201);

    let answer = scim
        .bulk(&json!([user("u", "TAKEN"), group("g", "G", &["bulkId:u"]), group("n", "N", &["bulkId:nobody"]), user("ok", "ok"),
            {"method": "DELETE", "path": "/Users/bulkId:u"}]))
        .await;

    assert_eq!(statuses(&answer), ["409", "409", "400", "201", "409"], "{}", answer.body);
    let told = outcomes(&answer);
    assert_eq!(told[0]["response"]["scimType"], "uniqueness");
    assert_eq!(told[1]["response"].get("scimType"), None);
    assert_eq!(told[2]["response"]["scimType"], "invalidValue");
    for failed in [0, 1, 2, 4] {
        let (outcome, response) = (&told[failed], &told[failed]["response"]);
        assert!(outcome.get("location").is_none() && outcome.get("version").is_none(), "{outcome}");
        assert_eq!(response["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(response["status"], outcome["status"]);
        assert!(!response["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(scim.get("/Groups").await.expect(200)["totalResults"], 0);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 2);
}

// 78, RFC 7644 section 3.7.3
async fn fail_on_errors_ends_it_and_the_rest_is_not_told(world: World) {
    let scim = world.scim();
    let wrong = json!({"method": "GET", "path": "/Users"});
    let missing = json!({"method": "DELETE", "path": "/Users/nobody"});
    let operations = |names: [&str; 3]| json!([user("1", names[0]), wrong, user("2", names[1]), missing, user("3", names[2])]);

    let on = scim.bulk(&operations(["a1", "a2", "a3"])).await;
    assert_eq!(statuses(&on), ["201", "400", "201", "404", "201"]);
    for (limit, names, expected) in [
        (1, ["b1", "b2", "b3"], &["201", "400"][..]),
        (2, ["c1", "c2", "c3"], &["201", "400", "201", "404"]),
        (3, ["d1", "d2", "d3"], &["201", "400", "201", "404", "201"]),
    ] {
        let body = json!({"schemas": [BULK_REQUEST], "failOnErrors": limit, "Operations": operations(names)});
        assert_eq!(statuses(&scim.post("/Bulk", &body).await), expected, "{limit}");
        let done = expected.iter().filter(|s| **s == "201").count();
        let found = scim.list("/Users", &[("filter", &format!("userName sw \"{}\"", &names[0][..1]))]).await.expect(200);
        assert_eq!(found["totalResults"], done, "{limit}");
    }
}

// 76, RFC 7644 section 3.7.3
async fn a_failed_write_of_what_the_request_made_says_where_it_is(world: World) {
    let scim = world.scim();
    let change = |method: &str, data: Value| json!({"method": method, "path": "/Groups/bulkId:y", "version": "W/\"0\"", "data": data});
    let answer = scim
        .bulk(&json!([
            group("y", "Engines", &[]),
            change("DELETE", Value::Null),
            change("PATCH", json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "nonsense", "value": 1}]})),
            change("PUT", json!({"schemas": [GROUP], "displayName": "Yard"})),
            {"method": "DELETE", "path": "/Users/bulkId:y"},
            {"method": "DELETE", "path": "/Groups/bulkId:nobody"},
        ]))
        .await;
    let told = outcomes(&answer);
    assert_eq!(statuses(&answer)[..4], ["201", "412", "400", "412"]);
    assert!(told[1..4].iter().all(|outcome| outcome["location"] == told[0]["location"]), "{told:?}");
    assert!(told[4..].iter().all(|outcome| outcome.get("location").is_none()), "{told:?}");
}

// 80, RFC 7644 section 3.7.3
async fn a_version_is_a_condition_on_its_operation(world: World) {
    let scim = world.scim();
    let made = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let (path, stale) = (format!("/Users/{}", made.id()), made.header("etag").to_owned());
    let title = |version: &str, title: &str| json!({"method": "PATCH", "path": path, "version": version, "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": title}]}});

    let answer = scim.bulk(&json!([title(&stale, "Dr"), title(&stale, "Prof"), title("*", "Lady")])).await;

    assert_eq!(statuses(&answer), ["200", "412", "200"]);
    let told = outcomes(&answer);
    assert_eq!(told[1]["location"], json!(format!("{}{path}", scim.base)));
    let head = world.head().await;
    let refused = scim
        .bulk(&json!([
            {"method": "PUT", "path": path, "version": stale, "data": {"schemas": [USER], "userName": "ada"}},
            {"method": "DELETE", "path": path, "version": "W/\"0\""},
            {"method": "PATCH", "path": path, "version": stale, "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "emails", "value": []}]}},
        ]))
        .await;
    assert_eq!(statuses(&refused), ["412", "412", "412"]);
    assert_eq!(world.head().await, head);
    assert_eq!(read(scim, &told[2]).await["title"], "Lady");
}

// 76 and 81, RFC 7644 section 3.7
async fn operations_are_read_as_requests_of_their_own(world: World) {
    let scim = world.scim();
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "active": true})).await.id();
    let empty = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Empty"})).await;
    let (path, crew) = (format!("/Users/{ada}"), format!("/Groups/{}", empty.id()));
    let head = world.head().await;

    let unchanged = scim
        .bulk(&json!([
            {"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "emails", "value": []}]}},
            {"method": "PATCH", "path": crew, "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": []}]}},
            {"method": "PATCH", "path": "/Groups/nobody", "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": []}]}},
        ]))
        .await;

    assert_eq!(statuses(&unchanged), ["200", "200", "404"]);
    assert_eq!(outcomes(&unchanged)[1]["version"], empty.header("etag"));
    assert_eq!(world.head().await, head);
    let patch = json!({"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]});
    let answer = scim.bulk(&json!([{"method": "PATCH", "path": path, "data": patch}])).await;
    assert_eq!((statuses(&answer), read(scim, &outcomes(&answer)[0]).await["active"].clone()), (vec!["200".to_owned()], json!(false)));
    let (_, strict) = world.scim_as("strict").await;
    let refused = strict.bulk(&json!([{"method": "PATCH", "path": path, "data": patch}])).await;
    assert_eq!(outcomes(&refused)[0]["response"]["scimType"], "invalidSyntax");
}

/// Row 30 (JumpCloud)
// 29, RFC 7643 section 4.1.1
async fn a_password_is_not_sent_back(world: World) {
    let secret = "correct horse battery staple";
    let with = |name: &str| json!({"schemas": [USER], "userName": name, "password": secret});
    let answer = world
        .scim()
        .bulk(&json!([
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": with("ada")},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": with("ADA")},
            {"method": "POST", "path": "/Users", "bulkId": "c", "data": {"schemas": [USER], "userName": "c", "password": [secret, secret]}},
        ]))
        .await;

    assert_eq!(statuses(&answer), ["201", "409", "400"]);
    assert!(!answer.body.to_string().contains(secret));
}

// 2, RFC 7644 section 2
async fn bulk_has_a_scope_of_its_own(world: World) {
    let account = world.service_account(&world.organization).await;
    for (scopes, status) in [(&["users.write"][..], 403), (&["bulk.write"], 403), (&["bulk.write", "users.write"], 200)] {
        let scopes: Vec<String> = scopes.iter().map(|&s| s.to_owned()).collect();
        let token = world.issue(&world.organization, "", &account.id, &scopes).await.unwrap().secret;
        let scim = world.scim().with_token(&token);
        let answer = scim.bulk(&json!([user("a", "ada"), {"method": "PUT", "path": "/Users"}])).await;
        if status == 403 {
            answer.is_error(403, "");
        } else {
            assert_eq!(statuses(&answer), ["201", "400"]);
        }
    }
    let body = json!({"schemas": [BULK_REQUEST], "Operations": [user("a", "ada")]});
    send(with_body(world.scim().with_token("").request(Method::POST, "/Bulk"), &body)).await.is_error(401, "");
}

faces! {
    every_kind_of_write_is_done_and_told
    references_are_resolved_wherever_they_stand
    groups_may_name_each_other_in_a_circle
    users_may_manage_each_other_in_a_circle
    what_names_what_was_not_made_fails_with_it
    fail_on_errors_ends_it_and_the_rest_is_not_told
    a_failed_write_of_what_the_request_made_says_where_it_is
    a_version_is_a_condition_on_its_operation
    operations_are_read_as_requests_of_their_own
    a_password_is_not_sent_back
    bulk_has_a_scope_of_its_own
}
