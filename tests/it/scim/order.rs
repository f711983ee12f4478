//! Order, pages and searches (RFC 7644 sections 3.4.2.3, 3.4.2.4 and 3.4.3).

use super::scene::{group, raw, user};
use crate::harness::{
    World, faces,
    scim::{LIST, Scim, USER},
};
use reqwest::Method;
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn make(scim: &Scim, user_name: &str, rest: Value) {
    let mut body = json!({"schemas": [USER], "userName": user_name});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    scim.post("/Users", &body).await.expect(201);
}

fn names(list: &Value) -> Vec<String> {
    list["Resources"].as_array().unwrap().iter().map(|u| u["userName"].as_str().unwrap().to_owned()).collect()
}

/// Requirements 35, 53 (RFC 7644 section 3.4.2.3): order by any attribute; without a value last ascending, first descending.
async fn an_order_follows_its_attribute(world: World) {
    let scim = world.scim();
    make(scim, "b", json!({"title": "beta", "externalId": "b", "active": true, "emails": [{"value": "z@x.example"}, {"value": "a@x.example", "primary": true}]})).await;
    make(
        scim,
        "A",
        json!({"title": "Alpha", "externalId": "C", "active": false, "emails": [{"value": "b@x.example"}, {"value": "0@x.example"}]}),
    )
    .await;
    make(scim, "c", json!({"title": "ALPHA", "externalId": "a", "name": {"familyName": "Z"}})).await;
    make(scim, "d", json!({"name": {"familyName": "y"}})).await;
    for (by, up, down) in [
        ("userName", "Abcd", "dcbA"),
        // Ties keep one order, by id, in either direction.
        ("title", "Acbd", "dbAc"),
        // Exact: capitals come first.
        ("externalId", "Acbd", "dbcA"),
        ("emails", "bAcd", "cdAb"),
        ("emails.value", "bAcd", "cdAb"),
        ("name.familyName", "dcbA", "bAcd"),
        ("meta.created", "bAcd", "dcAb"),
        ("active", "Abcd", "bcdA"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "Abcd", "dcbA"),
    ] {
        for (order, expected) in [("", up), ("ascending", up), ("descending", down), ("Descending", down)] {
            let list = scim.list("/Users", &[("sortBy", by), ("sortOrder", order)]).await.expect(200);
            assert_eq!(names(&list).concat(), expected, "{by} {order}");
            // The same, resource by resource.
            let mut paged = String::new();
            for start in 1..=4 {
                let start = start.to_string();
                let query = [("sortBy", by), ("sortOrder", order), ("startIndex", start.as_str()), ("count", "1")];
                paged.push_str(&names(&scim.list("/Users", &query).await.expect(200)).concat());
            }
            assert_eq!(paged, expected, "{by} {order}, in pages");
        }
    }
    for wrong in ["shoeSize", "password", "groups", "name", "emails[type eq \"work\"]", "userName desc", "schemas"] {
        scim.list("/Users", &[("sortBy", wrong)]).await.is_error(400, "invalidPath");
    }
    scim.list("/Users", &[("sortBy", "userName"), ("sortOrder", "sideways")]).await.is_error(400, "invalidValue");
}

/// Requirements 44, 54 (RFC 7644 section 3.4.2.4): numbers are integers, and each parameter is there once.
async fn a_page_is_asked_for_in_integers(world: World) {
    let scim = world.scim();
    for name in ["a", "b", "c"] {
        user(scim, name).await.expect(201);
    }
    for query in [
        "count=x",
        "count=1.0",
        "count=1e1",
        "count=",
        "count=%2B",
        "count=0x1",
        "startIndex=x",
        "startIndex=",
        "startIndex=1.5",
        "startIndex=one",
        "count=1&count=2",
        "startIndex=1&startIndex=1",
        "filter=userName%20pr&filter=userName%20pr",
        "sortBy=userName&sortBy=title",
    ] {
        scim.get(&format!("/Users?{query}")).await.is_error(400, "invalidValue");
    }
    let huge = "9".repeat(40);
    for (query, shown, start) in [
        (format!("count={huge}"), 3, json!(1)),
        (format!("count=-{huge}"), 0, json!(1)),
        (format!("startIndex=-{huge}"), 3, json!(1)),
        ("count=2&startIndex=3".to_owned(), 1, json!(3)),
        ("count=0&startIndex=2".to_owned(), 0, json!(2)),
        ("startIndex=4".to_owned(), 0, json!(4)),
    ] {
        let list = scim.get(&format!("/Users?{query}")).await.expect(200);
        assert_eq!((&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]), (&json!(3), &json!(shown), &start), "{query}");
        assert_eq!((list["Resources"].as_array().unwrap().len(), &list["schemas"]), (shown, &json!([LIST])), "{query}");
    }
    let beyond = scim.get(&format!("/Users?startIndex={huge}")).await.expect(200);
    assert_eq!((&beyond["totalResults"], &beyond["itemsPerPage"]), (&json!(3), &json!(0)));
    for path in ["/Users", "/Groups"] {
        let nobody = scim.list(path, &[("filter", "id eq \"nobody\"")]).await.expect(200);
        assert_eq!((&nobody["totalResults"], &nobody["Resources"]), (&json!(0), &json!([])));
    }
}

