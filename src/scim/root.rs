//! The query at the root, `GET /` and `POST /.search` (RFC 7644 sections 3.4.2.1 and 3.4.3): users and groups in one list.
//! What a type has no attribute for has no value there. A page shows its users, then its groups.

use super::{
    Facade,
    document::Shown,
    error::Refusal,
    groups,
    list::List,
    members::{self, fitting},
    query::{NEWEST_FIRST, Query},
    respond::{Answer, Outcome},
    session::Session,
    users,
};
use crate::{
    api::v1::{ListGroupsResponse, ListOptions, ListUsersResponse, list_options::TotalSize},
    attributes::{ResourceType, Schemas, order::Order},
    limits,
};
use axum::http::StatusCode;

/// Users and groups in one list. An order is kept within each type.
///
/// # Errors
/// What the directory answers, or a query that contradicts itself.
pub async fn list(facade: &Facade, session: &Session, query: &Query) -> Outcome {
    let query = &Query { spans_types: true, ..query.clone() };
    let shown = Shown::new(ResourceType::Group, query, session)?;
    let page =
        if query.cursor.is_some() { by_cursor(facade, session, query, &shown).await? } else { by_index(facade, session, query).await? };
    let mut list = List::new(query);
    list.add_users(&Shown::new(ResourceType::User, query, session)?, &page.users);
    list.go_on_at(page.next);
    let revision = page.groups.read_at.clone().or(page.users.read_at);
    let body = members::page(facade, session, &shown, list, page.groups).await?;
    Ok(Answer::document(StatusCode::OK, body).revision(revision.as_ref()).into())
}

/// A page of both; the groups bring the total of both.
struct Page {
    users: ListUsersResponse,
    groups: ListGroupsResponse,
    /// Where the next one begins, with cursors.
    next: String,
}

