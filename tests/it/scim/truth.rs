//! Whether `/Schemas` and `/ResourceTypes` tell the truth (RFC 7643 sections 5 to 8): each characteristic, tried.

use super::scene::user;
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, Scim, USER},
};
use serde_json::{Map, Value, json};

async fn attributes(scim: &Scim, urn: &str) -> Vec<Value> {
    scim.get(&format!("/Schemas/{urn}")).await.expect(200)["attributes"].as_array().unwrap().clone()
}

fn says(attribute: &Value, key: &str) -> String {
    attribute[key].as_str().unwrap_or_default().to_owned()
}

/// A value of an attribute's type; text has letters in both cases.
fn value_of(attribute: &Value) -> Value {
    let one = match says(attribute, "type").as_str() {
        "boolean" => json!(true),
        "binary" => json!("TUlJRFF6Q0M="),
        "reference" => json!("https://Example.com/A"),
        "complex" => {
            let parts = attribute["subAttributes"].as_array().unwrap().iter().filter(|part| part["mutability"] != "readOnly");
            Value::Object(parts.map(|part| (says(part, "name"), value_of(part))).collect::<Map<_, _>>())
        }
        _ => json!(format!("Text {}", says(attribute, "name"))),
    };
    if attribute["multiValued"] == true { json!([one]) } else { one }
}

/// What is told of an attribute must be told of each: the defaults are said, not left to be known.
fn is_complete(attribute: &Value, of: &str) {
    let kind = says(attribute, "type");
    for key in ["name", "type", "description", "mutability", "returned"] {
        assert!(!says(attribute, key).is_empty(), "{key} of {of}: {attribute}");
    }
    assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean(), "{of}: {attribute}");
    let cased = matches!(kind.as_str(), "string" | "reference" | "binary");
    assert_eq!((attribute["caseExact"].is_boolean(), attribute["uniqueness"].is_string()), (cased, true), "{of}: {attribute}");
    assert_eq!(attribute["referenceTypes"].is_array(), kind == "reference", "{of}: {attribute}");
    for part in attribute["subAttributes"].as_array().into_iter().flatten() {
        assert_ne!(part["type"], "complex", "complex is never inside complex");
        is_complete(part, of);
    }
}

/// Requirements 23, 24, 89 (RFC 7643 sections 2.2 and 7): every characteristic is said, defaults too, errata applied.
async fn every_characteristic_is_said(world: World) {
    let scim = world.scim();
    for urn in [USER, GROUP, ENTERPRISE] {
        for attribute in attributes(scim, urn).await {
            is_complete(&attribute, urn);
            assert!(
                !["schemas", "id", "externalId", "meta"].contains(&says(&attribute, "name").as_str()),
                "common attributes are everyone's"
            );
        }
    }
    let nick = attributes(scim, USER).await.into_iter().find(|a| a["name"] == "nickName").unwrap();
    let expected = json!({"name": "nickName", "type": "string", "multiValued": false, "required": false, "caseExact": false, "mutability": "readWrite",
        "returned": "default", "uniqueness": "none", "description": nick["description"]});
    assert_eq!(nick, expected);
    let members = attributes(scim, GROUP).await.into_iter().find(|a| a["name"] == "members").unwrap();
    let part = |name: &str| members["subAttributes"].as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone();
    assert_eq!(
        (&part("value")["mutability"], &part("type")["mutability"], &part("$ref")["mutability"]),
        (&json!("immutable"), &json!("immutable"), &json!("immutable"))
    );
    assert_eq!(part("display")["type"], "string");
    let groups = attributes(scim, USER).await.into_iter().find(|a| a["name"] == "groups").unwrap();
    assert_eq!(
        groups["subAttributes"].as_array().unwrap().iter().find(|a| a["name"] == "$ref").unwrap()["referenceTypes"],
        json!(["Group"])
    );
}

/// Requirements 34, 35, 89 (RFC 7643 section 7): what is said of mutability and return is what happens.
async fn what_is_said_of_writing_and_returning_happens(world: World) {
    let scim = world.scim();
    for (urn, container) in [(USER, None), (ENTERPRISE, Some(ENTERPRISE))] {
        for (i, attribute) in attributes(scim, urn).await.into_iter().enumerate() {
            let (name, value) = (says(&attribute, "name"), value_of(&attribute));
            if name == "userName" {
                continue;
            }
            let mut body = json!({"schemas": [USER], "userName": format!("u{i}{}", urn.len())});
            match container {
                Some(urn) => body[urn] = json!({name.as_str(): value}),
                None => body[name.as_str()] = value.clone(),
            }
            let created = scim.post("/Users", &body).await;
            assert_eq!(created.status, 201, "{name}: {}", created.body);
            let path = format!("/Users/{}", created.id());
            let shown = |resource: &Value| container.map_or_else(|| resource.clone(), |urn| resource[urn].clone()).get(&name).cloned();
            let is_shown = attribute["mutability"] != "readOnly" && attribute["returned"] != "never";
            assert_eq!(shown(&created.body).is_some(), is_shown, "{name}: {}", created.body);
            let full = container.map_or_else(|| name.clone(), |urn| format!("{urn}:{name}"));
            let asked = scim.get(&format!("{path}?attributes={full}")).await.expect(200);
            assert_eq!(shown(&asked), shown(&created.body), "{name}");
            if is_shown && attribute["type"] != "complex" {
                assert_eq!(shown(&asked), Some(value.clone()), "{name}");
            }
            let patch = scim.patch(&path, &json!([{"op": "replace", "path": full, "value": value}])).await;
            if attribute["mutability"] == "readOnly" {
                patch.is_error(400, "mutability");
            } else {
                assert_eq!(patch.status, 200, "{name}: {}", patch.body);
            }
            let refused = attribute["returned"] == "never";
            assert_eq!(scim.list("/Users", &[("filter", &format!("{full} pr"))]).await.status == 400, refused, "{name}");
        }
    }
}

