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

faces! {
    what_cannot_be_understood_is_never_everybody
}