/// Requirement 56 (RFC 7644 section 3.4.3): a search in a body answers what the same search in an address does.
async fn a_search_answers_as_a_list_does(world: World) {
    let scim = world.scim();
    for (name, title) in [("ada", "Dr"), ("bob", "Mr"), ("cy", "Dr")] {
        make(scim, name, json!({"title": title, "emails": [{"value": format!("{name}@x.example"), "type": "work"}]})).await;
    }
    group(scim, json!({"displayName": "Team"})).await.expect(201);
    let cases = [
        (
            json!({"filter": "title eq \"dr\"", "sortBy": "userName", "sortOrder": "descending"}),
            vec![("filter", "title eq \"dr\""), ("sortBy", "userName"), ("sortOrder", "descending")],
        ),
        (json!({"startIndex": 2, "count": 1, "sortBy": "userName"}), vec![("startIndex", "2"), ("count", "1"), ("sortBy", "userName")]),
        (json!({"attributes": ["userName", "emails.value"]}), vec![("attributes", "userName,emails.value")]),
        (json!({"excludedAttributes": ["emails", "meta"]}), vec![("excludedAttributes", "emails,meta")]),
        (json!({"count": 0}), vec![("count", "0")]),
        (
            json!({"count": -1, "startIndex": -1, "FILTER": "userName pr", "nonsense": {"x": 1}}),
            vec![("count", "-1"), ("filter", "userName pr")],
        ),
        (json!({"filter": null, "attributes": null}), vec![]),
    ];
    for (body, query) in cases {
        let mut search = json!({"schemas": [SEARCH]});
        search.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        assert_eq!(scim.post("/Users/.search", &search).await.expect(200), scim.list("/Users", &query).await.expect(200), "{body}");
    }
    let groups = scim.post("/Groups/.search", &json!({"schemas": [SEARCH], "filter": "displayName eq \"team\""})).await.expect(200);
    assert_eq!(groups, scim.list("/Groups", &[("filter", "displayName eq \"team\"")]).await.body);
    for (body, scim_type) in [
        (json!({}), "invalidSyntax"),
        (json!({"schemas": []}), "invalidSyntax"),
        (json!({"schemas": [LIST]}), "invalidSyntax"),
        (json!({"schemas": SEARCH}), "invalidValue"),
        (json!([]), "invalidSyntax"),
        (json!({"schemas": [SEARCH], "filter": ""}), "invalidFilter"),
        (json!({"schemas": [SEARCH], "filter": ["x"]}), "invalidValue"),
        (json!({"schemas": [SEARCH], "attributes": "userName"}), "invalidValue"),
        (json!({"schemas": [SEARCH], "count": "1"}), "invalidValue"),
        (json!({"schemas": [SEARCH], "startIndex": 1.5}), "invalidValue"),
        (json!({"schemas": [SEARCH], "sortBy": "shoeSize"}), "invalidPath"),
        (json!({"schemas": [SEARCH], "sortOrder": "up"}), "invalidValue"),
    ] {
        for path in ["/Users/.search", "/Groups/.search"] {
            raw(scim, Method::POST, path, body.to_string()).await.is_error(400, scim_type);
        }
    }
}

faces! {
    an_order_follows_its_attribute
    a_page_is_asked_for_in_integers
    a_search_answers_as_a_list_does
}
