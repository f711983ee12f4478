//! The envelope of a list (RFC 7644 section 3.4.2): always with all its members, also when empty.

use super::{document::Shown, query::Query};
use crate::api::v1;

/// The schema of every list.
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A list being written, resource by resource. The numbers come last, so that it can be closed early and still be right.
#[derive(Debug)]
pub struct List {
    /// What is written so far.
    pub buffer: Vec<u8>,
    /// The number of the first resource, counted from 1; `None` with cursors.
    first: Option<i64>,
    next: String,
    count: usize,
}

impl List {
    /// An open list that answers a query.
    pub fn new(query: &Query) -> Self {
        let first = if query.cursor.is_some() { None } else { Some(query.first()) };
        let buffer = format!("{{\"schemas\":[\"{LIST}\"],\"Resources\":[").into_bytes();
        List { buffer, first, next: String::new(), count: 0 }
    }

    /// Whether it is paged by cursors; then it shows all it was given, since the next page begins behind that.
    pub fn has_cursors(&self) -> bool {
        self.first.is_none()
    }

    /// Says where the next page begins; empty = there is none.
    pub fn go_on_at(&mut self, next: String) {
        self.next = next;
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
        let (total, count) = (total.unwrap_or_default(), self.count);
        let at = match (self.first, self.next.as_str()) {
            (Some(first), _) => format!("\"startIndex\":{first},"),
            (None, "") => String::new(),
            // Unreserved characters alone (RFC 9865 section 2): nothing to escape.
            (None, next) => format!("\"nextCursor\":\"{next}\","),
        };
        let end = format!("],\"totalResults\":{total},{at}\"itemsPerPage\":{count}}}");
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
        let query = Query { start_index: Some(9), ..Query::default() };
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&List::new(&query).end(Some(7))).unwrap(), expected);
    }

    #[test]
    fn with_cursors_a_list_says_where_it_goes_on_and_no_number() {
        let query = Query { cursor: Some(String::new()), ..Query::default() };
        let mut list = List::new(&query);
        list.go_on_at("xY-_".to_owned());
        let read: serde_json::Value = serde_json::from_slice(&list.end(Some(5))).unwrap();
        let expected =
            serde_json::json!({ "schemas": [LIST], "Resources": [], "totalResults": 5, "itemsPerPage": 0, "nextCursor": "xY-_" });
        assert_eq!(read, expected);
        let ended: serde_json::Value = serde_json::from_slice(&List::new(&query).end(Some(5))).unwrap();
        assert!(ended.get("nextCursor").is_none() && ended.get("startIndex").is_none());
    }

    #[test]
    fn resources_are_counted_and_parted() {
        let mut list = List::new(&Query::default());
        for number in ["1", "2"] {
            list.next();
            list.buffer.extend_from_slice(number.as_bytes());
        }
        let read: serde_json::Value = serde_json::from_slice(&list.end(Some(5))).unwrap();
        assert_eq!((&read["Resources"], &read["itemsPerPage"]), (&serde_json::json!([1, 2]), &serde_json::json!(2)));
    }
}
