//! What users and groups are beyond any resource (RFC 7643 section 4): names, secrets, groups, members, values as sent.

use super::scene::{group, user};
use super::users::everything;
use crate::harness::{
    World, faces,
    scim::{ENTERPRISE, GROUP, USER},
};
use serde_json::{Value, json};

/// Requirements 28, 35 (RFC 7643 section 4.1.1, RFC 7644 section 7.8): a name is compared prepared and kept as it was sent.
async fn a_user_name_is_compared_prepared_and_kept_as_sent(world: World) {
    let scim = world.scim();
    let ada = user(scim, "Ada Lovelace").await;
    assert_eq!(ada.body["userName"], "Ada Lovelace");
    let path = format!("/Users/{}", ada.id());

    // Other letter case, fullwidth forms: the same name.
    for same in ["ada lovelace", "ADA LOVELACE", "\u{ff21}da Lovelace"] {
        user(scim, same).await.is_error(409, "uniqueness");
        assert_eq!(scim.list("/Users", &[("filter", &format!("userName eq \"{same}\""))]).await.expect(200)["totalResults"], 1, "{same}");
    }
    for (i, wrong) in ["", "  ", "a\u{0}", "a\u{200b}b", "\u{2028}"].into_iter().enumerate() {
        user(scim, wrong).await.is_error(400, "invalidValue");
        let operations = json!([{"op": "replace", "path": "userName", "value": wrong}]);
        assert_eq!(scim.patch(&path, &operations).await.status, 400, "{i}");
    }
    assert_eq!(scim.get(&path).await.body, ada.body);
    // The holder may change how its own name is written.
    let renamed = scim.patch(&path, &json!([{"op": "replace", "path": "userName", "value": "ADA Lovelace"}])).await.expect(200);
    assert_eq!(renamed["userName"], "ADA Lovelace");
}

/// Row 30 (JumpCloud)
/// Requirement 29 (RFC 7643 section 4.1.1): a password goes in and never comes out, on either face.
async fn a_password_never_comes_out(world: World) {
    let scim = world.scim();
    let secret = "Tidal-9-wrench";
    let created = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "password": secret})).await;
    let path = format!("/Users/{}", created.id());
    let etag = created.header("etag").to_owned();

    let answers = [
        created,
        scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "password": secret})).await,
        scim.patch(&path, &json!([{"op": "replace", "path": "password", "value": secret}])).await,
        scim.patch(&path, &json!([{"op": "add", "value": {"password": secret}}])).await,
        scim.get(&format!("{path}?attributes=password,userName")).await,
        scim.get("/Users?attributes=password").await,
        scim.get("/Users").await,
    ];
    for answer in answers {
        assert!([200, 201].contains(&answer.status), "{}", answer.body);
        assert!(!answer.body.to_string().contains("Tidal") && !answer.body.to_string().contains("password"), "{}", answer.body);
        assert!(!format!("{:?}", answer.headers).contains("Tidal"));
    }
    let stored = world.user(path.rsplit('/').next().unwrap()).await;
    assert!(!format!("{stored:?}").contains("Tidal"), "nor is it kept beside the user");
    assert_eq!(scim.get(&path).await.header("etag"), etag, "what is not kept changes nothing");
    for wrong in [json!(7), json!({"a": 1}), json!(["a", "b"])] {
        let refused = scim.patch(&path, &json!([{"op": "replace", "path": "password", "value": wrong}])).await;
        refused.is_error(400, "invalidValue");
    }
}

