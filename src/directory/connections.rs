//! Connections: the part of `ProvisioningService` that is about identity providers.

use super::{
    Directory, Error, Reply, Result, actions, alarm, allowed_networks,
    core::{Call, Edit},
    environment::{self, ENVIRONMENT},
    fields::{self, Field},
    grants::require_own,
    ownership, precondition, record,
    record::Noun,
    roles,
    sight::Sight,
    status, takeovers, tokens,
};
use crate::{
    api::v1::{
        Connection, CreateConnectionRequest, CreateConnectionResponse, DeleteConnectionRequest, DeleteConnectionResponse,
        GetConnectionRequest, GetConnectionResponse, ListConnectionsRequest, ListConnectionsResponse, ResourceKind, ResourceMeta,
        UpdateConnectionRequest, UpdateConnectionResponse,
        change_event::Action,
        connection::{Deprovision, Recreate, UnknownAttributes, Visibility},
    },
    limits,
    store::{RecordKind, Work},
    tolerances::{PROFILES, TABLE, Tolerance},
};
use std::sync::Arc;
use tonic::{Request, Response};

impl Noun for Connection {
    const STORED: RecordKind = RecordKind::Connection;
    const KIND: ResourceKind = ResourceKind::Connection;
    const NAME: &'static str = "connection";

    fn id(&self) -> &str {
        &self.id
    }

    fn meta(&mut self) -> Option<&mut Option<ResourceMeta>> {
        Some(&mut self.meta)
    }

    fn follow(work: &mut Work, before: Option<&Self>, after: Option<&Self>) -> Edit<()> {
        roles::follow_mappings(work, before, after)
    }
}

const FIELDS: &[Field<Connection>] = &[
    ("display_name", |to, from| to.display_name.clone_from(&from.display_name)),
    ("profile", |to, from| to.profile.clone_from(&from.profile)),
    ("tolerances", |to, from| to.tolerances.clone_from(&from.tolerances)),
    ("enabled", |to, from| to.enabled = from.enabled),
    ("takeover", |to, from| to.takeover = from.takeover),
    ("takeover_match_attributes", |to, from| to.takeover_match_attributes.clone_from(&from.takeover_match_attributes)),
    ("on_delete", |to, from| to.on_delete = from.on_delete),
    ("on_recreate", |to, from| to.on_recreate = from.on_recreate),
    ("purge_after", |to, from| to.purge_after = from.purge_after),
    ("visibility", |to, from| to.visibility = from.visibility),
    ("unknown_attributes", |to, from| to.unknown_attributes = from.unknown_attributes),
    ("allowed_actions", |to, from| to.allowed_actions.clone_from(&from.allowed_actions)),
    ("allowed_networks", |to, from| to.allowed_networks.clone_from(&from.allowed_networks)),
    ("owned_attributes", |to, from| to.owned_attributes.clone_from(&from.owned_attributes)),
    ("role_mappings", |to, from| to.role_mappings.clone_from(&from.role_mappings)),
    ("mass_change_alarm", |to, from| to.mass_change_alarm = from.mass_change_alarm),
    ("unique_group_names", |to, from| to.unique_group_names = from.unique_group_names),
    ("members_on_request", |to, from| to.members_on_request = from.members_on_request),
];
const OUTPUT_ONLY: &[&str] = &["id", "organization_id", "meta", "scim_base_url", "status"];

pub(super) async fn create(directory: &Arc<Directory>, request: Request<CreateConnectionRequest>) -> Reply<CreateConnectionResponse> {
    let (call, message) = Call::writing(request)?;
    let given = message.connection.ok_or_else(|| Error::missing("connection"))?;
    let organization_id = message.organization_id.clone();
    let id = directory.clock.new_id();
    let mut connection = Connection { id, organization_id, meta: None, enabled: true, scim_base_url: String::new(), status: None, ..given };
    check(&mut connection)?;
    let kept = Arc::clone(directory);
    let written = directory
        .write(&call, &message.organization_id, message.write, move |work| {
            ownership::check(&work.schemas(), &connection.owned_attributes)?;
            record::put(&kept, work, connection.clone(), Action::Created, Vec::new())
        })
        .await?;
    let connection = Some(directory.shown(written.answer).await?);
    Ok(Response::new(CreateConnectionResponse { connection, committed_at: written.committed_at }))
}

