//! What the whole room does together. What one file does alone is tested in that file.

mod documents;
mod filter_properties;
mod filters;
mod generate;
mod orders;
mod patch_properties;
mod patch_shapes;
mod patches;
mod tables;

use super::*;
use crate::api::v1::{Group, ResourceMeta, User};
use prost_types::Timestamp;
use serde_json::{Deserializer, Value};

pub const CX: Context<'static> = Context { connection: "okta", base: "https://host/scim/v2/acme" };

/// Reads a user leniently, as the façade does.
pub fn user(document: &Value) -> User {
    read_user(document, Leniency::default()).unwrap().resource
}

pub fn read_user(document: &Value, leniency: Leniency) -> Result<Parsed<User>> {
    let text = document.to_string();
    parse_user(&mut Deserializer::from_str(&text), &CX, leniency)
}

pub fn read_group(document: &Value, leniency: Leniency) -> Result<Parsed<Group>> {
    let text = document.to_string();
    parse_group(&mut Deserializer::from_str(&text), &CX, leniency)
}

pub fn shown(object: &dyn std::any::Any, projection: &Projection) -> Value {
    let mut out = Vec::new();
    render(&mut out, object, projection, &CX);
    serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out)))
}

pub fn shown_user(user: &User) -> Value {
    shown(user, &Projection::all(ResourceType::User))
}

/// What the directory adds.
pub fn stored(mut user: User) -> User {
    user.id = "2819c223".to_owned();
    user.organization_id = "acme".to_owned();
    user.meta = Some(ResourceMeta {
        create_time: Some(Timestamp { seconds: 1_767_225_600, nanos: 0 }),
        update_time: Some(Timestamp { seconds: 1_767_312_000, nanos: 123_456_000 }),
        etag: "W/\"7\"".to_owned(),
        ..ResourceMeta::default()
    });
    user
}