/// Requirement 30 (RFC 7643 section 4.1.2): a user's groups are told, direct and indirect, with addresses that lead there.
async fn groups_are_told_direct_and_indirect(world: World) {
    let scim = world.scim();
    let ada = user(scim, "ada").await.id();
    let path = format!("/Users/{ada}");
    let inner = group(scim, json!({"displayName": "Inner", "members": [{"value": ada}]})).await.id();
    let outer = group(scim, json!({"displayName": "Outer", "members": [{"value": inner}]})).await.id();

    let read = scim.get(&path).await.expect(200);

    let mut groups = read["groups"].as_array().unwrap().clone();
    groups.sort_by_key(|g| g["display"].to_string());
    let expected = |id: &str, display: &str, kind: &str| json!({"value": id, "$ref": format!("{}/Groups/{id}", scim.base), "display": display, "type": kind});
    assert_eq!(groups, [expected(&inner, "Inner", "direct"), expected(&outer, "Outer", "indirect")]);
    for told in &groups {
        let there = told["$ref"].as_str().unwrap().strip_prefix(&scim.base).unwrap();
        assert_eq!(scim.get(there).await.expect(200)["displayName"], told["display"]);
    }
    // Written, it is ignored in a document and refused in a PATCH; nobody leaves or joins by it.
    let head = world.head().await;
    for path_of in ["groups", "groups[type eq \"direct\"]", "groups.display"] {
        let answer = scim.patch(&path, &json!([{"op": "remove", "path": path_of}])).await;
        assert_eq!(answer.status, 400, "{path_of}: {}", answer.body);
    }
    scim.patch(&path, &json!([{"op": "add", "path": "groups", "value": [{"value": outer}]}])).await.is_error(400, "mutability");
    scim.put(&path, &json!({"schemas": [USER], "userName": "ada", "groups": [{"value": "other"}]})).await.expect(200);
    assert_eq!((world.head().await, &scim.get(&path).await.body["groups"]), (head, &read["groups"]));
    // Whether somebody is in any group can be asked.
    user(scim, "grace").await.expect(201);
    let names = async |filter: &str| {
        let list = scim.list("/Users", &[("filter", filter)]).await.expect(200);
        list["Resources"].as_array().unwrap().iter().map(|u| u["userName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((names("groups pr").await, names("not (groups pr)").await), (vec!["ada".to_owned()], vec!["grace".to_owned()]));
    assert_eq!(names(&format!("groups.value eq \"{outer}\" and groups pr")).await, ["ada"]);
    scim.delete(&format!("/Groups/{inner}")).await.expect(204);
    assert_eq!(names("groups pr").await, Vec::<String>::new());
}

/// Requirement 31 (RFC 7643 section 4.2): a group has a name and members, and what a member is does not change.
async fn what_a_member_is_does_not_change(world: World) {
    let scim = world.scim();
    let (ada, grace) = (user(scim, "ada").await.id(), user(scim, "grace").await.id());
    let group = group(scim, json!({"displayName": "Engines", "members": [{"value": ada}]})).await;
    let path = format!("/Groups/{}", group.id());
    let head = world.head().await;

    for (operation, scim_type) in [
        (json!({"op": "replace", "path": format!("members[value eq \"{ada}\"].value"), "value": grace}), "mutability"),
        (json!({"op": "replace", "path": format!("members[value eq \"{ada}\"]"), "value": {"value": grace}}), "mutability"),
        (json!({"op": "replace", "path": "members.value", "value": grace}), "mutability"),
        (json!({"op": "replace", "path": format!("members[value eq \"{ada}\"].type"), "value": "Group"}), "mutability"),
        (json!({"op": "remove", "path": format!("members[value eq \"{ada}\"].display")}), "mutability"),
        (json!({"op": "remove", "path": "displayName"}), "mutability"),
        (json!({"op": "replace", "path": "displayName", "value": null}), "invalidValue"),
        (json!({"op": "add", "path": "members", "value": [{"value": "nobody"}]}), "invalidValue"),
        (json!({"op": "add", "path": "members", "value": [{"type": "User"}]}), "invalidValue"),
        (json!({"op": "add", "path": "members", "value": [{"value": ada}, {"value": "nobody"}]}), "invalidValue"),
    ] {
        scim.patch(&path, &json!([operation])).await.is_error(400, scim_type);
        assert_eq!((world.head().await, &scim.get(&path).await.body), (head, &group.body), "{operation}");
    }
    let member = &group.body["members"][0];
    let there = member["$ref"].as_str().unwrap().strip_prefix(&scim.base).unwrap();
    assert_eq!((&member["type"], &scim.get(there).await.expect(200)["userName"]), (&json!("User"), &json!("ada")));
    scim.post("/Groups", &json!({"schemas": [GROUP], "members": []})).await.is_error(400, "invalidValue");
}

/// Requirement 32 (RFC 7643 section 4.3): the enterprise extension, its manager an exact id whose name is the server's to tell.
async fn a_manager_is_an_exact_id(world: World) {
    let scim = world.scim();
    let boss = scim.post("/Users", &json!({"schemas": [USER], "userName": "boss", "displayName": "The Boss"})).await.id();
    let mut document = everything();
    document[ENTERPRISE]["manager"] = json!({"value": boss, "displayName": "A lie"});

    let created = scim.post("/Users", &document).await.expect(201);

    let manager = &created[ENTERPRISE]["manager"];
    assert_eq!(manager["value"], json!(boss));
    assert_ne!(manager["displayName"], "A lie");
    let count = async |filter: String| scim.list("/Users", &[("filter", &filter)]).await.expect(200)["totalResults"].clone();
    assert_eq!(count(format!("{ENTERPRISE}:manager.value eq \"{boss}\"")).await, 1);
    assert_eq!(count(format!("{ENTERPRISE}:manager.value eq \"{}\"", boss.to_uppercase())).await, 0);
    assert_eq!(count(format!("{ENTERPRISE}:employeeNumber eq \"7\" and {ENTERPRISE}:costCenter eq \"c1\"")).await, 1);
    let path = format!("/Users/{}", created["id"].as_str().unwrap());
    let operations = json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x"}]);
    scim.patch(&path, &operations).await.is_error(400, "mutability");
}

/// Requirements 25, 33 (RFC 7643 sections 2.4 and 4.1.2): values are kept as sent; at most one is primary, and one not said to be is not.
async fn values_are_kept_as_sent_and_one_is_primary(world: World) {
    let scim = world.scim();
    let body = json!({"schemas": [USER], "userName": "ada", "emails": [{"value": "Ada@MAIL.Example", "primary": true, "type": "WORK"}, {"value": "b@x.example"}],
        "addresses": [{"country": "gb"}], "phoneNumbers": [{"value": "tel:+44-20-0000-0000;ext=7"}, {"value": "(020) 0000"}], "locale": "en_gb"});

    let created = scim.post("/Users", &body).await.expect(201);

    for attribute in ["emails", "addresses", "phoneNumbers", "locale"] {
        assert_eq!(created[attribute], body[attribute]);
    }
    let count = async |filter: &str| scim.list("/Users", &[("filter", filter)]).await.expect(200)["totalResults"].clone();
    assert_eq!(count("emails eq \"ada@mail.example\" and addresses.country eq \"GB\"").await, 1);
    for (filter, found) in [
        ("emails[value eq \"b@x.example\" and primary eq false]", 1),
        ("emails[value eq \"b@x.example\" and primary ne true]", 1),
        ("emails[value eq \"b@x.example\" and primary eq true]", 0),
        ("emails[value eq \"b@x.example\" and primary pr]", 0),
        ("emails[type eq \"work\" and primary eq true]", 1),
        ("emails[type eq \"work\" and primary eq false]", 0),
        ("emails.primary eq false", 1),
        ("roles.primary eq false", 0),
    ] {
        assert_eq!(count(filter).await, found, "{filter}");
    }
    let two = json!([{"value": "a@x.example", "primary": true}, {"value": "b@x.example", "primary": true}]);
    scim.post("/Users", &json!({"schemas": [USER], "userName": "b", "emails": two})).await.is_error(400, "invalidValue");
    let path = format!("/Users/{}", created["id"].as_str().unwrap());
    scim.patch(&path, &json!([{"op": "replace", "path": "emails", "value": two}])).await.is_error(400, "invalidValue");
    assert_eq!(scim.get(&path).await.expect(200), created);
    // The same value for the same purpose is told once.
    let same = json!([{"value": "a@x.example", "type": "work"}, {"value": "a@x.example", "type": "work"}]);
    let shown = scim.patch(&path, &json!([{"op": "add", "path": "emails", "value": same}])).await.expect(200);
    assert_eq!(shown["emails"].as_array().unwrap().iter().filter(|e| e["value"] == "a@x.example").count(), 1);
}

/// Rows 28, 40 (JumpCloud)
/// Requirements 18, 106 (RFC 7643 section 3.1): each connection has its own externalId of one user; two may use the same.
async fn an_external_id_belongs_to_its_connection(world: World) {
    let scim = world.scim();
    let (_, other) = world.scim_as("default").await;
    let ours = scim.post("/Users", &json!({"schemas": [USER], "userName": "ada", "externalId": "7"})).await;

    let theirs = other.post("/Users", &json!({"schemas": [USER], "userName": "grace", "externalId": "7"})).await;

    assert_eq!((theirs.status, &theirs.body["externalId"]), (201, &json!("7")));
    for (client, name) in [(scim, "ada"), (&other, "grace")] {
        let found = client.list("/Users", &[("filter", "externalId eq \"7\"")]).await.expect(200);
        let names: Vec<&Value> = found["Resources"].as_array().unwrap().iter().map(|u| &u["userName"]).collect();
        assert_eq!(names, [&json!(name)]);
    }
    assert_eq!(other.get(&format!("/Users/{}?attributes=externalId", ours.id())).await.expect(200).get("externalId"), None);
    let taken = json!([{"op": "add", "path": "externalId", "value": "7"}]);
    other.patch(&format!("/Users/{}", ours.id()), &taken).await.is_error(409, "uniqueness");
}

faces! {
    a_user_name_is_compared_prepared_and_kept_as_sent
    a_password_never_comes_out
    groups_are_told_direct_and_indirect
    what_a_member_is_does_not_change
    a_manager_is_an_exact_id
    values_are_kept_as_sent_and_one_is_primary
    an_external_id_belongs_to_its_connection
}
