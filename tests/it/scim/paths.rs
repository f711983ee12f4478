//! Which path leads where, and by which credential: rows 1, 18, 22 and 44 of the capabilities.

use crate::harness::{
    World, faces,
    refusal::ExpectRefusal as _,
    scim::{USER, send},
};
use reqwest::{Method, header::AUTHORIZATION};
use roster::api::v1::{CreateOrganizationRequest, ErrorReason, Organization};
use serde_json::json;
use tonic::Code;

// Row 44
async fn the_letter_case_of_an_endpoint_does_not_matter(world: World) {
    let scim = world.scim();
    let body = json!({"schemas": [USER], "userName": "Ada"});

    let created = scim.post("/users", &body).await;

    let location = format!("{}/Users/{}", scim.base, created.id());
    assert_eq!((created.status, created.header("location")), (201, location.as_str()), "an answer writes it as the RFC does");
    for path in [format!("/USERS/{}", created.id()), format!("/users/{}/", created.id())] {
        assert_eq!(scim.get(&path).await.expect(200)["userName"], "Ada", "{path}");
    }
    scim.get(&format!("/Users/{}", created.id().to_uppercase())).await.is_error(404, "");
    for path in ["/groups", "/schemas", "/resourcetypes", "/serviceProviderConfig", "/resourceTypes/User"] {
        scim.get(path).await.expect(200);
    }
    let bulk = json!([{"method": "POST", "path": "/users", "bulkId": "a", "data": {"schemas": [USER], "userName": "Eve"}}]);
    assert_eq!(scim.bulk(&bulk).await.expect(200)["Operations"][0]["status"], "201");
}

// Rows 1, 8 and 44
async fn the_base_may_leave_the_organization_to_the_token(world: World) {
    let tenant = world.tenant("acme").await;
    let root = world.scim().base.rsplit_once('/').unwrap().0.to_owned();
    assert!(root.ends_with("/scim/v2"), "{root}");

    for (scim, name) in [(world.scim(), "ada"), (&tenant.scim, "eve")] {
        let scim = scim.at(&format!("{root}/"));
        let created = scim.post("/Users", &json!({"schemas": [USER], "userName": name})).await;
        assert_eq!(created.header("location"), format!("{root}/Users/{}", created.id()));
        assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 1, "each token has its own organization");
    }
    assert_eq!(tenant.scim.get("/Users").await.expect(200)["Resources"][0]["userName"], "eve");
    world.scim().at(&tenant.scim.base).get("/Users").await.is_error(404, "");
}

// Row 44
async fn no_organization_is_called_like_an_endpoint(world: World) {
    for key in ["users", "groups", "bulk", "me", "schemas", "resourcetypes", "serviceproviderconfig", "v1", "v2"] {
        let organization = Some(Organization { key: key.to_owned(), ..Organization::default() });
        let create = CreateOrganizationRequest { organization, write: None };
        let refused = world.grpc().organizations.create_organization(create).await.refused();
        refused.is(Code::InvalidArgument, ErrorReason::InvalidValue).says("attribute", "organization.key");
    }
    world.tenant("v2-users").await;
}

// Row 18
async fn version_1_is_refused_and_never_understood_by_half(world: World) {
    let scim = world.scim();
    let host = scim.base.split("/scim/").next().unwrap().to_owned();

    for base in ["/v1", "/scim/v1", "/scim/v1/default"] {
        let other = scim.at(&format!("{host}{base}"));
        other.get("/Users").await.is_error(400, "invalidVers");
        other.post("/Users", &json!({"schemas": ["urn:scim:schemas:core:1.0"], "userName": "ada"})).await.is_error(400, "invalidVers");
    }
    for schemas in [json!(["urn:scim:schemas:core:1.0"]), json!([USER, "urn:scim:schemas:core:1.0"])] {
        scim.post("/Users", &json!({"schemas": schemas, "userName": "ada"})).await.is_error(400, "invalidSyntax");
    }
    assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 0);
}

/// Row 13 (Infisical)
// Row 22
async fn a_bearer_is_the_only_credential_and_its_prefix_is_forgiven(world: World) {
    let scim = world.scim_as("okta").await.1;
    let token = world.issue(&world.organization, &world.connection, "", &["scim".to_owned()]).await.unwrap().secret;
    let stranger = scim.with_token("").at(&world.scim().base);
    let with = |value: String| send(stranger.request(Method::GET, "/Users").header(AUTHORIZATION, value));

    for good in [format!("Bearer {token}"), format!("bearer {token}"), format!("Bearer Bearer {token}"), format!("bearer  BEARER {token}")]
    {
        with(good).await.expect(200);
    }
    // Basic with the token as user or as password is still Basic.
    for bad in [
        token.clone(),
        format!("Basic {token}"),
        "Basic YWRhOnNlY3JldA==".to_owned(),
        format!("OAuth {token}"),
        format!("Bearer Basic {token}"),
    ] {
        let refused = with(bad.clone()).await;
        refused.is_error(401, "");
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{bad}");
    }
    let schemes = &scim.get("/ServiceProviderConfig").await.expect(200)["authenticationSchemes"];
    assert_eq!((schemes.as_array().unwrap().len(), &schemes[0]["type"]), (1, &json!("oauthbearertoken")), "{schemes}");
}

faces! {
    the_letter_case_of_an_endpoint_does_not_matter
    the_base_may_leave_the_organization_to_the_token
    no_organization_is_called_like_an_endpoint
    version_1_is_refused_and_never_understood_by_half
    a_bearer_is_the_only_credential_and_its_prefix_is_forgiven
}
