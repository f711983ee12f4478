//! `OrganizationService`. Organizations live in the reserved organization `system`, so they have its revisions.

use super::{
    Directory, Error, Reply, Result,
    core::{Call, Edit},
    fields::{self, Field},
    page, precondition, record,
    record::Noun,
};
use crate::{
    access::Reach,
    api::v1::{
        CreateOrganizationRequest, CreateOrganizationResponse, ErrorReason, GetOrganizationRequest, GetOrganizationResponse,
        ListOrganizationsRequest, ListOrganizationsResponse, Organization, ResourceKind, ResourceMeta, UpdateOrganizationRequest,
        UpdateOrganizationResponse, change_event::Action, list_options::TotalSize, organization::State,
        organization_service_server::OrganizationService,
    },
    limits,
    store::{Reader, RecordKind, SYSTEM, Work},
};
use std::sync::Arc;
use tonic::{Request, Response};

/// The organizations of a directory.
#[derive(Debug, Clone)]
pub struct Organizations(pub(super) Arc<Directory>);

impl Noun for Organization {
    const STORED: RecordKind = RecordKind::Organization;
    const KIND: ResourceKind = ResourceKind::Organization;
    const NAME: &'static str = "organization";

    fn id(&self) -> &str {
        &self.id
    }

    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>> {
        Some(&mut self.meta)
    }

    fn key(&self) -> Option<String> {
        Some(self.key.clone())
    }
}

const FIELDS: &[Field<Organization>] = &[
    ("key", |to, from| to.key.clone_from(&from.key)),
    ("display_name", |to, from| to.display_name.clone_from(&from.display_name)),
    ("state", |to, from| to.state = from.state),
    ("verified_domains", |to, from| to.verified_domains.clone_from(&from.verified_domains)),
    ("refuse_group_cycles", |to, from| to.refuse_group_cycles = from.refuse_group_cycles),
];
const OUTPUT_ONLY: &[&str] = &["id", "meta"];

/// The reserved organization as callers see it; it has no record of its own.
pub(super) fn system() -> Organization {
    Organization { id: SYSTEM.to_owned(), key: SYSTEM.to_owned(), state: State::Active.into(), ..Organization::default() }
}

#[tonic::async_trait]
impl OrganizationService for Organizations {
    async fn create_organization(&self, request: Request<CreateOrganizationRequest>) -> Reply<CreateOrganizationResponse> {
        let (call, message) = Call::writing(request)?;
        require_platform(&call)?;
        let given = message.organization.ok_or_else(|| Error::missing("organization"))?;
        let mut organization = Organization { id: self.0.clock.new_id(), meta: None, ..given };
        check(&mut organization)?;
        let directory = Arc::clone(&self.0);
        let written = self
            .0
            .write(&call, SYSTEM, message.write, move |work| {
                require_key(work, &organization)?;
                work.add_head(&organization.id);
                work.set_refuses_cycles(&organization.id, organization.refuse_group_cycles);
                record::put(&directory, work, organization.clone(), Action::Created, Vec::new())
            })
            .await?;
        let committed_at = written.committed_at;
        Ok(Response::new(CreateOrganizationResponse { organization: Some(written.answer), committed_at }))
    }

    async fn get_organization(&self, request: Request<GetOrganizationRequest>) -> Reply<GetOrganizationResponse> {
        let (_, message) = Call::of(request)?;
        let mut reader = self.0.read(SYSTEM, message.consistency.as_ref()).await?;
        let organization = Some(self.0.organization_at(&mut reader, &message.organization_id).await?);
        Ok(Response::new(GetOrganizationResponse { organization, read_at: self.0.read_at(&reader) }))
    }

    async fn list_organizations(&self, request: Request<ListOrganizationsRequest>) -> Reply<ListOrganizationsResponse> {
        let (call, message) = Call::of(request)?;
        if message.filter.is_some_and(|filter| !filter.expression.is_empty()) {
            return Err(Error::new(ErrorReason::InvalidFilter, "Organizations cannot be filtered in this version.")
                .at("filter")
                .with("offset", "0")
                .into());
        }
        let list = message.list.unwrap_or_default();
        for (field, given) in [("skip", list.skip != 0), ("order_by", !list.order_by.is_empty()), ("show_deleted", list.show_deleted)] {
            if given {
                return Err(Error::value(format!("list.{field}"), format!("{field} is not served for organizations.")).into());
            }
        }
        let in_list = |error: Error| error.inside("list");
        let counting = list.total_size();
        let mut reader = self.0.read(SYSTEM, message.consistency.as_ref()).await?;
        let read_at = self.0.read_at(&reader);
        if call.caller.reach == Reach::Own {
            // Nothing to page: a caller without reach sees its own organization alone.
            page::size(list.page_size, limits::PAGE_DEFAULT, limits::PAGE_MAX).map_err(in_list)?;
            page::open(&self.0.store, &[], &list.page_token, self.0.clock.now()).map_err(in_list)?;
            let organizations = vec![self.0.organization_at(&mut reader, &call.caller.organization).await?];
            return Ok(Response::new(ListOrganizationsResponse { read_at, ..answer(organizations, String::new(), Some(1), counting) }));
        }
        let total = match counting {
            TotalSize::Exact | TotalSize::Only => Some(reader.count_records(RecordKind::Organization).await.map_err(Error::from)?),
            TotalSize::None | TotalSize::Unspecified => None,
        };
        let (organizations, next) =
            record::list(&self.0, &call, &mut reader, &[], (list.page_size, &list.page_token), |_: &Organization| true)
                .await
                .map_err(in_list)?;
        Ok(Response::new(ListOrganizationsResponse { read_at, ..answer(organizations, next, total, counting) }))
    }

