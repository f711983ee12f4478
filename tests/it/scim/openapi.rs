//! The OpenAPI document, held against the router: what it says is served, and nothing else is.

use crate::harness::{
    World, faces,
    scim::{GROUP, USER},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The document, read without a credential.
async fn document(world: &World) -> Value {
    let scim = world.scim();
    let origin = scim.base.split("/scim/").next().unwrap();
    let answer = scim.with_token("").at(origin).request(Method::GET, "/scim/openapi.json").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, "application/json"));
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn the_document_and_the_router_agree_on_every_method_of_every_path(world: World) {
    let scim = world.scim();
    let document = document(&world).await;
    let user = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.expect(201)["id"].clone();
    let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines"})).await.expect(201)["id"].clone();

    for (path, item) in document["paths"].as_object().unwrap() {
        let id = if path.starts_with("/Users") { &user } else { &group };
        let place = path.replace("{id}", id.as_str().unwrap()).replace("{name}", "User").replace("{urn}", USER);
        let said: BTreeSet<String> = item.as_object().unwrap().keys().filter(|k| *k != "parameters").map(|k| k.to_uppercase()).collect();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "TRACE", "DELETE"] {
            let answer = scim.request(method.parse().unwrap(), &place).send().await.unwrap();
            let (status, allow) = (answer.status().as_u16(), answer.headers().get("allow").map(|v| v.to_str().unwrap().to_owned()));
            let names = |allow: &str| allow.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
            if said.contains(method) {
                assert!(![404, 405, 501].contains(&status), "{method} {place} is not served: {status}");
                let documented = &item[method.to_lowercase()]["responses"][status.to_string()];
                assert!(documented.is_object(), "{method} {place} does not say {status}");
            } else {
                assert_eq!((status, allow.as_deref().map(names)), (405, Some(said.clone())), "{method} {place}");
            }
        }
    }
}

async fn the_document_is_at_the_public_url_and_can_only_be_read(world: World) {
    let scim = world.scim();
    let origin = scim.base.split("/scim/").next().unwrap().to_owned();

    let document = document(&world).await;

    assert_eq!((&document["openapi"], &document["servers"][0]["url"]), (&json!("3.1.0"), &json!(format!("{origin}/scim/v2"))));
    scim.at(&origin).post("/scim/openapi.json", &json!({})).await.is_error(405, "");
    scim.get("/openapi.json").await.is_error(404, "");
}

/// The document's own words against the discovery answers of the protocol: one attribute table stands behind both.
async fn the_document_has_every_attribute_that_the_schemas_have(world: World) {
    let schemas = world.scim().get("/Schemas").await.expect(200);
    let document = document(&world).await;

    for schema in schemas["Resources"].as_array().unwrap() {
        let name = schema["name"].as_str().unwrap();
        for attribute in schema["attributes"].as_array().unwrap() {
            let is_in =
                |schema: &str| !document["components"]["schemas"][schema]["properties"][attribute["name"].as_str().unwrap()].is_null();
            assert_eq!(is_in(name), attribute["returned"] != "never", "{name}: {attribute}");
            assert_eq!(is_in(&format!("{name}Input")), attribute["mutability"] != "readOnly", "{name}Input: {attribute}");
        }
    }
}

faces! {
    the_document_and_the_router_agree_on_every_method_of_every_path
    the_document_is_at_the_public_url_and_can_only_be_read
    the_document_has_every_attribute_that_the_schemas_have
}
