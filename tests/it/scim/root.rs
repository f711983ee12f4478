//! The query at the root (RFC 7644 section 3.4.2.1): users and groups in one list.

use super::scene;
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, LIST, Scim, USER, send, with_body},
};
use reqwest::Method;
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Ada, who has a title and a department, and Bob; the groups Alpha, which holds Ada, and Beta. Ada's id and Alpha's.
async fn people(scim: &Scim) -> (String, String) {
    let ada = json!({"schemas": [USER, ENTERPRISE], "userName": "ada", "title": "Dr", "active": true,
        "emails": [{"value": "ada@work.example", "type": "work"}], ENTERPRISE: {"department": "Engines"}});
    let ada = scim.post("/Users", &ada).await.id();
    scim.post("/Users", &json!({"schemas": [USER], "userName": "bob", "displayName": "Bob", "active": false})).await.expect(201);
    let alpha = scene::group(scim, json!({"displayName": "Alpha", "members": [{"value": ada}]})).await.id();
    scene::group(scim, json!({"displayName": "Beta", "externalId": "B"})).await.expect(201);
    (ada, alpha)
}

/// The names, those of users first, each in the order of the list.
fn names(list: &Value) -> Vec<&str> {
    let name = |r: &'_ Value| if r["userName"].is_null() { "displayName" } else { "userName" };
    list["Resources"].as_array().unwrap().iter().map(|r| r[name(r)].as_str().unwrap()).collect()
}

// 45, RFC 7644 sections 3.4.2.1 and 3.4.3
async fn a_filter_is_asked_of_every_resource_whatever_its_type(world: World) {
    let scim = world.scim();
    let (ada, alpha) = people(scim).await;
    let member = format!("members eq \"{ada}\"");
    let in_group = format!("groups.value eq \"{alpha}\"");
    let either = format!("{member} or {in_group}");
    let neither = format!("not ({member}) and not ({in_group})");
    let element = format!("members[value eq \"{ada}\"]");

    for (filter, expected) in [
        ("meta.resourceType eq \"User\"", &["ada", "bob"][..]),
        ("meta.resourceType eq \"Group\"", &["Alpha", "Beta"]),
        ("meta.resourceType ne \"User\"", &["Alpha", "Beta"]),
        ("userName sw \"a\" or displayName sw \"b\"", &["ada", "bob", "Beta"]),
        ("userName sw \"a\" and displayName sw \"b\"", &[]),
        ("displayName eq \"bob\"", &["bob"]),
        ("userName eq \"ada\"", &["ada"]),
        ("userName ne \"ada\"", &["bob", "Alpha", "Beta"]),
        ("not (userName eq \"ada\")", &["bob", "Alpha", "Beta"]),
        ("userName pr", &["ada", "bob"]),
        ("not (userName pr)", &["Alpha", "Beta"]),
        ("userName eq null", &["Alpha", "Beta"]),
        ("userName ne null", &["ada", "bob"]),
        ("title pr or externalId pr", &["ada", "Beta"]),
        ("active eq true", &["ada"]),
        ("active eq \"False\"", &["bob"]),
        ("not (active eq true)", &["bob", "Alpha", "Beta"]),
        ("emails[type eq \"work\" and value co \"@work\"]", &["ada"]),
        ("not (emails[type eq \"work\"])", &["bob", "Alpha", "Beta"]),
        ("emails.value ew \"example\"", &["ada"]),
        ("department eq \"engines\"", &["ada"]),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"Engines\"", &["ada"]),
        ("not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr)", &["bob", "Alpha", "Beta"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"b\"", &["bob"]),
        ("urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr", &["Alpha", "Beta"]),
        ("id pr", &["ada", "bob", "Alpha", "Beta"]),
        ("members pr", &["Alpha"]),
        ("not (members pr)", &["ada", "bob", "Beta"]),
        (&member, &["Alpha"]),
        (&element, &["Alpha"]),
        (&in_group, &["ada"]),
        (&either, &["ada", "Alpha"]),
        (&neither, &["bob", "Beta"]),
    ] {
        let list = scim.list("/", &[("filter", filter)]).await.expect(200);
        let mut found = names(&list);
        found.sort_by_key(|name| expected.iter().position(|e| e == name));
        assert_eq!(found, expected, "{filter}");
        assert_eq!((&list["schemas"], &list["totalResults"]), (&json!([LIST]), &json!(expected.len())), "{filter}");
        assert_eq!(scim.list("", &[("filter", filter)]).await.expect(200), list, "{filter}");
        let search = json!({"schemas": [SEARCH], "filter": filter});
        assert_eq!(send(with_body(scim.request(Method::POST, "/.search"), &search)).await.expect(200), list, "{filter}");
    }
}

