//! The write lane: one task per process and organization. Whatever waits is committed together, each item with its own
//! revision and its own verdict; one that sets a whole large membership is committed by itself. No added latency when idle, group commit when busy.
//!
//! The lane is a task of its own, never a caller's future: a caller that goes away takes nobody else's write with it. On
//! SQLite all lanes share the file's one writer connection, which hands itself on in order.

use super::{Connection, Fault, Miss, Reach, Store, Terms, Work, open::Inner};
use crate::{limits, telemetry::metrics};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Rounds of read-and-run after which an edit that still asks for more is a fault of ours.
const ROUNDS: usize = 16;

/// A lane with nothing to do ends; the next write starts another.
const IDLE: Duration = Duration::from_mins(1);

/// How an edit stops early.
#[derive(Debug)]
pub enum Stop<E> {
    /// It asked for what was not read yet.
    Miss,
    /// Its verdict is no; nothing it did stands.
    Refused(E),
}

impl<E> From<Miss> for Stop<E> {
    fn from(_: Miss) -> Self {
        Stop::Miss
    }
}

/// Why a write got no verdict.
#[derive(Debug)]
pub enum WriteError {
    /// No such organization.
    NoOrganization,
    /// The store cannot answer now. Nothing was committed, unless the connection broke while it was committing.
    Unavailable,
    /// A fault of ours; nothing was committed.
    Failed,
}

/// A write's answer.
#[derive(Debug)]
pub struct Written<T> {
    /// What the edit answered.
    pub answer: T,
    /// The revision it made, or the latest before it if it changed nothing.
    pub revision: i64,
    /// Whether it changed something.
    pub changed: bool,
    /// How many attributes it left alone, because another connection owns them.
    pub left: u32,
}

/// An edit without its types.
trait Job: Send {
    fn terms(&self) -> &Terms;
    /// Whether somebody still waits for its verdict.
    fn is_wanted(&self) -> bool;
    /// Runs the edit; whether it changed something that is to stand.
    fn run(&mut self, work: &mut Work) -> Result<bool, Miss>;
    fn settle(self: Box<Self>, end: Result<(), WriteError>);
}

struct Typed<T, E, F> {
    terms: Terms,
    edit: F,
    verdict: Option<Result<Written<T>, E>>,
    reply: oneshot::Sender<Result<Result<Written<T>, E>, WriteError>>,
}

impl<T: Send, E: Send, F: FnMut(&mut Work) -> Result<T, Stop<E>> + Send> Job for Typed<T, E, F> {
    fn terms(&self) -> &Terms {
        &self.terms
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, work: &mut Work) -> Result<bool, Miss> {
        let before = work.before();
        match (self.edit)(work) {
            Err(Stop::Miss) => Err(Miss),
            Err(Stop::Refused(error)) => {
                self.verdict = Some(Err(error));
                Ok(false)
            }
            Ok(answer) => {
                let changed = work.changed();
                let stands = changed && !self.terms.validate_only;
                let revision = if stands { work.revision() } else { before };
                self.verdict = Some(Ok(Written { answer, revision, changed, left: work.left }));
                Ok(stands)
            }
        }
    }

    fn settle(self: Box<Self>, end: Result<(), WriteError>) {
        let answer = match (end, self.verdict) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(verdict)) => Ok(verdict),
            (Ok(()), None) => Err(WriteError::Failed),
        };
        // A caller that went away while its write was being done is not told.
        let _ = self.reply.send(answer);
    }
}

/// The running lanes, by organization.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    closed: bool,
    lanes: HashMap<String, mpsc::Sender<Box<dyn Job>>>,
    tasks: tokio::task::JoinSet<()>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}

impl Lanes {
    fn locked(&self) -> std::sync::MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses new writes and waits for those that were accepted.
    pub(super) async fn close(&self) {
        let mut tasks = {
            let mut running = self.locked();
            running.closed = true;
            running.lanes.clear();
            std::mem::take(&mut running.tasks)
        };
        while tasks.join_next().await.is_some() {}
    }
}

impl Store {
    /// Runs a pure edit in the organization's lane and commits what it changed. The outer error: no verdict;
    /// the inner one: the edit's own refusal.
    ///
    /// # Errors
    /// When the store cannot answer, or there is no such organization.
    pub async fn write<T, E, F>(&self, organization: &str, terms: Terms, edit: F) -> Result<Result<Written<T>, E>, WriteError>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnMut(&mut Work) -> Result<T, Stop<E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(organization, Box::new(Typed { terms, edit, verdict: None, reply }))?;
        answer.await.unwrap_or(Err(WriteError::Failed))
    }

    fn enqueue(&self, organization: &str, job: Box<dyn Job>) -> Result<(), WriteError> {
        let mut running = self.lanes.locked();
        if running.closed {
            return Err(WriteError::Unavailable);
        }
        let sender = if let Some(sender) = running.lanes.get(organization) {
            sender.clone()
        } else {
            let (sender, receiver) = mpsc::channel(limits::LANE_QUEUE);
            running.lanes.insert(organization.to_owned(), sender.clone());
            running.tasks.spawn(run(self.inner.clone(), self.lanes.clone(), organization.to_owned(), receiver));
            while running.tasks.try_join_next().is_some() {}
            sender
        };
        // Under the lock, so that an idle lane cannot end between being found and being written to.
        sender.try_send(job).map_err(|_| WriteError::Unavailable)
    }
}