    async fn update_organization(&self, request: Request<UpdateOrganizationRequest>) -> Reply<UpdateOrganizationResponse> {
        let (call, message) = Call::writing(request)?;
        require_platform(&call)?;
        let given = message.organization.ok_or_else(|| Error::missing("organization"))?;
        let (mask, precondition) = (message.update_mask, message.precondition);
        precondition::check_form(precondition.as_ref())?;
        let directory = Arc::clone(&self.0);
        let written = self
            .0
            .write(&call, SYSTEM, message.write, move |work| {
                let mut organization: Organization = record::find_if(&directory, work, &given.id, precondition.as_ref())?;
                let changed = fields::take(&mut organization, &given, mask.as_ref(), FIELDS, OUTPUT_ONLY)?;
                check(&mut organization)?;
                require_key(work, &organization)?;
                if changed.is_empty() {
                    return Ok(organization);
                }
                // Its own lane looks at its own head.
                work.set_refuses_cycles(&organization.id, organization.refuse_group_cycles);
                record::put(&directory, work, organization, Action::Updated, changed)
            })
            .await?;
        let committed_at = written.committed_at;
        Ok(Response::new(UpdateOrganizationResponse { organization: Some(written.answer), committed_at }))
    }
}

impl Directory {
    /// An organization by id.
    ///
    /// # Errors
    /// `ORGANIZATION_DENIED` for one that is not there: whoever may ask at all may enter all, or has its own.
    pub(super) async fn organization(&self, id: &str) -> Result<Organization> {
        if id == SYSTEM { Ok(system()) } else { self.organization_at(&mut self.read(SYSTEM, None).await?, id).await }
    }

    /// The same in a snapshot of `system`.
    async fn organization_at(&self, reader: &mut Reader, id: &str) -> Result<Organization> {
        if id == SYSTEM {
            return Ok(system());
        }
        let record = reader.record(RecordKind::Organization, id).await?.ok_or_else(Error::organization_denied)?;
        record::read(self, &record)
    }
}

fn answer(
    organizations: Vec<Organization>,
    next_page_token: String,
    total_size: Option<i64>,
    counting: TotalSize,
) -> ListOrganizationsResponse {
    let page = ListOrganizationsResponse { organizations, next_page_token, ..ListOrganizationsResponse::default() };
    match counting {
        TotalSize::Only => ListOrganizationsResponse { total_size, ..ListOrganizationsResponse::default() },
        TotalSize::Exact => ListOrganizationsResponse { total_size, ..page },
        TotalSize::None | TotalSize::Unspecified => page,
    }
}

fn require_platform(call: &Call) -> Result<()> {
    if call.caller.may_enter(SYSTEM) { Ok(()) } else { Err(Error::organization_denied()) }
}

/// The border: what is stored is valid.
fn check(organization: &mut Organization) -> Result<()> {
    const STATES: &str = "organization.state";
    let key = &organization.key;
    if key.is_empty() {
        return Err(Error::missing("organization.key"));
    }
    if key.len() > limits::KEY_CHARS {
        return Err(Error::too_large("organization.key", limits::KEY_CHARS, "characters"));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) || !key.chars().all(allowed) {
        let why = "organization.key takes a-z, 0-9 and \"-\", beginning with a letter.";
        return Err(Error::value("organization.key", why));
    }
    // "v2" would be read as a version where a path leaves its version out.
    let version = key.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    if version || limits::RESERVED_KEYS.contains(&key.as_str()) {
        let why = format!("organization.key is {key:?}, which stands for something else in a base URL.");
        return Err(Error::value("organization.key", why));
    }
    record::check_name("organization.display_name", &organization.display_name, false)?;
    match State::try_from(organization.state) {
        Ok(State::Unspecified) => organization.state = State::Active.into(),
        Ok(State::Active | State::Suspended) => {}
        Err(_) => return Err(Error::value(STATES, "organization.state has an unknown value.")),
    }
    if organization.verified_domains.len() > limits::DOMAINS {
        return Err(Error::too_large("organization.verified_domains", limits::DOMAINS, "domains"));
    }
    organization.verified_domains.iter().try_for_each(|domain| record::check_name("organization.verified_domains", domain, true))
}

/// A key belongs to one organization, and `system` to none.
fn require_key(work: &mut Work, organization: &Organization) -> Edit<()> {
    let holder = work.record_keyed(RecordKind::Organization, &organization.key)?;
    if organization.key == SYSTEM || holder.is_some_and(|id| id != organization.id) {
        return Err(Error::taken("organization.key").into());
    }
    Ok(())
}
