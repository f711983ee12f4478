//! `POST /.search` (RFC 7644 section 3.4.3): a query in a body instead of an address, over one resource type or both.

use super::{
    Facade,
    document::{Shown, clip},
    error::Refusal,
    groups,
    list::List,
    members,
    query::Query,
    respond::{Answer, Outcome},
    session::Session,
    users,
};
use crate::{
    api::v1::{AttributeValue, ListGroupsResponse, ListOptions, ListUsersResponse, attribute_value::Kind, list_options::TotalSize},
    attributes::{ResourceType, order::Order, value::AnyValue},
    limits,
};
use axum::http::StatusCode;
use serde::de::DeserializeSeed as _;
use tonic::Status;

/// The schema of a search.
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Reads a search. It says the same as a query string, its attributes in lists.
///
/// # Errors
/// 400 for what is no search.
pub fn read(bytes: &[u8]) -> Result<Query, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = AnyValue::default().deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    let document = document.map_err(|error| Refusal::syntax(format!("The body is no search: {}.", clip(&error.to_string()))))?;
    let Some(Kind::ComplexValue(map)) = document.kind else { return Err(Refusal::syntax("A search is an object.")) };
    let mut query = Query::default();
    let mut is_search = false;
    for entry in map.entries {
        let Some(value) = entry.value.filter(|value| !matches!(value.kind, None | Some(Kind::NullValue(_)))) else { continue };
        match entry.name.to_ascii_lowercase().as_str() {
            "schemas" => is_search = texts("schemas", value)?.iter().any(|urn| urn.eq_ignore_ascii_case(SEARCH)),
            "filter" => query.filter = Some(text("filter", value)?),
            "sortby" => query.sort_by = Some(text("sortBy", value)?),
            "sortorder" => query.set_order(&text("sortOrder", value)?)?,
            "startindex" => query.start_index = Some(integer("startIndex", &value)?.max(1)),
            "count" => query.set_count(integer("count", &value)?),
            "attributes" => query.attributes = texts("attributes", value)?,
            "excludedattributes" => query.excluded = texts("excludedAttributes", value)?,
            _ => {}
        }
    }
    if !is_search {
        return Err(Refusal::syntax(format!("schemas does not name {SEARCH}.")));
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

/// Users and groups in one list, the users first; an order is kept within each type. A type that has no such attribute as
/// the filter names contributes nothing, one that has no such attribute as the order names keeps its own.
///
/// # Errors
/// What the directory answers; a query is refused when neither type understands it.
pub async fn all(facade: &Facade, session: &Session, query: &Query) -> Outcome {
    let mut list = List::new(query.first());
    let (users, refused) = match users::page(facade, session, query, options_for(ResourceType::User, query)).await {
        Ok(page) => (page, None),
        Err(status) => (ListUsersResponse { total_size: Some(0), ..Default::default() }, Some(unknown_attribute(status)?)),
    };
    list.add_users(&Shown::new(ResourceType::User, query, session)?, &users);
    let mut groups = match (group_page(facade, session, query, &users).await, refused) {
        (Ok(page), _) => page,
        (Err(status), None) => {
            unknown_attribute(status)?;
            ListGroupsResponse { read_at: users.read_at.clone(), ..Default::default() }
        }
        (Err(_), Some(refused)) => return Err(refused),
    };
    groups.total_size = Some(groups.total_size.unwrap_or_default() + users.total_size.unwrap_or_default());
    let revision = groups.read_at.clone();
    let body = members::page(facade, session, &Shown::new(ResourceType::Group, query, session)?, list, groups).await?;
    Ok(Answer::document(StatusCode::OK, body).revision(revision.as_ref()).into())
}

/// What of the page is left for groups after the users.
async fn group_page(facade: &Facade, session: &Session, query: &Query, users: &ListUsersResponse) -> Result<ListGroupsResponse, Status> {
    let mut options = options_for(ResourceType::Group, query);
    let total = users.total_size.unwrap_or_default();
    let shown = i64::try_from(users.users.len()).unwrap_or(i64::MAX);
    let left = i64::try_from(query.count.unwrap_or(limits::PAGE_DEFAULT)).unwrap_or(i64::MAX) - shown;
    // A page that was closed early goes on with users, not with groups.
    if left <= 0 || query.first() - 1 + shown < total {
        options.set_total_size(TotalSize::Only);
    } else {
        options.page_size = i32::try_from(left).unwrap_or(i32::MAX);
        options.skip = i32::try_from((query.first() - 1 - total).max(0)).unwrap_or(i32::MAX);
    }
    groups::page(facade, session, query, options).await
}

/// The list's options, without an order that only the other type has an attribute for.
fn options_for(kind: ResourceType, query: &Query) -> ListOptions {
    let options = query.list_options();
    let knows = |kind| Order::parse(kind, &options.order_by).is_ok();
    let other = if kind == ResourceType::User { ResourceType::Group } else { ResourceType::User };
    if knows(other) && !knows(kind) { ListOptions { order_by: String::new(), ..options } } else { options }
}

/// A filter that one type does not understand is no reason to fail the whole.
fn unknown_attribute(status: Status) -> Result<Refusal, Refusal> {
    let refusal = Refusal::from(status);
    if refusal.scim_type() == Some("invalidFilter") { Ok(refusal) } else { Err(refusal) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn search(members: &Value) -> Result<Query, Refusal> {
        let mut body = json!({ "schemas": [SEARCH] });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read(body.to_string().as_bytes())
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
    fn an_order_is_left_out_where_only_the_other_type_knows_it() {
        let order = |kind, by: &str| options_for(kind, &Query { sort_by: Some(by.to_owned()), ..Query::default() }).order_by;
        assert_eq!(order(ResourceType::User, "userName"), "userName");
        assert_eq!(order(ResourceType::Group, "userName"), "");
        assert_eq!(order(ResourceType::Group, "displayName"), "displayName");
        assert_eq!(order(ResourceType::Group, "nope"), "nope");
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
            assert_eq!(read(body.as_bytes()).unwrap_err().scim_type(), Some("invalidSyntax"), "{body}");
        }
    }
}
