//! The connection that the operator's environment describes: rows 2 to 5 and 8 of the capabilities.

use crate::harness::{
    Engine, Scim, World,
    refusal::ExpectRefusal as _,
    scim::{GROUP, USER},
    shapes::{connection_update, principal, user_with_email},
};
use roster::{
    api::v1::{
        Connection, DeleteConnectionRequest, ErrorReason, GetCallerRequest, GetConnectionRequest, IssueTokenRequest, ListTokensRequest,
        connection::{Deprovision, Takeover},
    },
    config::{Config, Environment},
};
use serde_json::json;
use std::time::{Duration, Instant};
use tonic::Code;

const TOKEN: &str = "a-token-that-an-operator-made-up-0123456789";
const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

fn described(enabled: bool) -> Environment {
    Environment {
        enabled,
        token: Some(TOKEN.to_owned().into()),
        allow_user_deletion: false,
        allow_user_creation_conflicts: false,
        admin_group: None,
    }
}

fn says(environment: Environment) -> impl FnOnce(&mut Config) {
    move |config| config.environment = Some(environment)
}

/// The promised base URL, `https://<server>/scim/v2/`.
fn scim(world: &World) -> Scim {
    Scim::new(&format!("{}/scim/v2/", world.server().base_url()), TOKEN)
}

async fn connection(world: &World) -> Connection {
    let request =
        GetConnectionRequest { organization_id: world.organization.clone(), connection_id: "environment".to_owned(), ..Default::default() };
    world.grpc().provisioning.get_connection(request).await.unwrap().into_inner().connection.unwrap()
}

// Rows 3, 4 and 8
#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_the_environment_provisions_the_default_organization_and_is_stored_nowhere() {
    for engine in ENGINES {
        let world = World::with(engine, says(described(true))).await;
        let scim = scim(&world);

        let created = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "1"})).await;
        assert_eq!(created.status, 201, "{}", created.body);
        assert_eq!(created.header("location"), format!("{}/Users/{}", scim.base, created.id()));
        scim.delete(&format!("/Users/{}", created.id())).await.is_error(403, "");
        assert_eq!(scim.get("/Users").await.expect(200)["totalResults"], 1, "refused, and nothing changed");
        let group = scim.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Engines"})).await;
        assert_eq!(scim.delete(&format!("/Groups/{}", group.id())).await.status, 204, "groups are not spoken of");
        let off = json!([{"op": "replace", "path": "active", "value": false}]);
        assert_eq!(scim.patch(&format!("/Users/{}", created.id()), &off).await.expect(200)["active"], false);
        assert_eq!(world.scim().get("/Users").await.expect(200)["totalResults"], 1, "beside the managed connections");

        let kept = connection(&world).await;
        assert_eq!((kept.enabled, kept.takeover(), kept.scim_base_url), (true, Takeover::Never, scim.base.clone()));
        let caller = world.grpc_as(TOKEN).provisioning.get_caller(GetCallerRequest {}).await.unwrap().into_inner();
        assert_eq!((caller.connection_id.as_str(), caller.expire_time), ("environment", None));
        let list = ListTokensRequest { organization_id: world.organization.clone(), ..ListTokensRequest::default() };
        let tokens = world.grpc().provisioning.list_tokens(list).await.unwrap().into_inner().tokens;
        assert!(tokens.iter().all(|token| token.connection_id == world.connection), "{tokens:?}");
        let stored = world.bytes();
        assert!(!stored.windows(TOKEN.len()).any(|bytes| bytes == TOKEN.as_bytes()));

        // A character more, one less, another one: none of them is the token.
        for wrong in [format!("{TOKEN}x"), TOKEN[1..].to_owned(), TOKEN.replace("made", "Made"), TOKEN.to_uppercase()] {
            scim.with_token(&wrong).get("/Users").await.is_error(401, "");
        }
    }
}

// Row 2
#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_not_enabled_every_call_is_403_and_managed_connections_go_on() {
    for engine in ENGINES {
        let world = World::with(engine, says(described(false))).await;
        let scim = scim(&world);

        for path in ["/Users", "/Groups", "/Schemas", "/ResourceTypes", "/Nothing"] {
            scim.get(path).await.is_error(403, "");
        }
        scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.is_error(403, "");
        assert_eq!(world.scim().get("/Users").await.expect(200)["totalResults"], 0);
        assert!(!connection(&world).await.enabled);
    }
}

fn person(address: &str, user_name: &str, external_id: &str) -> serde_json::Value {
    let emails = json!([{"value": address, "type": "work", "primary": true}]);
    json!({"schemas": [USER], "userName": user_name, "externalId": external_id, "emails": emails})
}

fn ada(user_name: &str, external_id: &str) -> serde_json::Value {
    person("ada@example.com", user_name, external_id)
}

fn grace(user_name: &str, external_id: &str) -> serde_json::Value {
    person("grace@example.com", user_name, external_id)
}

