//! What every service of the directory shares: the store, the clock, and the one way to write.

use super::{Error, Result, administrators::Guard, alarm::Alarm, deviations::Deviations, revision, status::Statuses};
use crate::{
    access::{self, Caller, Scopes, caller_of},
    api::v1::{Actor, Consistency, Revision, WriteOptions},
    clock::Clock,
    membership::Nesting,
    store::{Fault, Reach, Reader, SYSTEM, Stop, Store, Terms, Work, WriteError, Written},
};
use prost::Message as _;
use std::{collections::BTreeMap, sync::Arc};
use tonic::{Request, Status};

/// Pairs of `WriteOptions.annotations`.
const ANNOTATIONS: usize = 16;
/// Bytes of an annotation's name or value.
const ANNOTATION_BYTES: usize = 255;

/// The directory. Services hold it behind an `Arc`.
#[derive(Debug)]
pub struct Directory {
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// `https://host` without a slash: what a connection's base URL begins with.
    pub(super) public_url: String,
    /// Days a token may live at most.
    pub(super) token_days: i64,
    pub(super) nesting: Nesting,
    pub(super) deviations: Deviations,
    pub(super) statuses: Statuses,
}

/// What an edit answers: its answer, a miss, or a refusal.
pub(super) type Edit<T> = std::result::Result<T, Stop<Error>>;

impl From<Error> for Stop<Error> {
    fn from(error: Error) -> Self {
        Stop::Refused(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        tracing::error!(fault = %fault, "the store failed");
        match fault.reach {
            Reach::Store => Error::unavailable(),
            Reach::Item | Reach::Broken => Error::internal(),
        }
    }
}

/// One call: who makes it, and what ties it to a trace.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) caller: Caller,
    trace_parent: String,
}

impl Call {
    /// Takes a request apart.
    pub(super) fn of<T>(request: Request<T>) -> std::result::Result<(Call, T), Status> {
        let caller = caller_of(&request)?.clone();
        let trace_parent = request.metadata().get("traceparent").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        Ok((Call { caller, trace_parent }, request.into_inner()))
    }

    /// A call of the server's own, by a name that the feed shows as its credential.
    pub(super) fn own(name: &str, clock: &Clock) -> Call {
        let caller = Caller {
            organization: SYSTEM.to_owned(),
            home: Arc::default(),
            principal: None,
            connection: None,
            token_id: name.to_owned(),
            scopes: Scopes::default(),
            reach: access::Reach::All,
            expires_at: clock.now(),
        };
        Call { caller, trace_parent: String::new() }
    }

    /// Whose externalId is meant.
    pub(super) fn connection(&self) -> &str {
        self.caller.connection_id()
    }

    fn actor(&self, annotations: BTreeMap<String, String>) -> Actor {
        Actor {
            principal: self.caller.principal.clone(),
            connection_id: self.connection().to_owned(),
            token_id: self.caller.token_id.clone(),
            request_id: String::new(),
            trace_parent: self.trace_parent.clone(),
            annotations,
        }
    }
}

impl Directory {
    /// A directory over a store. `public_url` is what clients reach the HTTP face by, without a trailing slash.
    /// `token_days` is how long a token may live at most.
    pub fn new(store: Store, clock: Clock, public_url: impl Into<String>, token_days: i64) -> Self {
        let deviations = Deviations::new(store.clone(), clock.clone());
        let statuses = Statuses::new(store.clone(), clock.clone());
        Directory { store, clock, public_url: public_url.into(), token_days, nesting: Nesting::default(), deviations, statuses }
    }

    /// The store below; for health checks and for resolving credentials.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Runs a pure edit in the organization's lane. Whatever it does, what hangs on principals follows, and nobody takes
    /// administrators away who may not.
    pub(super) async fn write<T, F>(
        &self,
        call: &Call,
        organization: &str,
        options: Option<WriteOptions>,
        mut edit: F,
    ) -> Result<Written<T>>
    where
        T: Send + 'static,
        F: FnMut(&mut Work) -> Edit<T> + Send + 'static,
    {
        let options = options.unwrap_or_default();
        check_options(&options)?;
        let actor = call.actor(options.annotations).encode_to_vec();
        let (alarm, dry) = (Alarm::of(call), options.validate_only);
        let terms = Terms { at: self.clock.now(), actor, validate_only: dry, leave_owned: options.leave_owned };
        let (guard, counted) = (Guard::of(&call.caller), alarm.clone());
        let guarded = move |work: &mut Work| -> Edit<T> {
            let answer = guard.run(work, &mut edit)?;
            counted.as_ref().map_or(Ok(()), |alarm| alarm.count(work))?;
            Ok(answer)
        };
        match self.store.write(organization, terms, guarded).await {
            Ok(verdict) => verdict.inspect(|written| {
                self.deviations.left_owned(&call.caller, written.left);
                alarm.iter().filter(|_| written.changed && !dry).for_each(|alarm| alarm.say(organization));
            }),
            Err(WriteError::NoOrganization) => Err(Error::organization_denied()),
            Err(WriteError::Unavailable) => Err(Error::unavailable()),
            Err(WriteError::Failed) => Err(Error::internal()),
        }
    }

    /// A snapshot of the organization, as fresh as asked for.
    pub(super) async fn read(&self, organization: &str, consistency: Option<&Consistency>) -> Result<Reader> {
        let wanted = revision::wanted(self.store.epoch(), consistency)?;
        let reader = self.store.read(organization).await?.ok_or_else(Error::organization_denied)?;
        revision::reached(wanted, reader.revision())?;
        Ok(reader)
    }

    /// A revision as callers see it.
    #[allow(clippy::unnecessary_wraps, reason = "it goes into message fields, which are optional")]
    pub(super) fn revision(&self, number: i64) -> Option<Revision> {
        Some(revision::message(self.store.epoch(), number))
    }
}

fn check_options(options: &WriteOptions) -> Result<()> {
    if !options.request_id.is_empty() {
        return Err(Error::value("write.request_id", "write.request_id is not honoured by this version; leave it empty."));
    }
    if options.annotations.len() > ANNOTATIONS {
        return Err(Error::too_large("write.annotations", ANNOTATIONS, "pairs"));
    }
    if options.annotations.iter().any(|(k, v)| k.len() > ANNOTATION_BYTES || v.len() > ANNOTATION_BYTES) {
        return Err(Error::too_large("write.annotations", ANNOTATION_BYTES, "bytes a name or value"));
    }
    Ok(())
}
