//! Schemas that an organization registers beside the server's own.

use super::{
    Directory, Error, Reply,
    core::{Call, Edit},
};
use crate::{
    api::v1::{
        ChangeEvent, DeleteSchemaRequest, DeleteSchemaResponse, ListSchemasRequest, ListSchemasResponse, PutSchemaRequest,
        PutSchemaResponse, ResourceKind, change_event::Action,
    },
    attributes::{self, Schemas},
    store::{Record, RecordKind, Work},
};
use prost::Message as _;
use tonic::{Request, Response};

pub(super) async fn list(directory: &Directory, request: Request<ListSchemasRequest>) -> Reply<ListSchemasResponse> {
    let (_, request) = Call::of(request)?;
    let mut reader = directory.read(&request.organization_id, request.consistency.as_ref()).await?;
    let registered = reader.schemas().await.map_err(Error::from)?;
    let mut schemas = attributes::schemas();
    schemas.extend_from_slice(registered.told());
    Ok(Response::new(ListSchemasResponse { schemas, read_at: directory.read_at(&reader) }))
}

pub(super) async fn put(directory: &Directory, request: Request<PutSchemaRequest>) -> Reply<PutSchemaResponse> {
    let (call, request) = Call::writing(request)?;
    let schema = request.schema.ok_or_else(|| Error::missing("schema"))?;
    // What is wrong with the schema itself is told before anything is locked.
    Schemas::none().with(&schema).map_err(Error::from)?;
    let edit = move |work: &mut Work| {
        let before = work.schemas();
        let after = before.with(&schema).map_err(Error::from)?;
        let told = after.named(&schema.urn).cloned().ok_or_else(Error::internal)?;
        let action = if before.named(&schema.urn).is_some() { Action::Updated } else { Action::Created };
        register(work, &before, after, &told.urn, action)?;
        Ok(told)
    };
    let written = directory.write(&call, &request.organization_id, request.write, edit).await?;
    Ok(Response::new(PutSchemaResponse { schema: Some(written.answer), committed_at: written.committed_at }))
}

pub(super) async fn delete(directory: &Directory, request: Request<DeleteSchemaRequest>) -> Reply<DeleteSchemaResponse> {
    let (call, request) = Call::writing(request)?;
    let urn = request.urn;
    let edit = move |work: &mut Work| {
        let before = work.schemas();
        let after = before.without(&urn).ok_or_else(|| Error::not_found("schema"))?;
        let urn = before.named(&urn).map_or_else(String::new, |s| s.urn.clone());
        register(work, &before, after, &urn, Action::Purged)
    };
    let written = directory.write(&call, &request.organization_id, request.write, edit).await?;
    Ok(Response::new(DeleteSchemaResponse { committed_at: written.committed_at }))
}

/// Stores what is registered from now on, and tells the feed.
pub(super) fn register(work: &mut Work, before: &Schemas, after: Schemas, urn: &str, action: Action) -> Edit<()> {
    let organization = work.organization().to_owned();
    work.record(RecordKind::Schemas, &organization)?;
    if *before == after {
        return Ok(());
    }
    let body = ListSchemasResponse { schemas: after.told().to_vec(), read_at: None }.encode_to_vec();
    work.put_record(RecordKind::Schemas, Record { id: organization, key: None, secret: None, version: 0, body });
    work.set_schemas(after);
    let event = ChangeEvent {
        index: work.next_index(),
        kind: ResourceKind::Schema.into(),
        action: action.into(),
        resource_id: urn.to_owned(),
        etag: work.etag(),
        changed_attributes: Vec::new(),
        detail: None,
    };
    work.log(event.kind, event.action, urn, event.encode_to_vec());
    Ok(())
}

/// What is registered, as far as this process has seen it. It reads nothing: a write has just seen it.
pub(super) fn seen(directory: &Directory, organization: &str) -> Schemas {
    directory.store.schemas_seen(organization).1
}
