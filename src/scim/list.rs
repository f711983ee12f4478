//! The envelope of a list (RFC 7644 section 3.4.2): always with all its members, also when empty.

/// The schema of every list.
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What opens a list whose resources follow one by one.
pub fn open(out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{{\"schemas\":[\"{LIST}\"],\"Resources\":[").as_bytes());
}

/// What closes it. The numbers come last, so that a list can be closed early and still be right.
pub fn close(out: &mut Vec<u8>, total: i64, first: i64, shown: usize) {
    out.extend_from_slice(format!("],\"totalResults\":{total},\"startIndex\":{first},\"itemsPerPage\":{shown}}}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_has_all_its_members() {
        let mut out = Vec::new();
        open(&mut out);
        close(&mut out, 7, 9, 0);
        let expected = serde_json::json!({ "schemas": [LIST], "Resources": [], "totalResults": 7, "startIndex": 9, "itemsPerPage": 0 });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), expected);
    }
}
