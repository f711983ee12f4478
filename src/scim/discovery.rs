//! What the server says of itself (RFC 7643 sections 5 to 7, RFC 7644 section 4).
//!
//! Everything said here is true of what is served: a feature that comes later is announced when it comes.

use super::{
    Facade,
    error::Refusal,
    list,
    query::Query,
    respond::{Outcome, json},
    session::Session,
};
use crate::{api::v1, attributes::ResourceType, limits};
use axum::{
    http::{StatusCode, request::Parts},
    response::Response,
};
use serde_json::{Map, Value, json};

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// Name, endpoint, description, and core schema of a resource type.
type Type = (&'static str, &'static str, &'static str, &'static str);

const TYPES: [Type; 2] = [
    ("User", "/Users", "User accounts", "urn:ietf:params:scim:schemas:core:2.0:User"),
    ("Group", "/Groups", "Groups of users and of groups", "urn:ietf:params:scim:schemas:core:2.0:Group"),
];

/// Paging, order and projection of discovery are ignored.
///
/// # Errors
/// 403 for a filter (RFC 7644 section 4).
pub fn check_query(parts: &Parts) -> Result<(), Refusal> {
    let has_filter = |raw: &str| raw.split('&').any(|pair| pair.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("filter")));
    if parts.uri.query().is_some_and(has_filter) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Discovery answers take no filter."));
    }
    Ok(())
}

/// `/ServiceProviderConfig`: the same for everybody, so it needs no caller.
pub fn service_provider_config(base: &str) -> Response {
    let document = json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": true, "maxOperations": limits::MUTATIONS, "maxPayloadSize": limits::SCIM_BULK_BYTES },
        "filter": { "supported": true, "maxResults": limits::SCIM_PAGE_MAX },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": limits::PAGE_DEFAULT,
            "maxPageSize": limits::SCIM_PAGE_MAX,
            "cursorTimeout": limits::PAGE_TOKEN_SECONDS
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token of a provisioning connection, sent as Authorization: Bearer.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") }
    });
    json(StatusCode::OK, &document)
}

/// `/ResourceTypes`.
///
/// # Errors
/// What the directory answers.
pub async fn resource_types(facade: &Facade, session: &Session) -> Outcome {
    let schemas = schemas_of(facade, session).await?;
    let all: Vec<Value> = types(session).map(|of| resource_type(*of, &schemas, &session.base)).collect();
    Ok(json(StatusCode::OK, &whole(&all)))
}

/// `/ResourceTypes/{name}`.
///
/// # Errors
/// 404 for another name; what the directory answers.
pub async fn one_resource_type(facade: &Facade, session: &Session, name: &str) -> Outcome {
    let of = types(session).find(|(known, ..)| *known == name);
    let of = of.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "No such resource type."))?;
    let schemas = schemas_of(facade, session).await?;
    Ok(json(StatusCode::OK, &resource_type(*of, &schemas, &session.base)))
}

/// `/Schemas`.
///
/// # Errors
/// What the directory answers.
pub async fn schemas(facade: &Facade, session: &Session) -> Outcome {
    let schemas = schemas_of(facade, session).await?;
    let all: Vec<Value> = schemas.iter().map(|s| schema(s, &session.base)).collect();
    Ok(json(StatusCode::OK, &whole(&all)))
}

/// `/Schemas/{urn}`; a URN's letter case does not matter (RFC 8141).
///
/// # Errors
/// 404 for an unknown one; what the directory answers.
pub async fn one_schema(facade: &Facade, session: &Session, urn: &str) -> Outcome {
    let schemas = schemas_of(facade, session).await?;
    let found = schemas.iter().find(|s| s.urn.eq_ignore_ascii_case(urn));
    let found = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "No such schema."))?;
    Ok(json(StatusCode::OK, &schema(found, &session.base)))
}

/// The types that are told of: without groups where the connection does not write any.
fn types(session: &Session) -> impl Iterator<Item = &'static Type> {
    TYPES.iter().filter(|(name, ..)| session.groups || *name != "Group")
}

