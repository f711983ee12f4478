//! Schemas to register.

use super::World;
use roster::api::v1::{AttributeDefinition, PutSchemaRequest, PutSchemaResponse, Schema};
use tonic::Status;

/// The URN of [`badge`].
pub const BADGE: &str = "urn:example:params:scim:2.0:Badge";

/// An attribute of a type, all else left open.
pub fn attribute(name: &str, of_type: &str) -> AttributeDefinition {
    AttributeDefinition {
        name: name.to_owned(),
        r#type: of_type.to_owned(),
        description: format!("The {name}."),
        ..AttributeDefinition::default()
    }
}

/// One attribute of every type, and of every characteristic that is served, for users and groups.
pub fn badge() -> Schema {
    let complex = |name: &str, multi_valued| AttributeDefinition {
        multi_valued,
        sub_attributes: vec![
            AttributeDefinition { required: true, ..attribute("value", "string") },
            attribute("level", "integer"),
            attribute("primary", "boolean"),
        ],
        ..attribute(name, "complex")
    };
    let with = |name: &str, of_type: &str, change: &dyn Fn(&mut AttributeDefinition)| {
        let mut attribute = attribute(name, of_type);
        change(&mut attribute);
        attribute
    };
    Schema {
        urn: BADGE.to_owned(),
        display_name: "Badge".to_owned(),
        description: "What opens doors.".to_owned(),
        attributes: vec![
            with("number", "string", &|a| a.required = true),
            with("code", "string", &|a| a.case_exact = true),
            attribute("active", "boolean"),
            attribute("level", "integer"),
            attribute("weight", "decimal"),
            attribute("since", "dateTime"),
            attribute("photo", "reference"),
            attribute("chip", "binary"),
            with("doors", "string", &|a| {
                a.multi_valued = true;
                a.canonical_values = vec!["north".to_owned()];
            }),
            complex("holder", false),
            complex("zones", true),
            with("serial", "string", &|a| "immutable".clone_into(&mut a.mutability)),
            with("checksum", "string", &|a| "readOnly".clone_into(&mut a.mutability)),
            with("pin", "string", &|a| "writeOnly".clone_into(&mut a.mutability)),
            with("secret", "string", &|a| "never".clone_into(&mut a.returned)),
            with("issuer", "string", &|a| "always".clone_into(&mut a.returned)),
            with("history", "string", &|a| "request".clone_into(&mut a.returned)),
        ],
        extends: [("User".to_owned(), false), ("Group".to_owned(), false)].into(),
    }
}

impl World {
    /// Registers a schema in the world's organization.
    pub async fn register(&self, schema: Schema) -> Result<PutSchemaResponse, Status> {
        let request = PutSchemaRequest { organization_id: self.organization.clone(), schema: Some(schema), write: None };
        Ok(self.grpc().provisioning.put_schema(request).await?.into_inner())
    }
}
