//! Lists over SCIM (RFC 7644 section 3.4.2): filter, order, index paging, selection.

use crate::harness::{
    World, faces,
    scim::{GROUP, LIST, Scim, USER},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn crowd(scim: &Scim, count: usize) {
    for i in 0..count {
        let body = json!({"schemas": [USER], "userName": format!("u{i}@corp.example"), "displayName": format!("U {i}"), "active": i % 2 == 0,
            "emails": [{"value": format!("u{i}+tag@mail.example"), "type": "work"}]});
        scim.post("/Users", &body).await.expect(201);
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["Resources"].as_array().unwrap().iter().map(|u| u["userName"].as_str().unwrap().split('@').next().unwrap()).collect()
}

/// Row 14 (Infisical)
async fn an_empty_list_is_a_list(world: World) {
    for path in ["/Users", "/Groups", "/Users?filter=userName%20eq%20%22nobody%22"] {
        let list = world.scim().get(path).await.expect(200);
        assert_eq!(list, json!({"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}), "{path}");
    }
}

/// Row 40 (JumpCloud)
async fn pages_are_counted_from_one(world: World) {
    let scim = world.scim();
    crowd(scim, 7).await;
    let page = async |query: &str| scim.get(&format!("/Users?sortBy=userName&{query}")).await.expect(200);
    let cases: &[(&str, &[&str], i64)] = &[
        ("startIndex=1&count=3", &["u0", "u1", "u2"], 1),
        ("startIndex=4&count=3", &["u3", "u4", "u5"], 4),
        ("startIndex=7&count=3", &["u6"], 7),
        ("startIndex=8&count=3", &[], 8),
        ("startIndex=0&count=2", &["u0", "u1"], 1),
        ("startIndex=-5&count=2", &["u0", "u1"], 1),
        ("count=0", &[], 1),
        ("count=-1", &[], 1),
        ("sortOrder=descending&count=2", &["u6", "u5"], 1),
    ];

    for (query, expected, start) in cases {
        let list = page(query).await;
        assert_eq!(names(&list), *expected, "{query}");
        assert_eq!(
            (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]),
            (&json!(7), &json!(start), &json!(expected.len())),
            "{query}"
        );
    }
    assert_eq!(page("count=100000").await["itemsPerPage"], 7);
    for bad in ["count=x", "startIndex=1.5", "startIndex=x"] {
        let answer = scim.get(&format!("/Users?{bad}")).await;
        answer.is_error(400, "invalidValue");
    }
}

async fn a_filter_arrives_however_it_is_encoded(world: World) {
    let scim = world.scim();
    crowd(scim, 3).await;

    for query in [
        "filter=userName+eq+%22u1%40corp.example%22",
        "filter=userName%20eq%20%22U1@CORP.example%22",
        "filter=emails%20eq%20%22u1%2Btag@mail.example%22",
        // With %20 for spaces a bare plus is a plus.
        "filter=emails%20eq%20%22u1+tag@mail.example%22",
        "filter=emails[type%20eq%20%22work%22].value%20eq%20%22u1%2Btag%40mail.example%22",
        "filter=userName+eq+%22u1%40corp.example%22&aadOptscim062020&",
        "filter=userName+eq+%22u1%40corp.example%22&unknown=1&count=5&attributes=userName",
    ] {
        let list = scim.get(&format!("/Users?{query}")).await.expect(200);
        assert_eq!(names(&list), ["u1"], "{query}");
    }
    assert_eq!(names(&scim.get("/Users?").await.expect(200)).len(), 3);
}

/// Row 40 (JumpCloud)
async fn a_list_is_stable_when_nobody_asks_for_an_order(world: World) {
    let scim = world.scim();
    crowd(scim, 5).await;

    let (mut seen, whole) = (Vec::new(), scim.get("/Users").await.expect(200));
    for start in 1..=5 {
        let page = scim.get(&format!("/Users?startIndex={start}&count=1")).await.expect(200);
        seen.push(names(&page)[0].to_owned());
    }

    assert_eq!(seen, names(&whole));
}

/// A client looks for what it has just made on the first page, however many there are.
async fn the_newest_of_both_types_are_on_the_first_page(world: World) {
    let scim = world.scim();
    crowd(scim, 6).await;
    for n in 0..3 {
        scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": format!("g{n}")})).await.expect(201);
    }
    let search = |from: usize, count: usize| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "startIndex": from, "count": count});

    assert_eq!(names(&scim.get("/Users?count=2").await.expect(200)), ["u5", "u4"]);
    assert_eq!(names(&scim.get("/Users?startIndex=5").await.expect(200)), ["u1", "u0"]);
    let mut seen = Vec::new();
    for (from, shown) in [(1, ["u5", "u4", "g2", "g1"].as_slice()), (5, &["u3", "u2", "u1", "g0"]), (9, &["u0"])] {
        let page = scim.post("/.search", &search(from, 4)).await.expect(200);
        let resources = page["Resources"].as_array().unwrap();
        let name = |r: &Value| r["userName"].as_str().or(r["displayName"].as_str()).unwrap().split('@').next().unwrap().to_owned();
        seen.extend(resources.iter().map(name));
        assert_eq!(seen[seen.len() - resources.len()..], *shown);
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(9), &json!(from)));
    }
    assert_eq!(seen.len(), 9);
}

/// Row 31 (JumpCloud)
async fn inactive_users_stay_in_sight(world: World) {
    let scim = world.scim();
    crowd(scim, 4).await;

    let inactive = scim.list("/Users", &[("filter", "active eq false"), ("sortBy", "userName")]).await.expect(200);

    assert_eq!(names(&inactive), ["u1", "u3"]);
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 4);
}

async fn a_wrong_query_is_refused_and_never_answered_with_everything(world: World) {
    let scim = world.scim();
    crowd(scim, 2).await;

    for filter in BAD_FILTERS {
        let answer = scim.list("/Users", &[("filter", filter)]).await;
        assert_eq!(answer.status, 400, "{filter:?}: {}", answer.body);
        answer.is_error(400, "invalidFilter");
    }
    scim.list("/Users", &[("sortBy", "shoeSize")]).await.is_error(400, "invalidPath");
    search_is_honest(&world).await;
}

const BAD_FILTERS: &[&str] = &[
    "",
    " ",
    "userName",
    "userName eq",
    "userName eq \"u",
    "userName eq u1",
    "userName is \"u1\"",
    "shoeSize eq 44",
    "userName eq \"a\" and",
    "(userName eq \"a\"",
    "userName eq \"a\")",
    "not userName eq \"a\"",
    "emails[type eq \"work\"",
    "emails[]",
    "active gt true",
    "active eq \"perhaps\"",
    "userName eq 7",
    "meta.created gt \"yesterday\"",
    "userName eq \"a\" userName eq \"b\"",
    "userName eq \"\\q\"",
    "name eq \"x\"",
];

/// `.search` is not promised, and so it is not half there.
async fn search_is_honest(world: &World) {
    let request = world.scim().request(Method::POST, "/Users/.search");
    let answer = crate::harness::scim::with_body(request, &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}));
    let status = answer.send().await.unwrap().status().as_u16();
    assert!([200, 404, 405, 501].contains(&status), "{status}");
}

faces! {
    an_empty_list_is_a_list
    pages_are_counted_from_one
    a_filter_arrives_however_it_is_encoded
    a_list_is_stable_when_nobody_asks_for_an_order
    the_newest_of_both_types_are_on_the_first_page
    inactive_users_stay_in_sight
    a_wrong_query_is_refused_and_never_answered_with_everything
}
