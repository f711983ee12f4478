//! JumpCloud: POST with the enterprise extension, PUT with empty lists, members by PATCH with value lists.

use super::people::Person;
use crate::harness::scim::{ENTERPRISE, GROUP, Scim, USER};
use roster::api::v1::User;
use serde_json::{Value, json};

/// `POST /Users`.
pub fn create(person: &Person) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "active": true,
        "userName": person.user_name,
        "externalId": person.external_id,
        "displayName": person.display,
        "name": {"familyName": person.family, "givenName": person.given},
        "emails": [{"primary": true, "type": "work", "value": person.email}],
        "phoneNumbers": [{"type": "mobile", "value": person.phone}],
        "locale": person.locale,
        ENTERPRISE: {"department": person.department, "employeeNumber": person.number}
    })
}

pub fn expected(person: &Person, connection: &str) -> User {
    User {
        display_name: Some(person.display.clone()),
        locale: Some(person.locale.clone()),
        phone_numbers: vec![person.phone_number()],
        enterprise: Some(person.enterprise()),
        ..person.expected(connection)
    }
}

/// Matches, creates, and updates by PUT with empty lists; who is not active is switched off by PATCH.
pub async fn provision(scim: &Scim, person: &Person) -> String {
    let found = scim.list("/Users", &[("filter", &format!("userName eq {}", json!(person.user_name)))]).await.expect(200);
    assert_eq!(found["totalResults"], 0);
    let mut first = create(person);
    first["title"] = json!("Temporary");
    let created = scim.post("/Users", &first).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/Users/{}", created.id());
    let mut whole = create(person);
    (whole["addresses"], whole["photos"], whole["title"]) = (json!([]), json!(null), json!(""));
    scim.put(&path, &whole).await.expect(200);
    if !person.active {
        scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);
    }
    created.id()
}

pub async fn push_group(scim: &Scim, name: &str, members: &[String], passer_by: &str) -> String {
    let created = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": name})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/Groups/{}", created.id());
    for id in members.iter().map(String::as_str).chain([passer_by]) {
        patch(scim, &path, json!([{"op": "add", "path": "members", "value": [{"value": id}]}])).await;
    }
    patch(scim, &path, json!([{"op": "remove", "path": "members", "value": [{"value": passer_by}]}])).await;
    created.id()
}

async fn patch(scim: &Scim, path: &str, operations: Value) {
    let answer = scim.patch(path, &operations).await;
    assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
}
