//! Registered schemas beyond one node and one type: a façade of its own learns of them, and the root knows them.

use crate::harness::{
    Scim, World, faces,
    schema::{BADGE, badge},
    scim::{GROUP, USER},
};
use roster::api::v1::Schema;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a façade remembers, and a little more.
const REMEMBERED: Duration = Duration::from_millis(1_100);

/// Waits until a client sees so many schemas. A façade may remember for a second how things were.
pub async fn until_schemas(scim: &Scim, count: u64) {
    let began = Instant::now();
    while scim.get("/Schemas").await.expect(200)["totalResults"] != json!(count) {
        assert!(began.elapsed() < Duration::from_secs(10), "nobody told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The directory has told; what a façade reads requests by is older by what it remembers.
    tokio::time::sleep(REMEMBERED).await;
}

fn names(list: &Value) -> Vec<&str> {
    let name = |r: &'_ Value| if r["userName"].is_null() { "displayName" } else { "userName" };
    list["Resources"].as_array().unwrap().iter().map(|r| r[name(r)].as_str().unwrap()).collect()
}

/// Requirement 45 (RFC 7644 section 3.4.2.1).
async fn a_schema_of_users_alone_is_known_at_the_root(world: World) {
    let scim = world.scim();
    world.register(Schema { extends: [("User".to_owned(), false)].into(), ..badge() }).await.unwrap();
    until_schemas(scim, 4).await;
    for (name, level) in [("ten", 10), ("two", 2)] {
        let user = json!({"schemas": [USER, BADGE], "userName": name, BADGE: {"number": name, "level": level}});
        scim.post("/Users", &user).await.expect(201);
    }
    scim.post("/Users", &json!({"schemas": [USER], "userName": "none"})).await.expect(201);
    scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Group"})).await.expect(201);
    let wrong = json!({"schemas": [USER, BADGE], "userName": "x", BADGE: {"number": "x", "level": "high"}});
    scim.post("/Users", &wrong).await.is_error(400, "invalidValue");

    let by = format!("{BADGE}:level");
    for (order, expected) in [("ascending", ["two", "ten", "none", "Group"]), ("descending", ["none", "ten", "two", "Group"])] {
        let list = scim.list("/", &[("sortBy", &by), ("sortOrder", order)]).await.expect(200);
        assert_eq!(names(&list), expected, "{order}");
        let pages = [scim.list("/", &[("sortBy", &by), ("sortOrder", order), ("count", "3")]).await.expect(200)];
        assert_eq!(names(&pages[0]), expected[..3], "{order}");
    }
    let list = scim.list("/", &[("filter", &format!("{by} gt 2"))]).await.expect(200);
    assert_eq!(names(&list), ["ten"]);
    let list = scim.list("/", &[("filter", &format!("not ({by} pr)")), ("sortBy", &by)]).await.expect(200);
    assert_eq!(names(&list), ["none", "Group"]);
}

/// A façade of its own checks, patches and shows them as the server does.
async fn a_registered_schema_is_known_wherever_scim_is_served(world: World) {
    let scim = world.scim();
    until_schemas(scim, 3).await;
    world.register(badge()).await.unwrap();
    until_schemas(scim, 4).await;

    let user = json!({"schemas": [USER, BADGE], "userName": "ada", BADGE: {"number": "N-7", "level": 3, "doors": ["north"]}});
    let path = format!("/Users/{}", scim.post("/Users", &user).await.id());
    scim.patch(&path, &json!([{"op": "replace", "path": format!("{BADGE}:level"), "value": "x"}])).await.is_error(400, "invalidValue");
    let patched = scim.patch(&path, &json!([{"op": "add", "path": format!("{BADGE}:doors"), "value": ["south"]}])).await.expect(200);
    assert_eq!(patched[BADGE], json!({"number": "N-7", "level": 3, "doors": ["north", "south"]}));
    let shown = scim.get(&format!("{path}?attributes={BADGE}:level")).await.expect(200);
    assert_eq!(shown[BADGE], json!({"level": 3}));
}

faces! {
    a_schema_of_users_alone_is_known_at_the_root
    a_registered_schema_is_known_wherever_scim_is_served
}