/// Where an order is asked for, users come first; otherwise users and groups take turns, so that the newest of both are on
/// the first page.
async fn by_index(facade: &Facade, session: &Session, query: &Query) -> Result<Page, Refusal> {
    let counted = users::page(facade, session, query, only_total(ResourceType::User, query, &session.schemas)).await?;
    let user_total = counted.total_size.unwrap_or_default();
    let group_total = groups::page(facade, session, query, only_total(ResourceType::Group, query, &session.schemas))
        .await?
        .total_size
        .unwrap_or_default();
    let turns = Turns { users: user_total, groups: group_total, in_turn: query.sort_by.is_none() };
    let first = query.first() - 1;
    let mut end = first.saturating_add(count_of(query));
    let mut users = match window(ResourceType::User, query, &session.schemas, turns.users_among(first), turns.users_among(end)) {
        Some(options) => users::page(facade, session, query, options).await?,
        None => ListUsersResponse { read_at: counted.read_at, ..ListUsersResponse::default() },
    };
    let mut groups = match window(ResourceType::Group, query, &session.schemas, turns.groups_among(first), turns.groups_among(end)) {
        Some(options) => groups::page(facade, session, query, options).await?,
        None => ListGroupsResponse::default(),
    };
    // A page of either that was closed early, or would be, ends the whole page there: the next one begins where it ended.
    let (users_end, groups_end) =
        (turns.users_among(first) + count(&users.users), turns.groups_among(first) + count(fitting(&groups.groups)));
    while end > first && (turns.users_among(end) > users_end || turns.groups_among(end) > groups_end) {
        end -= 1;
    }
    users.users.truncate(usize::try_from(turns.users_among(end) - turns.users_among(first)).unwrap_or_default());
    groups.groups.truncate(usize::try_from(turns.groups_among(end) - turns.groups_among(first)).unwrap_or_default());
    groups.total_size = Some(user_total + group_total);
    Ok(Page { users, groups, next: String::new() })
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

fn only_total(kind: ResourceType, query: &Query, schemas: &Schemas) -> ListOptions {
    ListOptions { page_token: String::new(), total_size: TotalSize::Only as i32, ..options_for(kind, query, schemas) }
}

/// The part of one type's list between two places; none if there is nothing between them.
fn window(kind: ResourceType, query: &Query, schemas: &Schemas, from: i64, to: i64) -> Option<ListOptions> {
    let number = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
    let options = ListOptions { skip: number(from), page_size: number(to - from), ..options_for(kind, query, schemas) };
    (to > from).then_some(ListOptions { total_size: TotalSize::None as i32, ..options })
}

/// Where a list over both types goes on: a letter says the type, and the directory's token follows it.
enum Place {
    /// With users, then groups.
    Users(String),
    /// With groups: the users have been given.
    Groups(String),
}

impl Place {
    fn of(cursor: &str) -> Result<Place, Refusal> {
        match (cursor, cursor.split_at_checked(1)) {
            ("", _) => Ok(Place::Users(String::new())),
            (_, Some(("u", token))) if !token.is_empty() => Ok(Place::Users(token.to_owned())),
            (_, Some(("g", token))) if !token.is_empty() => Ok(Place::Groups(token.to_owned())),
            _ => Err(Refusal::cursor()),
        }
    }
}

/// Users first, then groups. What has been given, or comes later, is only counted; that also says where it begins.
async fn by_cursor(facade: &Facade, session: &Session, query: &Query, shown: &Shown) -> Result<Page, Refusal> {
    let place = Place::of(query.cursor.as_deref().unwrap_or_default())?;
    let user_options = match &place {
        Place::Users(token) => ListOptions { page_token: token.clone(), ..options_for(ResourceType::User, query, &session.schemas) },
        Place::Groups(_) => only_total(ResourceType::User, query, &session.schemas),
    };
    let users = users::page(facade, session, query, user_options).await?;
    let left = count_of(query) - count(&users.users);
    let group_options = match &place {
        Place::Groups(token) => ListOptions { page_token: token.clone(), ..options_for(ResourceType::Group, query, &session.schemas) },
        Place::Users(_) if left > 0 && users.next_page_token.is_empty() => ListOptions {
            page_token: String::new(),
            page_size: i32::try_from(left).unwrap_or(i32::MAX),
            ..options_for(ResourceType::Group, query, &session.schemas)
        },
        Place::Users(_) => only_total(ResourceType::Group, query, &session.schemas),
    };
    let mut groups = groups::fitting_page(facade, session, query, shown, group_options).await?;
    let next = match place {
        Place::Users(_) if !users.next_page_token.is_empty() => format!("u{}", users.next_page_token),
        _ if !groups.next_page_token.is_empty() => format!("g{}", groups.next_page_token),
        _ => String::new(),
    };
    groups.total_size = Some(groups.total_size.unwrap_or_default() + users.total_size.unwrap_or_default());
    Ok(Page { users, groups, next })
}

fn count_of(query: &Query) -> i64 {
    i64::try_from(query.count.unwrap_or(limits::PAGE_DEFAULT)).unwrap_or(i64::MAX)
}

/// The list's options, without an order that only the other type has an attribute for.
fn options_for(kind: ResourceType, query: &Query, schemas: &Schemas) -> ListOptions {
    let options = query.list_options();
    let knows = |kind| Order::parse_in(kind, schemas, &options.order_by).is_ok();
    if knows(kind.other()) && !knows(kind) { ListOptions { order_by: NEWEST_FIRST.to_owned(), ..options } } else { options }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_order_is_left_out_where_only_the_other_type_knows_it() {
        let order =
            |kind, by: &str| options_for(kind, &Query { sort_by: Some(by.to_owned()), ..Query::default() }, &Schemas::none()).order_by;
        assert_eq!(order(ResourceType::User, "userName"), "userName");
        assert_eq!(order(ResourceType::Group, "userName"), NEWEST_FIRST);
        assert_eq!(order(ResourceType::Group, "displayName"), "displayName");
        assert_eq!(order(ResourceType::Group, "nope"), "nope");
    }
}
