//! The envelope of a list (RFC 7644 section 3.4.2): always with all its members, also when empty.

use super::document::Shown;
use crate::api::v1;

/// The schema of every list.
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A list being written, resource by resource. The numbers come last, so that it can be closed early and still be right.
#[derive(Debug)]
pub struct List {
    /// What is written so far.
    pub buffer: Vec<u8>,
    first: i64,
    count: usize,
}

impl List {
    /// An open list whose first resource has this number, counted from 1.
    pub fn new(first: i64) -> Self {
        let buffer = format!("{{\"schemas\":[\"{LIST}\"],\"Resources\":[").into_bytes();
        List { buffer, first, count: 0 }
    }

    /// Makes room for one more resource, which the caller writes into the buffer.
    pub fn next(&mut self) {
        if self.count > 0 {
            self.buffer.push(b',');
        }
        self.count += 1;
    }

    /// Adds a page of users.
    pub fn add_users(&mut self, shown: &Shown, page: &v1::ListUsersResponse) {
        for user in &page.users {
            self.next();
            shown.user(&mut self.buffer, user);
        }
    }

    /// Ends the list and hands out what is written and not taken yet.
    pub fn end(mut self, total: Option<i64>) -> Vec<u8> {
        let (total, first, count) = (total.unwrap_or_default(), self.first, self.count);
        let end = format!("],\"totalResults\":{total},\"startIndex\":{first},\"itemsPerPage\":{count}}}");
        self.buffer.extend_from_slice(end.as_bytes());
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_has_all_its_members() {
        let expected = serde_json::json!({ "schemas": [LIST], "Resources": [], "totalResults": 7, "startIndex": 9, "itemsPerPage": 0 });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&List::new(9).end(Some(7))).unwrap(), expected);
    }

    #[test]
    fn resources_are_counted_and_parted() {
        let mut list = List::new(1);
        for number in ["1", "2"] {
            list.next();
            list.buffer.extend_from_slice(number.as_bytes());
        }
        let read: serde_json::Value = serde_json::from_slice(&list.end(Some(5))).unwrap();
        assert_eq!((&read["Resources"], &read["itemsPerPage"]), (&serde_json::json!([1, 2]), &serde_json::json!(2)));
    }
}
