//! Whoever is let go is out with the answer: no read is late.

use crate::harness::{
    World, faces,
    scim::{GROUP, USER},
    shapes::{by_email, by_external_id, by_id, by_name, filter, principal},
};
use roster::api::v1::{BatchListPrincipalGroupsRequest, ListUsersRequest};
use serde_json::json;

/// The names of the groups that a user is in, through others too; nothing of one that is not there.
async fn groups_of(world: &World, user: &str) -> Option<Vec<String>> {
    let request = BatchListPrincipalGroupsRequest {
        organization_id: world.organization.clone(),
        principals: vec![principal(user)],
        transitive: true,
        ..BatchListPrincipalGroupsRequest::default()
    };
    let answer = world.grpc().groups.batch_list_principal_groups(request).await.unwrap().into_inner().results.remove(0);
    let mut names: Vec<String> = answer.groups.into_iter().map(|group| group.display_name).collect();
    names.sort();
    answer.error.is_none().then_some(names)
}

/// How many users a filter finds.
async fn found(world: &World, expression: &str) -> usize {
    let request =
        ListUsersRequest { organization_id: world.organization.clone(), filter: filter(expression), ..ListUsersRequest::default() };
    world.grpc().users.list_users(request).await.unwrap().into_inner().users.len()
}

/// Rows 19, 20 (JupiterOne)
async fn whoever_is_deprovisioned_is_out_with_the_answer(world: World) {
    let scim = world.scim();
    let ada = json!({"schemas": [USER], "userName": "ada", "externalId": "1", "emails": [{"value": "ada@corp.example"}]});
    let id = scim.post("/Users", &ada).await.id();
    let inner = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Inner", "members": [{"value": id}]})).await.id();
    scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Outer", "members": [{"value": inner}]})).await.expect(201);
    assert_eq!(groups_of(&world, &id).await, Some(vec!["Inner".to_owned(), "Outer".to_owned()]), "joined with the answer");
    assert_eq!(found(&world, "active eq true").await, 1);

    let path = format!("/Users/{id}");
    scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}])).await.expect(200);

    assert_eq!((world.user(&id).await.active, found(&world, "active eq true").await), (Some(false), 0));
    assert_eq!(world.members(&inner).await, [id.as_str()], "it is a suspension: what was is kept");

    assert_eq!(scim.delete(&path).await.status, 204);

    for reference in [by_id(&id), by_name("ada"), by_email("ada@corp.example"), by_external_id(&world.connection, "1")] {
        assert_eq!(world.try_get_user(reference).await.unwrap_err().code(), tonic::Code::NotFound);
    }
    assert_eq!((groups_of(&world, &id).await, found(&world, "").await), (None, 0));
    assert!(world.members(&inner).await.is_empty());
}

faces! {
    whoever_is_deprovisioned_is_out_with_the_answer
}
