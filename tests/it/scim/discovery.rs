//! What the service says of itself (RFC 7644 section 4), and whether it is true.

use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, LIST, USER},
};
use serde_json::{Value, json};

/// Row 14 (Infisical)
async fn the_configuration_promises_what_is_served(world: World) {
    let scim = world.scim();

    let config = scim.get("/ServiceProviderConfig").await.expect(200);

    for (feature, supported) in
        [("patch", true), ("filter", true), ("sort", true), ("etag", true), ("bulk", true), ("changePassword", false)]
    {
        assert_eq!(config[feature]["supported"], json!(supported), "{feature}");
    }
    assert_eq!(config["filter"]["maxResults"], 500);
    // 90, RFC 9865 section 4
    let pagination = json!({"cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100, "maxPageSize": 500,
        "cursorTimeout": 86_400});
    assert_eq!(config["pagination"], pagination);
    assert_eq!((&config["bulk"]["maxOperations"], &config["bulk"]["maxPayloadSize"]), (&json!(1_000), &json!(4 * 1024 * 1024)));
    assert_eq!(config["authenticationSchemes"][0]["type"], "oauthbearertoken");
    assert_eq!(config["meta"]["resourceType"], "ServiceProviderConfig");
    assert_eq!(config["meta"]["location"], format!("{}/ServiceProviderConfig", scim.base));
}

async fn every_resource_type_has_an_endpoint_and_its_schemas(world: World) {
    let scim = world.scim();

    let types = scim.get("/ResourceTypes").await.expect(200);

    assert_eq!((&types["schemas"], &types["totalResults"]), (&json!([LIST]), &json!(2)));
    for kind in types["Resources"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        assert_eq!(&scim.get(&format!("/ResourceTypes/{name}")).await.expect(200), kind);
        scim.get(kind["endpoint"].as_str().unwrap()).await.expect(200);
        let mut schemas = vec![kind["schema"].as_str().unwrap()];
        schemas.extend(kind["schemaExtensions"].as_array().into_iter().flatten().map(|e| e["schema"].as_str().unwrap()));
        for schema in schemas {
            assert_eq!(scim.get(&format!("/Schemas/{schema}")).await.expect(200)["id"], json!(schema));
            assert_eq!(
                scim.get(&format!("/Schemas/{}", schema.to_uppercase())).await.expect(200)["id"],
                json!(schema),
                "a URN in any letter case"
            );
        }
    }
}

async fn the_schemas_tell_every_attribute_with_its_characteristics(world: World) {
    let scim = world.scim();

    let list = scim.get("/Schemas").await.expect(200);

    let schemas = list["Resources"].as_array().unwrap();
    let mut ids: Vec<&str> = schemas.iter().map(|s| s["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [GROUP, USER, ENTERPRISE]);
    for schema in schemas {
        for attribute in schema["attributes"].as_array().unwrap() {
            check(attribute, schema["id"].as_str().unwrap());
        }
    }
    let find = |id: &str, name: &str| {
        schemas.iter().find(|s| s["id"] == id).unwrap()["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|a| a["name"] == name)
            .cloned()
            .unwrap()
    };
    let user_name = find(USER, "userName");
    assert_eq!(
        (&user_name["required"], &user_name["caseExact"], &user_name["uniqueness"]),
        (&json!(true), &json!(false), &json!("server"))
    );
    let password = find(USER, "password");
    assert_eq!((&password["mutability"], &password["returned"]), (&json!("writeOnly"), &json!("never")));
    assert_eq!(find(USER, "groups")["mutability"], "readOnly");
    assert_eq!(find(GROUP, "displayName")["required"], true);
}

async fn discovery_refuses_what_is_not_there(world: World) {
    let scim = world.scim();

    scim.get("/Schemas/urn:nothing").await.is_error(404, "");
    scim.get("/ResourceTypes/Device").await.is_error(404, "");
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        scim.post(path, &json!({})).await.is_error(405, "");
    }
    scim.get("/Schemas?filter=id%20pr").await.is_error(403, "");
}

fn check(attribute: &Value, within: &str) {
    let text = |key: &str| attribute[key].as_str().unwrap_or_else(|| panic!("{key} of {within}: {attribute}"));
    let name = text("name");
    assert!(["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"].contains(&text("type")), "{name}");
    assert!(["readOnly", "readWrite", "immutable", "writeOnly"].contains(&text("mutability")), "{name}");
    assert!(["always", "never", "default", "request"].contains(&text("returned")), "{name}");
    assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean(), "{name}");
    assert!(!text("description").is_empty(), "{name}");
    if text("type") == "complex" {
        let parts = attribute["subAttributes"].as_array().unwrap_or_else(|| panic!("{name} has parts"));
        for part in parts {
            check(part, name);
        }
    }
    assert!(!attribute.as_object().unwrap().values().any(Value::is_null), "{name} has no nulls");
}

faces! {
    the_configuration_promises_what_is_served
    every_resource_type_has_an_endpoint_and_its_schemas
    the_schemas_tell_every_attribute_with_its_characteristics
    discovery_refuses_what_is_not_there
}
