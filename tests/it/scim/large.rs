//! Groups of many members: read as they arrive, compared with what is there, committed once.

use super::scene::raw;
use crate::harness::{Answer, World, faces, scim::GROUP, shapes::any_principal};
use reqwest::Method;
use roster::limits;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Longer than what is read at once.
fn elements(ids: &[String]) -> String {
    let mut text = String::new();
    for id in ids {
        write!(text, "{}{{\"display\":\"{:64}\",\"value\":\"{id}\"}}", if text.is_empty() { "" } else { "," }, "ä[{\\\"").unwrap();
    }
    text
}

/// A document whose members come first, so that nothing of the group is known before their end.
fn document(elements: &str, rest: &str) -> String {
    format!("{{\"members\":[{elements}],\"schemas\":[\"{GROUP}\"],\"displayName\":\"Everyone\"{rest}}}")
}

fn members(group: &Value) -> Vec<&str> {
    group["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap()).collect()
}

async fn empty_group(world: &World) -> String {
    format!("/Groups/{}", world.scim().post("/Groups", &json!({"schemas": [GROUP], "displayName": "Everyone"})).await.id())
}

async fn a_large_membership_is_set_in_one_commit_that_tells_every_difference(world: World) {
    const SIZE: usize = 12_500;
    let (ids, path) = (world.populate(SIZE + 500).await, empty_group(&world).await);
    let put = async |ids: &[String]| {
        let body = document(&elements(ids), "");
        assert!(body.len() > limits::SCIM_BODY_BYTES);
        raw(world.scim(), Method::PUT, &path, body).await
    };
    // Of the last commits: the revision, and how many changes it made.
    let told = async || {
        let query =
            "SELECT revision, COUNT(*) FROM changes GROUP BY revision HAVING MAX(idx) = COUNT(*) - 1 ORDER BY revision DESC LIMIT 1";
        let (revision, changes) = world.pairs(query).await[0];
        (u64::try_from(revision).unwrap() == world.head().await, changes)
    };
    let head = world.head().await;

    let first = put(&ids[..SIZE]).await;
    assert_eq!(members(&first.expect(200)), ids[..SIZE].iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((world.head().await, told().await), (head + 1, (true, i64::try_from(SIZE).unwrap())));

    // The first five hundred go, as many come, the others stay.
    let second = put(&ids[500..]).await.expect(200);
    assert_eq!(members(&second), ids[500..].iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((world.head().await, told().await), (head + 2, (true, 1_000)));
    assert_eq!(world.group(path.rsplit('/').next().unwrap()).await.direct_member_count, i64::try_from(SIZE).unwrap());

    let few = json!({"schemas": [GROUP], "displayName": "Everyone", "members": [{"value": ids[0]}, {"value": ids[500]}]});
    assert_eq!(members(&world.scim().put(&path, &few).await.expect(200)), [ids[0].as_str(), ids[500].as_str()]);
    assert_eq!((world.head().await, told().await), (head + 3, (true, i64::try_from(SIZE).unwrap())));

    let third = put(&ids[500..]).await;
    assert_eq!((members(&third.expect(200)).len(), world.head().await), (SIZE, head + 4));
    let second = world.scim().get(&path).await.expect(200);
    let third = put(&ids[500..]).await;
    assert_eq!(third.expect(200)["meta"], second["meta"], "what is as it was makes no version");
    assert_eq!(world.head().await, head + 4);
}

async fn a_large_membership_ends_in_one_commit_that_tells_every_member(world: World) {
    const SIZE: usize = 10_500;
    let (ids, path) = (world.populate(SIZE).await, empty_group(&world).await);
    let id = path.rsplit('/').next().unwrap();
    let outer = world.create_group("Outer", vec![any_principal(id)]).await.id;
    let whole = document(&format!("{},{{\"value\":\"{id}\"}}", elements(&ids)), "");
    // Of the last commit: how many changes it made, each with an index of its own.
    let told = async || world.pairs("SELECT MAX(idx), COUNT(*) FROM changes GROUP BY revision ORDER BY revision DESC LIMIT 1").await[0];
    let put = async || assert_eq!(raw(world.scim(), Method::PUT, &path, whole.clone()).await.status, 200);
    let all = i64::try_from(SIZE).unwrap() + 1;

    put().await;
    let head = world.head().await;
    world.scim().patch(&path, &json!([{"op": "remove", "path": "members"}])).await.expect(200);
    assert_eq!((world.head().await, told().await), (head + 1, (all - 1, all)));
    assert_eq!(world.scim().get(&path).await.expect(200).get("members"), None);

    put().await;
    let one = json!([{"op": "replace", "path": "members", "value": [{"value": ids[7]}]}]);
    assert_eq!(members(&world.scim().patch(&path, &one).await.expect(200)), [ids[7].as_str()]);
    assert_eq!((world.head().await, told().await), (head + 3, (all - 2, all - 1)));

    put().await;
    world.scim().delete(&path).await.expect(204);
    // Its members, its place in the other group, itself.
    assert_eq!((world.head().await, told().await), (head + 5, (all + 1, all + 2)));
    world.scim().get(&path).await.is_error(404, "");
    assert_eq!((world.members(&outer).await, world.group(&outer).await.direct_member_count), (Vec::new(), 0));
    assert_eq!(world.scim().get(&format!("/Users/{}", ids[7])).await.expect(200).get("groups"), None);
}

async fn a_large_membership_waits_for_nobody_and_nobody_is_lost_beside_it(world: World) {
    let (ids, path) = (world.populate(12_000).await, empty_group(&world).await);
    let inner = world.create_group("Inner", Vec::new()).await.id;
    let (scim, head) = (world.scim().clone(), world.head().await);
    let body = document(&format!("{},{{\"value\":\"{inner}\",\"type\":\"Group\"}}", elements(&ids)), "");

    let (put, beside) = tokio::join!(raw(&scim, Method::PUT, &path, body), world.crowd("beside", 60));

    assert_eq!((members(&put.expect(200)).len(), beside.len()), (12_001, 60));
    assert_eq!(world.head().await, head + 61);
    let seen = scim.get(&format!("/Users/{}", ids[0])).await.expect(200);
    assert_eq!(seen["groups"][0]["display"], "Everyone");
}

async fn a_large_document_that_is_wrong_anywhere_changes_nothing(world: World) {
    let (ids, path) = (world.populate(12_000).await, empty_group(&world).await);
    let good = elements(&ids);
    let inner = world.create_group("Inner", Vec::new()).await.id;
    world.scim().put(&path, &json!({"schemas": [GROUP], "displayName": "Everyone", "members": [{"value": ids[0]}]})).await.expect(200);
    let (before, head) = (world.scim().get(&path).await.expect(200), world.head().await);
    let whole = document(&good, "");
    let middle = whole.len() / 2;
    let middle = middle + whole[middle..].find("},{").unwrap() + 2;
    let with = |element: &str| format!("{}{element},{}", &whole[..middle], &whole[middle..]);
    let too_deep = format!("{{\"value\":\"{}\",\"x\":{}{}}}", ids[0], "[".repeat(limits::JSON_DEPTH), "]".repeat(limits::JSON_DEPTH));
    let padding = " ".repeat(limits::SCIM_BODY_BYTES);

    let wrong: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("cut", whole[..whole.len() - 1].into(), 400, "invalidSyntax"),
        ("cut in the middle", whole[..middle].into(), 400, "invalidSyntax"),
        ("a word in the middle", with("nonsense").into(), 400, "invalidSyntax"),
        ("not UTF-8", [&whole.as_bytes()[..middle], b"\"\xff\",", &whole.as_bytes()[middle..]].concat(), 400, "invalidSyntax"),
        ("nests too deep", with(&too_deep).into(), 400, "invalidSyntax"),
        ("something behind", format!("{whole} {{}}").into(), 400, "invalidSyntax"),
        ("members twice", document(&good, ",\"members\":[]").into(), 400, "invalidSyntax"),
        ("a member without a value", with("{\"display\":\"x\"}").into(), 400, "invalidValue"),
        ("no id", with(&format!("{{\"value\":\"{}\"}}", "x".repeat(limits::ID_BYTES + 1))).into(), 400, "invalidValue"),
        ("unknown, the last", document(&format!("{good},{{\"value\":\"nobody\"}}"), "").into(), 400, "invalidValue"),
        ("a group said to be a user", with(&format!("{{\"value\":\"{inner}\",\"type\":\"User\"}}")).into(), 400, "invalidValue"),
        (
            "one id two things",
            with(&format!("{{\"value\":\"{inner}\",\"type\":\"User\"}},{{\"value\":\"{inner}\",\"type\":\"Group\"}}")).into(),
            400,
            "invalidValue",
        ),
        ("an attribute of another type", document(&good, ",\"externalId\":{\"x\":1}").into(), 400, "invalidValue"),
        ("no schemas", format!("{{\"displayName\":\"Everyone\",\"members\":[{good}]}}").into(), 400, "invalidSyntax"),
        ("more beside the members than a document has", document(&good, &padding).into(), 413, ""),
    ];
    for (what, body, status, kind) in wrong {
        let answer: Answer = raw(world.scim(), Method::PUT, &path, body).await;
        assert_eq!((answer.status, answer.body["scimType"].as_str().unwrap_or("")), (status, kind), "{what}: {}", answer.body);
        assert_eq!(world.head().await, head, "{what}");
    }
    let post: Answer = raw(world.scim(), Method::POST, "/Groups", whole.clone()).await;
    post.is_error(413, "");
    assert!(post.body["detail"].as_str().unwrap().contains("10000"), "{}", post.body);
    let stale = world.scim().request(Method::PUT, &path).header("content-type", "application/scim+json").header("if-match", "W/\"1\"");
    crate::harness::scim::send(stale.body(whole)).await.is_error(412, "");
    assert_eq!((world.scim().get(&path).await.expect(200), world.head().await), (before, head));
}

faces! {
    a_large_membership_is_set_in_one_commit_that_tells_every_difference
    a_large_membership_ends_in_one_commit_that_tells_every_member
    a_large_membership_waits_for_nobody_and_nobody_is_lost_beside_it
    a_large_document_that_is_wrong_anywhere_changes_nothing
}
