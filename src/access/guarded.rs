//! The check around every service, generated from the contract.

use super::{Caller, caller_in};
use crate::{
    api::{
        Method, method,
        v1::{self, Connection},
    },
    directory::Error,
};
use std::{fmt, sync::Arc};
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

/// A service behind its check: no method can forget it, because the compiler writes it.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    service: S,
    witness: Arc<dyn Witness>,
}

impl<S> Guarded<S> {
    /// Puts a service behind its check.
    pub fn new(service: S, witness: Arc<dyn Witness>) -> Self {
        Guarded { service, witness }
    }
}

/// Who is told of every call that was let in, before it is served.
pub trait Witness: fmt::Debug + Send + Sync {
    /// A call with this metadata was let in.
    fn entered(&self, caller: &Caller, metadata: &MetadataMap);

    /// A connection's call was answered; `refused` is why it was not let in or was refused inside. Of a stream, how it began.
    fn answered(&self, _connection: &Connection, _method: &Method, _refused: Option<&Status>) {}
}

/// In the extensions of an answer: why a part of what was asked for was refused, where the rest was done.
#[derive(Debug, Clone)]
pub struct PartRefused(pub Status);

/// Tells the witness how a call went, and then which part of it was refused.
fn tell<T>(witness: &dyn Witness, connection: &Connection, method: &Method, answer: &Result<Response<T>, Status>) {
    witness.answered(connection, method, answer.as_ref().err());
    if let Some(PartRefused(refused)) = answer.as_ref().ok().and_then(|answer| answer.extensions().get()) {
        witness.answered(connection, method, Some(refused));
    }
}

/// The connection that makes the call, for its witness.
fn connection_of<T>(request: &Request<T>) -> Option<Arc<Connection>> {
    caller_in(request.extensions()).ok()?.connection.clone()
}

include!(concat!(env!("OUT_DIR"), "/guarded.rs"));

/// The caller the access layer put into the request.
///
/// # Errors
/// `UNAUTHENTICATED` when there is none, or what kept the layer from finding one.
pub fn caller_of<T>(request: &Request<T>) -> Result<&Caller, Status> {
    caller_in(request.extensions()).map_err(Status::from)
}

/// Whether the request's caller may use the method in the organization it names.
///
/// # Errors
/// `UNAUTHENTICATED` without a caller, `PERMISSION_DENIED` without the scope or for another organization.
/// An unknown organization and a foreign one give the same answer.
pub fn enter<T>(request: &Request<T>, method: &Method, organization: Option<&str>, witness: &dyn Witness) -> Result<(), Status> {
    let caller = caller_of(request)?;
    if !method.scope.is_empty() && !caller.scopes.has(method.scope) {
        return Err(Error::scope_missing(method.scope).into());
    }
    match organization {
        Some("") => Err(Error::missing("organization_id").into()),
        Some(organization) if !caller.may_enter(organization) => Err(Error::organization_denied().into()),
        _ => {
            witness.entered(caller, request.metadata());
            Ok(())
        }
    }
}
