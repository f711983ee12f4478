//! Generated patches on generated users.

use super::patches::operations;
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn operation() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(
        &[
            "title",
            "name",
            "name.givenName",
            "emails",
            "emails.type",
            "emails[type eq \"work\"]",
            "emails[type eq \"work\"].value",
            "emails[primary eq true].display",
            "addresses",
            "manager",
            "active",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:example:Boat:2.0:User:name",
            "urn:example:Boat:2.0:User",
            "",
        ][..],
    );
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("work")),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"type": "work", "value": "a", "primary": true})),
        Just(json!([{"type": "home", "value": "b"}, {"value": "c", "primary": true}])),
        Just(json!({"givenName": "Ines", "title": "Pilot"})),
        generate::open(3),
    ];
    let op = prop::sample::select(&["add", "replace", "remove"][..]);
    (op, path, prop::option::of(value)).prop_map(|(op, path, value)| match value {
        Some(value) => json!({"op": op, "path": path, "value": value}),
        None => json!({"op": op, "path": path}),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_patch_is_whole_or_nothing_and_says_truly_whether_it_changed(
        document in generate::user(), ops in prop::collection::vec(operation(), 0..5),
    ) {
        let mut before = user(&document);
        check_user(&mut before).unwrap();
        let mut after = before.clone();
        match patch_user(&mut after, &operations(&json!(ops)), &CX) {
            Err(error) => {
                prop_assert_eq!(&after, &before);
                prop_assert!(error.operation.is_some());
            }
            Ok(done) => {
                prop_assert_eq!(done.changed, after != before);
                let settled = after.clone();
                if check_user(&mut after).is_ok() {
                    prop_assert_eq!(&after, &settled, "what a patch leaves is settled");
                    let primaries = after.emails.iter().filter(|e| e.primary == Some(true)).count();
                    prop_assert!(primaries <= 1);
                }
            }
        }
    }

    #[test]
    fn doing_it_again_changes_nothing(document in generate::user(), op in operation()) {
        let mut user = user(&document);
        check_user(&mut user).unwrap();
        let ops = operations(&json!([op]));
        if patch_user(&mut user, &ops, &CX).is_ok() {
            let once = user.clone();
            // A filter may match no more after its own work; then the second time finds no target.
            if let Ok(done) = patch_user(&mut user, &ops, &CX) {
                prop_assert!(!done.changed, "{:?} then {:?}", once, user);
            }
        }
    }

    #[test]
    fn replacing_every_attribute_by_itself_changes_nothing(document in generate::user()) {
        let mut user = user(&document);
        check_user(&mut user).unwrap();
        let each = document.as_object().unwrap().iter().filter(|(name, _)| *name != "schemas");
        let ops: Vec<Value> = each.map(|(name, value)| json!({"op": "replace", "path": name, "value": value})).collect();
        let before = user.clone();
        let done = patch_user(&mut user, &operations(&json!(ops)), &CX).unwrap();
        let twins = document.as_object().unwrap().values().filter_map(Value::as_array).any(|list| list.iter().enumerate().any(|(k, v)| list[..k].contains(v)));
        prop_assert!(twins || !done.changed, "{:?} then {:?}", before, user);
    }
}