/// Requirements 22, 35, 89 (RFC 7643 section 2.2): what is said of letter case, of types and of need is what happens.
async fn what_is_said_of_case_and_need_happens(world: World) {
    let scim = world.scim();
    let names = attributes(scim, USER).await;
    let mut body = json!({"schemas": [USER], "userName": "Text userName"});
    for attribute in names.iter().filter(|a| a["mutability"] == "readWrite") {
        body[says(attribute, "name")] = value_of(attribute);
    }
    scim.post("/Users", &body).await.expect(201);

    let mut tried = 0;
    for attribute in names.iter().filter(|a| a["mutability"] == "readWrite") {
        let name = says(attribute, "name");
        let parts = attribute["subAttributes"].as_array().cloned().unwrap_or_else(|| vec![attribute.clone()]);
        for part in parts.iter().filter(|p| p["caseExact"].is_boolean() && p["mutability"] != "readOnly") {
            let value = value_of(part);
            let value = value.as_str().unwrap();
            let path = if part == attribute { name.clone() } else { format!("{name}.{}", says(part, "name")) };
            for (text, expected) in [(value.to_owned(), 1), (value.to_uppercase(), i32::from(part["caseExact"] == false))] {
                let found = scim.list("/Users", &[("filter", &format!("{path} eq {}", json!(text)))]).await;
                assert_eq!(found.expect(200)["totalResults"], expected, "{path} eq {text}");
                tried += 1;
            }
        }
        let mut bare = json!({"schemas": [USER], "userName": "bare"});
        bare.as_object_mut().unwrap().remove(&name);
        let made = scim.post("/Users", &bare).await;
        assert_eq!(made.status == 400, attribute["required"] == true, "{name} is required, or not: {}", made.body);
        if made.status == 201 {
            scim.delete(&format!("/Users/{}", made.id())).await.expect(204);
        }
    }
    assert!(tried > 60, "{tried}");
}

/// Requirements 36, 86, 88 (RFC 7643 section 6): what a resource type says of its extensions is what it asks for.
async fn an_extension_is_required_only_where_that_is_said(world: World) {
    let scim = world.scim();
    let types = scim.get("/ResourceTypes").await.expect(200);
    for kind in types["Resources"].as_array().unwrap() {
        let extensions = kind["schemaExtensions"].as_array().unwrap();
        assert!(extensions.iter().all(|e| e["required"] == false), "{kind}");
        assert_eq!(&scim.get(&format!("/ResourceTypes/{}", says(kind, "id"))).await.expect(200), kind);
        assert_eq!(kind["meta"]["location"], format!("{}/ResourceTypes/{}", scim.base, says(kind, "id")));
        let listed = scim.get(&says(kind, "endpoint")).await.expect(200);
        assert!(listed["totalResults"].is_number());
    }
    // And so a user without any of them is one.
    assert_eq!(user(scim, "ada").await.expect(201)["schemas"], json!([USER]));
    scim.get("/ResourceTypes/user").await.is_error(404, "");
    scim.get("/ResourceTypes/Device").await.is_error(404, "");
}

/// Requirement 87 (RFC 7644 section 4): discovery knows no pages, no order, no projection; a filter is forbidden.
async fn discovery_is_whole_or_forbidden(world: World) {
    let scim = world.scim();
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        let whole = scim.get(path).await.expect(200);
        for query in ["startIndex=2&count=1", "sortBy=id&sortOrder=descending", "attributes=id", "excludedAttributes=meta", "count=0"] {
            assert_eq!(scim.get(&format!("{path}?{query}")).await.expect(200), whole, "{path}?{query}");
        }
        for query in ["filter=id%20pr", "FILTER=x", "filter="] {
            scim.get(&format!("{path}?{query}")).await.is_error(403, "");
        }
        for answer in [scim.put(path, &json!({})).await, scim.post(path, &json!({})).await, scim.delete(path).await] {
            answer.is_error(405, "");
        }
    }
    // One of them is for everybody; the others say how to get in.
    let stranger = scim.with_token("");
    assert_eq!(stranger.get("/ServiceProviderConfig").await.expect(200), scim.get("/ServiceProviderConfig").await.body);
    for path in ["/Schemas", "/ResourceTypes", "/Users", "/Groups"] {
        stranger.get(path).await.is_error(401, "");
    }
}

faces! {
    every_characteristic_is_said
    what_is_said_of_writing_and_returning_happens
    what_is_said_of_case_and_need_happens
    an_extension_is_required_only_where_that_is_said
    discovery_is_whole_or_forbidden
}
