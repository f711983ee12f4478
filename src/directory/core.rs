//! What every service of the directory shares: the store, the clock, and the one way to write.

use super::{
    Error, Result,
    administrators::{self, Guard},
    alarm::Alarm,
    deviations::Deviations,
    repeats::{self, Answer, Before, Once, Repeat},
    revision,
    status::Statuses,
    trace,
};
use crate::{
    access::{self, Caller, Scopes, caller_of},
    api::v1::{Actor, Consistency, Revision, WriteOptions},
    clock::Clock,
    membership::Nesting,
    store::{Fault, Reach, Reader, SYSTEM, Stop, Store, Terms, Work, WriteError, Written},
};
use prost::Message as _;
use std::sync::Arc;
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

/// What a write came to.
#[derive(Debug)]
pub(super) struct Done<T> {
    /// What the edit answered.
    pub(super) answer: T,
    /// The revision it made, or the latest before it if it changed nothing.
    pub(super) committed_at: Option<Revision>,
    /// Whether it changed something.
    pub(super) changed: bool,
    /// Whether the request was sent before, and this is what it came to then.
    pub(super) repeated: bool,
}

enum Settled<T> {
    Now(T),
    Before(Before<T>),
}

/// An edit that says what it did in other words.
pub(super) fn answering<T, A>(
    mut edit: impl FnMut(&mut Work) -> Edit<T> + Send + 'static,
    answer: impl Fn(T) -> A + Send + 'static,
) -> impl FnMut(&mut Work) -> Edit<A> + Send + 'static {
    move |work| edit(work).map(&answer)
}

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
    pub(super) trace_parent: String,
    /// What a request for a write that has a name asks for.
    pub(super) repeat: Option<Repeat>,
}

impl Call {
    /// Takes a request apart.
    pub(super) fn of<T>(request: Request<T>) -> std::result::Result<(Call, T), Status> {
        let caller = caller_of(&request)?.clone();
        let header = request.metadata().get("traceparent").and_then(|value| value.to_str().ok());
        let trace_parent = header.and_then(trace::parent).unwrap_or_default().to_owned();
        Ok((Call { caller, trace_parent, repeat: None }, request.into_inner()))
    }

    /// Takes a request for a write apart.
    pub(super) fn writing<T: repeats::Write>(request: Request<T>) -> std::result::Result<(Call, T), Status> {
        let (call, message) = Call::of(request)?;
        let repeat = Repeat::of(&message)?;
        Ok((Call { repeat, ..call }, message))
    }

    /// A call of the server's own, by a name that the feed shows as its credential. What it does somebody decided who might.
    pub(super) fn own(name: &str, clock: &Clock) -> Call {
        let caller = Caller {
            organization: SYSTEM.to_owned(),
            home: Arc::default(),
            principal: None,
            connection: None,
            token_id: name.to_owned(),
            scopes: Scopes::expand([administrators::SCOPE]),
            reach: access::Reach::All,
            expires_at: clock.now(),
        };
        Call { caller, trace_parent: String::new(), repeat: None }
    }

    /// Whose externalId is meant.
    pub(super) fn connection(&self) -> &str {
        self.caller.connection_id()
    }