pub(super) async fn get(directory: &Arc<Directory>, request: Request<GetConnectionRequest>) -> Reply<GetConnectionResponse> {
    let (call, message) = Call::of(request)?;
    directory.statuses.flush().await.map_err(Error::from)?;
    let mut reader = directory.read(&message.organization_id, message.consistency.as_ref()).await?;
    let read_at = directory.read_at(&reader);
    Sight::of(&call).check_connection(&message.connection_id)?;
    let mut connection = [record::get::<Connection>(directory, &mut reader, &message.connection_id).await?];
    status::fill(&mut reader, &mut connection).await.map_err(Error::from)?;
    drop(reader);
    let [connection] = connection;
    Ok(Response::new(GetConnectionResponse { connection: Some(directory.shown(connection).await?), read_at }))
}

pub(super) async fn list(directory: &Arc<Directory>, request: Request<ListConnectionsRequest>) -> Reply<ListConnectionsResponse> {
    let (call, message) = Call::of(request)?;
    directory.statuses.flush().await.map_err(Error::from)?;
    let mut reader = directory.read(&message.organization_id, message.consistency.as_ref()).await?;
    let read_at = directory.read_at(&reader);
    let page = (message.page_size, message.page_token.as_str());
    let sight = Sight::of(&call);
    let seen = |connection: &Connection| sight.sees_connection(&connection.id);
    let (mut connections, next_page_token) = record::list(directory, &call, &mut reader, &[], page, seen).await?;
    status::fill(&mut reader, &mut connections).await.map_err(Error::from)?;
    drop(reader);
    let key = directory.organization(&message.organization_id).await?.key;
    for connection in &mut connections {
        connection.scim_base_url = directory.base_url(&connection.id, &key);
    }
    Ok(Response::new(ListConnectionsResponse { connections, next_page_token, read_at }))
}

pub(super) async fn update(directory: &Arc<Directory>, request: Request<UpdateConnectionRequest>) -> Reply<UpdateConnectionResponse> {
    let (call, message) = Call::writing(request)?;
    let given = message.connection.ok_or_else(|| Error::missing("connection"))?;
    let (mask, precondition) = (message.update_mask, message.precondition);
    precondition::check_form(precondition.as_ref())?;
    environment::refuse(&given.id)?;
    require_own(&call.caller, &given.id)?;
    let kept = Arc::clone(directory);
    let written = directory
        .write(&call, &message.organization_id, message.write, move |work| {
            let mut connection: Connection = record::find_if(&kept, work, &given.id, precondition.as_ref())?;
            let before = connection.clone();
            let changed = fields::take(&mut connection, &given, mask.as_ref(), FIELDS, OUTPUT_ONLY)?;
            check(&mut connection)?;
            ownership::check(&work.schemas(), &connection.owned_attributes)?;
            if connection == before {
                return Ok(connection);
            }
            record::put(&kept, work, connection, Action::Updated, changed)
        })
        .await?;
    let connection = Some(directory.shown(written.answer).await?);
    Ok(Response::new(UpdateConnectionResponse { connection, committed_at: written.committed_at }))
}

pub(super) async fn delete(directory: &Arc<Directory>, request: Request<DeleteConnectionRequest>) -> Reply<DeleteConnectionResponse> {
    let (call, message) = Call::writing(request)?;
    let (id, precondition) = (message.connection_id, message.precondition);
    precondition::check_form(precondition.as_ref())?;
    environment::refuse(&id)?;
    require_own(&call.caller, &id)?;
    let owned = tokens::owned_by(directory, &message.organization_id, |token| token.connection_id == id).await?;
    let mut takeovers = takeovers::of_connection(directory, &message.organization_id, &id).await?;
    let first = takeovers.pop().unwrap_or_default();
    let dry = message.write.as_ref().is_some_and(|write| write.validate_only);
    let kept = Arc::clone(directory);
    let written = directory
        .write(&call, &message.organization_id, message.write, move |work| {
            let there: Connection = record::find_if(&kept, work, &id, precondition.as_ref())?;
            tokens::revoke_all(&kept, work, &owned)?;
            Connection::follow(work, Some(&there), None)?;
            record::remove::<Connection>(work, &id);
            takeovers::forget(work, &first)?;
            alarm::forget(work, &id)?;
            Ok(())
        })
        .await?;
    // Nobody records more of a connection that is gone, so the rest may go in commits of its own.
    for more in takeovers.into_iter().filter(|_| !dry) {
        directory.write(&call, &message.organization_id, None, move |work| takeovers::forget(work, &more)).await?;
    }
    Ok(Response::new(DeleteConnectionResponse { committed_at: written.committed_at }))
}

impl Directory {
    /// The base URL to paste into an identity provider; the environment's connection is promised one without an organization.
    pub(super) fn base_url(&self, connection_id: &str, organization_key: &str) -> String {
        let base = format!("{}/scim/v2", self.public_url);
        if connection_id == ENVIRONMENT { base } else { format!("{base}/{organization_key}") }
    }