// 45 and 52, RFC 7644 section 3.4.2.2
async fn what_no_type_understands_is_never_everybody(world: World) {
    let scim = world.scim();
    people(scim).await;

    for filter in [
        "",
        "shoeSize eq 44",
        "userName eq",
        "userName eq \"a\" or",
        "(userName pr",
        "userName eq 7",
        "active gt true",
        "password pr",
        "members co \"x\"",
        "members.display eq \"x\"",
        "groups.display eq \"x\"",
        "emails[shoe eq \"x\"]",
        "meta.created gt \"yesterday\"",
        "displayName eq \"x\" or shoeSize pr",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq 7",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.bogus ne \"x\"",
        "not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:bogus pr)",
        "urn:example:nobody:knows:badge ne 7",
    ] {
        scim.list("/", &[("filter", filter)]).await.is_error(400, "invalidFilter");
        let search = json!({"schemas": [SEARCH], "filter": filter});
        send(with_body(scim.request(Method::POST, "/.search"), &search)).await.is_error(400, "invalidFilter");
    }
    // One type is still asked by its own attributes.
    scim.list("/Users", &[("filter", "members pr")]).await.is_error(400, "invalidFilter");
    scim.list("/Groups", &[("filter", "userName pr")]).await.is_error(400, "invalidFilter");
    scim.list("/", &[("sortBy", "shoeSize")]).await.is_error(400, "invalidPath");
    scim.list("/", &[("count", "x")]).await.is_error(400, "invalidValue");
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = send(scim.request(method, "/")).await;
        answer.is_error(405, "");
        assert_eq!(answer.header("allow"), "GET, HEAD");
    }
    scim.with_token("").get("/").await.is_error(401, "");
    scim.at(&scim.base.replace("default", "other")).get("/").await.is_error(404, "");
}

// 53, 54 and 55, RFC 7644 sections 3.4.2.3 to 3.4.2.5
async fn pages_orders_and_projections_span_the_types(world: World) {
    let scim = world.scim();
    people(scim).await;
    let list = async |query: &[(&str, &str)]| scim.list("/", query).await.expect(200);

    for (start, count, expected) in [
        ("1", "10", &["bob", "ada", "Alpha", "Beta"][..]),
        ("1", "2", &["bob", "ada"]),
        ("2", "2", &["ada", "Alpha"]),
        ("3", "1", &["Alpha"]),
        ("4", "5", &["Beta"]),
        ("5", "5", &[]),
        ("1", "0", &[]),
    ] {
        let page = list(&[("sortBy", "displayName"), ("startIndex", start), ("count", count)]).await;
        assert_eq!((names(&page), &page["totalResults"]), (expected.to_vec(), &json!(4)), "{start} {count}");
        assert_eq!((&page["startIndex"], &page["itemsPerPage"]), (&json!(start.parse::<u8>().unwrap()), &json!(expected.len())));
    }
    let sorted = list(&[("sortBy", "userName"), ("sortOrder", "descending")]).await;
    assert_eq!(names(&sorted)[..2], ["bob", "ada"]);
    let sorted = list(&[("sortBy", "displayName"), ("sortOrder", "descending"), ("filter", "displayName pr")]).await;
    assert_eq!(names(&sorted), ["bob", "Beta", "Alpha"]);
    let shown = list(&[("attributes", "userName,displayName")]).await;
    for resource in shown["Resources"].as_array().unwrap() {
        let keys = scene::keys(resource);
        assert!(keys.iter().all(|key| ["id", "schemas", "userName", "displayName"].contains(&key.as_str())), "{resource}");
    }
    let head = scim.request(Method::HEAD, "/").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
}

faces! {
    a_filter_is_asked_of_every_resource_whatever_its_type
    what_no_type_understands_is_never_everybody
    pages_orders_and_projections_span_the_types
}