    fn actor(&self, options: WriteOptions) -> Actor {
        Actor {
            principal: self.caller.principal.clone(),
            connection_id: self.connection().to_owned(),
            token_id: self.caller.token_id.clone(),
            request_id: options.request_id,
            trace_parent: self.trace_parent.clone(),
            annotations: options.annotations,
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
    /// administrators away who may not. A named request that was done is answered as it was.
    pub(super) async fn write<T, F>(&self, call: &Call, organization: &str, options: Option<WriteOptions>, edit: F) -> Result<Done<T>>
    where
        T: Answer,
        F: FnMut(&mut Work) -> Edit<T> + Send + 'static,
    {
        self.write_part(call, organization, options, 0, edit).await
    }

    /// The same for one of the commits that a request makes, counted from 0.
    pub(super) async fn write_part<T, F>(
        &self,
        call: &Call,
        organization: &str,
        options: Option<WriteOptions>,
        part: usize,
        mut edit: F,
    ) -> Result<Done<T>>
    where
        T: Answer,
        F: FnMut(&mut Work) -> Edit<T> + Send + 'static,
    {
        let options = options.unwrap_or_default();
        check_options(&options)?;
        let once = Once::of(call, part);
        if once.is_none() && !options.request_id.is_empty() {
            tracing::error!("a write does not look at its request_id");
            return Err(Error::internal());
        }
        let (alarm, dry) = (Alarm::of(call), options.validate_only);
        let terms = self.terms(call, options);
        let (guard, counted) = (Guard::of(&call.caller), alarm.clone());
        let mut fresh = move |work: &mut Work| -> Edit<T> {
            let answer = guard.run(work, &mut edit)?;
            counted.as_ref().map_or(Ok(()), |alarm| alarm.count(work))?;
            Ok(answer)
        };
        let guarded = move |work: &mut Work| -> Edit<Settled<T>> {
            let Some(once) = &once else { return Ok(Settled::Now(fresh(work)?)) };
            match once.find(work) {
                Ok(Some(before)) => Ok(Settled::Before(before)),
                Ok(None) => {
                    let answer = fresh(work)?;
                    if !dry && answer.is_final() {
                        once.keep(work, &answer);
                    }
                    Ok(Settled::Now(answer))
                }
                Err(Stop::Miss) => {
                    // What the edit needs is read in the same round.
                    let _ = fresh(work);
                    Err(Stop::Miss)
                }
                Err(refused) => Err(refused),
            }
        };
        match self.store.write(organization, terms, guarded).await {
            Ok(verdict) => verdict.map(|Written { answer, revision, changed, left }| match answer {
                Settled::Before(Before { answer, revision, changed }) => {
                    Done { answer, committed_at: self.revision(organization, revision), changed, repeated: true }
                }
                Settled::Now(answer) => {
                    self.deviations.left_owned(&call.caller, left);
                    alarm.iter().filter(|_| changed && !dry).for_each(|alarm| alarm.say(organization));
                    Done { answer, committed_at: self.revision(organization, revision), changed, repeated: false }
                }
            }),
            Err(WriteError::NoOrganization) => Err(Error::organization_denied()),
            Err(WriteError::Unavailable) => Err(Error::unavailable()),
            Err(WriteError::Failed) => Err(Error::internal()),
        }
    }

    /// What comes with a write into the lane.
    pub(super) fn terms(&self, call: &Call, options: WriteOptions) -> Terms {
        let (validate_only, leave_owned) = (options.validate_only, options.leave_owned);
        let connection = call.connection().to_owned();
        Terms { at: self.clock.now(), actor: call.actor(options).encode_to_vec(), connection, validate_only, leave_owned }
    }

    /// A snapshot of the organization, as fresh as asked for.
    pub(super) async fn read(&self, organization: &str, consistency: Option<&Consistency>) -> Result<Reader> {
        let wanted = revision::wanted(&self.store, organization, consistency)?;
        let reader = self.store.read(organization).await?.ok_or_else(Error::organization_denied)?;
        revision::reached(wanted, reader.revision())?;
        Ok(reader)
    }

    /// A revision of an organization as callers see it.
    #[allow(clippy::unnecessary_wraps, reason = "it goes into message fields, which are optional")]
    pub(super) fn revision(&self, organization: &str, number: i64) -> Option<Revision> {
        Some(revision::message(&self.store, organization, number))
    }

    /// The revision of a snapshot.
    pub(super) fn read_at(&self, reader: &Reader) -> Option<Revision> {
        self.revision(reader.organization(), reader.revision())
    }
}

pub(super) fn check_options(options: &WriteOptions) -> Result<()> {
    if options.annotations.len() > ANNOTATIONS {
        return Err(Error::too_large("write.annotations", ANNOTATIONS, "pairs"));
    }
    if options.annotations.iter().any(|(k, v)| k.len() > ANNOTATION_BYTES || v.len() > ANNOTATION_BYTES) {
        return Err(Error::too_large("write.annotations", ANNOTATION_BYTES, "bytes a name or value"));
    }
    let odd = |text: &str| text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n'));
    if options.annotations.iter().any(|(name, value)| name.is_empty() || odd(name) || odd(value)) {
        return Err(Error::value("write.annotations", "write.annotations: a name is empty, or a text holds a control character."));
    }
    Ok(())
}
