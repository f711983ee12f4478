//! Filters on generated users: the algebra holds, parts decide as wholes do, narrowing never loses a match.

use super::super::table::USER_URN;
use super::filters::{matches, parse};
use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

fn leaf() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"][..]);
    let name = prop::sample::select(&["userName", "name.familyName", "emails", "emails.type", "manager", "profileUrl"][..]);
    let word = prop::sample::select(&["", "a", "work", "É", "ﬁ", "Jensen", "bjensen@example.com", "İ"][..]);
    prop_oneof![
        (name.clone(), operator, word.clone()).prop_map(|(n, o, w)| format!("{n} {o} {}", json!(w))),
        name.prop_map(|n| format!("{n} pr")),
        word.prop_map(|w| format!("emails[type eq \"work\" and value co {}]", json!(w))),
        Just("active eq true".to_owned()),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join(" and "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join(" or "))),
            inner.prop_map(|e| format!("not ({e})")),
        ]
    })
}

/// The keys the store keeps of a user, as the directory will make them.
fn implied(user: &User, condition: &Condition) -> bool {
    match condition {
        Condition::UserName(key) => fold::user_name_key(&user.user_name) == *key,
        Condition::UserNamePrefix(key) => fold::user_name_key(&user.user_name).starts_with(key),
        Condition::Email(key) => user.emails.iter().flat_map(|e| &e.value).any(|v| fold::email(v) == *key),
        Condition::Active(active) => user.active.unwrap_or(true) == *active,
        Condition::ExternalId(id) => user.external_ids.iter().any(|e| e.value == *id),
        Condition::Id(id) => user.id == *id,
        other => panic!("{other:?} is no condition on a user"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn not_means_not_and_order_of_and_or_does_not_matter(document in generate::user(), a in expression(), b in expression()) {
        let user = stored(user(&document));
        let (x, y) = (matches(&user, &a), matches(&user, &b));
        prop_assert_eq!(matches(&user, &format!("not ({a})")), !x);
        prop_assert_eq!(matches(&user, &format!("{a} and {b}")), x && y);
        prop_assert_eq!(matches(&user, &format!("{b} or {a}")), x || y);
        let ne = matches(&user, "nickName ne \"a\"");
        prop_assert_eq!(ne, !matches(&user, "nickName eq \"a\""));
    }

    #[test]
    fn every_match_satisfies_what_narrowing_says(document in generate::user(), e in expression()) {
        let user = stored(user(&document));
        let filters = [
            e.clone(),
            format!("{e} and userName eq {}", json!(user.user_name.to_uppercase())),
            format!("userName sw {}", json!(user.user_name.chars().take(3).collect::<String>().to_uppercase())),
            format!("emails eq {}", json!(user.emails.first().and_then(|e| e.value.clone()).unwrap_or_default().to_lowercase())),
        ];
        for expression in filters {
            let filter = parse(&expression).unwrap();
            if filter.matches(&user, &CX, &NoEdges) {
                for condition in filter.narrow() {
                    prop_assert!(implied(&user, &condition), "{} but not {:?}", expression, condition);
                }
            }
        }
    }

    #[test]
    fn no_text_breaks_the_parser(words in prop::collection::vec(prop::sample::select(&["(", ")", "[", "]", "not", "and", "or", "eq", "pr", "emails", ".type",
        "userName", "\"x\"", "5", "true", ":p", "members", "groups", "value", "urn:a:b", "null", "."][..]), 0..24), spaced in any::<bool>()) {
        let text = words.join(if spaced { " " } else { "" });
        for kind in [ResourceType::User, ResourceType::Group] {
            let _ = Filter::parse(kind, &text, &BTreeMap::new());
            let _ = Target::parse(kind, &text, &BTreeMap::new());
            let _ = Order::parse(kind, &text);
        }
    }

    #[test]
    fn no_bytes_break_the_decoder(bytes in any::<Vec<u8>>()) {
        let _ = parse(&format!("title pr and {USER_URN}:name pr")).unwrap().decode::<User>(&bytes);
    }
}
