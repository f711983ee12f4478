//! Data sets: users and groups as an identity provider sends them, the same on every server.

use super::generate::{Dice, NUMBERS, OPEN, WORDS};
use crate::harness::{
    Clients, World,
    scim::{ENTERPRISE, GROUP, USER},
};
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
    if let Some(open) = open(dice) {
        schemas.push(OPEN);
        user.insert(OPEN.to_owned(), open);
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
    if let Some(open) = open(dice) {
        schemas.push(OPEN);
        group.insert(OPEN.to_owned(), open);
    }
    group.insert("schemas".to_owned(), json!(schemas));
    Value::Object(group)
}

/// Attributes that no schema describes: of any type, the same name of another type elsewhere.
fn open(dice: &mut Dice) -> Option<Value> {
    if dice.once_in(3) {
        return None;
    }
    let any = |dice: &mut Dice| match dice.throw(4) {
        0 => json!(dice.once_in(2)),
        1 | 2 => serde_json::from_str(dice.pick(&NUMBERS)).unwrap(),
        _ => word(dice),
    };
    let many: Vec<Value> = (0..=dice.throw(2)).map(|_| json!({"value": any(dice)})).collect();
    Some(json!({"badge": any(dice), "level": serde_json::from_str::<Value>(dice.pick(&NUMBERS)).unwrap(),
        "tags": [word(dice), any(dice)], "deep": {"inner": any(dice)}, "many": many}))
}