    /// A connection as callers see it. Its base URL follows from settings and the organization's key, so it is not stored.
    async fn shown(&self, mut connection: Connection) -> Result<Connection> {
        let key = self.organization(&connection.organization_id).await?.key;
        connection.scim_base_url = self.base_url(&connection.id, &key);
        Ok(connection)
    }
}

/// The border: what is stored is valid, and nothing is promised that is not served.
pub(super) fn check(connection: &mut Connection) -> Result<()> {
    record::check_name("connection.display_name", &connection.display_name, true)?;
    if !connection.profile.is_empty() && !PROFILES.contains(&connection.profile.as_str()) {
        return Err(Error::value("connection.profile", format!("connection.profile takes one of {}.", PROFILES.join(", "))));
    }
    if connection.tolerances.keys().any(|name| Tolerance::named(name).is_none()) {
        let known = TABLE.each_ref().map(|row| row.name).join(", ");
        return Err(Error::value("connection.tolerances", format!("connection.tolerances takes the names {known}.")));
    }
    takeovers::check(connection)?;
    match Deprovision::try_from(connection.on_delete) {
        Ok(Deprovision::Unspecified) => connection.on_delete = Deprovision::SoftDelete.into(),
        Ok(_) => {}
        Err(_) => return Err(unserved("on_delete")),
    }
    match Visibility::try_from(connection.visibility) {
        Ok(Visibility::Unspecified) => connection.visibility = Visibility::Organization.into(),
        Ok(_) => {}
        Err(_) => return Err(unserved("visibility")),
    }
    match Recreate::try_from(connection.on_recreate) {
        Ok(Recreate::Unspecified) => connection.on_recreate = Recreate::Restore.into(),
        Ok(_) => {}
        Err(_) => return Err(unserved("on_recreate")),
    }
    let (shortest, longest) = (limits::PURGE_AFTER_SHORTEST, limits::PURGE_AFTER_LONGEST);
    if connection.purge_after.is_some_and(|after| after.seconds < shortest || after.seconds > longest || after.nanos != 0) {
        let detail = format!("connection.purge_after is {shortest} to {longest} whole seconds.");
        return Err(Error::value("connection.purge_after", detail));
    }
    if UnknownAttributes::try_from(connection.unknown_attributes).is_err() {
        return Err(unserved("unknown_attributes"));
    }
    actions::check(&connection.allowed_actions)?;
    allowed_networks::check(&connection.allowed_networks)?;
    roles::check_mappings(&connection.role_mappings)?;
    alarm::check(connection.mass_change_alarm.as_ref())
}

fn unserved(field: &str) -> Error {
    Error::value(format!("connection.{field}"), format!("connection.{field}: this value is not served in this version."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::connection::Takeover;

    #[test]
    fn a_connection_gets_the_defaults_its_contract_names() {
        let mut connection = Connection { display_name: "Okta".into(), profile: "okta".into(), ..Connection::default() };
        check(&mut connection).unwrap();
        assert_eq!(
            (connection.takeover(), connection.on_delete(), connection.visibility()),
            (Takeover::Never, Deprovision::SoftDelete, Visibility::Organization)
        );
    }

    #[test]
    fn what_is_not_served_is_refused_by_name() {
        let good = || Connection { display_name: "x".into(), ..Connection::default() };
        for (connection, field) in [
            (Connection { display_name: String::new(), ..good() }, "display_name"),
            (Connection { profile: "Okta".into(), ..good() }, "profile"),
            (Connection { tolerances: [("capital_ops".to_owned(), true)].into(), ..good() }, "tolerances"),
            (Connection { takeover: 9, ..good() }, "takeover"),
            (Connection { takeover_match_attributes: vec!["email".into()], ..good() }, "takeover_match_attributes"),
            (Connection { on_delete: 99, ..good() }, "on_delete"),
            (Connection { visibility: 99, ..good() }, "visibility"),
            (Connection { on_recreate: 99, ..good() }, "on_recreate"),
            (Connection { purge_after: Some(prost_types::Duration { seconds: 3_599, nanos: 0 }), ..good() }, "purge_after"),
            (Connection { purge_after: Some(prost_types::Duration { seconds: 315_360_001, nanos: 0 }), ..good() }, "purge_after"),
            (Connection { allowed_actions: vec![9], ..good() }, "allowed_actions"),
            (Connection { allowed_networks: vec!["here".into()], ..good() }, "allowed_networks"),
        ] {
            let mut connection = connection;
            assert_eq!(check(&mut connection).unwrap_err().field, format!("connection.{field}"));
        }
    }
}
