//! Entra ID: PATCH with capitals and text for booleans (default), or as the RFC has it (`aadOptscim062020`).

use super::people::Person;
use crate::harness::scim::{ENTERPRISE, GROUP, Scim, USER};
use roster::api::v1::{EnterpriseUser, Manager, User};
use serde_json::{Value, json};

/// `POST /Users`.
pub fn create(person: &Person) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": person.external_id,
        "userName": person.user_name,
        "active": true,
        "displayName": null,
        "addresses": null,
        "emails": [{"primary": true, "type": "work", "value": person.email}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": person.display, "familyName": person.family, "givenName": person.given},
        "roles": []
    })
}

pub fn expected(person: &Person, connection: &str) -> User {
    let mut user = person.expected(connection);
    user.name.as_mut().unwrap().formatted = Some(person.display.clone());
    user.display_name = Some(person.display.clone());
    user.phone_numbers = vec![person.phone_number()];
    user.enterprise = Some(EnterpriseUser { department: Some(person.department.clone()), ..EnterpriseUser::default() });
    user
}

/// Matches, creates, and updates: one operation per attribute, or the flagged form for every other person.
pub async fn provision(scim: &Scim, person: &Person, flagged: bool) -> String {
    let found = scim.list("/Users", &[("filter", &format!("userName eq {}", json!(person.user_name)))]).await.expect(200);
    assert_eq!(found["totalResults"], 0);
    let created = scim.post("/Users", &create(person)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/Users/{}", created.id());
    let department = format!("{ENTERPRISE}:department");
    let operations = if flagged {
        json!([
            {"op": "replace", "value": {"displayName": person.display, "name.familyName": person.family, &department: person.department}},
            {"op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": person.phone},
            {"op": "replace", "path": "active", "value": person.active}
        ])
    } else {
        json!([
            {"op": "Add", "path": "displayName", "value": person.display},
            {"op": "Replace", "path": "name.givenName", "value": "Somebody Else"},
            {"op": "Replace", "path": "name.givenName", "value": person.given},
            {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].Value", "value": person.phone},
            {"op": "Add", "path": department, "value": person.department},
            {"op": "Add", "path": "title", "value": "Temporary"},
            {"op": "Remove", "path": "title"},
            {"op": "Replace", "path": "active", "value": if person.active { "True" } else { "False" }}
        ])
    };
    let answer = scim.patch(&path, &operations).await;
    assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
    created.id()
}

/// The four ways a manager is written, and the three it is taken away.
pub async fn set_manager(scim: &Scim, user: &str, manager: &str, way: usize) {
    let path = format!("{ENTERPRISE}:manager");
    let value = match way % 4 {
        0 => json!(manager),
        1 => json!({"value": manager}),
        2 => json!([{"$ref": format!("{}/Users/{manager}", scim.base), "value": manager}]),
        _ => json!({"value": manager, "displayName": "ignored"}),
    };
    let operations = json!([{"op": "Add", "path": path, "value": value}]);
    let answer = scim.patch(&format!("/Users/{user}"), &operations).await;
    assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
    let filter = format!("id eq \"{user}\" and manager eq \"{manager}\"");
    let found = scim.list("/Users", &[("filter", &filter), ("attributes", "id")]).await.expect(200);
    assert_eq!(found["totalResults"], 1, "{filter}");
}

pub async fn clear_manager(scim: &Scim, user: &str, way: usize) {
    let path = format!("{ENTERPRISE}:manager");
    let operations = match way % 3 {
        0 => json!([{"op": "Replace", "path": path, "value": ""}]),
        1 => json!([{"op": "Remove", "path": path}]),
        _ => json!([{"op": "Replace", "path": path, "value": null}]),
    };
    let answer = scim.patch(&format!("/Users/{user}"), &operations).await;
    assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
}

pub fn managed(mut user: User, manager: Option<&str>) -> User {
    if let Some(enterprise) = &mut user.enterprise {
        enterprise.manager = manager.map(|id| Manager { value: Some(id.to_owned()), ..Manager::default() });
    }
    user
}

/// An empty group with a schema nobody knows; members one request each, and removals by value list or by filter.
pub async fn push_group(scim: &Scim, name: &str, members: &[String], passer_by: &str, flagged: bool) -> String {
    let query = [("excludedAttributes", "members"), ("filter", &format!("displayName eq {}", json!(name)))];
    assert_eq!(scim.list("/Groups", &query).await.expect(200)["totalResults"], 0);
    let body = json!({"schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": format!("ext {name}"), "displayName": "to be renamed", "meta": {"resourceType": "Group"}});
    let created = scim.post("/Groups", &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/Groups/{}", created.id());
    let patch = async |operations: Value| {
        let answer = scim.patch(&path, &operations).await;
        assert!([200, 204].contains(&answer.status), "{operations}: {}", answer.body);
    };
    let adds = members.iter().map(String::as_str).chain([passer_by]);
    let adds = adds.map(|id| patch(json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": id}]}])));
    futures_util::future::join_all(adds).await;
    if flagged {
        patch(json!([{"op": "remove", "path": format!("members[value eq \"{passer_by}\"]")}])).await;
    } else {
        patch(json!([{"op": "Remove", "path": "members", "value": [{"value": passer_by}]}])).await;
    }
    patch(json!([{"op": "Replace", "path": "displayName", "value": name}])).await;
    created.id()
}