async fn run(inner: Arc<Inner>, lanes: Lanes, organization: String, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::new();
    loop {
        // Lets callers that are ready to write join this batch.
        tokio::task::yield_now().await;
        match tokio::time::timeout(IDLE, jobs.recv_many(&mut batch, inner.batch)).await {
            Ok(0) => return,
            Ok(writes) => metrics::batch(writes, commit(&inner, &organization, std::mem::take(&mut batch))).await,
            Err(_) => {
                let mut running = lanes.locked();
                if jobs.is_empty() {
                    running.lanes.remove(&organization);
                    return;
                }
            }
        }
    }
}

/// Commits a batch. When one item's data makes the database refuse, halves it until that item stands alone, in order.
async fn commit(inner: &Inner, organization: &str, jobs: Vec<Box<dyn Job>>) {
    let mut rest = vec![jobs];
    while let Some(mut jobs) = rest.pop() {
        // A caller that went away before its turn (its deadline is over, its connection broke) has nothing done.
        jobs.retain(|job| job.is_wanted());
        if jobs.is_empty() {
            continue;
        }
        match attempt(inner, organization, &mut jobs).await {
            Ok(Ended::Apart(at)) => {
                let mut later = jobs.split_off(at);
                rest.push(later.split_off(1));
                rest.push(later);
                rest.push(jobs);
            }
            Ok(Ended::Committed) => settle(inner, jobs, || Ok(())),
            Ok(Ended::NoOrganization) => settle(inner, jobs, || Err(WriteError::NoOrganization)),
            Err(fault) if fault.reach == Reach::Item && jobs.len() > 1 => {
                let later = jobs.split_off(jobs.len() / 2);
                rest.push(later);
                rest.push(jobs);
            }
            Err(fault) => {
                tracing::error!(organization, items = jobs.len(), fault = %fault, "a batch of writes failed");
                let failed = fault.reach != Reach::Store;
                settle(inner, jobs, || Err(if failed { WriteError::Failed } else { WriteError::Unavailable }));
            }
        }
    }
}

fn settle(inner: &Inner, jobs: Vec<Box<dyn Job>>, end: impl Fn() -> Result<(), WriteError>) {
    inner.counters.answered(jobs.len());
    for job in jobs {
        job.settle(end());
    }
}

enum Ended {
    Committed,
    /// The item at this place is to stand alone; nothing was committed.
    Apart(usize),
    NoOrganization,
}

/// One transaction: lock, read, run, write, commit.
async fn attempt(inner: &Inner, organization: &str, jobs: &mut [Box<dyn Job>]) -> Result<Ended, Fault> {
    let mut tx = inner.begin_write().await?;
    let Some(mut work) = inner.lock(&mut tx, organization, jobs.len() == 1).await? else { return Ok(Ended::NoOrganization) };
    if let Some(at) = settle_edits(inner, &mut work, jobs, &mut tx.on(&inner.counters)).await? {
        return Ok(Ended::Apart(at));
    }
    let changed = work.made > work.head;
    if changed {
        work.flush(&mut tx.on(&inner.counters)).await?;
        tx.commit().await?;
        inner.counters.committed(work.writes_records());
        inner.rung(organization);
    } else if work.requests.kept() {
        work.flush_requests(&mut tx.on(&inner.counters)).await?;
        tx.commit().await?;
    }
    inner.remember(&work, changed);
    Ok(Ended::Committed)
}

/// Runs the edits, reading what they ask for, until every one has its verdict, or one asks to be alone.
async fn settle_edits(inner: &Inner, work: &mut Work, jobs: &mut [Box<dyn Job>], on: &mut Connection<'_>) -> Result<Option<usize>, Fault> {
    for _ in 0..ROUNDS {
        work.reset();
        for (at, job) in jobs.iter_mut().enumerate() {
            // Whoever went away while the batch waited for its organization has nothing done, either.
            if !job.is_wanted() {
                continue;
            }
            work.begin(job.terms());
            match job.run(work) {
                Ok(true) => work.keep(job.terms().actor.clone()),
                Ok(false) | Err(Miss) => work.undo(),
            }
            work.keep_noted();
            if work.wants_alone {
                return Ok(Some(at));
            }
        }
        if !work.missed() {
            return Ok(None);
        }
        work.load(on, inner).await?;
    }
    Err(Fault::broken("an edit asks for more in every round"))
}
