//! Okta: POST with an empty group list and a password, PUT of the whole document it read, groups by delta or "push now".

use super::people::Person;
use crate::harness::scim::{GROUP, Scim, USER};
use roster::api::v1::User;
use serde_json::{Value, json};

/// `POST /Users` of the template application.
pub fn create(person: &Person) -> Value {
    json!({
        "schemas": [USER],
        "userName": person.user_name,
        "name": {"givenName": person.given, "familyName": person.family},
        "emails": [{"primary": true, "value": person.email, "type": "work"}],
        "displayName": person.display,
        "locale": person.locale,
        "externalId": person.external_id,
        "groups": [],
        "password": "Tidal-9-wrench",
        "active": true
    })
}

pub fn expected(person: &Person, connection: &str) -> User {
    User { display_name: Some(person.display.clone()), locale: Some(person.locale.clone()), ..person.expected(connection) }
}

/// Matches, creates, and deactivates those who are not active as the template application does: GET, then PUT of what
/// was read with `active` changed.
pub async fn provision(scim: &Scim, person: &Person) -> String {
    let filter = format!("userName eq {}", json!(person.user_name));
    let found = scim.list("/Users", &[("filter", &filter), ("startIndex", "1"), ("count", "100")]).await.expect(200);
    assert_eq!(found["totalResults"], 0);
    let created = scim.post("/Users", &create(person)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert!(created.body.get("password").is_none());
    let path = format!("/Users/{}", created.id());
    if !person.active {
        let mut document = scim.get(&path).await.expect(200);
        document["active"] = json!(false);
        document["name"]["middleName"] = json!("");
        document["groups"] = json!([{"value": "stale", "display": "Night Shift"}]);
        let replaced = scim.put(&path, &document).await.expect(200);
        assert_eq!(replaced["active"], json!(false));
    }
    created.id()
}

/// An empty group, then members: some added, one taken out again.
pub async fn push_group(scim: &Scim, name: &str, members: &[String], passer_by: &str) -> String {
    let found = scim
        .list("/Groups", &[("filter", &format!("displayName eq {}", json!(name))), ("startIndex", "1"), ("count", "100")])
        .await
        .expect(200);
    assert_eq!(found["totalResults"], 0);
    let created = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": name, "members": []})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/Groups/{}", created.id());
    let (first, rest) = members.split_at(members.len() / 2);
    let mut all: Vec<Value> = first.iter().map(|id| json!({"value": id, "display": "someone@corp.example"})).collect();
    all.push(json!({"value": passer_by, "display": "passer-by"}));
    patch(scim, &path, json!([{"op": "replace", "path": "members", "value": all}])).await;
    let rest: Vec<Value> = rest.iter().map(|id| json!({"value": id, "display": "someone@corp.example"})).collect();
    let delta =
        json!([{"op": "remove", "path": format!("members[value eq \"{passer_by}\"]")}, {"op": "add", "path": "members", "value": rest}]);
    patch(scim, &path, delta).await;
    patch(scim, &path, json!([{"op": "replace", "value": {"id": created.id(), "displayName": name}}])).await;
    created.id()
}

async fn patch(scim: &Scim, path: &str, operations: Value) {
    let answer = scim.patch(path, &operations).await;
    assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
}
