//! `POST /.search` (RFC 7644 section 3.4.3): a query in a body instead of an address, over one resource type or both.

use super::{
    Facade,
    document::{Shown, clip},
    error::Refusal,
    groups,
    list::List,
    members,
    query::{NEWEST_FIRST, Query},
    respond::{Answer, Outcome},
    session::Session,
    users,
};
use crate::{
    api::v1::{AttributeValue, Group, ListGroupsResponse, ListOptions, ListUsersResponse, attribute_value::Kind, list_options::TotalSize},
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

/// Bytes of one shown member, to judge by how many groups fit a page.
const MEMBER_BYTES: i64 = 256;

/// Users and groups in one list. Where an order is asked for, it is kept within each type, and users come first; otherwise
/// users and groups take turns, so that the newest of both are on the first page. A type that has no such attribute as the
/// filter names contributes nothing, one that has no such attribute as the order names keeps its own order.
///
/// # Errors
/// What the directory answers; a query is refused when neither type understands it.
pub async fn all(facade: &Facade, session: &Session, query: &Query) -> Outcome {
    let mut revision = None;
    let (user_total, refused) = match users::page(facade, session, query, only_total(ResourceType::User, query)).await {
        Ok(page) => {
            revision = page.read_at;
            (page.total_size.unwrap_or_default(), None)
        }
        Err(status) => (0, Some(unknown_attribute(status)?)),
    };
    let group_total = match groups::page(facade, session, query, only_total(ResourceType::Group, query)).await {
        Ok(page) => page.total_size.unwrap_or_default(),
        Err(status) => {
            let refusal = unknown_attribute(status)?;
            if refused.is_some() {
                return Err(refusal);
            }
            0
        }
    };
    let turns = Turns { users: user_total, groups: group_total, in_turn: query.sort_by.is_none() };
    let first = query.first() - 1;
    let mut end = first.saturating_add(i64::try_from(query.count.unwrap_or(limits::PAGE_DEFAULT)).unwrap_or(i64::MAX));
    let mut users = match window(ResourceType::User, query, turns.users_among(first), turns.users_among(end)) {
        Some(options) => users::page(facade, session, query, options).await?,
        None => ListUsersResponse::default(),
    };
    let mut groups = match window(ResourceType::Group, query, turns.groups_among(first), turns.groups_among(end)) {
        Some(options) => groups::page(facade, session, query, options).await?,
        None => ListGroupsResponse::default(),
    };
    // A page of either that was closed early, or would be, ends the whole page there: the next one begins where it ended.
    let (users_end, groups_end) = (turns.users_among(first) + count(&users.users), turns.groups_among(first) + fitting(&groups.groups));
    while end > first && (turns.users_among(end) > users_end || turns.groups_among(end) > groups_end) {
        end -= 1;
    }
    users.users.truncate(usize::try_from(turns.users_among(end) - turns.users_among(first)).unwrap_or_default());
    groups.groups.truncate(usize::try_from(turns.groups_among(end) - turns.groups_among(first)).unwrap_or_default());
    let mut list = List::new(query.first());
    list.add_users(&Shown::new(ResourceType::User, query, session)?, &users);
    groups.total_size = Some(user_total + group_total);
    let revision = groups.read_at.clone().or(users.read_at).or(revision);
    let body = members::page(facade, session, &Shown::new(ResourceType::Group, query, session)?, list, groups).await?;
    Ok(Answer::document(StatusCode::OK, body).revision(revision.as_ref()).into())
}

/// Who has which place in a list of users and groups.
struct Turns {
    users: i64,
    groups: i64,
    in_turn: bool,
}

impl Turns {
    /// How many of the first places are users'.
    fn users_among(&self, places: i64) -> i64 {
        let fair = if self.in_turn { places - places / 2 } else { places };
        fair.max(places.saturating_sub(self.groups)).min(self.users)
    }

    /// How many of them are groups'.
    fn groups_among(&self, places: i64) -> i64 {
        (places - self.users_among(places)).min(self.groups)
    }
}

fn count<T>(list: &[T]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

/// How many groups can be shown with their members before the page is too large; one always can.
fn fitting(groups: &[Group]) -> i64 {
    let room = i64::try_from(limits::SCIM_PAGE_BYTES).unwrap_or(i64::MAX) / MEMBER_BYTES;
    let mut members = 0_i64;
    let fit = groups.iter().take_while(|group| {
        let fits = members <= room / 2;
        members = members.saturating_add(group.direct_member_count);
        fits
    });
    i64::try_from(fit.count()).unwrap_or(i64::MAX)
}

fn only_total(kind: ResourceType, query: &Query) -> ListOptions {
    let mut options = options_for(kind, query);
    options.set_total_size(TotalSize::Only);
    options
}

/// The part of one type's list between two places; none if there is nothing between them.
fn window(kind: ResourceType, query: &Query, from: i64, to: i64) -> Option<ListOptions> {
    let number = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
    let options = ListOptions { skip: number(from), page_size: number(to - from), ..options_for(kind, query) };
    (to > from).then(|| ListOptions { total_size: TotalSize::None as i32, ..options })
}

/// The list's options, without an order that only the other type has an attribute for.
fn options_for(kind: ResourceType, query: &Query) -> ListOptions {
    let options = query.list_options();
    let knows = |kind| Order::parse(kind, &options.order_by).is_ok();
    let other = if kind == ResourceType::User { ResourceType::Group } else { ResourceType::User };
    if knows(other) && !knows(kind) { ListOptions { order_by: NEWEST_FIRST.to_owned(), ..options } } else { options }
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
    fn users_and_groups_take_turns_until_one_is_at_its_end() {
        let turns = |users, groups, in_turn| {
            let turns = Turns { users, groups, in_turn };
            (0..=8).map(|places| (turns.users_among(places), turns.groups_among(places))).collect::<Vec<_>>()
        };
        assert_eq!(turns(5, 2, true), [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (4, 2), (5, 2), (5, 2)]);
        assert_eq!(turns(1, 4, true), [(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 4), (1, 4), (1, 4)]);
        assert_eq!(turns(3, 2, false), [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (3, 2), (3, 2), (3, 2)]);
    }

    #[test]
    fn a_page_ends_before_its_groups_have_too_many_members() {
        let groups = |counts: &[i64]| counts.iter().map(|n| Group { direct_member_count: *n, ..Group::default() }).collect::<Vec<_>>();
        assert_eq!(fitting(&groups(&[])), 0);
        assert_eq!(fitting(&groups(&[2_000_000, 1, 1])), 1);
        assert_eq!(fitting(&groups(&[100_000, 100_000, 1])), 2);
        assert_eq!(fitting(&groups(&[3; 500])), 500);
    }

    #[test]
    fn an_order_is_left_out_where_only_the_other_type_knows_it() {
        let order = |kind, by: &str| options_for(kind, &Query { sort_by: Some(by.to_owned()), ..Query::default() }).order_by;
        assert_eq!(order(ResourceType::User, "userName"), "userName");
        assert_eq!(order(ResourceType::Group, "userName"), NEWEST_FIRST);
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
