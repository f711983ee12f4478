//! What the stories of refusals stand on: a user, a group that holds it, and how everything looked before.

use crate::harness::{
    Answer, World,
    scim::{GROUP, Scim, USER, send},
};
use reqwest::Method;
use serde_json::{Value, json};

/// A user, a group that holds it, and how the store looked before the attack.
pub struct Scene {
    /// The user's path.
    pub user: String,
    /// The group's path.
    pub group: String,
    pub user_before: Value,
    pub group_before: Value,
    /// The organization's revision.
    pub head: u64,
}

impl Scene {
    pub async fn set(world: &World) -> Scene {
        let scim = world.scim();
        let user = scim.post("/Users", &super::users::everything()).await.id();
        let group = group(scim, json!({"displayName": "Engines", "members": [{"value": user}]})).await.id();
        let (user, group) = (format!("/Users/{user}"), format!("/Groups/{group}"));
        let (user_before, group_before) = (scim.get(&user).await.expect(200), scim.get(&group).await.expect(200));
        Scene { user, group, user_before, group_before, head: world.head().await }
    }

    /// Asserts that both are what they were, versions and times among it, and that nothing else was made.
    pub async fn is_untouched(&self, world: &World, after: &str) {
        assert_eq!(world.head().await, self.head, "{after}");
        assert_eq!(world.scim().get(&self.user).await.expect(200), self.user_before, "{after}");
        assert_eq!(world.scim().get(&self.group).await.expect(200), self.group_before, "{after}");
    }
}

/// A body as it is, whatever it is.
pub async fn raw(scim: &Scim, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    send(scim.request(method, path).header("content-type", "application/scim+json").body(body)).await
}

/// A user with a name and nothing else.
pub async fn user(scim: &Scim, user_name: &str) -> Answer {
    scim.post("/Users", &json!({"schemas": [USER], "userName": user_name})).await
}

/// A group with these attributes.
pub async fn group(scim: &Scim, attributes: Value) -> Answer {
    let mut body = json!({"schemas": [GROUP]});
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    scim.post("/Groups", &body).await
}

/// The names of an object's members, sorted.
pub fn keys(object: &Value) -> Vec<String> {
    let mut keys: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    keys
}
