//! Lists: filter, order, pages and totals, the same way for users and groups.
//!
//! SQL narrows by what the filter implies and an index answers; the evaluator has the last word on either engine.

mod candidate;
mod collect;
mod edges;

use super::{
    Error, Result,
    core::{Call, Directory},
    groups, page,
    sight::Sight,
    users as user_service,
};
use crate::{
    api::v1::{Group, ListGroupsRequest, ListGroupsResponse, ListOptions, ListUsersRequest, ListUsersResponse, list_options::TotalSize},
    attributes::{ResourceType, Schemas, edge::EdgeLeaf, filter::Filter, order::Order},
    limits,
    store::{Narrow, Reader},
};
use collect::{Found, Page};

/// A list as it was asked for, checked.
pub(super) struct Query {
    pub(super) kind: ResourceType,
    pub(super) filter: Option<Filter>,
    pub(super) order: Option<Order>,
    pub(super) size: usize,
    pub(super) skip: usize,
    pub(super) total: TotalSize,
    pub(super) narrow: Narrow,
    pub(super) from: Option<page::Position>,
    /// Whether those that were deleted softly are listed too, as far as the caller could bring them back.
    pub(super) deleted: Option<Sight>,
    /// Whether the caller sees only what its connection manages.
    narrow_sight: bool,
    binding: Vec<u8>,
}

impl Query {
    fn new(
        directory: &Directory,
        call: &Call,
        kind: ResourceType,
        organization: &str,
        filter: Option<&crate::api::v1::Filter>,
        options: &ListOptions,
        schemas: &Schemas,
    ) -> Result<Query> {
        let given = filter.filter(|f| !f.expression.is_empty() || !f.parameters.is_empty());
        let parsed = given.map(|f| Filter::parse_in(kind, schemas, &f.expression, &f.parameters, f.spans_types)).transpose()?;
        let order = Some(options.order_by.as_str()).filter(|order| !order.is_empty());
        let order = order
            .map(|order| Order::parse_in(kind, schemas, order).map_err(|refused| Error::from(refused).at("list.order_by")))
            .transpose()?;
        let encoded = given.map(prost::Message::encode_to_vec).unwrap_or_default();
        let binding = page::binding(
            call,
            organization,
            &[kind.name().as_bytes(), &encoded, options.order_by.as_bytes(), &[u8::from(options.show_deleted)]],
        );
        let in_list = |error: Error| error.inside("list");
        let mut from = page::open(&directory.store, &binding, &options.page_token, directory.clock.now()).map_err(in_list)?;
        // Counted with other eyes: it would tell of what the caller sees no more, or hide what it sees now.
        let narrow_sight = Sight::of(call).is_narrow();
        if let Some(from) = from.as_mut().filter(|from| from.narrow != narrow_sight) {
            from.total = None;
            from.narrow = narrow_sight;
        }
        let skip = usize::try_from(options.skip).map_err(|_| Error::value("list.skip", "list.skip is negative."))?;
        let total = TotalSize::try_from(options.total_size)
            .map_err(|_| Error::value("list.total_size", "list.total_size is none of its values."))?;
        let narrow = Narrow {
            conditions: parsed.as_ref().map(Filter::narrow).unwrap_or_default(),
            connection: call.connection().to_owned(),
            backwards: order.as_ref().is_some_and(|order| order.is_by_id() && order.descending()),
            ..Narrow::default()
        };
        Ok(Query {
            kind,
            filter: parsed,
            // By id is how everything is read anyway.
            order: order.filter(|order| !order.is_by_id()),
            size: page::size(options.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX).map_err(in_list)?,
            // A token goes on where its page ended; what was skipped before it is behind.
            skip: if from.is_some() { 0 } else { skip },
            total,
            narrow,
            from,
            deleted: options.show_deleted.then(|| Sight::of(call)),
            narrow_sight,
            binding,
        })
    }

