//! Data sets: users and groups as an identity provider sends them, the same on every server.

use super::generate::{BADGE, Dice, NUMBERS, TIMES, WORDS};
use crate::harness::{
    Clients, World,
    schema::attribute,
    scim::{ENTERPRISE, GROUP, USER},
};
use roster::api::v1::{AttributeDefinition, PutSchemaRequest, Schema};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub const USERS: usize = 30;
pub const GROUPS: usize = 10;

/// A data set as one server has it.
pub struct Loaded {
    pub organization: String,
    /// The connection's own clients: a filter on `externalId` means the connection's.
    pub clients: Clients,
    /// The documents that SCIM shows, in the order they were made: users, then groups.
    pub documents: Vec<Value>,
    /// Id to place in that order.
    pub places: HashMap<String, usize>,
}

/// Loads a data set, one request after the other, so that its times have the same order everywhere.
pub async fn load(world: &World, number: usize) -> Loaded {
    let tenant = world.tenant(&format!("set-{number}")).await;
    let schema = PutSchemaRequest { organization_id: tenant.organization.id.clone(), schema: Some(badge()), write: None };
    tenant.clients.provisioning.clone().put_schema(schema).await.unwrap();
    let (scim, mut dice) = (&tenant.scim, Dice(number as u64));
    let mut ids: Vec<String> = Vec::new();
    for k in 0..USERS {
        let created = scim.post("/Users", &user(&mut dice, k, &ids)).await;
        assert_eq!(created.status, 201, "{}", created.body);
        ids.push(created.id());
    }
    for k in 0..GROUPS {
        let created = scim.post("/Groups", &group(&mut dice, k, &ids)).await;
        assert_eq!(created.status, 201, "{}", created.body);
        ids.push(created.id());
    }
    for k in (0..USERS).filter(|k| k % 3 == 0) {
        let operations = json!([{"op": "replace", "path": "nickName", "value": dice.pick(&WORDS)}]);
        scim.patch(&format!("/Users/{}", ids[k]), &operations).await.expect(200);
    }
    let mut shown = HashMap::new();
    for endpoint in ["/Users", "/Groups"] {
        for document in scim.list(endpoint, &[("count", "500")]).await.expect(200)["Resources"].as_array().unwrap() {
            shown.insert(document["id"].as_str().unwrap().to_owned(), document.clone());
        }
    }
    let documents: Vec<Value> = ids.iter().map(|id| shown.remove(id).unwrap()).collect();
    let places = ids.into_iter().zip(0..).collect();
    Loaded { organization: tenant.organization.id.clone(), clients: world.grpc_as(&tenant.scim_token), documents, places }
}

fn word(dice: &mut Dice) -> Value {
    json!(dice.pick(&WORDS))
}

fn user(dice: &mut Dice, k: usize, before: &[String]) -> Value {
    let mut user = Map::new();
    user.insert("userName".to_owned(), json!(format!("{}{k}", dice.pick(&["ada", "Жук", "ZOË", "Love"]))));
    user.insert("active".to_owned(), json!(!dice.once_in(3)));
    for name in ["externalId", "displayName", "nickName", "title", "profileUrl"] {
        if !dice.once_in(3) {
            // Unique in its connection.
            let value = if name == "externalId" { json!(format!("{}{k}", dice.pick(&WORDS))) } else { word(dice) };
            user.insert(name.to_owned(), value);
        }
    }
    if dice.once_in(2) {
        user.insert(
            "name".to_owned(),
            json!({"familyName": word(dice), "givenName": if dice.once_in(2) { word(dice) } else { Value::Null }}),
        );
    }
    for (list, value) in [("emails", "value"), ("phoneNumbers", "value"), ("roles", "value"), ("addresses", "locality")] {
        let elements: Vec<Value> = (0..dice.throw(4))
            .map(|n| {
                let mut element = Map::from_iter([(value.to_owned(), json!(format!("{}{n}", dice.pick(&WORDS))))]);
                if !dice.once_in(3) {
                    element.insert("type".to_owned(), word(dice));
                }
                if !dice.once_in(3) {
                    element.insert("primary".to_owned(), json!(n == 1));
                }
                if list == "emails" && dice.once_in(3) {
                    element.insert("display".to_owned(), word(dice));
                }
                Value::Object(element)
            })
            .collect();
        user.insert(list.to_owned(), json!(elements));
    }
    let mut schemas = vec![USER];
    if dice.once_in(2) {
        schemas.push(ENTERPRISE);
        let manager = if before.is_empty() { Value::Null } else { json!({"value": before[dice.throw(before.len())]}) };
        user.insert(ENTERPRISE.to_owned(), json!({"department": word(dice), "manager": manager}));
    }
    if let Some(badge) = badged(dice) {
        schemas.push(BADGE);
        user.insert(BADGE.to_owned(), badge);
    }
    user.insert("schemas".to_owned(), json!(schemas));
    Value::Object(user)
}

fn group(dice: &mut Dice, k: usize, before: &[String]) -> Value {
    let mut group = Map::from_iter([("displayName".to_owned(), word(dice))]);
    if dice.once_in(2) {
        group.insert("externalId".to_owned(), json!(format!("{}{k}", dice.pick(&WORDS))));
    }
    let members: Vec<Value> = (0..dice.throw(9)).map(|_| json!({"value": before[dice.throw(before.len())]})).collect();
    group.insert("members".to_owned(), json!(members));
    let mut schemas = vec![GROUP];
    if let Some(badge) = badged(dice) {
        schemas.push(BADGE);
        group.insert(BADGE.to_owned(), badge);
    }
    group.insert("schemas".to_owned(), json!(schemas));
    Value::Object(group)
}

/// The registered extension: an attribute of each type that filters compare, a list and two objects among them.
fn badge() -> Schema {
    let object = |name: &str, parts: Vec<AttributeDefinition>| AttributeDefinition { sub_attributes: parts, ..attribute(name, "complex") };
    let list = |attribute: AttributeDefinition| AttributeDefinition { multi_valued: true, ..attribute };
    Schema {
        urn: BADGE.to_owned(),
        display_name: "Badge".to_owned(),
        attributes: vec![
            attribute("badge", "string"),
            AttributeDefinition { case_exact: true, ..attribute("code", "string") },
            attribute("level", "decimal"),
            attribute("count", "integer"),
            attribute("since", "dateTime"),
            attribute("on", "boolean"),
            list(attribute("tags", "string")),
            object("deep", vec![attribute("inner", "decimal")]),
            list(object("many", vec![attribute("value", "string"), attribute("level", "decimal")])),
        ],
        extends: [("User".to_owned(), false), ("Group".to_owned(), false)].into(),
        ..Schema::default()
    }
}

/// Values of it, some of them absent.
fn badged(dice: &mut Dice) -> Option<Value> {
    if dice.once_in(3) {
        return None;
    }
    let number = |dice: &mut Dice| serde_json::from_str::<Value>(dice.pick(&NUMBERS)).unwrap();
    let many: Vec<Value> = (0..=dice.throw(2)).map(|_| json!({"value": word(dice), "level": number(dice)})).collect();
    let mut values = json!({"badge": word(dice), "code": word(dice), "level": number(dice), "count": dice.pick(&[0, 1, -7, 10, 9_007_199_254_740_991_i64]),
        "since": dice.pick(&TIMES), "on": dice.once_in(2), "tags": [word(dice), word(dice)], "deep": {"inner": number(dice)}, "many": many});
    values.as_object_mut().unwrap().retain(|_, _| !dice.once_in(4));
    Some(values).filter(|values| values != &json!({}))
}
