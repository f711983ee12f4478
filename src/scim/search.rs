//! `POST /.search` (RFC 7644 section 3.4.3): a query in a body instead of an address.

use super::{document::clip, error::Refusal, query::Query};
use crate::{
    api::v1::{AttributeValue, attribute_value::Kind},
    attributes::{spoken::spoken, value::AnyValue},
};
use serde::de::DeserializeSeed as _;

/// The schema of a search.
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Reads a search. It says the same as a query string, its attributes in lists.
///
/// # Errors
/// 400 for what is no search; where `strict`, also for a key that a search does not have.
pub fn read(bytes: &[u8], strict: bool) -> Result<Query, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = AnyValue::default().deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    let document = document.map_err(|error| Refusal::syntax(format!("The body is no search: {}.", spoken(&error))))?;
    let Some(Kind::ComplexValue(map)) = document.kind else { return Err(Refusal::syntax("A search is an object.")) };
    let mut query = Query::default();
    let (mut is_search, mut bad_count) = (false, None);
    for entry in map.entries {
        let Some(value) = entry.value.filter(|value| !matches!(value.kind, None | Some(Kind::NullValue(_)))) else { continue };
        match entry.name.to_ascii_lowercase().as_str() {
            "schemas" => is_search = texts("schemas", value)?.iter().any(|urn| urn.eq_ignore_ascii_case(SEARCH)),
            "filter" => query.filter = Some(text("filter", value)?),
            "sortby" => query.sort_by = Some(text("sortBy", value)?),
            "sortorder" => query.set_order(&text("sortOrder", value)?)?,
            "startindex" => query.start_index = Some(integer("startIndex", &value)?.max(1)),
            "count" => match integer("count", &value) {
                Ok(count) => query.set_count(count),
                Err(refusal) => bad_count = Some(refusal),
            },
            "cursor" => query.cursor = Some(text("cursor", value)?),
            "attributes" => query.attributes = texts("attributes", value)?,
            "excludedattributes" => query.excluded = texts("excludedAttributes", value)?,
            _ if strict => return Err(Refusal::syntax(format!("A search has no {}.", clip(&entry.name)))),
            _ => {}
        }
    }
    if !is_search {
        return Err(Refusal::syntax(format!("schemas does not name {SEARCH}.")));
    }
    if let Some(refusal) = bad_count {
        return Err(query.bad_count(refusal));
    }
    query.check()?;
    Ok(query)
}

fn text(name: &str, value: AttributeValue) -> Result<String, Refusal> {
    match value.kind {
        Some(Kind::StringValue(text)) => Ok(text),
        _ => Err(Refusal::value(format!("{name} is no text."))),
    }
}

fn texts(name: &str, value: AttributeValue) -> Result<Vec<String>, Refusal> {
    match value.kind {
        Some(Kind::ListValue(list)) => list.values.into_iter().map(|value| text(name, value)).collect(),
        _ => Err(Refusal::value(format!("{name} is no list of texts."))),
    }
}

fn integer(name: &str, value: &AttributeValue) -> Result<i64, Refusal> {
    match value.kind {
        Some(Kind::IntegerValue(number)) => Ok(number),
        _ => Err(Refusal::value(format!("{name} is not an integer."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn search(members: &Value) -> Result<Query, Refusal> {
        let mut body = json!({ "schemas": [SEARCH] });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read(body.to_string().as_bytes(), false)
    }

    #[test]
    fn a_search_says_what_a_query_string_says() {
        let body = json!({ "filter": "userName eq \"a+b\"", "sortBy": "userName", "sortOrder": "descending", "startIndex": 0, "COUNT": 9000,
            "attributes": ["userName"], "excludedAttributes": null, "x": { "y": 1 } });
        let same = Query::parse(
            "filter=userName%20eq%20%22a%2Bb%22&sortBy=userName&sortOrder=descending&startIndex=0&count=9000&attributes=userName",
        );
        assert_eq!(search(&body), same);
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for members in [
            json!({ "filter": "" }),
            json!({ "filter": 7 }),
            json!({ "count": "1" }),
            json!({ "startIndex": 1.5 }),
            json!({ "attributes": "id" }),
        ] {
            assert_eq!(search(&members).unwrap_err().status().as_u16(), 400, "{members}");
        }
        for body in
            ["", "[]", "{}", r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}"#, r#"{"filter":"id pr","Filter":"id pr"}"#]
        {
            assert_eq!(read(body.as_bytes(), false).unwrap_err().scim_type(), Some("invalidSyntax"), "{body}");
        }
    }
}
