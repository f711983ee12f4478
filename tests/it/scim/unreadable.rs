//! Filters that cannot be understood (RFC 7644 section 3.4.2.2).

use super::scene::Scene;
use crate::harness::{World, faces};
use serde_json::{Value, json};

/// Requirements 52, 105 (RFC 7644 section 3.4.2.2): what cannot be understood is refused, in either way to ask, and is never everybody.
async fn what_cannot_be_understood_is_never_everybody(world: World) {
    let scene = Scene::set(&world).await;
    let scim = world.scim();
    let deep = format!("{}userName pr{}", "(".repeat(33), ")".repeat(33));
    let wide = vec!["title pr"; 257].join(" or ");
    let long = format!("title eq \"{}\"", "x".repeat(8_192));
    for filter in [
        "",
        " ",
        "userName",
        "userName eq",
        "eq \"a\"",
        "userName eq \"a",
        "userName eq a\"",
        "userName eq 'a'",
        "userName == \"a\"",
        "userName like \"a\"",
        "userName eq \"a\" and",
        "and userName pr",
        "userName pr pr",
        "userName pr userName pr",
        "userName pr, title pr",
        "not",
        "not userName pr",
        "not()",
        "()",
        "(",
        ")",
        "(userName pr",
        "userName pr)",
        "[userName pr]",
        "emails[",
        "emails[]",
        "emails[type]",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"]]",
        "emails[[type pr]]",
        "emails[emails[type pr]]",
        "emails[userName pr]",
        "userName[type pr]",
        "shoeSize pr",
        "name.shoeSize pr",
        "emails.shoeSize pr",
        "emails[shoeSize pr]",
        "userName. pr",
        ".userName pr",
        "user Name pr",
        "userName.x pr",
        "urn:ietf:params:scim:schemas:core:2.0:User: pr",
        "urn:ietf:params:scim:schemas:core:2.0:User:shoeSize pr",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr",
        "urn:ietf:params:scim:schemas:core:2.0:Usr:userName ne \"x\"",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:bogus ne \"x\"",
        "not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.bogus pr)",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department ne \"x\"",
        "urn:example:nobody:knows:badge ne 7",
        "not (urn:example:nobody:knows pr)",
        "userName eq\"a\"",
        "userName eq \"a\"or title pr",
        "title eq NULL",
        "members pr",
        "userName eq \"\\q\"",
        "userName eq \"\\u12\"",
        "userName eq \"\\ud800\"",
        "userName eq \"a\nb\"",
        "userName eq undefined",
        "userName eq [\"a\"]",
        "userName eq {}",
        "userName eq 1e",
        "userName eq :x",
        "groups sw \"a\"",
        "groups.display eq \"x\"",
        "groups ne \"a\"",
        "password pr",
        "\u{0}",
        "userName eq \"\u{0}",
        &deep,
        &wide,
        &long,
    ] {
        let answer = scim.list("/Users", &[("filter", filter)]).await;
        assert_eq!((answer.status, answer.body["scimType"].as_str()), (400, Some("invalidFilter")), "{filter:?}: {}", answer.body);
        answer.is_error(400, "invalidFilter");
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
        let answer = scim.post("/Users/.search", &search).await;
        assert_eq!(answer.status, 400, "{filter:?}: {}", answer.body);
        assert_eq!(answer.body.get("Resources"), None::<&Value>);
    }
    scene.is_untouched(&world, "filters").await;
}

/// Requirement 52 (RFC 7644 section 3.4.2.2): strictly, a boolean is `true` or `false` and neither a text nor another word.
async fn strictly_a_boolean_is_json_s(world: World) {
    Scene::set(&world).await;
    let (_, strict) = world.scim_as("strict").await;
    for filter in [
        "active eq \"True\"",
        "active eq True",
        "emails[type eq \"work\"].primary eq \"true\"",
        "emails[primary eq \"TRUE\"]",
        "active ne FALSE and userName pr",
    ] {
        for path in ["/Users", "/"] {
            strict.list(path, &[("filter", filter)]).await.is_error(400, "invalidFilter");
            assert_eq!(world.scim().list(path, &[("filter", filter)]).await.expect(200)["totalResults"], 1, "{filter}");
        }
    }
}

faces! {
    what_cannot_be_understood_is_never_everybody
    strictly_a_boolean_is_json_s
}