// Row 5
#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_same_address_is_a_conflict_or_becomes_the_provider_s_user() {
    for engine in ENGINES {
        for allowed in [false, true] {
            let world = World::with(engine, says(Environment { allow_user_creation_conflicts: allowed, ..described(true) })).await;
            let local = world.create_user(user_with_email("ada", "Ada@Example.com")).await;
            let theirs = world.scim().post("/Users", &grace("grace", "managed")).await;
            assert_eq!(theirs.status, 201);

            let created = scim(&world).post("/Users", &ada("ada.lovelace", "1")).await;

            if allowed {
                assert_eq!((created.status, created.id()), (201, local.id), "{}", created.body);
                let found = scim(&world).list("/Users", &[("filter", "externalId eq \"1\"")]).await.expect(200);
                assert_eq!(found["Resources"][0]["id"], created.id());
            } else {
                created.is_error(409, "uniqueness");
            }
            // Whom another connection manages is never taken over.
            scim(&world).post("/Users", &grace("grace.hopper", "2")).await.is_error(409, "uniqueness");
            assert_eq!(scim(&world).get("/Users").await.expect(200)["totalResults"], 2);
        }
    }
}

// Rows 4 and 5
#[tokio::test(flavor = "multi_thread")]
async fn the_switches_say_what_a_delete_and_a_conflict_do() {
    for engine in ENGINES {
        let environment = Environment { allow_user_deletion: true, allow_user_creation_conflicts: true, ..described(true) };
        let world = World::with(engine, says(environment)).await;
        let scim = scim(&world);

        let created = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await;
        assert_eq!(scim.delete(&format!("/Users/{}", created.id())).await.status, 204);
        scim.get(&format!("/Users/{}", created.id())).await.is_error(404, "");
        let kept = connection(&world).await;
        assert_eq!((kept.on_delete(), kept.takeover()), (Deprovision::SoftDelete, Takeover::UnmanagedOnly));
        assert_eq!(kept.takeover_match_attributes, ["emails"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_environment_says_is_changed_there_alone() {
    for engine in ENGINES {
        let world = World::with(engine, says(described(true))).await;
        let (organization_id, id) = (world.organization.clone(), "environment".to_owned());
        let mut provisioning = world.grpc().provisioning;

        let connection = Connection { id: id.clone(), enabled: false, ..Connection::default() };
        let update = connection_update(&organization_id, connection, &["enabled"]);
        let delete = DeleteConnectionRequest {
            organization_id: organization_id.clone(),
            connection_id: id.clone(),
            ..DeleteConnectionRequest::default()
        };
        let issue =
            IssueTokenRequest { organization_id, connection_id: id, scopes: vec!["scim".to_owned()], ..IssueTokenRequest::default() };

        for refused in [
            provisioning.update_connection(update).await.refused(),
            provisioning.delete_connection(delete).await.refused(),
            provisioning.issue_token(issue).await.refused(),
        ] {
            refused.is(Code::FailedPrecondition, ErrorReason::Policy).says("policy", "ENVIRONMENT");
        }
        scim(&world).get("/Users").await.expect(200);
    }
}

// Rows 6 and 8
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_alone_makes_administrators_is_not_renamed_in_the_environment() {
    let group = |name: &str| Environment { admin_group: Some(name.to_owned()), ..described(true) };
    let world = World::with(Engine::Postgres, says(group("Admins"))).await;
    let ada = scim(&world).post("/Users", &json!({"schemas": [USER], "userName": "ada"})).await.id();
    let admins = json!({"schemas": [GROUP], "displayName": "Admins", "members": [{"value": ada}]});
    assert_eq!(scim(&world).post("/Groups", &admins).await.status, 201);
    assert!(world.holds(&ada, "admin").await);

    for other in [group("admins"), described(true)] {
        let refused = world.try_node(says(other)).await.err().unwrap();
        assert_eq!(refused.exit_code(), 2, "other settings mend it");
        let sentence = refused.to_string();
        assert!(sentence.contains("ADMIN_GROUP") && !sentence.contains("SCIM_"), "{sentence}");
    }
    assert!(world.holds(&ada, "admin").await);
    let spare = world.create_user(user_with_email("spare", "spare@example.com")).await.id;
    world.grant("admin", principal(&spare)).await;
    world.try_node(says(described(true))).await.unwrap();
    assert!(!world.holds(&ada, "admin").await);
}

// Row 8
#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_the_connection_and_a_start_without_it_switches_it_off() {
    let world = World::with(Engine::Postgres, says(described(true))).await;
    let same = world.node(says(described(true))).await;
    let revision = world.head().await;

    for scim in [scim(&world), same.scim_as(TOKEN)] {
        scim.get("/Users").await.expect(200);
    }
    assert_eq!(world.head().await, revision, "the second start found nothing to change");
    let without = world.node(|_| {}).await;
    without.scim_as(TOKEN).get("/Users").await.is_error(401, "");
    for scim in [scim(&world), same.scim_as(TOKEN)] {
        let begun = Instant::now();
        while scim.get("/Users").await.status != 403 {
            assert!(begun.elapsed() < Duration::from_secs(20), "still let in");
        }
    }
    assert!(!connection(&world).await.enabled, "it is switched off, and everything is kept");
    world.scim().get("/Users").await.expect(200);
}
