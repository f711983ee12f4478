//! `GetCaller`: what the resolved credential says. It reads nothing, since a façade asks with every request.

use super::{Directory, Reply};
use crate::{
    access::{Caller, Reach, caller_of},
    api::v1::{GetCallerRequest, GetCallerResponse},
    clock::{Micros, timestamp},
    limits,
};
use std::{collections::BTreeMap, sync::LazyLock};
use tonic::{Request, Response};

pub(super) fn get(directory: &Directory, request: &Request<GetCallerRequest>) -> Reply<GetCallerResponse> {
    let caller: &Caller = caller_of(request)?;
    let connection = caller.connection.as_deref().cloned().map(|mut connection| {
        connection.scim_base_url = directory.base_url(&connection.id, &caller.home.key);
        connection
    });
    Ok(Response::new(GetCallerResponse {
        principal: caller.principal.clone(),
        organization_ids: match caller.reach {
            Reach::Own => vec![caller.organization.clone()],
            Reach::All => Vec::new(),
        },
        connection_id: caller.connection_id().to_owned(),
        scopes: caller.scopes.iter().map(str::to_owned).collect(),
        expire_time: (caller.expires_at < Micros::MAX).then(|| timestamp(caller.expires_at)),
        limits: LIMITS
            .iter()
            .map(|(name, bound)| (name.clone(), *bound))
            .chain([("token_days".to_owned(), directory.token_days)])
            .collect(),
        connection,
        organization: Some(caller.home.as_ref().clone()),
        schemas_revision: u64::try_from(directory.store.schemas_seen(&caller.organization).0).unwrap_or(0),
    }))
}

/// The bounds a client may meet, by name.
static LIMITS: LazyLock<BTreeMap<String, i64>> = LazyLock::new(|| {
    let bounds = [
        ("user_name_bytes", limits::USER_NAME_BYTES),
        ("string_bytes", limits::STRING_BYTES),
        ("values_per_attribute", limits::VALUES_PER_ATTRIBUTE),
        ("resource_bytes", limits::RESOURCE_BYTES),
        ("value_depth", limits::VALUE_DEPTH),
        ("filter_bytes", limits::FILTER_BYTES),
        ("filter_nodes", limits::FILTER_NODES),
        ("filter_depth", limits::FILTER_DEPTH),
        ("path_bytes", limits::PATH_BYTES),
        ("patch_operations", limits::PATCH_OPERATIONS),
        ("members_per_request", limits::MEMBERS_PER_REQUEST),
        ("batch_reads", limits::BATCH_READS),
        ("page_default", limits::PAGE_DEFAULT),
        ("page_max", limits::PAGE_MAX),
        ("page_bytes", limits::PAGE_BYTES),
        ("member_page_default", limits::MEMBER_PAGE_DEFAULT),
        ("member_page_max", limits::MEMBER_PAGE_MAX),
        ("scim_page_max", limits::SCIM_PAGE_MAX),
        ("scim_body_bytes", limits::SCIM_BODY_BYTES),
        ("scim_group_body_bytes", limits::SCIM_GROUP_BODY_BYTES),
        ("message_bytes", limits::MESSAGE_BYTES),
    ];
    let bounds = bounds.map(|(name, bound)| (name.to_owned(), i64::try_from(bound).unwrap_or(i64::MAX)));
    bounds
        .into_iter()
        .chain([("page_token_seconds".to_owned(), limits::PAGE_TOKEN_SECONDS), ("request_id_seconds".to_owned(), limits::REQUEST_SECONDS)])
        .collect()
});
