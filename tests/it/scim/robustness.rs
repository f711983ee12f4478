//! Whatever is sent: an answer of the protocol, never a fault; and both faces tell of one directory.

use super::scene::{Scene, group, raw, user};
use crate::harness::{
    World, faces,
    scim::{PATCH, USER},
    shapes::{by_id, operation, text},
};
use reqwest::Method;
use roster::api::v1::patch_operation::Op;
use serde_json::{Value, json};

/// Numbers in a fixed order, so that a failure is the same twice.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's multiplier; the low bits of such a sequence are poor.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const WORDS: &[&str] = &[
    "userName",
    "emails",
    "emails.value",
    "name",
    "members",
    "groups",
    "meta.created",
    "active",
    "urn:ietf:params:scim:schemas:core:2.0:User:title",
    "shoeSize",
    "eq",
    "ne",
    "co",
    "pr",
    "gt",
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    "\"a\"",
    "\"",
    "true",
    "null",
    "7",
    "-1e9",
    "\\",
    ".",
    ":",
    "%",
    "\u{0}",
    "\u{1F469}",
    "'",
    "type eq \"work\"",
];

/// Words thrown together.
fn nonsense(dice: &mut Dice) -> String {
    (0..=dice.roll(9)).map(|_| dice.pick(WORDS)).collect::<Vec<_>>().join(if dice.roll(4) == 0 { "" } else { " " })
}

/// A value of any shape, not too deep.
fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(dice.roll(2) == 0),
        2 => json!(dice.roll(1000)),
        3 => json!(-0.5),
        4 => json!(dice.pick(WORDS)),
        5 => json!(nonsense(dice)),
        6 => (0..dice.roll(4)).map(|_| value(dice, depth - 1)).collect(),
        _ => Value::Object((0..dice.roll(4)).map(|_| (dice.pick(WORDS).to_owned(), value(dice, depth - 1))).collect()),
    }
}

/// Requirement 105 (RFC 7644 section 3.12): whatever a filter holds, the answer is a list or says what is wrong.
async fn no_filter_is_the_server_s_fault(world: World) {
    let scene = Scene::set(&world).await;
    let mut dice = Dice(105);
    for _ in 0..250 {
        let filter = nonsense(&mut dice);
        let path = dice.pick(&["/Users", "/Groups"]);
        // A 5xx, or no answer, fails in here.
        let answer = world.scim().list(path, &[("filter", &filter)]).await;
        match answer.status {
            200 => assert!(answer.body["totalResults"].is_number(), "{filter:?}"),
            _ => drop(answer.is_error(400, "invalidFilter")),
        }
    }
    scene.is_untouched(&world, "filters").await;
}

/// Requirement 105 (RFC 7644 section 3.12): whatever a document holds, the answer is of the protocol, and a refusal keeps everything.
async fn no_document_is_the_server_s_fault(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();
    let mut dice = Dice(501);
    for _ in 0..250 {
        let operations: Vec<Value> = (0..=dice.roll(3))
            .map(|_| json!({"op": dice.pick(&["add", "remove", "replace", "Replace", "x"]), "path": nonsense(&mut dice), "value": value(&mut dice, 3)}))
            .collect();
        let body = match dice.roll(3) {
            0 => value(&mut dice, 4),
            1 => json!({"schemas": [PATCH], "Operations": operations}),
            _ => {
                json!({"schemas": [USER], "userName": value(&mut dice, 1), "emails": value(&mut dice, 3), "active": value(&mut dice, 2), "name": value(&mut dice, 2)})
            }
        };
        let (before, head) = (scim.get(&scene.user).await.expect(200), world.head().await);
        let (method, path) = match dice.roll(4) {
            0 => (Method::PUT, scene.user.as_str()),
            1 => (Method::POST, "/Users/.search"),
            2 => (Method::POST, "/Groups"),
            _ => (Method::PATCH, scene.user.as_str()),
        };
        let answer = raw(scim, method, path, body.to_string()).await;
        if answer.status >= 300 {
            assert!([400, 409, 413].contains(&answer.status), "{body}: {}", answer.body);
            answer.is_error(answer.status, answer.body["scimType"].as_str().unwrap_or(""));
            assert_eq!((scim.get(&scene.user).await.expect(200), world.head().await), (before, head), "{body}");
        }
    }
}

/// Rows 7, 20, 48 (Jumper, JupiterOne, Bitwarden)
/// Requirement 106 (RFC 7644 section 3.14): what one face wrote the other shows at once, under one version.
async fn what_one_face_wrote_the_other_shows_at_once(world: World) {
    let scim = world.scim();
    for i in 0..5 {
        let created = user(scim, &format!("u{i}")).await;
        let (id, path) = (created.id(), format!("/Users/{}", created.id()));
        let etag = |user: &roster::api::v1::User| user.meta.as_ref().unwrap().etag.clone();
        assert_eq!(etag(&world.user(&id).await), created.header("etag"));

        let patched = world.patch_user(&id, vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap();
        let read = scim.get(&path).await;
        assert_eq!((&read.body["title"], read.header("etag")), (&json!("Dr"), etag(patched.user.as_ref().unwrap()).as_str()));
        assert_eq!(read.header("roster-revision"), patched.committed_at.unwrap().number.to_string());

        let team = group(scim, json!({"displayName": "Team", "members": [{"value": id}]})).await;
        assert_eq!(
            (world.members(&team.id()).await, world.group(&team.id()).await.meta.unwrap().etag.as_str()),
            (vec![id.clone()], team.header("etag"))
        );
        world.modify(&team.id(), vec![crate::harness::shapes::remove(crate::harness::shapes::principal(&id))]).await.unwrap();
        assert_eq!(scim.get(&format!("/Groups/{}", team.id())).await.body.get("members"), None);
        assert_eq!(scim.get(&path).await.body.get("groups"), None);

        scim.delete(&path).await.expect(204);
        world.try_get_user(by_id(&id)).await.unwrap_err();
        let named = world.create_user(crate::harness::shapes::user(&format!("g{i}"))).await;
        assert_eq!(scim.get(&format!("/Users/{}", named.id)).await.header("etag"), etag(&named));
        world.delete_user(&named.id).await;
        scim.get(&format!("/Users/{}", named.id)).await.is_error(404, "");
    }
}

faces! {
    no_filter_is_the_server_s_fault
    no_document_is_the_server_s_fault
    what_one_face_wrote_the_other_shows_at_once
}
