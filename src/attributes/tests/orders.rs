//! Sorting.

use super::super::table::ENTERPRISE_URN;
use super::*;
use crate::api::v1::ErrorReason;
use serde_json::json;

#[test]
fn orders_sort_as_the_rfc_says() {
    let order = |text: &str| Order::parse(ResourceType::User, text).unwrap();
    let key = |text: &str, document: Value| order(text).key(&stored(user(&document)), &CX);
    assert!(order("title desc").descending() && !order("Title").descending());
    assert_eq!(key("userName", json!({"userName": "BJ"})), Some(b"bj".to_vec()));
    assert_eq!(key("externalId", json!({"externalId": "BJ"})), Some(b"BJ".to_vec()));
    assert_eq!(key("title", json!({})), None);
    let emails = json!({"emails": [{"value": "a@x"}, {"value": "B@x", "primary": true}]});
    assert_eq!(key("emails", emails.clone()), Some(b"b@x".to_vec()));
    assert_eq!(key("emails.value", emails), Some(b"b@x".to_vec()));
    assert!(key("active", json!({"active": false})) < key("active", json!({"active": true})));
    assert!(key("meta.created", json!({})) < key("meta.lastModified", json!({})));
    assert_eq!(
        key("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department asc", json!({ENTERPRISE_URN: {"department": "D"}})),
        Some(b"d".to_vec())
    );
    for bad in ["", "shoeSize", "password", "groups", "groups.value", "name", "schemas", "title down", "title asc asc", "urn:x:y:z"] {
        assert_eq!(Order::parse(ResourceType::User, bad).unwrap_err().reason, ErrorReason::InvalidPath, "{bad}");
    }
}
