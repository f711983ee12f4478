//! `/Users`: create, read, replace, patch, delete (RFC 7644 sections 3.3 to 3.6).

use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, USER},
    shapes::by_name,
};
use serde_json::{Value, json};

/// A user with every attribute of RFC 7643 section 4.1 that a client can write.
pub fn everything() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "HR-7",
        "userName": "Ada@Corp.Example",
        "name": {"formatted": "Countess Ada", "familyName": "Lovelace", "givenName": "Ada", "middleName": "Byron", "honorificPrefix": "Countess", "honorificSuffix": "of L."},
        "displayName": "Ada \u{1F469}\u{200D}\u{1F4BB} e\u{301}",
        "nickName": "Al",
        "profileUrl": "https://example.com/ada",
        "title": "Analyst",
        "userType": "Employee",
        "preferredLanguage": "en-GB",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "active": true,
        "emails": [{"value": "Ada@Mail.Example", "type": "work", "primary": true}, {"value": "a@home.example", "type": "home", "display": "Home"}],
        "phoneNumbers": [{"value": "tel:+44-20-0000-0000", "type": "work"}],
        "ims": [{"value": "ada", "type": "xmpp"}],
        "photos": [{"value": "https://example.com/ada.png", "type": "photo"}],
        "addresses": [{"formatted": "12 St James Sq\nLondon", "streetAddress": "12 St James Sq", "locality": "London", "region": "LDN", "postalCode": "SW1", "country": "GB", "type": "home"}],
        "entitlements": [{"value": "read"}],
        "roles": [{"value": "analyst", "display": "Analyst", "primary": true}],
        "x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw"}],
        ENTERPRISE: {"employeeNumber": "7", "costCenter": "C1", "organization": "Babbage", "division": "Engines", "department": "Analysis", "manager": {"value": "charles"}}
    })
}

/// The resource without what the server adds.
pub fn as_sent(resource: &Value) -> Value {
    let mut resource = resource.clone();
    let object = resource.as_object_mut().unwrap();
    object.remove("id");
    object.remove("meta");
    object.remove("groups");
    // The server resolves the manager's address; a client need not send it.
    if let Some(manager) = object.get_mut(ENTERPRISE).and_then(|e| e.get_mut("manager")).and_then(Value::as_object_mut) {
        manager.remove("$ref");
        manager.remove("displayName");
    }
    resource
}

async fn a_user_shows_its_groups(world: World) {
    let scim = world.scim();
    let ada = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
    let path = format!("/Users/{}", ada.id());
    let group = scim
        .post("/Groups", &json!({"schemas": [crate::harness::scim::GROUP], "displayName": "Engines", "members": [{"value": ada.id()}]}))
        .await;

    let read = scim.get(&path).await;

    let expected =
        json!([{"value": group.id(), "$ref": format!("{}/Groups/{}", scim.base, group.id()), "display": "Engines", "type": "direct"}]);
    assert_eq!(read.body["groups"], expected);
    assert_ne!(read.header("etag"), ada.header("etag"), "a cache must not hide the membership");
    assert_eq!(scim.list("/Users", &[("filter", "userName eq \"ada\"")]).await.expect(200)["Resources"][0]["groups"], expected);
    assert!(scim.get(&format!("{path}?excludedAttributes=groups")).await.expect(200).get("groups").is_none());
    scim.patch(&path, &json!([{"op": "replace", "path": "groups", "value": []}])).await.is_error(400, "mutability");
    // The echo of a PUT changes no membership, stale or empty as it may be.
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "groups": []})).await.expect(200);
    assert_eq!(scim.get(&path).await.expect(200)["groups"], expected);
}

/// Row 27 (JumpCloud)
async fn both_faces_show_the_same_user(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users", &everything()).await;

    let user = world.try_get_user(by_name("ADA@corp.example")).await.unwrap();

    assert_eq!(user.id, created.id());
    assert_eq!(
        user.meta.as_ref().unwrap().etag.split('"').nth(1).unwrap().split('.').next(),
        created.header("etag").split('"').nth(1).unwrap().split(['.', '-']).next(),
        "the same version"
    );
    assert_eq!(user.external_ids.len(), 1);
    assert_eq!((user.external_ids[0].connection_id.as_str(), user.external_ids[0].value.as_str()), (world.connection.as_str(), "HR-7"));
    assert_eq!(world.try_get_user(crate::harness::shapes::by_external_id(&world.connection, "HR-7")).await.unwrap(), user);
    // Another connection has its own externalId for the same user.
    let (connection, other) = world.scim_as("default").await;
    let path = format!("/Users/{}", user.id);
    assert!(other.get(&path).await.expect(200).get("externalId").is_none());
    other.patch(&path, &json!([{"op": "add", "path": "externalId", "value": "theirs"}])).await.expect(200);
    assert_eq!(scim.get(&path).await.expect(200)["externalId"], "HR-7");
    assert_eq!(other.list("/Users", &[("filter", "externalId eq \"theirs\"")]).await.expect(200)["totalResults"], 1);
    assert_eq!(other.list("/Users", &[("filter", "externalId eq \"HR-7\"")]).await.expect(200)["totalResults"], 0);
    assert_eq!(world.try_get_user(crate::harness::shapes::by_external_id(&connection.id, "theirs")).await.unwrap().id, user.id);
}

faces! {
    a_user_shows_its_groups
    both_faces_show_the_same_user
}