/// The schemas that are told of: those of the types, and those of nothing but groups only where groups are.
async fn schemas_of(facade: &Facade, session: &Session) -> Result<Vec<v1::Schema>, Refusal> {
    let request = v1::ListSchemasRequest { organization_id: session.organization.clone(), consistency: None };
    let mut schemas = facade.provisioning.list_schemas(session.call(request)).await?.into_inner().schemas;
    if !session.groups {
        let of_groups = |s: &v1::Schema| s.urn == ResourceType::Group.schema() || (s.extends.len() == 1 && s.extends.contains_key("Group"));
        schemas.retain(|s| !of_groups(s));
    }
    if session.members_on_request {
        let members =
            schemas.iter_mut().filter(|schema| schema.urn == ResourceType::Group.schema()).flat_map(|schema| &mut schema.attributes);
        members.filter(|attribute| attribute.name == "members").for_each(|members| "request".clone_into(&mut members.returned));
    }
    Ok(schemas)
}

/// A list that is always whole.
fn whole(resources: &[Value]) -> Value {
    let total = resources.len();
    json!({ "schemas": [list::LIST], "totalResults": total, "startIndex": Query::default().first(), "itemsPerPage": total, "Resources": resources })
}

fn resource_type((name, endpoint, description, core): (&str, &str, &str, &str), schemas: &[v1::Schema], base: &str) -> Value {
    let extends = |s: &v1::Schema| s.extends.get(name).map(|required| json!({ "schema": s.urn, "required": required }));
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": endpoint,
        "description": description,
        "schema": core,
        "schemaExtensions": schemas.iter().filter_map(extends).collect::<Vec<_>>(),
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") }
    })
}

fn schema(schema: &v1::Schema, base: &str) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.urn,
        "name": schema.display_name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.urn) }
    })
}

/// One definition, with the characteristics its type has: a boolean or complex attribute knows no letter case (RFC 7643
/// section 7 and its errata).
fn attribute(definition: &v1::AttributeDefinition) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("name", json!(definition.name));
    put("type", json!(definition.r#type));
    put("multiValued", json!(definition.multi_valued));
    put("description", json!(definition.description));
    put("required", json!(definition.required));
    if matches!(definition.r#type.as_str(), "string" | "reference" | "binary") {
        put("caseExact", json!(definition.case_exact));
    }
    put("mutability", json!(definition.mutability));
    put("returned", json!(definition.returned));
    put("uniqueness", json!(definition.uniqueness));
    if !definition.canonical_values.is_empty() {
        put("canonicalValues", json!(definition.canonical_values));
    }
    if !definition.reference_types.is_empty() {
        put("referenceTypes", json!(definition.reference_types));
    }
    if !definition.sub_attributes.is_empty() {
        put("subAttributes", definition.sub_attributes.iter().map(attribute).collect());
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn a_filter_on_discovery_is_forbidden_and_paging_ignored() {
        let check = |uri: &str| check_query(&Request::get(uri).body(()).unwrap().into_parts().0).map_err(|r| r.status().as_u16());
        assert_eq!(check("/Schemas?startIndex=x&count=1"), Ok(()));
        assert_eq!(check("/Schemas"), Ok(()));
        assert_eq!(check("/Schemas?a=1&Filter=id%20pr"), Err(403));
    }

    #[test]
    fn a_definition_says_what_its_type_has() {
        let text = v1::AttributeDefinition {
            name: "value".into(),
            r#type: "string".into(),
            mutability: "readWrite".into(),
            returned: "default".into(),
            uniqueness: "none".into(),
            ..Default::default()
        };
        let list = v1::AttributeDefinition {
            name: "emails".into(),
            r#type: "complex".into(),
            multi_valued: true,
            uniqueness: "none".into(),
            sub_attributes: vec![text],
            ..Default::default()
        };
        let rendered = attribute(&list);
        assert!(
            rendered.get("caseExact").is_none() && rendered["uniqueness"] == json!("none") && rendered.get("canonicalValues").is_none()
        );
        assert_eq!(rendered["subAttributes"][0]["caseExact"], json!(false));
        assert_eq!(rendered["subAttributes"][0]["uniqueness"], json!("none"));
    }

    #[test]
    fn a_resource_type_names_the_extensions_that_extend_it() {
        let extension = v1::Schema { urn: "urn:x".into(), extends: [("User".to_owned(), false)].into(), ..Default::default() };
        let [user, group] = TYPES.map(|of| resource_type(of, std::slice::from_ref(&extension), "https://host/scim/v2/acme"));
        assert_eq!(user["schemaExtensions"], json!([{ "schema": "urn:x", "required": false }]));
        assert_eq!(group["schemaExtensions"], json!([]));
        assert_eq!(user["meta"]["location"], json!("https://host/scim/v2/acme/ResourceTypes/User"));
    }
}
