//! Which attributes an answer has (RFC 7644 section 3.9, RFC 7643 section 7).

use super::scene::{Scene, group, keys};
use super::users::everything;
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, USER},
};
use serde_json::{Value, json};

/// Requirements 34, 41, 55, 70 (RFC 7644 section 3.9).
async fn a_selection_is_honoured_on_every_answer(world: World) {
    let scim = world.scim();
    let created = scim.post("/Users?attributes=userName,emails.value", &everything()).await;
    let path = format!("/Users/{}", created.id());

    assert_eq!(keys(&created.body), ["emails", "id", "schemas", "userName"]);
    assert_eq!(created.body["emails"][0], json!({"value": "Ada@Mail.Example"}));
    let read = scim.get(&format!("{path}?attributes=USERNAME,name.givenName,{USER}:title,nothing")).await.expect(200);
    assert_eq!(keys(&read), ["id", "name", "schemas", "title", "userName"]);
    assert_eq!(read["name"], json!({"givenName": "Ada"}));
    let without = scim.get(&format!("{path}?excludedAttributes=emails,id,schemas,name.familyName,{ENTERPRISE}")).await.expect(200);
    assert!(without.get("emails").is_none() && without.get(ENTERPRISE).is_none() && without["name"].get("familyName").is_none());
    assert!(without.get("id").is_some() && without.get("schemas").is_some() && without["name"].get("givenName").is_some());
    let patched =
        scim.patch(&format!("{path}?attributes=title"), &json!([{"op": "replace", "path": "title", "value": "Dr"}])).await.expect(200);
    assert_eq!(keys(&patched), ["id", "schemas", "title"]);
    let listed = scim.list("/Users", &[("attributes", "id")]).await.expect(200);
    assert_eq!(keys(&listed["Resources"][0]), ["id", "schemas"]);
}

/// Requirements 34, 55 (RFC 7644 section 3.9, RFC 7643 section 7): on every method, always is always and never is never.
async fn always_is_always_and_never_is_never(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();
    let put = json!({"schemas": [USER], "userName": "ada", "password": "Tidal-9-wrench"});
    let operations = json!([{"op": "replace", "path": "password", "value": "Tidal-9-wrench"}]);
    let search = |query: &Value| {
        let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
        body.as_object_mut().unwrap().extend(query.as_object().unwrap().clone());
        body
    };

    for (query, body) in [
        ("excludedAttributes=id,schemas,ID,Schemas", json!({"excludedAttributes": ["id", "schemas"]})),
        ("attributes=password", json!({"attributes": ["password"]})),
        ("attributes=nothing", json!({"attributes": ["nothing"]})),
    ] {
        let list = scim.get(&format!("/Users?{query}")).await.expect(200);
        let found = scim.post("/Users/.search", &search(&body)).await.expect(200);
        let answers = [
            scim.post(&format!("/Users?{query}"), &json!({"schemas": [USER], "userName": query, "password": "Tidal-9-wrench"}))
                .await
                .expect(201),
            scim.get(&format!("{}?{query}", scene.user)).await.expect(200),
            scim.put(&format!("{}?{query}", scene.user), &put).await.expect(200),
            scim.patch(&format!("{}?{query}", scene.user), &operations).await.expect(200),
            list["Resources"][0].clone(),
            found["Resources"][0].clone(),
        ];
        for answer in answers {
            assert!(answer["id"].is_string() && answer["schemas"].is_array(), "{query}: {answer}");
            assert!(answer.get("password").is_none() && !answer.to_string().contains("Tidal"), "{query}: {answer}");
            if query.starts_with("attributes") {
                assert_eq!(keys(&answer), ["id", "schemas"], "{query}");
            }
        }
    }
}

/// Requirements 22, 55 (RFC 7644 section 3.9): attributes are named in every form a path has.
async fn attributes_are_named_in_every_form(world: World) {
    let scim = world.scim();
    let path = format!("/Users/{}", scim.post("/Users", &everything()).await.id());
    let read = async |query: &str| scim.get(&format!("{path}?{query}")).await.expect(200);
    let upper = ENTERPRISE.to_uppercase();

    assert_eq!(read("attributes=name.GIVENNAME,name.familyname").await["name"], json!({"givenName": "Ada", "familyName": "Lovelace"}));
    assert_eq!(read("attributes=emails.value").await["emails"], json!([{"value": "Ada@Mail.Example"}, {"value": "a@home.example"}]));
    assert_eq!(read(&format!("attributes={upper}:DEPARTMENT")).await[ENTERPRISE], json!({"department": "Analysis"}));
    assert_eq!(read(&format!("attributes={ENTERPRISE}:manager.value")).await[ENTERPRISE], json!({"manager": {"value": "charles"}}));
    assert_eq!(keys(&read(&format!("attributes={ENTERPRISE}")).await), ["id", "schemas", ENTERPRISE]);
    assert_eq!(keys(&read(&format!("attributes={USER}:userName,%20title%20,,")).await), ["id", "schemas", "title", "userName"]);
    assert_eq!(keys(&read("attributes=meta.version").await["meta"].clone()), ["version"]);
    assert_eq!(keys(&read("attributes=title&attributes=locale").await), ["id", "locale", "schemas", "title"]);
    assert_eq!(keys(&read("attributes=title&excludedAttributes=title").await), ["id", "schemas", "title"], "attributes wins");
    let without = read(&format!("excludedAttributes=meta,emails.type,{upper}:manager,NAME")).await;
    assert_eq!((without.get("meta"), without.get("name"), without[ENTERPRISE].get("manager")), (None, None, None));
    assert_eq!(without["emails"][1], json!({"value": "a@home.example", "display": "Home"}));
    assert_eq!(read("attributes=").await, read("").await, "nothing named is nothing asked");
}

/// Requirement 55 (RFC 7644 section 3.9): whoever does not ask for the members does not pay for them.
async fn members_that_are_not_asked_for_are_not_read(world: World) {
    let scim = world.scim();
    let members: Vec<Value> = world.crowd("u", 30).await.iter().map(|id| json!({"value": id})).collect();
    let path = format!("/Groups/{}", group(scim, json!({"displayName": "Engines", "members": members})).await.id());
    let cost = async |query: &str| {
        let (answer, counted) = world.least(async || scim.get(&format!("{path}?{query}")).await).await;
        (answer, counted.statements, counted.rows_read)
    };

    let (whole, statements, rows) = cost("").await;
    assert!(whole.body["members"].as_array().unwrap().len() == 30 && rows >= 30, "{rows} rows");
    for query in ["excludedAttributes=members", "attributes=displayName", "excludedAttributes=MEMBERS"] {
        let (bare, fewer, less) = cost(query).await;
        assert_eq!((bare.status, bare.body.get("members"), bare.header("etag")), (200, None, whole.header("etag")), "{query}");
        assert!(fewer <= statements && less < 10, "{query}: {fewer} statements, {less} rows");
    }
    let listed = scim.get("/Groups?excludedAttributes=members").await.expect(200);
    assert_eq!(listed["Resources"][0].get("members"), None);
    assert_eq!(keys(&scim.get(&format!("{path}?attributes=members.value")).await.expect(200)["members"][0].clone()), ["value"]);
    let body = json!({"schemas": [GROUP], "displayName": "E", "members": members});
    assert_eq!(scim.put(&format!("{path}?excludedAttributes=members"), &body).await.expect(200).get("members"), None);
}

faces! {
    a_selection_is_honoured_on_every_answer
    always_is_always_and_never_is_never
    attributes_are_named_in_every_form
    members_that_are_not_asked_for_are_not_read
}
