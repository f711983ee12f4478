//! One tailer for each organization that somebody on this node watches: it reads each commit from the table once and decodes it
//! once, for all of them.

use super::ring::Ring;
use crate::{
    api::v1::{ResourceKind, change_event::Action},
    clock::Clock,
    limits,
    store::{Fault, Piece, Place, Store},
    telemetry::metrics,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

/// The tailers of a node.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Tails>);

#[derive(Debug)]
struct Tails {
    store: Store,
    clock: Clock,
    running: Mutex<HashMap<String, Weak<Tail>>>,
    watchers: AtomicUsize,
}

/// The newest of one organization.
#[derive(Debug)]
struct Tail {
    ring: Mutex<Ring>,
    /// Up to where the tailer has read.
    reached: watch::Sender<Place>,
    watchers: AtomicUsize,
}

/// One watcher's hold on a tailer; the last one that lets go ends it.
#[derive(Debug)]
pub struct Following {
    tail: Arc<Tail>,
    tails: Arc<Tails>,
    reached: watch::Receiver<Place>,
}

/// What the ring has for a watcher.
#[derive(Debug)]
pub enum Next {
    /// What follows.
    Piece(Arc<Piece>),
    /// Nothing yet.
    End,
    /// It is not kept in memory: read on from the table.
    Table,
}

impl Feed {
    /// No tailer yet.
    pub fn new(store: Store, clock: Clock) -> Self {
        Feed(Arc::new(Tails { store, clock, running: Mutex::default(), watchers: AtomicUsize::new(0) }))
    }

    /// Follows an organization, whose latest revision was this a moment ago. `None` when too many do.
    pub fn follow(&self, organization: &str, head: i64) -> Option<Following> {
        let tails = &self.0;
        let mut running = tails.running.lock().unwrap_or_else(PoisonError::into_inner);
        let known = running.get(organization).and_then(Weak::upgrade);
        let tail = known.clone().unwrap_or_else(|| {
            let reached = watch::Sender::new(Place::behind(head));
            Arc::new(Tail { ring: Mutex::default(), reached, watchers: AtomicUsize::new(0) })
        });
        if tails.watchers.load(Ordering::Relaxed) >= limits::WATCHERS
            || tail.watchers.load(Ordering::Relaxed) >= limits::WATCHERS_PER_ORGANIZATION
        {
            return None;
        }
        if known.is_none() {
            running.retain(|_, tail| tail.strong_count() > 0);
            running.insert(organization.to_owned(), Arc::downgrade(&tail));
            tokio::spawn(run(tails.store.clone(), tails.clock.clone(), organization.to_owned(), Arc::downgrade(&tail)));
        }
        tails.watchers.fetch_add(1, Ordering::Relaxed);
        tail.watchers.fetch_add(1, Ordering::Relaxed);
        metrics::watchers(1.0);
        let reached = tail.reached.subscribe();
        Some(Following { tail, tails: Arc::clone(tails), reached })
    }
}

impl Following {
    /// What follows this place.
    pub fn after(&mut self, place: Place) -> Next {
        // Seen before the ring is looked at, so that what comes meanwhile wakes.
        let reached = *self.reached.borrow_and_update();
        let ring = self.tail.ring.lock().unwrap_or_else(PoisonError::into_inner);
        match ring.at(place) {
            Some(piece) => Next::Piece(piece),
            None if place >= reached => Next::End,
            None => Next::Table,
        }
    }

    /// Waits until the tailer has read more.
    pub async fn more(&mut self) {
        if self.reached.changed().await.is_err() {
            // It lives as long as we hold it.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.tails.watchers.fetch_sub(1, Ordering::Relaxed);
        self.tail.watchers.fetch_sub(1, Ordering::Relaxed);
        metrics::watchers(-1.0);
    }
}

/// Reads what is committed, for as long as somebody watches.
async fn run(store: Store, clock: Clock, organization: String, tail: Weak<Tail>) {
    let mut bell = store.bell(&organization);
    loop {
        let Some(held) = tail.upgrade() else { return };
        bell.borrow_and_update();
        if let Err(fault) = read(&store, &clock, &organization, &held).await {
            tracing::warn!(organization, %fault, "the feed cannot be read now; it is tried again");
        }
        drop(held);
        tokio::select! {
            rung = bell.changed() => if rung.is_err() {
                bell = store.bell(&organization);
            },
            () = tokio::time::sleep(limits::FEED_POLL) => {}
        }
    }
}

/// Reads up to the end.
async fn read(store: &Store, clock: &Clock, organization: &str, tail: &Tail) -> Result<(), Fault> {
    loop {
        let at = *tail.reached.borrow();
        // Mostly nothing is new, or one commit is: that is asked cheaply.
        if store.head(organization).await?.is_none_or(|head| head <= at.revision) {
            return Ok(());
        }
        let Some(mut reader) = store.read(organization).await? else { return Ok(()) };
        let pieces = reader.feed_after(at.max(Place::behind(reader.compacted()))).await?;
        drop(reader);
        let Some(last) = pieces.last().map(|piece| piece.to) else { return Ok(()) };
        let now = clock.now();
        {
            let mut ring = tail.ring.lock().unwrap_or_else(PoisonError::into_inner);
            for piece in pieces {
                metrics::tailed(now.saturating_sub(piece.committed_at));
                let (user, purged) = (ResourceKind::User.into(), i32::from(Action::Purged));
                for event in piece.events.iter().filter(|event| event.kind == user && event.action == purged) {
                    ring.forget(&event.resource_id, user);
                }
                ring.push(Arc::new(piece));
            }
        }
        tail.reached.send_replace(last);
    }
}