    /// A user is in a group also through the groups below it.
    async fn look_below(&mut self, directory: &Directory, reader: &mut Reader) -> Result<()> {
        let leaves = self.filter.as_ref().map_or(&[][..], |f| f.edges());
        for leaf in leaves {
            if let EdgeLeaf::InGroup(group) = leaf {
                let below = directory.nesting.graph(reader).await?.from_down(group);
                self.narrow.below.insert(group.clone(), below.into_iter().collect());
            }
        }
        Ok(())
    }

    /// Whether the total is to be counted: not where a token brought it along.
    pub(super) fn counts(&self) -> bool {
        self.total != TotalSize::Unspecified && self.total != TotalSize::None && self.from.as_ref().and_then(|f| f.total).is_none()
    }

    fn total(&self, page: &Page) -> Option<i64> {
        // What was counted now is truer than what a token brought along.
        let known = page.total.or_else(|| self.from.as_ref().and_then(|f| f.total));
        known.filter(|_| self.total != TotalSize::Unspecified && self.total != TotalSize::None)
    }

    fn next(&self, directory: &Directory, page: &Page) -> String {
        let total = self.total(page);
        let position = match page.found.last().filter(|_| page.more) {
            Some(last) => {
                page::Position { after: last.id.clone(), key: last.key.clone(), total, narrow: self.narrow_sight, ..Default::default() }
            }
            // Nothing was to be given yet.
            None if self.total == TotalSize::Only && total.is_some_and(|total| total > 0) => {
                page::Position { total, narrow: self.narrow_sight, ..self.from.clone().unwrap_or_default() }
            }
            None => return String::new(),
        };
        page::seal(&directory.store, &self.binding, position, directory.clock.now())
    }
}

/// A page of users.
pub(super) async fn users(directory: &Directory, call: &Call, request: ListUsersRequest) -> Result<ListUsersResponse> {
    let options = request.list.unwrap_or_default();
    let organization = request.organization_id;
    let shown = user_service::Shown::new(request.selection.as_ref())?;
    let mut reader = directory.read(&organization, request.consistency.as_ref()).await?;
    let schemas = reader.schemas().await?;
    let mut query = Query::new(directory, call, ResourceType::User, &organization, request.filter.as_ref(), &options, &schemas)?;
    let shown = shown.among(schemas);
    query.narrow.view = Sight::of(call).view(&mut reader).await?;
    query.look_below(directory, &mut reader).await?;
    let page = collect::collect(directory, &mut reader, call, &query).await?;
    let mut users = page.found.iter().map(|found| user_service::decode(reader.life(), found.body()?)).collect::<Result<Vec<_>>>()?;
    shown.finish(directory, call, Some(&mut reader), &mut users).await?;
    Ok(ListUsersResponse {
        users,
        next_page_token: query.next(directory, &page),
        total_size: query.total(&page),
        read_at: directory.read_at(&reader),
    })
}

/// A page of groups.
pub(super) async fn groups(directory: &Directory, call: &Call, request: ListGroupsRequest) -> Result<ListGroupsResponse> {
    let options = request.list.unwrap_or_default();
    let organization = request.organization_id;
    let shown = groups::Shown::new(request.selection.as_ref())?;
    let mut reader = directory.read(&organization, request.consistency.as_ref()).await?;
    let schemas = reader.schemas().await?;
    let mut query = Query::new(directory, call, ResourceType::Group, &organization, request.filter.as_ref(), &options, &schemas)?;
    query.narrow.view = Sight::of(call).view(&mut reader).await?;
    let shown = shown.among(schemas);
    let page = collect::collect(directory, &mut reader, call, &query).await?;
    let groups = page.found.iter().map(|found: &Found| Ok(shown.finish(call, Group::clone(found.group()?)))).collect::<Result<Vec<_>>>()?;
    Ok(ListGroupsResponse {
        groups,
        next_page_token: query.next(directory, &page),
        total_size: query.total(&page),
        read_at: directory.read_at(&reader),
    })
}
